//! VLAN tags: bytes as on the wire, and frames that the kernel eats before the tap.

use std::time::Duration;

use capture::frame::VlanTag;

use crate::link::{Injector, link, open, udp_frame, veth};
use crate::namespace::in_namespace;
use crate::reader::{finish, read, within};

fn tagged(tags: &[(u16, u16)]) -> Vec<u8> {
    let plain = udp_frame(1, 60);
    let mut frame = plain[..12].to_vec();
    for (tpid, tci) in tags {
        frame.extend(tpid.to_be_bytes());
        frame.extend(tci.to_be_bytes());
    }
    frame.extend(&plain[12..]);
    frame
}

#[test]
fn removed_tag_is_known_and_added_back() {
    in_namespace("tags::removed_tag_is_known_and_added_back", || {
        veth();
        let mut rings = open("va", 1);
        let mut injector = Injector::on("vb");
        let frames = [tagged(&[]), tagged(&[(0x8100, 0xe064)]), tagged(&[(0x88a8, 10), (0x8100, 100)])];
        frames.iter().for_each(|frame| injector.send(frame));
        let mut seen = Vec::new();
        read(&mut rings, 3, |_, frame| {
            let inner = u16::from_be_bytes([frame.bytes[12], frame.bytes[13]]);
            seen.push((frame.vlan, frame.wire_len, frame.wire_bytes(), inner));
        });
        assert_eq!(
            seen,
            [
                (None, 60, 60, 0x0800),
                (Some(VlanTag { tci: 0xe064, tpid: 0x8100 }), 60, 64, 0x0800),
                (Some(VlanTag { tci: 10, tpid: 0x88a8 }), 64, 68, 0x8100),
            ]
        );
    });
}

#[test]
fn frames_eaten_before_the_tap_show_in_the_device_counter_only() {
    in_namespace("tags::frames_eaten_before_the_tap_show_in_the_device_counter_only", || {
        veth();
        let mut rings = open("va", 1);
        let before = link("va").counters;
        let mut injector = Injector::on("vb");
        let mut cut = udp_frame(1, 60)[..12].to_vec();
        cut.extend([0x81, 0x00, 0x00]); // a tag that ends in its middle
        for _ in 0..1_000 {
            injector.send(&cut);
        }
        injector.send(&udp_frame(1, 60));
        read(&mut rings, 1, |_, frame| assert_eq!(frame.wire_len, 60));
        assert_eq!(finish(&mut rings, 1).seen, 1);
        within(Duration::from_secs(5), "rx_packets of the device", || {
            link("va").counters.rx_packets - before.rx_packets == 1_001
        });
        let after = link("va").counters;
        assert_eq!((after.rx_errors, after.rx_dropped), (before.rx_errors, before.rx_dropped));
    });
}
