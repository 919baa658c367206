//! Rings that go from one owner to the next while packets arrive: nothing is missed, nothing is taken twice.

use std::time::Duration;

use capture::ring::keep::{KeptRing, Parting, shape, take_over};
use capture::ring::{Ring, RingSpec, wait_any};

use crate::link::{Injector, ip, open, spec, udp_frame, veth};
use crate::namespace::in_namespace;
use crate::reader::{finish, read, walk};

/// Frames sent at each step.
const STEP: u64 = 3_000;

fn send(injector: &mut Injector, number: &mut u32) {
    for _ in 0..STEP {
        let mut frame = udp_frame(*number as u16, 100);
        frame[42..46].copy_from_slice(&number.to_be_bytes());
        injector.send(&frame);
        *number += 1;
    }
}

/// As capture does at its end: the counters are read after the last block, and what is shown and not taken goes along.
fn part(mut rings: Vec<Ring>, taken: &[u64]) -> Vec<Parting> {
    let parting = |(ring, taken): (&mut Ring, &u64)| {
        let told = ring.statistics().expect("statistics");
        told.seen - told.dropped - taken
    };
    let in_ring: Vec<u64> = rings.iter_mut().zip(taken).map(parting).collect();
    rings.into_iter().zip(in_ring).map(|(ring, in_ring)| ring.part(in_ring).expect("the kernel names it")).collect()
}

fn taken_over(spec: &RingSpec, partings: Vec<Parting>) -> Result<Vec<Ring>, String> {
    let (kept, sockets): (Vec<KeptRing>, Vec<_>) = partings.into_iter().map(|p| (p.kept, p.socket)).unzip();
    take_over(spec, &shape(spec, true).expect("a valid spec"), &kept, sockets)
}

#[test]
fn rings_change_hands_under_load_and_no_frame_is_missed_or_doubled() {
    in_namespace("kept::rings_change_hands_under_load_and_no_frame_is_missed_or_doubled", || {
        veth();
        let spec = spec("va");
        let mut rings = open("va", 2);
        let mut injector = Injector::on("vb");
        let (mut number, mut seen) = (0, Vec::new());
        let mut in_books = 0;
        for hand in 0..30_u64 {
            send(&mut injector, &mut number);
            // Every owner stops somewhere else: at once, or after what is finished by then.
            let mut taken = vec![0; 2];
            if hand % 3 > 0 {
                wait_any(&mut rings, Duration::from_millis(2 * hand)).expect("rings wait");
                walk(&mut rings, |ring, frame| {
                    taken[ring] += 1;
                    seen.push(u32::from_be_bytes([frame.bytes[42], frame.bytes[43], frame.bytes[44], frame.bytes[45]]));
                });
            }
            let partings = part(rings, &taken);
            in_books += taken.iter().sum::<u64>();
            // Nobody has the memory mapped now, and the kernel goes on.
            send(&mut injector, &mut number);
            rings = taken_over(&spec, partings).expect("they are what is wanted");
        }
        let rest = u64::from(number) - in_books;
        let tally = read(&mut rings, rest, |_, frame| {
            seen.push(u32::from_be_bytes([frame.bytes[42], frame.bytes[43], frame.bytes[44], frame.bytes[45]]));
        });
        assert_eq!(tally.frames, rest);
        seen.sort_unstable();
        assert!(seen.iter().copied().eq(0..number), "{} frames for {number}", seen.len());
        // The last owner's counters begin with what the one before it left: its books balance by themselves.
        let end = finish(&mut rings, tally.frames);
        assert_eq!((end.seen, end.dropped), (rest, 0));
    });
}

#[test]
fn what_the_kernel_drops_meanwhile_is_in_the_next_owners_counters() {
    in_namespace("kept::what_the_kernel_drops_meanwhile_is_in_the_next_owners_counters", || {
        veth();
        let spec = RingSpec { ring_bytes: 1 << 20, ..spec("va") };
        let mut spares = capture::ring::Spares::on_demand();
        let rings = capture::ring::open_group(&spec, 1, &mut spares).expect("opens");
        let mut injector = Injector::on("vb");
        let mut number = 0;
        // Nothing before: so small a ring may overflow under a sender that is quicker than its reader.
        let partings = part(rings, &[0]);
        (0..10).for_each(|_| send(&mut injector, &mut number));
        let mut rings = taken_over(&spec, partings).expect("they are what is wanted");
        let mut taken = 0;
        walk(&mut rings, |_, _| taken += 1);
        let end = finish(&mut rings, taken);
        assert_eq!(end.seen, 10 * STEP, "{end:?}");
        assert!(end.dropped > 0 && end.freezes > 0, "{end:?}");
    });
}

#[test]
fn rings_that_are_not_what_is_wanted_are_refused_with_the_reason() {
    in_namespace("kept::rings_that_are_not_what_is_wanted_are_refused_with_the_reason", || {
        veth();
        let wanted = spec("va");
        let parted = || {
            let mut rings = open("va", 2);
            Injector::on("vb").send(&udp_frame(1, 100));
            read(&mut rings, 1, |_, _| ());
            part(rings, &[0, 0])
        };
        let refused = |spec: &RingSpec, partings: Vec<Parting>| {
            let (kept, sockets): (Vec<_>, Vec<_>) = partings.into_iter().map(|p| (p.kept, p.socket)).unzip();
            let of = shape(&wanted, true).expect("a valid spec");
            take_over(spec, &of, &kept, sockets).expect_err("refused")
        };
        for other in [
            RingSpec { snaplen: 96, ..wanted.clone() },
            RingSpec { ring_bytes: 8 << 20, ..wanted.clone() },
            RingSpec { ifindex: spec("vb").ifindex, ..wanted.clone() },
            RingSpec { promiscuous: !wanted.promiscuous, ..wanted.clone() },
        ] {
            let why = refused(&other, parted());
            assert!(why.contains("is wanted"), "{why}");
        }
        let (kept, mut sockets): (Vec<_>, Vec<_>) = parted().into_iter().map(|p| (p.kept, p.socket)).unzip();
        sockets.pop();
        let of = shape(&wanted, true).expect("a valid spec");
        assert!(take_over(&wanted, &of, &kept, sockets).expect_err("one misses").contains("1 of 2"));
        let mut moved = parted();
        let with_blocks = moved.iter_mut().find(|parting| parting.kept.walked.is_some()).expect("one was walked");
        Injector::on("vb").send(&udp_frame(1, 100));
        with_blocks.kept.walked = Some(77);
        std::thread::sleep(Duration::from_millis(100));
        assert!(refused(&wanted, moved).contains("not where it was left"));
        let mut swapped = parted();
        swapped.reverse();
        let (mut kept, sockets): (Vec<_>, Vec<_>) = swapped.into_iter().map(|p| (p.kept, p.socket)).unzip();
        kept.reverse();
        assert!(take_over(&wanted, &of, &kept, sockets).expect_err("mixed up").contains("not the one"));
        let gone = parted();
        ip("link del va");
        assert!(refused(&wanted, gone).contains("gone"));
    });
}
