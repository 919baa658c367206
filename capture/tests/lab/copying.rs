//! The copy backend: the same frames, by one read each.

use std::time::Duration;

use capture::copy::{CopySource, CopySpec};
use capture::ring::{Fault, Spares};

use crate::link::{Injector, ip, udp_frame, up, veth};
use crate::namespace::in_namespace;
use crate::reader::{PATIENCE, Tally, now, within};

fn open(name: &str, snaplen: u32) -> CopySource {
    let spec = CopySpec { name: name.to_owned(), snaplen, promiscuous: true };
    CopySource::open(spec, &mut Spares::on_demand()).expect("opens")
}

fn read(source: &mut CopySource, count: u64) -> Tally {
    let mut tally = Tally::default();
    let end = now() + PATIENCE;
    while tally.frames < count {
        assert!(now() < end, "{count} frames sent, but read {tally:?}, {:?}", source.statistics());
        let group = source.next_group(7).expect("reads");
        group.frames().for_each(|frame| {
            assert_eq!(frame.time_ns, 7);
            tally.count(&frame);
        });
        if group.is_empty() {
            source.wait(Duration::from_millis(50)).expect("waits");
        }
    }
    tally
}

#[test]
fn copied_frames_and_bytes_are_exact() {
    in_namespace("copying::copied_frames_and_bytes_are_exact", || {
        veth();
        ip("link add vc mtu 65535 type veth peer name vd mtu 65535");
        up(&["vc", "vd"]);
        let mut stranger = Injector::on("vd");
        (0..10).for_each(|flow| stranger.send(&udp_frame(flow, 60)));
        let mut source = open("va", 96);
        let mut injector = Injector::on("vb");
        let (mut sent, mut bytes, mut kept) = (0, 0, 0);
        let mut tally = Tally::default();
        for _ in 0..20 {
            for length in [42, 60, 97, 1514, 65_549] {
                injector.send(&udp_frame(1, length));
                stranger.send(&udp_frame(1, length));
                sent += 1;
                bytes += length as u64;
                kept += length.min(96) as u64;
            }
            let more = read(&mut source, sent - tally.frames);
            tally.frames += more.frames;
            tally.wire_bytes += more.wire_bytes;
            tally.captured_bytes += more.captured_bytes;
        }
        assert_eq!((tally.frames, tally.wire_bytes, tally.captured_bytes), (sent, bytes, kept));
        source.drop_all().expect("stops");
        injector.send(&udp_frame(1, 60));
        assert!(source.next_group(7).expect("reads").is_empty());
        let end = source.statistics().expect("statistics");
        assert_eq!((end.seen, end.dropped), (sent, 0));
    });
}

#[test]
fn copy_overflow_is_counted() {
    in_namespace("copying::copy_overflow_is_counted", || {
        veth();
        let mut source = open("va", 192);
        let mut injector = Injector::on("vb");
        for flow in 0..20_000 {
            injector.send(&udp_frame(flow, 1514));
        }
        let mut taken = 0;
        let mut end = source.statistics().expect("statistics");
        within(PATIENCE, "all that was queued", || {
            taken += source.next_group(0).expect("reads").len() as u64;
            end.seen == end.dropped + taken
        });
        end = source.statistics().expect("statistics");
        assert_eq!((end.seen, end.dropped + taken), (20_000, 20_000));
        assert!(end.dropped > 0, "{end:?}");
    });
}

#[test]
fn copy_sees_down_once_and_deletion() {
    in_namespace("copying::copy_sees_down_once_and_deletion", || {
        veth();
        let mut source = open("va", 192);
        ip("link set va down");
        source.wait(Duration::from_millis(200)).expect("waits");
        assert_eq!(source.take_fault(), Some(Fault::Down));
        source.wait(Duration::from_millis(50)).expect("waits");
        assert_eq!(source.take_fault(), None);
        up(&["va", "vb"]);
        Injector::on("vb").send(&udp_frame(1, 60));
        assert_eq!(read(&mut source, 1).frames, 1);
        assert!(!source.interface_gone());
        ip("link del va");
        assert!(source.interface_gone());
    });
}

#[test]
fn names_that_would_overrun_the_crate_are_refused() {
    for name in ["0123456789abcdef", "", "a\0b", "../x"] {
        let spec = CopySpec { name: name.to_owned(), snaplen: 192, promiscuous: false };
        let error = CopySource::open(spec, &mut Spares::on_demand()).expect_err(name).to_string();
        assert!(error.contains("cannot be the name"), "{error}");
    }
}
