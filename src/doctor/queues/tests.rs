//! Receive queues, interrupts and hashes as real machines show them.

use capture::config::Fanout;

use super::{Interrupt, Seen, cores_that_work, counts, judge, symmetric};
use crate::doctor::Level;

const TABLE: &str = "           CPU0       CPU1       \n \
                     25:          0          1  IO-APIC   6-edge      ACPI:Ged\n \
                     38:          0       4015  PCI-MSIX-0000:00:03.0   1-edge      virtio2-input.0\n\
                     NMI:          0          0   Non-maskable interrupts\n";

fn interrupt(number: u32, counts: &[u64]) -> Interrupt {
    Interrupt { number, counts: counts.to_vec(), cores: (0..counts.len()).collect() }
}

#[test]
fn counts_are_read_per_core_and_no_further() {
    assert_eq!(counts(TABLE, 38), Some(vec![0, 4015]));
    assert_eq!(counts(TABLE, 25), Some(vec![0, 1]));
    assert_eq!(counts(TABLE, 5), None);
    assert_eq!(counts("", 38), None);
}

#[test]
fn a_few_stray_interrupts_do_not_make_a_core_busy() {
    assert_eq!(cores_that_work(&[interrupt(1, &[1_000_000, 3]), interrupt(2, &[5_000_000, 0])]), 1);
    assert_eq!(cores_that_work(&[interrupt(1, &[1_000_000, 0]), interrupt(2, &[0, 900_000])]), 2);
    assert_eq!(cores_that_work(&[]), 0);
}

#[test]
fn symmetry_is_read_from_the_key_or_the_transformation() {
    let key =
        |bytes: &str| format!("RX flow hash indirection table for eth0 with 8 RX ring(s):\nRSS hash key:\n{bytes}\n");
    let check = |told: &str, expect: Option<bool>| assert_eq!(symmetric(told), expect, "{told}");
    check(&key("6d:5a:6d:5a:6d:5a:6d:5a"), Some(true));
    check(&key("6d:5a:56:da:25:5b:0e:c2"), Some(false));
    check(&format!("{}RSS input transformation:\n    symmetric-xor: on\n", key("6d:5a:56:da")), Some(true));
    check(&key("Operation not supported"), None);
    check("", None);
}

#[test]
fn fanout_by_card_is_judged_by_its_hash() {
    let check = |fanout: Fanout, receive_queues: usize, symmetric: Option<bool>, level: Level, told: &str| {
        let seen = Seen { receive_queues, symmetric, interrupts: Vec::new() };
        let finding = &judge("eth0", fanout, 4, &seen)[0];
        assert_eq!(finding.level, level, "{finding:?}");
        assert!(format!("{} {}", finding.what, finding.remedy).contains(told), "{finding:?}");
    };
    check(Fanout::Hash, 1, None, Level::Ok, "spread by fanout hash");
    check(Fanout::Hash, 8, Some(false), Level::Ok, "8 receive queues");
    check(Fanout::Cpu, 1, None, Level::Warn, "one worker would get every packet");
    check(Fanout::Qm, 8, Some(true), Level::Ok, "symmetric");
    check(Fanout::Cpu, 8, Some(false), Level::Warn, "row of its own");
    check(Fanout::Qm, 8, None, Level::Warn, "not shown");
}

#[test]
fn interrupts_on_one_core_are_told() {
    let check = |interrupts: Vec<Interrupt>, receive_queues: usize, expect: Option<Level>| {
        let seen = Seen { receive_queues, interrupts, symmetric: None };
        let findings = judge("eth0", Fanout::Hash, 2, &seen);
        assert_eq!(findings.get(1).map(|finding| finding.level), expect, "{findings:?}");
    };
    let pinned = Interrupt { number: 1, counts: vec![0, 0], cores: vec![0] };
    check(vec![interrupt(1, &[900, 0]), interrupt(2, &[800, 0])], 2, Some(Level::Warn));
    check(vec![interrupt(1, &[900, 0]), interrupt(2, &[0, 800])], 2, Some(Level::Ok));
    check(vec![interrupt(1, &[0, 0])], 2, Some(Level::Ok));
    check(vec![pinned.clone(), Interrupt { number: 2, ..pinned }], 2, Some(Level::Warn));
    check(Vec::new(), 2, Some(Level::Ok));
    check(Vec::new(), 1, None);
}
