//! Writes spools: flow rows whose content follows from their number.

use std::path::Path;

use spool::row::{EventRow, FlowRecord, push_json};
use spool::{Batch, FrameKind, StreamTotals, Writer, WriterOptions};

use crate::place::NODE;

/// 2026-09-21 12:26:40 UTC: the second of the first rows.
pub const BEGIN: u32 = 1_789_993_600;
/// Rows of one second, well under what a query answers.
const ROWS_PER_SECOND: u64 = 2_000;

/// A writer with the smallest segments.
pub fn open(dir: &Path) -> Writer {
    open_for(dir, NODE)
}

pub fn open_for(dir: &Path, node: spool::NodeId) -> Writer {
    let options = WriterOptions { node, segment_bytes: 4 << 20, bytes_max: 256 << 20, now_us: 1_789_993_600_000_000 };
    Writer::open(dir, options).unwrap()
}

/// The second of row `seq`.
pub fn second_of(seq: u64) -> u32 {
    BEGIN + u32::try_from(seq / ROWS_PER_SECOND).unwrap()
}

/// The seconds of the rows up to `last_seq`.
pub fn seconds(last_seq: u64) -> std::ops::Range<u32> {
    BEGIN..second_of(last_seq) + 1
}

fn record(seq: u64) -> FlowRecord {
    let mut src_ip = [0; 16];
    src_ip[10..12].copy_from_slice(&[0xff, 0xff]);
    src_ip[12..].copy_from_slice(&[192, 0, 2, (seq % 200) as u8]);
    let last_ns = u64::from(second_of(seq)) * 1_000_000_000 + seq % 1_000_000_000;
    FlowRecord {
        src_ip,
        dst_ip: src_ip,
        src_port: seq as u16,
        dst_port: 443,
        interface: 1,
        protocol: 6,
        first_ns: last_ns - 500,
        last_ns,
        packets_fwd: seq % 7 + 1,
        bytes_fwd: (seq % 7 + 1) * 100,
        packets_rev: 2,
        bytes_rev: 120,
        ..FlowRecord::default()
    }
}

/// Flow rows that a frame of 256 KiB holds, rounded down.
const FRAME_ROWS: u32 = 2_500;

/// Appends `rows` flow rows, in one frame as far as that holds them.
pub fn flows(writer: &mut Writer, stream: u16, rows: u32) -> StreamTotals {
    let mut left = rows;
    while left > FRAME_ROWS {
        frame(writer, stream, FRAME_ROWS);
        left -= FRAME_ROWS;
    }
    frame(writer, stream, left)
}

fn frame(writer: &mut Writer, stream: u16, rows: u32) -> StreamTotals {
    let first = writer.totals(stream).last_seq + 1;
    let records: Vec<FlowRecord> = (first..first + u64::from(rows)).map(record).collect();
    let payload: Vec<u8> = records.iter().flat_map(FlowRecord::encode).collect();
    let batch = Batch {
        kind: FrameKind::Flow,
        stream,
        payload: &payload,
        row_count: rows,
        first_ns: records[0].first_ns,
        last_ns: records[records.len() - 1].last_ns,
        packets: records.iter().map(FlowRecord::packets).sum(),
        bytes: records.iter().map(FlowRecord::bytes).sum(),
    };
    writer.append(&batch).unwrap();
    writer.sync().unwrap();
    writer.totals(stream)
}

/// Appends one frame of low-rate rows as they lie on disk.
pub fn lines(writer: &mut Writer, kind: FrameKind, payload: &[u8], row_count: u32) {
    let now_ns = u64::from(BEGIN) * 1_000_000_000;
    let batch = Batch { kind, stream: 0, payload, row_count, first_ns: now_ns, last_ns: now_ns, packets: 0, bytes: 0 };
    writer.append(&batch).unwrap();
    writer.sync().unwrap();
}

/// Appends events with these texts.
pub fn events(writer: &mut Writer, texts: &[&str]) {
    let mut payload = Vec::new();
    for text in texts {
        let ts = u64::from(BEGIN);
        push_json(&mut payload, &EventRow { ts, kind: "test".into(), text: (*text).into(), ..EventRow::default() });
    }
    lines(writer, FrameKind::Event, &payload, texts.len() as u32);
}
