//! SQLite on a disk that is full, or held by somebody else: rows wait in the spool and come once.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use faults::namespace::within;
use faults::report::Row;
use store::testing::FlowTotals;

use crate::cuts::{await_all, await_told};
use crate::place::{Place, block_on};
use crate::write::{events, flows, open};

/// Mounts a file system of its own for the store, or changes it.
fn mount(place: &Place, options: &str) {
    let at = place.data_dir().join("store");
    std::fs::create_dir_all(&at).unwrap();
    let status = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&at).status().unwrap();
    assert!(status.success(), "mount -o {options}");
}

fn totals(folder: &Path) -> FlowTotals {
    block_on(FlowTotals::of_sqlite(&folder.join("store"))).unwrap()
}

fn body() {
    let place = Place::sqlite();
    mount(&place, "size=6m,mode=0750");
    let mut writer = open(&place.spool());
    let role = place.start(&place.options());
    for stream in 1..=4 {
        for _ in 0..30 {
            flows(&mut writer, stream, 1_000);
        }
    }
    let told = await_told(&place, "down: ");
    assert!(told.database.contains("disk is full") || told.database.contains("I/O"), "{told:?}");
    mount(&place, "remount,size=200m");
    let full = await_all(&place, &writer);
    let summary = role.stop().unwrap();
    assert_eq!((summary.rows_parked, summary.rows_left), (0, 0));
    let found = totals(place.data_dir());
    let written = writer
        .streams()
        .filter(|(stream, _)| *stream > 0)
        .fold((0, 0, 0), |sum, (_, t)| (sum.0 + t.last_seq, sum.1 + t.packets, sum.2 + t.bytes));
    let row = Row {
        fault: "disk of the store full".into(),
        load: format!("{} flow rows, SQLite on a tmpfs of 6 MiB", written.0),
        runs: 1,
        lost: written.0.saturating_sub(found.distinct),
        doubled: found.rows - found.distinct,
        imbalance: None,
        worst_recovery_ms: Some(full.as_millis() as u64),
        note: "recovery counts from the moment there is room".into(),
    };
    row.tell();
    assert_eq!((found.rows, found.packets, found.bytes), written);
    assert_eq!(found.distinct, found.rows);
}

#[test]
fn a_full_disk_is_waited_for() {
    within(&["--mount"], "full::a_full_disk_is_waited_for", body);
}

/// A person's `sqlite3`, in the middle of a transaction.
#[test]
fn a_file_that_somebody_else_holds_is_waited_for() {
    let place = Place::sqlite();
    let mut writer = open(&place.spool());
    let role = place.start(&place.options());
    events(&mut writer, &["before"]);
    await_all(&place, &writer);
    let main = place.data_dir().join("store").join("main.db");
    let held = block_on(store::testing::hold(&main)).unwrap();
    events(&mut writer, &["while it is held"]);
    await_told(&place, "slow: ");
    await_told(&place, "locked");
    drop(held);
    let took = await_all(&place, &writer);
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert_eq!(role.stop().unwrap().rows_stored, 2);
}
