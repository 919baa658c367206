//! Every frame is counted once, with its size, whatever the number of rings.

use std::time::Duration;

use capture::config::Fanout;
use capture::ring::{RingError, RingSpec, Spares, open_group};

use crate::link::{Injector, ip, link, open, spec, udp_frame, up, veth};
use crate::namespace::in_namespace;
use crate::reader::{finish, read, statistics};

/// Sizes from the smallest to the largest that a veth takes.
const LENGTHS: [usize; 5] = [42, 60, 1514, 9014, 65_549];

#[test]
fn one_ring_counts_every_frame_and_byte() {
    in_namespace("counts::one_ring_counts_every_frame_and_byte", || {
        veth();
        let mut rings = open("va", 1);
        assert!(rings[0].gso_known());
        let mut injector = Injector::on("vb");
        let mut bytes = 0;
        for number in 0..2_000_usize {
            let length = LENGTHS[number % LENGTHS.len()].min(if number % 50 == 4 { 65_549 } else { 1514 });
            injector.send(&udp_frame(1, length));
            bytes += length as u64;
        }
        let tally = read(&mut rings, 2_000, |_, frame| assert_eq!(frame.bytes.len(), frame.wire_len as usize));
        assert_eq!((tally.frames, tally.wire_bytes, tally.outgoing), (2_000, bytes, 0));
        let end = finish(&mut rings, tally.frames);
        assert_eq!((end.seen, end.dropped, end.freezes), (2_000, 0, 0));
        injector.send(&udp_frame(1, 60));
        assert_eq!(statistics(&mut rings), end, "frames after drop_all are in no counter");
    });
}

#[test]
fn two_rings_share_every_frame_and_both_directions_of_a_flow() {
    in_namespace("counts::two_rings_share_every_frame_and_both_directions_of_a_flow", || {
        veth();
        let mut rings = open("va", 2);
        let mut injector = Injector::on("vb");
        let mut backward = Injector::on("va");
        for flow in 0..2_000 {
            let mut frame = udp_frame(flow, 100);
            injector.send(&frame);
            // The answer: addresses and ports exchanged.
            frame[26..34].rotate_left(4);
            frame[34..38].rotate_left(2);
            backward.send(&frame);
        }
        let mut rings_of_flow = vec![0_u8; 2_000];
        let mut per_ring = [0; 2];
        let tally = read(&mut rings, 4_000, |ring, frame| {
            let at = if frame.outgoing == Some(true) { 36 } else { 34 };
            let flow = u16::from_be_bytes([frame.bytes[at], frame.bytes[at + 1]]);
            rings_of_flow[usize::from(flow)] |= 1 << ring;
            per_ring[ring] += 1;
        });
        assert_eq!((tally.frames, tally.wire_bytes, tally.outgoing), (4_000, 400_000, 2_000));
        assert!(rings_of_flow.iter().all(|rings| *rings == 1 || *rings == 2), "a flow was torn apart");
        assert!(per_ring.iter().all(|share| *share > 1_000), "{per_ring:?}");
        assert_eq!(finish(&mut rings, tally.frames).seen, 4_000);
    });
}

#[test]
fn no_frame_is_counted_twice_while_a_group_is_opened() {
    in_namespace("counts::no_frame_is_counted_twice_while_a_group_is_opened", || {
        veth();
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let until = stop.clone();
        let sender = std::thread::spawn(move || {
            let mut injector = Injector::on("vb");
            let mut number = 0_u32;
            while !until.load(std::sync::atomic::Ordering::Relaxed) {
                let mut frame = udp_frame(number as u16, 60);
                frame[42..46].copy_from_slice(&number.to_be_bytes());
                injector.send(&frame);
                number += 1;
            }
        });
        for _ in 0..20 {
            let mut rings = open("va", 4);
            let mut numbers = Vec::new();
            let tally = read(&mut rings, 2_000, |_, frame| numbers.push(frame.bytes[42..46].to_vec()));
            let count = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), count, "frames were counted twice");
            finish(&mut rings, tally.frames);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        sender.join().expect("sender");
    });
}

#[test]
fn snaplen_cuts_bytes_but_not_the_wire_length() {
    in_namespace("counts::snaplen_cuts_bytes_but_not_the_wire_length", || {
        veth();
        let spec = RingSpec { snaplen: 96, ..spec("va") };
        let mut rings = open_group(&spec, 1, &mut Spares::on_demand()).expect("opens");
        let mut injector = Injector::on("vb");
        for length in LENGTHS {
            injector.send(&udp_frame(1, length));
        }
        let mut seen = Vec::new();
        read(&mut rings, 5, |_, frame| seen.push((frame.bytes.len(), frame.wire_len as usize)));
        assert_eq!(seen, LENGTHS.map(|length| (length.min(96), length)));
    });
}

#[test]
fn loopback_frames_are_counted_once() {
    in_namespace("counts::loopback_frames_are_counted_once", || {
        up(&["lo"]);
        for workers in [1, 2] {
            let mut rings = open("lo", workers);
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("bind");
            let address = socket.local_addr().expect("address");
            for _ in 0..100 {
                socket.send_to(b"0123456789", address).expect("sent");
            }
            let tally = read(&mut rings, 100, |_, _| ());
            assert_eq!((tally.frames, tally.wire_bytes), (100, 5_200));
            assert_eq!(finish(&mut rings, tally.frames).seen, 100);
        }
    });
}

#[test]
fn fanout_modes_join_and_errors_name_the_interface() {
    in_namespace("counts::fanout_modes_join_and_errors_name_the_interface", || {
        veth();
        for fanout in [Fanout::Hash, Fanout::Cpu, Fanout::Qm] {
            let spec = RingSpec { fanout, ..spec("va") };
            assert_eq!(open_group(&spec, 3, &mut Spares::on_demand()).expect("opens").len(), 3);
        }
        let absent = RingSpec { ifindex: 4_242, ..spec("va") };
        let error = open_group(&absent, 1, &mut Spares::on_demand()).expect_err("no such interface");
        assert!(matches!(error, RingError::Option { .. } | RingError::Bind { .. }) && error.is_transient(), "{error}");
        assert!(error.to_string().contains("va"), "{error}");
    });
}

#[test]
fn sealed_spares_open_rings_until_they_are_used_up() {
    in_namespace("counts::sealed_spares_open_rings_until_they_are_used_up", || {
        veth();
        let mut spares = Spares::open(5).expect("spares");
        spares.seal();
        for left in [3, 1] {
            let mut rings = open_group(&spec("va"), 2, &mut spares).expect("opens");
            assert_eq!(spares.remaining(), left);
            Injector::on("vb").send(&udp_frame(7, 60));
            read(&mut rings, 1, |_, _| ());
        }
        let error = open_group(&spec("va"), 2, &mut spares).expect_err("one is not enough");
        assert!(matches!(error, RingError::SparesUsedUp), "{error}");
        assert_eq!(spares.remaining(), 1);
    });
}

#[test]
fn tun_frames_are_bare_ip() {
    in_namespace("counts::tun_frames_are_bare_ip", || {
        if std::process::Command::new("ip")
            .args(["tuntap", "add", "t0", "mode", "tun"])
            .status()
            .is_ok_and(|s| s.success())
        {
            ip("link set t0 up");
            let rings = open("t0", 1);
            assert_eq!((rings[0].link(), link("t0").hardware), (capture::frame::LinkType::RawIp, 65_534));
        } else {
            eprintln!("no tun device here");
        }
        let idle = &mut open("lo", 1);
        assert!(!idle[0].wait(Duration::from_millis(5)).expect("waits"), "nothing is sent on lo");
    });
}
