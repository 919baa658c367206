//! More than a ring holds: what the kernel dropped is counted, and the books balance.

use crate::link::{Injector, udp_frame, veth};
use crate::machine::{Machine, assert_settled, sums};
use crate::namespace::in_namespace;
use crate::process::{await_some, send};

const FRAMES: u64 = 60_000;

/// The smallest ring, and a small table that folds early.
const SMALL: &str = "[capture]\nworkers = 1\nring_bytes = \"512KiB\"\nring_block_bytes = \"128KiB\"\n\
                     flow_table_entries = 1024\nfold_flows_per_second = 100\n";

#[test]
fn what_a_full_ring_drops_is_counted() {
    in_namespace("flood::what_a_full_ring_drops_is_counted", || {
        veth();
        let mut machine = Machine::start(SMALL, &["va"]);
        let mut injector = Injector::on("vb");
        let capture = machine.role("capture");
        // Nobody walks the ring meanwhile: it must overflow.
        send("STOP", capture);
        for number in 0..FRAMES {
            injector.send(&udp_frame(number as u16, 60));
        }
        send("CONT", capture);
        await_some("the books", || (machine.ledger().kernel_seen == FRAMES).then_some(()));
        let ledger = machine.ledger();
        assert_eq!((ledger.imbalance, ledger.pre_tap), (0, 0), "{ledger:?}");
        assert!(ledger.kernel_dropped > FRAMES / 2 && ledger.taken > 1_000, "{ledger:?}");
        assert_eq!(ledger.kernel_dropped + ledger.taken + ledger.in_ring, FRAMES, "{ledger:?}");
        let line = machine.capture_line().unwrap();
        assert_eq!(line.interfaces[0].kernel_dropped, ledger.kernel_dropped);
        assert!(line.interfaces[0].ring_freezes > 0);
        // It goes on without loss once there is room.
        for number in 0..500 {
            injector.send(&udp_frame(number, 60));
        }
        machine.stop();
        let after = machine.ledger();
        assert_eq!((after.kernel_seen, after.kernel_dropped), (FRAMES + 500, ledger.kernel_dropped), "{after:?}");
        assert_settled(&after, after.taken, after.taken * 60);
        let rows = machine.flows(&[]);
        assert_eq!(sums(&rows), (after.taken, after.taken * 60), "totals are exact, folded or not");
        assert!(rows.iter().any(|row| row["end_reason"] == "folded"), "one-packet flows are folded");
        assert!((rows.len() as u64) < after.taken / 2, "{} rows", rows.len());
    });
}
