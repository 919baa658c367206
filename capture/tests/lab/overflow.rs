//! A ring that is too small: what is lost is counted, not hidden.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use capture::ring::{Ring, RingSpec, Spares, open_group, wait_any};

use crate::link::{Injector, spec, udp_frame, veth};
use crate::namespace::in_namespace;
use crate::reader::{finish, statistics, walk};

fn tiny_rings(workers: usize) -> Vec<Ring> {
    let spec = RingSpec { ring_bytes: 512 << 10, block_bytes: 128 << 10, ..spec("va") };
    open_group(&spec, workers, &mut Spares::on_demand()).expect("opens")
}

#[test]
fn ring_overflow_is_counted_not_hidden() {
    in_namespace("overflow::ring_overflow_is_counted_not_hidden", || {
        veth();
        let mut rings = tiny_rings(1);
        let mut injector = Injector::on("vb");
        let frame = udp_frame(1, 1514);
        for _ in 0..10_000 {
            injector.send(&frame);
        }
        let mut taken = 0;
        walk(&mut rings, |_, _| taken += 1);
        let end = finish(&mut rings, taken);
        assert_eq!(end.seen, 10_000);
        assert!(end.freezes > 0 && end.dropped > 9_000 && end.dropped < 10_000, "{end:?}");
    });
}

#[test]
fn flood_against_a_slow_reader_balances() {
    in_namespace("overflow::flood_against_a_slow_reader_balances", || {
        veth();
        let mut rings = tiny_rings(2);
        let done = Arc::new(AtomicBool::new(false));
        let finished = done.clone();
        let sender = std::thread::spawn(move || {
            let mut injector = Injector::on("vb");
            for number in 0..200_000_u32 {
                injector.send(&udp_frame(number as u16, 60 + (number % 900) as usize));
            }
            finished.store(true, Ordering::Release);
        });
        let mut taken = 0;
        while !done.load(Ordering::Acquire) {
            // Lends the block for longer than the flood takes to fill the others.
            walk(&mut rings, |_, _| taken += 1);
            std::thread::sleep(Duration::from_millis(20));
            wait_any(&mut rings, Duration::from_millis(20)).expect("waits");
            let now = statistics(&mut rings);
            assert!(now.seen >= now.dropped + taken, "{now:?} but {taken} taken");
        }
        sender.join().expect("sender");
        walk(&mut rings, |_, _| taken += 1);
        let end = finish(&mut rings, taken);
        assert_eq!(end.seen, 200_000);
        assert!(end.dropped > 0, "the flood was too slow to overflow anything");
        eprintln!("{end:?}");
    });
}
