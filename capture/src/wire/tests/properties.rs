//! For any bytes: no panic, one class, counts within the wire.

use proptest::prelude::{Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{dns, dns6, ethernet, ipv4, ipv6, join, parse, tcp, udp};
use crate::frame::{Frame, LinkType, VlanTag};
use crate::wire::{fast, parse_any};

/// Every link type that has a reader, and one that has none.
fn links() -> impl Strategy<Value = LinkType> {
    let numbers = vec![0_u16, 1, 9, 51, 101, 104, 105, 107, 113, 127, 192, 239, 276, 999];
    prop::sample::select(numbers).prop_map(LinkType::from_pcap)
}

/// Noise, and noise in front of, behind and inside something real: pure noise seldom gets deep.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let noise = prop::collection::vec(any::<u8>(), 0..200);
    let starts = vec![
        vec![],
        ethernet(0x8100, &[0, 1]),
        ethernet(0x8847, &[]),
        ethernet(0x8864, &[0x11, 0, 0, 0, 0, 0]),
        ethernet(0x0800, &dns()),
        ethernet(0x86dd, &dns6()),
        ethernet(0x0800, &[0x45, 0, 0, 90, 0, 0, 0, 0, 64, 47, 0, 0]),
        ethernet(0x0800, &[0x45, 0, 0, 90, 0, 0, 0, 0, 64, 4, 0, 0]),
        vec![0xff, 0x03, 0x00],
        vec![0x08, 0x01],
        vec![0, 0, 12, 0],
        vec![2, 0, 0, 0],
    ];
    (prop::sample::select(starts), noise, any::<(usize, u8)>()).prop_map(|(mut bytes, noise, (at, value))| {
        if !bytes.is_empty() {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        bytes.extend(noise);
        bytes
    })
}

/// Frames near the common shapes: real ones with a few bytes changed, padded or cut.
fn common() -> impl Strategy<Value = Vec<u8>> {
    let vxlan = udp(9, 4789, &join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &ethernet(0x0800, &dns())]));
    let real = vec![
        join(&[&ethernet(0x0800, &dns()), &[0; 20]]),
        join(&[&ethernet(0x86dd, &dns6()), &[0; 20]]),
        ethernet(0x0800, &ipv4(6, &tcp(1, 2, 0x12))),
        ethernet(0x86dd, &ipv6(6, &tcp(1, 2, 0x12))),
        ethernet(0x0800, &ipv4(17, &vxlan)),
    ];
    let changes = prop::collection::vec(any::<(usize, u8)>(), 0..4);
    (prop::sample::select(real), changes, 40_usize..120).prop_map(|(mut bytes, changes, keep)| {
        for (at, value) in changes {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(keep);
        bytes
    })
}

proptest! {
    #[test]
    fn any_bytes_have_one_class_and_honest_counts(
        link in links(),
        bytes in bytes(),
        missing in prop_oneof![proptest::strategy::Just(0_u32), 0..70_000_u32],
        decapsulate in any::<bool>(),
    ) {
        let wire_len = bytes.len() as u32 + missing;
        let frame = Frame { bytes: &bytes, wire_len, time_ns: 0, link, vlan: None, gso_size: 0, outgoing: None };
        let found = parse(&frame, decapsulate);
        prop_assert_eq!(found.is_ok(), parse(&frame, !decapsulate).is_ok());
        if let Ok(packet) = found {
            prop_assert!(packet.ip_bytes <= wire_len);
            prop_assert!(packet.vlan <= 4095);
        }
    }

    #[test]
    fn the_fast_way_agrees_with_the_long_one(
        bytes in common(),
        missing in 0..100_u32,
        tag in any::<Option<u16>>(),
        decapsulate in any::<bool>(),
    ) {
        let wire_len = bytes.len() as u32 + missing;
        let vlan = tag.map(|tci| VlanTag { tci, tpid: 0x8100 });
        let frame =
            Frame { bytes: &bytes, wire_len, time_ns: 0, link: LinkType::Ethernet, vlan, gso_size: 0, outgoing: None };
        if let Some(packet) = fast::read(&frame, decapsulate) {
            prop_assert_eq!(Ok(packet), parse_any(frame, decapsulate));
        }
    }

    #[test]
    fn bytes_behind_the_snaplen_change_nothing_before_it(bytes in bytes(), keep in 0_usize..200) {
        let keep = keep.min(bytes.len());
        let wire_len = bytes.len() as u32;
        let link = LinkType::Ethernet;
        let cut = Frame { bytes: &bytes[..keep], wire_len, time_ns: 0, link, vlan: None, gso_size: 0, outgoing: None };
        let found = parse(&cut, false);
        let whole = parse(&Frame { bytes: &bytes, ..cut }, false);
        // What was readable with fewer bytes is still keyed by the same addresses with more.
        if let (Ok(cut), Ok(whole)) = (found, whole) {
            prop_assert_eq!((cut.src, cut.dst, cut.ip_bytes), (whole.src, whole.dst, whole.ip_bytes));
            prop_assert_eq!(cut.vlan, whole.vlan);
        }
        prop_assert!(found.is_err() || whole.is_ok());
    }
}
