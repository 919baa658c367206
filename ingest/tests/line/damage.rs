//! A spool that rotted: what is lost is a gap of exact size, everything else is stored.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use spool::frame::HEADER_BYTES;
use spool::segment;

use crate::place::Place;
use crate::write::{flows, open, seconds};

const ROWS: u32 = 500;

/// Inverts the byte at `offset` of the first segment.
fn flip(place: &Place, offset: u64) {
    let path = segment::path(&place.spool(), 1);
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[!byte[0]], offset).unwrap();
}

/// Ten frames of one stream, of which the fourth is damaged `within` its bytes; then ten more.
fn damaged(place: &Place, within: u64) {
    let mut writer = open(&place.spool());
    let stride = spool::limits::aligned((HEADER_BYTES + ROWS as usize * spool::row::FLOW_ROW_BYTES) as u64);
    for _ in 0..10 {
        flows(&mut writer, 1, ROWS);
        flows(&mut writer, 2, ROWS);
    }
    // Frames of both streams take turns: the fourth of stream 1 is the seventh of all.
    flip(place, segment::FIRST_FRAME + 6 * stride + within);
    place.drain();
    for _ in 0..10 {
        flows(&mut writer, 1, ROWS);
    }
    place.drain();
    let totals = writer.totals(1);
    let rows = place.flow_rows(seconds(totals.last_seq));
    let lost = 3 * u64::from(ROWS) + 1..=4 * u64::from(ROWS);
    let of_stream = |stream| rows.iter().filter(move |row| row.1 == stream).map(|row| row.2);
    assert!(of_stream(1).all(|seq| !lost.contains(&seq)), "what is damaged is not stored");
    assert_eq!(of_stream(1).count() as u64, totals.last_seq - u64::from(ROWS));
    assert_eq!(of_stream(2).count() as u32, 10 * ROWS);
    let fence = place.fences().into_iter().find(|fence| fence.stream == 1).unwrap();
    assert_eq!((fence.last_seq, fence.gap.rows, fence.parked.rows), (totals.last_seq, u64::from(ROWS), 0));
    assert_eq!(fence.stored.rows, totals.last_seq - u64::from(ROWS));
    assert!(fence.gap.packets > 0);
    assert_eq!((fence.carried().packets, fence.carried().bytes), (totals.packets, totals.bytes), "known to the packet");
}

pub fn a_damaged_payload_is_a_gap(place: &Place) {
    damaged(place, HEADER_BYTES as u64 + 700);
}

pub fn a_damaged_header_is_a_gap(place: &Place) {
    damaged(place, 40);
}
