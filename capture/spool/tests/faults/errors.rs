//! An error, a short write or a full disk at each operation, one after the other; and a disk that is too small.

use faults::{Seed, report::Row, runs};
use spool::disk::fault::Fault;

use crate::world::World;

/// Rows missing and frames told as damaged, when `fault` happens at one operation.
fn run(random: u64, operation: u64, fault: Fault, times: u64) -> (u64, u64, u64) {
    let mut seed = Seed::new(random);
    let mut world = World::new(random, 8);
    world.start().unwrap();
    let begin = world.disk.operations();
    for at in 0..times {
        world.disk.fail_at(begin + operation + at, fault);
    }
    for _ in 0..150 {
        world.step(&mut seed);
    }
    world.disk.mend();
    world.settle();
    assert_eq!(world.lost(), 0);
    let rows = world.accepted.values().sum();
    assert_eq!(world.consumer.fences.values().sum::<u64>(), rows, "every accepted row came");
    (world.gaps(), world.consumer.damaged, rows)
}

#[test]
fn an_error_at_any_operation_loses_nothing_that_was_accepted() {
    let mut seed = Seed::of("an_error_at_any_operation_loses_nothing_that_was_accepted");
    let operations = 80;
    for (fault, name) in [(Fault::Error, "EIO"), (Fault::Short, "short write"), (Fault::Full, "ENOSPC")] {
        let rounds = runs(2, 20);
        let mut rows = 0;
        for _ in 0..rounds {
            for operation in 1..=operations {
                let (random, times) = (seed.draw(), 1 + seed.below(4));
                let (gaps, damaged, accepted) = run(random, operation, fault, times);
                assert_eq!((gaps, damaged), (0, 0), "{name} at operation {operation}, from {random}, {times} times");
                rows += accepted;
            }
        }
        Row {
            fault: format!("{name} of the spool's disk, at each operation"),
            load: "frames of 10 B to 200 kB in three streams".into(),
            runs: rounds * operations,
            note: format!("{rows} rows, rewritten into new segments; each was read exactly once"),
            ..Row::default()
        }
        .tell();
    }
}

#[test]
fn a_disk_that_is_too_small_is_full_with_what_there_is_and_recovers_alone() {
    let mut seed = Seed::of("a_disk_that_is_too_small_is_full_with_what_there_is_and_recovers_alone");
    let count = runs(20, 200);
    for _ in 0..count {
        let random = seed.draw();
        let mut world = World::new(random, 32);
        world.disk.limit(Some((3 + seed.below(4)) << 20));
        world.start().unwrap();
        let mut was_full = false;
        for _ in 0..600 {
            // Nobody reads: it fills.
            world.step_without_reader(&mut seed);
            let writer = world.writer.as_ref().unwrap();
            was_full |= writer.cannot_grow() && writer.used_bytes() >= writer.bytes_max();
        }
        assert!(was_full, "it was full at less than was configured, from {random}");
        // The reader comes back; the disk stays as small as it is.
        for _ in 0..300 {
            world.step(&mut seed);
            world.read();
        }
        world.settle();
        assert_eq!((world.lost(), world.gaps(), world.consumer.damaged), (0, 0, 0), "from {random}");
        // The disk has room again: more is taken.
        world.disk.limit(None);
        for _ in 0..300 {
            world.step_without_reader(&mut seed);
        }
        world.settle();
        assert!(!world.writer.as_ref().unwrap().cannot_grow(), "it grows again by itself, from {random}");
        assert_eq!(world.consumer.fences.values().sum::<u64>(), world.accepted.values().sum::<u64>());
    }
    Row {
        fault: "spool disk of 3 to 6 MiB full, reader away".into(),
        load: "frames of 10 B to 200 kB in three streams".into(),
        runs: count,
        note: "full with what there is; grows again when there is room".into(),
        ..Row::default()
    }
    .tell();
}
