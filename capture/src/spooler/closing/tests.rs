//! The books of a process that was killed, as the next start finds them.

use std::path::Path;

use proptest::prelude::{ProptestConfig, proptest};
use spool::row::push_json;
use spool::{Batch, Writer, WriterOptions};

use super::*;

const NODE: NodeId = NodeId::from_bytes([1; 16]);

fn writer(dir: &Path, now_us: u64) -> Writer {
    Writer::open(dir, WriterOptions { node: NODE, segment_bytes: 4 << 20, bytes_max: 64 << 20, now_us }).unwrap()
}

fn append(writer: &mut Writer, kind: FrameKind, stream: u16, payload: &[u8], packets: u64) {
    let batch = Batch { kind, stream, payload, row_count: 1, first_ns: 1, last_ns: 2, packets, bytes: 64 * packets };
    writer.append(&batch).unwrap();
    writer.sync().unwrap();
}

fn flow(writer: &mut Writer, stream: u16, packets: u64) {
    append(writer, FrameKind::Flow, stream, &[0; 104], packets);
}

/// A checkpoint of a life that had `parsed` packets, `in_memory` of them not yet given to the spool.
fn checkpoint(writer: &mut Writer, parsed: u64, in_memory: u64, kind: LedgerKind) -> LedgerRow {
    let end = |(stream, totals): (u16, spool::StreamTotals)| StreamEnd {
        stream,
        last_seq: totals.last_seq,
        packets: totals.packets,
        bytes: totals.bytes,
    };
    let row = LedgerRow {
        kind,
        about_epoch: writer.epoch(),
        kernel_seen: parsed + 3,
        kernel_dropped: 1,
        in_ring: 2,
        taken: parsed,
        parsed_frames: parsed,
        parsed,
        parsed_bytes: 64 * parsed,
        in_memory,
        in_memory_bytes: 64 * in_memory,
        spooled: parsed - in_memory,
        spooled_bytes: 64 * (parsed - in_memory),
        streams: writer.streams().map(end).collect(),
        devices: vec![DeviceCount { name: "eth0".into(), index: 2, received: 1000 + parsed }],
        ..LedgerRow::default()
    };
    let mut payload = Vec::new();
    push_json(&mut payload, &row);
    append(writer, FrameKind::Ledger, 0, &payload, 0);
    row
}

fn assert_balanced(row: &LedgerRow, spooled: u64) {
    assert_eq!(row.parsed, spooled + row.coarsened + row.shed + row.gap, "{row:?}");
    assert_eq!(row.parsed_bytes, 64 * row.parsed, "{row:?}");
    assert_eq!(row.taken, row.parsed_frames, "{row:?}");
    assert_eq!(row.kernel_seen, row.kernel_dropped + row.in_ring + row.taken, "{row:?}");
    assert_eq!((row.in_memory, row.spooled), (0, spooled), "{row:?}");
}

#[test]
fn what_did_not_reach_the_spool_is_the_gap() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = writer(dir.path(), 100);
    flow(&mut first, 1, 40);
    checkpoint(&mut first, 100, 60, LedgerKind::Checkpoint);
    flow(&mut first, 2, 25);
    drop(first);
    let past = read(dir.path(), NODE, 200).unwrap();
    let [gap] = past.gaps.as_slice() else { panic!("{past:?}") };
    assert_eq!((gap.kind, gap.about_epoch, gap.gap, gap.gap_bytes), (LedgerKind::Gap, 100, 35, 35 * 64));
    assert_eq!(gap.streams.iter().map(|end| (end.stream, end.packets)).collect::<Vec<_>>(), [(0, 0), (1, 40), (2, 25)]);
    assert_balanced(gap, 65);
    assert_eq!(past.devices[0].received, 1100);
}

#[test]
fn more_than_memory_held_was_parsed_after_the_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = writer(dir.path(), 100);
    checkpoint(&mut first, 10, 10, LedgerKind::Checkpoint);
    flow(&mut first, 1, 500);
    drop(first);
    let past = read(dir.path(), NODE, 200).unwrap();
    assert_eq!((past.gaps[0].gap, past.gaps[0].parsed, past.gaps[0].in_ring), (0, 500, 0));
    assert_balanced(&past.gaps[0], 500);
    // Of 490 that were parsed after the checkpoint 2 had been in the ring by then.
    assert_eq!(past.devices[0].received, 1010 + 488);
}

#[test]
fn without_a_checkpoint_it_is_an_estimate_that_balances() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = writer(dir.path(), 100);
    flow(&mut first, 1, 7);
    drop(first);
    let past = read(dir.path(), NODE, 200).unwrap();
    assert_eq!(past.gaps[0].kind, LedgerKind::GapEstimate);
    assert_balanced(&past.gaps[0], 7);
}

#[test]
fn closed_epochs_are_left_alone_and_a_gap_is_written_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = writer(dir.path(), 100);
    flow(&mut first, 1, 5);
    checkpoint(&mut first, 5, 0, LedgerKind::Final);
    drop(first);
    assert_eq!(read(dir.path(), NODE, 150).unwrap().gaps, []);
    let mut second = writer(dir.path(), 200);
    checkpoint(&mut second, 9, 9, LedgerKind::Checkpoint);
    drop(second);
    // The third life dies before it has written the gap of the second: the fourth finds it still open.
    let third = writer(dir.path(), 300);
    drop(third);
    let mut fourth = writer(dir.path(), 400);
    let past = read(dir.path(), NODE, fourth.epoch()).unwrap();
    assert_eq!(past.gaps.iter().map(|gap| (gap.about_epoch, gap.gap)).collect::<Vec<_>>(), [(200, 9)]);
    let mut payload = Vec::new();
    past.gaps.iter().for_each(|gap| push_json(&mut payload, gap));
    append(&mut fourth, FrameKind::Ledger, 0, &payload, 0);
    drop(fourth);
    let past = read(dir.path(), NODE, 500).unwrap();
    assert_eq!(past.gaps.iter().map(|gap| gap.about_epoch).collect::<Vec<_>>(), [400], "only the one that just died");
    assert_eq!(past.devices[0].received, 1009, "the fourth had no checkpoint: the second's counters still count");
}

#[test]
fn a_backlog_is_not_read_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = writer(dir.path(), 100);
    let row = vec![0; 104 * 2000];
    for _ in 0..60 {
        append(&mut first, FrameKind::Flow, 1, &row, 1);
    }
    checkpoint(&mut first, 100, 40, LedgerKind::Checkpoint);
    flow(&mut first, 2, 25);
    drop(first);
    let segments = spool::tail::segments(dir.path()).unwrap();
    assert!(segments.len() >= 3, "{segments:?}");
    // Who opens one of these is told that it is another node's.
    let other = tempfile::tempdir().unwrap();
    let options =
        WriterOptions { node: NodeId::from_bytes([2; 16]), segment_bytes: 4 << 20, bytes_max: 64 << 20, now_us: 5 };
    let mut foreign = Writer::open(other.path(), options).unwrap();
    flow(&mut foreign, 1, 1);
    let foreign = spool::segment::path(other.path(), spool::tail::segments(other.path()).unwrap()[0]);
    for old in &segments[..segments.len() - 1] {
        std::fs::copy(&foreign, spool::segment::path(dir.path(), *old)).unwrap();
    }
    assert!(Seen::read(dir.path(), NODE, 0).is_err());
    let gap = &read(dir.path(), NODE, 200).unwrap().gaps[0];
    assert_eq!((gap.gap, gap.streams.iter().map(|end| end.packets).collect::<Vec<_>>()), (15, vec![0, 60, 25]));
}

#[test]
fn an_empty_end_is_looked_behind() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = writer(dir.path(), 100);
    checkpoint(&mut first, 9, 9, LedgerKind::Checkpoint);
    let row = vec![0; 104 * 2000];
    for _ in 0..60 {
        append(&mut first, FrameKind::Flow, 1, &row, 1);
    }
    drop(first);
    assert!(spool::tail::segments(dir.path()).unwrap().len() >= 3);
    let past = read(dir.path(), NODE, 200).unwrap();
    assert_eq!(past.gaps.iter().map(|gap| (gap.kind, gap.gap)).collect::<Vec<_>>(), [(LedgerKind::Gap, 0)]);
    assert_balanced(&past.gaps[0], 60);
}

#[test]
fn blind_is_what_the_devices_received_meanwhile() {
    let device = |name: &str, index, received| DeviceCount { name: name.into(), index, received };
    let before = [device("a", 2, 100), device("b", 3, 50), device("c", 4, 7)];
    let now = [device("a", 2, 130), device("b", 9, 20), device("c", 4, 5), device("new", 5, 1000)];
    assert_eq!(blind(&before, &now), 30 + 20 + 5, "b is another device, c counts from 0 again, new was never watched");
    assert_eq!(blind(&[], &now), 0, "a first start knows of no time before");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the order of flows and checkpoints in which a life is cut off, its books balance.
    #[test]
    fn any_life_balances(steps in proptest::collection::vec((1u16..5, 1u64..50, 0u64..30), 1..30)) {
        let dir = tempfile::tempdir().unwrap();
        let mut life = writer(dir.path(), 100);
        let mut spooled = 0;
        for (stream, packets, memory) in steps {
            if packets % 3 == 0 {
                checkpoint(&mut life, spooled + memory, memory, LedgerKind::Checkpoint);
            } else {
                flow(&mut life, stream, packets);
                spooled += packets;
            }
        }
        drop(life);
        for gap in read(dir.path(), NODE, 200).unwrap().gaps {
            assert_balanced(&gap, spooled);
        }
    }
}
