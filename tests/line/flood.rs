//! More than a ring holds: what the kernel dropped is counted, and the books balance.

use capture::limits::memory_max;

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

/// Entries of the table and bytes of the ring below.
const NARROW: (u64, u64) = (1 << 14, 4 << 20);

/// New sources all the time, to any port, every other one answered: the memory is what was told, and the books balance.
#[test]
fn memory_stays_within_what_was_told_while_every_packet_is_a_new_flow() {
    in_namespace("flood::memory_stays_within_what_was_told_while_every_packet_is_a_new_flow", || {
        veth();
        let config = "[capture]\nworkers = 1\nring_bytes = \"4MiB\"\nring_block_bytes = \"256KiB\"\n\
                      flow_table_entries = 16384\n";
        let mut machine = Machine::start(config, &["va"]);
        let mut injector = Injector::on("vb");
        let capture = machine.role("capture");
        let tuples = faults::runs(200_000, 10_000_000).max(100_000);
        let mut frames = 0;
        for number in 0..tuples {
            let mixed = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16) as u32;
            let mut frame = udp_frame(mixed as u16, 60);
            frame[26..30].copy_from_slice(&(mixed | 0x4000_0000).to_be_bytes());
            frame[36..38].copy_from_slice(&(mixed.rotate_left(9) as u16).to_be_bytes());
            injector.send(&frame);
            frames += 1;
            if number % 2 == 0 {
                let (src, dst): (Vec<u8>, Vec<u8>) = (frame[26..30].to_vec(), frame[30..34].to_vec());
                frame[26..30].copy_from_slice(&dst);
                frame[30..34].copy_from_slice(&src);
                frame[34..38].rotate_left(2);
                injector.send(&frame);
                frames += 1;
            }
        }
        await_some("the books", || (machine.ledger().kernel_seen == frames).then_some(()));
        let status = std::fs::read_to_string(format!("/proc/{capture}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak = peak.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10;
        let told = memory_max(1, NARROW.0, NARROW.1);
        faults::report::Row {
            fault: "flood of new flows on a wire, half of them answered".into(),
            load: format!("{tuples} five-tuples, {frames} frames over a veth"),
            runs: 1,
            imbalance: Some(machine.ledger().imbalance),
            note: format!("{} MiB resident at most, {} told", peak >> 20, told >> 20),
            ..Default::default()
        }
        .tell();
        assert!(peak <= told + told / 10, "{peak} bytes resident, {told} told");
        machine.stop();
        let after = machine.ledger();
        assert_eq!((after.imbalance, after.kernel_seen), (0, frames), "{after:?}");
        assert_eq!(after.stored + after.shed + after.coarsened, after.parsed, "{after:?}");
    });
}
