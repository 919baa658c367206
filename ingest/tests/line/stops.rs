//! Stops, restarts, and spools that are not ours.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use ingest::IngestError;
use spool::{NodeId, SpoolError, segment};

use crate::place::{Place, within};
use crate::write::{flows, open, open_for, seconds};

pub fn a_stopped_role_goes_on(place: &Place) {
    let mut writer = open(&place.spool());
    let (mut stored, mut restarts) = (0, 0);
    for round in 1..=4_u64 {
        let role = place.start(&place.options());
        for _ in 0..8 {
            flows(&mut writer, 1, 700);
            flows(&mut writer, 2, 300);
        }
        if round % 2 == 0 {
            within("some rows", || place.fences().iter().map(|f| f.stored.rows).sum::<u64>() > stored);
        }
        // Rows that lie in the spool when the stop is raised are stored before the end.
        let summary = role.stop().unwrap();
        stored += summary.rows_stored;
        restarts += 1;
        assert_eq!((summary.rows_parked, summary.rows_left), (0, 0));
    }
    assert_eq!(restarts, 4);
    let rows = place.flow_rows(seconds(writer.totals(1).last_seq));
    assert_eq!(rows.len() as u64, writer.totals(1).last_seq + writer.totals(2).last_seq);
    assert_eq!(stored, rows.len() as u64);
}

#[test]
fn two_ingests_on_one_spool_are_refused() {
    let place = Place::sqlite();
    let mut writer = open(&place.spool());
    flows(&mut writer, 1, 10);
    let first = place.start(&place.options());
    within("the first to store", || !place.fences().is_empty());
    let other_run_dir = ingest::Options { run_dir: place.data_dir().join("run2"), ..place.options() };
    let error = place.start(&other_run_dir).stop().unwrap_err();
    assert!(matches!(error, IngestError::Spool(SpoolError::Locked { .. })), "{error}");
    let told = error.to_string();
    assert!(told.contains("in use by another floodmark reader") && told.contains("stop it"), "{told}");
    let error = place.start(&place.options()).stop().unwrap_err();
    assert!(error.to_string().contains("ingest"), "{error}");
    flows(&mut writer, 1, 10);
    assert_eq!(first.stop().unwrap().rows_stored, 20, "the first is not disturbed");
}

#[test]
fn two_ingests_on_one_sqlite_store_are_refused() {
    let (one, two) = (Place::sqlite(), Place::sqlite());
    flows(&mut open(&one.spool()), 1, 10);
    let first = one.start(&one.options());
    within("the first to store", || !one.fences().is_empty());
    let url = format!("sqlite://{}", one.data_dir().join("store").display());
    let store = store::config::Config { url, ..store::config::Config::default() };
    flows(&mut open(&two.spool()), 1, 10);
    let error = two.drain_by(&ingest::Options { store, ..two.options() }).unwrap_err();
    assert!(error.to_string().contains("store"), "{error}");
    assert_eq!(first.stop().unwrap().rows_stored, 10);
}

#[test]
fn a_spool_of_another_node_is_refused_and_kept() {
    let place = Place::sqlite();
    let other = NodeId::from_bytes([8; 16]);
    flows(&mut open_for(&place.spool(), other), 1, 10);
    let error = place.drain_by(&place.options()).unwrap_err();
    assert!(matches!(error, IngestError::Spool(SpoolError::ForeignNode { .. })), "{error}");
    let told = error.to_string();
    assert!(told.contains(&other.to_string()) && told.contains("--data-dir"), "{told}");
    assert!(place.flow_rows(seconds(10)).is_empty());
    let theirs = ingest::Options { node: other, ..place.options() };
    assert_eq!(place.drain_by(&theirs).unwrap().rows_stored, 10, "nothing was lost");
}

#[test]
fn a_spool_of_a_newer_format_is_refused_and_kept() {
    let place = Place::sqlite();
    flows(&mut open(&place.spool()), 1, 10);
    let path = segment::path(&place.spool(), 1);
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut head = [0; 44];
    file.read_exact_at(&mut head, 0).unwrap();
    let old = head;
    head[4..6].copy_from_slice(&9_u16.to_le_bytes());
    let crc = crc32c::crc32c(&head[..40]);
    head[40..].copy_from_slice(&crc.to_le_bytes());
    file.write_all_at(&head, 0).unwrap();
    let error = place.drain_by(&place.options()).unwrap_err();
    assert!(matches!(error, IngestError::Spool(SpoolError::NewerFormat { found: 9, .. })), "{error}");
    assert!(error.to_string().contains("newer floodmark"), "{error}");
    file.write_all_at(&old, 0).unwrap();
    assert_eq!(place.drain().rows_stored, 10, "nothing was lost");
}
