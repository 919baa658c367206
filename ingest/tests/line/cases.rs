//! What holds while nothing breaks.

use std::collections::BTreeSet;

use spool::{Ack, Writer};

use crate::place::Place;
use crate::write::{events, flows, open, seconds};

const STREAMS: std::ops::RangeInclusive<u16> = 1..=4;

/// Every row that `writer` numbered is in the store, and the fences say what the spool's totals say.
fn assert_stored(place: &Place, writer: &Writer) {
    let epoch = writer.epoch();
    let mut expect = BTreeSet::new();
    let mut last = 0;
    for (stream, totals) in writer.streams() {
        let fence = place.fences().into_iter().find(|f| (f.epoch, f.stream) == (epoch, stream)).unwrap();
        assert_eq!(fence.last_seq, totals.last_seq, "{fence:?}");
        assert_eq!((fence.stored.packets, fence.stored.bytes), (totals.packets, totals.bytes), "{fence:?}");
        assert_eq!((fence.stored.rows, fence.parked.rows, fence.gap.rows), (totals.last_seq, 0, 0), "{fence:?}");
        if stream > 0 {
            expect.extend((1..=totals.last_seq).map(|seq| (epoch, stream, seq)));
            last = last.max(totals.last_seq);
        }
    }
    let found: BTreeSet<_> = place.flow_rows(seconds(last)).into_iter().filter(|row| row.0 == epoch).collect();
    assert_eq!(found.len(), expect.len());
    assert!(found == expect, "other rows than those that were written");
}

/// 60,000 rows in frames of different sizes, over several segments.
fn fill(writer: &mut Writer) {
    for round in 0..15 {
        for stream in STREAMS {
            flows(writer, stream, 400 + 50 * (u32::from(stream) + round));
        }
        events(writer, &["one", "two"]);
    }
}

pub fn every_row_lands_once(place: &Place) {
    let mut writer = open(&place.spool());
    fill(&mut writer);
    fill(&mut writer);
    assert!(writer.used_bytes() >= 3 * (4 << 20), "several segments");
    let summary = place.drain();
    let rows: u64 = writer.streams().map(|(_, totals)| totals.last_seq).sum();
    assert_eq!((summary.rows_stored, summary.rows_parked, summary.rows_left), (rows, 0, 0));
    assert_stored(place, &writer);
}

pub fn a_second_drain_doubles_nothing(place: &Place) {
    let mut writer = open(&place.spool());
    fill(&mut writer);
    place.drain();
    fill(&mut writer);
    let mut options = place.options();
    options.config.batch_rows_max = 1_234;
    options.config.connections = 1;
    place.drain_by(&options).unwrap();
    assert_stored(place, &writer);
    // The acknowledgement is only a hint: without it everything is offered again, and recognised.
    std::fs::remove_file(Ack::path(&place.spool())).unwrap();
    assert_eq!(place.drain().rows_stored, 0);
    assert_stored(place, &writer);
}

pub fn what_is_stored_is_trimmed(place: &Place) {
    let mut writer = open(&place.spool());
    fill(&mut writer);
    fill(&mut writer);
    let before = writer.used_bytes();
    assert_eq!(writer.trim(&Ack::load(&place.spool())).unwrap(), 0, "nothing is acknowledged yet");
    place.drain();
    assert!(writer.trim(&Ack::load(&place.spool())).unwrap() > 0);
    assert_eq!(writer.used_bytes(), 4 << 20, "of {before} bytes only the open segment stays");
    // A new life of the writer trims what the old one left open, when it has a segment of its own.
    drop(writer);
    let mut writer = open(&place.spool());
    assert_eq!(writer.trim(&Ack::load(&place.spool())).unwrap(), 0);
    flows(&mut writer, 1, 10);
    assert_eq!(writer.trim(&Ack::load(&place.spool())).unwrap(), 1);
    place.drain();
    assert_stored(place, &writer);
}
