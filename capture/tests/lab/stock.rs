//! Sockets opened in advance: they are used one group at a time, and cost nothing when the process ends.

use std::time::Duration;

use capture::ring::{RingError, Spares, open_group};

use crate::link::{Injector, spec, udp_frame, veth};
use crate::namespace::in_namespace;
use crate::reader::{now, read};

#[test]
fn a_stock_ends_with_an_error_and_keeps_what_is_too_little() {
    in_namespace("stock::a_stock_ends_with_an_error_and_keeps_what_is_too_little", || {
        veth();
        // More than one message holds, so that the last group comes from two.
        let mut spares = Spares::open(37).expect("spares");
        assert!(!spares.are_low() && spares.are_plenty(), "an open stock is refilled");
        spares.seal();
        for used in (2..=36).step_by(2) {
            let mut rings = open_group(&spec("va"), 2, &mut spares).expect("opens");
            assert_eq!(spares.remaining(), 37 - used);
            assert_eq!(spares.are_plenty(), 37 - used > 18, "{used}");
            assert_eq!(spares.are_low(), 37 - used < 10, "{used}");
            Injector::on("vb").send(&udp_frame(1, 60));
            assert_eq!(read(&mut rings, 1, |_, _| ()).frames, 1);
        }
        for _ in 0..3 {
            let error = open_group(&spec("va"), 2, &mut spares).expect_err("one is left");
            assert!(matches!(error, RingError::SparesUsedUp), "{error}");
            assert_eq!(spares.remaining(), 1);
        }
    });
}

/// Major and minor number of the kernel.
fn kernel() -> (u32, u32) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("/proc is mounted");
    let mut numbers = release.split(['.', '-']).map_while(|part| part.trim().parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[test]
fn a_large_stock_is_let_go_at_once() {
    in_namespace("stock::a_large_stock_is_let_go_at_once", || {
        if kernel() < (6, 10) {
            eprintln!("this kernel closes descriptors in flight while the process ends");
            return;
        }
        let spares = Spares::open(256).expect("spares");
        let begun = now();
        drop(spares);
        // One after the other they take three seconds.
        assert!(now() - begun < Duration::from_millis(500), "{:?}", now() - begun);
    });
}
