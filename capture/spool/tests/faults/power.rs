//! Power cuts at random operations, also in the middle of the recovery from one, and in the recovery from that.

use faults::{Seed, report::Row, runs};
use spool::disk::fault::Fault;

use crate::world::World;

/// One life that ends in a power cut, two recoveries that do too, and one that does not.
fn run(random: u64) -> (u64, u64) {
    let mut seed = Seed::new(random);
    let mut world = World::new(random, 4 + seed.below(5));
    world.start().unwrap();
    for life in 0..4 {
        let until = if life == 3 { None } else { Some(world.disk.operations() + 1 + seed.below(90)) };
        if let Some(operation) = until {
            world.disk.fail_at(operation, Fault::PowerCut);
        }
        for _ in 0..40 + seed.below(160) {
            world.step(&mut seed);
        }
        assert_eq!(world.gaps(), gaps_of_earlier_lives(&world), "while the power is on nothing is out of order");
        if life == 3 {
            break;
        }
        world.power_cycle();
        // Two more cuts within the recovery itself: it has few operations.
        for _ in 0..2 {
            let operation = world.disk.operations() + 1 + seed.below(6);
            world.disk.fail_at(operation, Fault::PowerCut);
            if world.start().is_ok() && seed.below(2) == 0 {
                world.step(&mut seed);
            }
            world.power_cycle();
        }
        assert!(world.start().is_ok(), "no crash loop: with power it starts, whatever it finds");
    }
    world.settle();
    (world.lost(), world.durable.values().sum())
}

/// Gaps may only be where a power cut was: in rows that nobody was promised.
fn gaps_of_earlier_lives(world: &World) -> u64 {
    let epoch = world.writer.as_ref().map_or(u64::MAX, |writer| writer.epoch());
    world.consumer.gaps.iter().filter(|((of, _), _)| *of < epoch).map(|(_, gap)| gap.len() as u64).sum()
}

#[test]
fn no_power_cut_loses_what_was_durable() {
    let mut seed = Seed::of("no_power_cut_loses_what_was_durable");
    let count = runs(300, 10_000);
    let (mut lost, mut rows) = (0, 0);
    for _ in 0..count {
        let random = seed.draw();
        let result = std::panic::catch_unwind(|| run(random));
        let (missing, durable) = result.unwrap_or_else(|_| panic!("the run that began from {random} failed"));
        assert_eq!(missing, 0, "rows are missing in the run that began from {random}");
        lost += missing;
        rows += durable;
    }
    Row {
        fault: "power cut of the spool's disk, then two in the recovery".into(),
        load: "frames of 10 B to 200 kB in three streams".into(),
        runs: count,
        lost,
        note: format!("{rows} durable rows; unsynced sectors kept, lost or torn; 0 starts refused"),
        ..Row::default()
    }
    .tell();
}
