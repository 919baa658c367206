//! Damage at the beginning and at the end of an epoch, a ledger that says what was lost, a database that was set back.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use spool::frame::HEADER_BYTES;
use spool::row::{LedgerKind, LedgerRow, StreamEnd, push_json};
use spool::{FrameHeader, FrameKind, StreamTotals, Writer, segment};
use store::testing::MariaDb;
use store::{Counts, Fence};

use crate::cuts::await_all;
use crate::place::{Place, block_on, within};
use crate::write::{BEGIN, events, flows, lines, open, seconds};

/// Every frame of the spool: segment, offset, header.
fn frames(place: &Place) -> Vec<(u64, u64, FrameHeader)> {
    let mut found = Vec::new();
    for index in segment::list(&place.spool()).unwrap() {
        let bytes = fs::read(segment::path(&place.spool(), index)).unwrap();
        let mut offset = segment::FIRST_FRAME as usize;
        while offset + HEADER_BYTES <= bytes.len() {
            match FrameHeader::decode(bytes[offset..offset + HEADER_BYTES].try_into().unwrap()) {
                Ok(header) => {
                    found.push((index, offset as u64, header.clone()));
                    offset += header.stride() as usize;
                }
                Err(_) => offset += 4096,
            }
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Header,
    Payload,
}

/// Spoils the frame of `stream` that begins with row `seq`.
fn spoil(place: &Place, epoch: u64, stream: u16, seq: u64, what: What) {
    let is_it = |header: &FrameHeader| (header.epoch, header.stream, header.seq) == (epoch, stream, seq);
    let (index, offset, _) =
        frames(place).into_iter().find(|(_, _, header)| is_it(header)).expect("the frame is there");
    let file = OpenOptions::new().read(true).write(true).open(segment::path(&place.spool(), index)).unwrap();
    let at = offset + if what == What::Header { 40 } else { HEADER_BYTES as u64 + 5 };
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[!byte[0]], at).unwrap();
}

/// What the streams of `writer` had received, as its last ledger row says.
fn ends(writer: &Writer) -> Vec<StreamEnd> {
    let end = |(stream, t): (u16, StreamTotals)| StreamEnd {
        stream,
        last_seq: t.last_seq,
        packets: t.packets,
        bytes: t.bytes,
    };
    writer.streams().map(end).collect()
}

fn ledger(writer: &mut Writer, kind: LedgerKind, about_epoch: u64, streams: Vec<StreamEnd>) {
    let mut payload = Vec::new();
    push_json(&mut payload, &LedgerRow { ts: BEGIN.into(), kind, about_epoch, streams, ..LedgerRow::default() });
    lines(writer, FrameKind::Ledger, &payload, 1);
}

fn fence(place: &Place, epoch: u64, stream: u16) -> Fence {
    place.fences().into_iter().find(|f| (f.epoch, f.stream) == (epoch, stream)).expect("there is a fence")
}

/// The fence is at the stream's end, and stored, parked and lost add up to what the stream carried.
fn assert_balanced(place: &Place, epoch: u64, end: &StreamEnd, gap_rows: u64) {
    let fence = fence(place, epoch, end.stream);
    let all = Counts { rows: end.last_seq, packets: end.packets, bytes: end.bytes };
    assert_eq!((fence.last_seq, fence.carried(), fence.gap.rows), (end.last_seq, all, gap_rows), "{fence:?}");
}

pub fn a_damaged_end_is_in_the_books(place: &Place) {
    let mut writer = open(&place.spool());
    for _ in 0..6 {
        for stream in 1..=4 {
            flows(&mut writer, stream, 500);
        }
    }
    let epoch = writer.epoch();
    // Of stream 1 the first frame and the last two; of stream 3 all; of stream 2 nothing; of stream 4 the last.
    spoil(place, epoch, 1, 1, What::Payload);
    spoil(place, epoch, 1, 2_001, What::Header);
    spoil(place, epoch, 1, 2_501, What::Payload);
    for n in 0..6 {
        spoil(place, epoch, 3, n * 500 + 1, if n % 2 == 0 { What::Header } else { What::Payload });
    }
    spoil(place, epoch, 4, 2_501, What::Header);
    // A restart before the end is known.
    place.drain();
    assert_eq!(fence(place, epoch, 1).last_seq, 2_000);
    let all = ends(&writer);
    ledger(&mut writer, LedgerKind::Final, epoch, all.clone());
    place.drain();
    for (end, lost) in all.iter().zip([1_500, 0, 3_000, 500]) {
        assert_balanced(place, epoch, end, lost);
    }
    // Nothing of it stays in the spool for ever.
    drop(writer);
    let mut writer = open(&place.spool());
    // The newest segment never goes: the next life begins one of its own.
    flows(&mut writer, 1, 10);
    assert!(writer.trim(&spool::Ack::load(&place.spool())).unwrap() > 0);
    assert!(frames(place).iter().all(|(_, _, header)| header.epoch == writer.epoch()));
}

pub fn a_later_epoch_tells_of_one_that_was_lost(place: &Place) {
    let mut killed = open(&place.spool());
    for _ in 0..3 {
        for stream in 1..=2 {
            flows(&mut killed, stream, 400);
        }
    }
    let (epoch, all) = (killed.epoch(), ends(&killed));
    for n in 0..3 {
        spoil(place, epoch, 1, n * 400 + 1, What::Header);
        spoil(place, epoch, 2, n * 400 + 1, What::Header);
    }
    drop(killed);
    let mut writer = open(&place.spool());
    flows(&mut writer, 1, 100);
    ledger(&mut writer, LedgerKind::GapEstimate, epoch, all.clone());
    flows(&mut writer, 1, 100);
    let now = ends(&writer);
    place.drain();
    all.iter().for_each(|end| assert_balanced(place, epoch, end, 1_200));
    now.iter().for_each(|end| assert_balanced(place, writer.epoch(), end, 0));
    place.drain();
    all.iter().for_each(|end| assert_balanced(place, epoch, end, 1_200));
}

pub fn a_damaged_ledger_leaves_what_the_headers_say(place: &Place) {
    let mut killed = open(&place.spool());
    for _ in 0..3 {
        flows(&mut killed, 1, 400);
    }
    let (epoch, all) = (killed.epoch(), ends(&killed));
    ledger(&mut killed, LedgerKind::Final, epoch, all.clone());
    spoil(place, epoch, 1, 401, What::Header);
    spoil(place, epoch, 1, 801, What::Payload);
    spoil(place, epoch, 0, 1, What::Payload);
    place.drain();
    assert_eq!(fence(place, epoch, 1).last_seq, 400, "they may be written again behind");
    drop(killed);
    let mut writer = open(&place.spool());
    events(&mut writer, &["a new life"]);
    place.drain();
    assert_balanced(place, epoch, &all[0], 800);
    assert_eq!(fence(place, epoch, 0).gap.rows, 1);
}

pub fn a_spool_without_its_beginning_is_a_gap(place: &Place) {
    let mut writer = open(&place.spool());
    while writer.used_bytes() < 3 * (4 << 20) {
        flows(&mut writer, 1, 1_000);
    }
    let first = segment::path(&place.spool(), 1);
    let missing = frames(place).iter().filter(|(index, ..)| *index == 1).map(|f| f.2.last_seq()).max().unwrap();
    fs::remove_file(first).unwrap();
    place.drain();
    assert_balanced(place, writer.epoch(), &ends(&writer)[0], missing);
    assert_eq!(place.flow_rows(seconds(writer.totals(1).last_seq)).len() as u64, writer.totals(1).last_seq - missing);
}

/// What was parked before a crash that came before the COMMIT is not parked twice.
#[test]
fn a_parked_row_is_in_the_file_once_over_restarts() {
    let place = Place::sqlite();
    let mut writer = open(&place.spool());
    let long = "x".repeat(5_000);
    events(&mut writer, &["fine", &long, "fine"]);
    lines(&mut writer, FrameKind::Unknown(99), &[0xff, 0, 1], 7);
    lines(&mut writer, FrameKind::Event, b"{\"ts\":true}\n", 1);
    for _ in 0..3 {
        let summary = place.drain();
        assert_eq!((summary.rows_stored, summary.rows_parked), (2, 9));
        // As if the COMMIT had not been: the file is there, the rows are not.
        fs::remove_dir_all(place.data_dir().join("store")).unwrap();
    }
    place.drain();
    let file = fs::read_to_string(place.data_dir().join("parked").join("rows.jsonl")).unwrap();
    let parked: Vec<serde_json::Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut keys: Vec<_> =
        parked.iter().map(|row| (row["seq"].as_u64().unwrap(), row["rows"].as_u64().unwrap())).collect();
    keys.sort_unstable();
    assert_eq!(keys, [(2, 1), (4, 7), (11, 1)]);
    let of = |seq: u64| parked.iter().find(|row| row["seq"] == seq).unwrap();
    assert_eq!((of(4)["row_base64"].as_str(), of(11)["row"].as_str()), (Some("/wAB"), Some("{\"ts\":true}")));
    assert_eq!(fence(&place, writer.epoch(), 0).parked.rows, 9);
}

/// A database that was restored from a backup while ingest ran has less than it had acknowledged.
#[test]
fn a_database_that_was_set_back_gets_what_the_spool_still_has() {
    let Some(server) = MariaDb::start_or_skip() else { return };
    let place = Place::mariadb(&server, "root", "floodmark");
    let mut writer = open(&place.spool());
    let role = place.start(&place.options());
    let set_back = |seq: u64| {
        let sql = format!(
            "START TRANSACTION; DELETE FROM floodmark.flows WHERE seq > {seq}; UPDATE floodmark.ingest_fences SET \
             last_seq = {seq}, rows_total = {seq}, packets = (SELECT COALESCE(SUM(packets_fwd + packets_rev), 0) FROM \
             floodmark.flows), bytes = (SELECT COALESCE(SUM(bytes_fwd + bytes_rev), 0) FROM floodmark.flows); COMMIT"
        );
        block_on(server.admin(&sql)).unwrap();
    };
    while writer.used_bytes() < 3 * (4 << 20) {
        flows(&mut writer, 1, 1_000);
    }
    await_all(&place, &writer);
    set_back(1_000);
    flows(&mut writer, 1, 1_000);
    let balanced = |gap: u64| {
        let end = ends(&writer).remove(0);
        within("the fence", || place.fences().iter().any(|fence| fence.last_seq == end.last_seq));
        assert_balanced(&place, writer.epoch(), &end, gap);
        let rows = place.flow_rows(seconds(end.last_seq)).len() as u64;
        assert_eq!(rows, end.last_seq - gap, "each row once");
    };
    balanced(0);
    // The spool's beginning is trimmed: what the database lost of it is lost.
    let first = frames(&place).iter().filter(|(index, ..)| *index == 1).map(|f| f.2.last_seq()).max().unwrap();
    assert!(writer.trim(&spool::Ack::load(&place.spool())).unwrap() > 0);
    set_back(first - 5_000);
    flows(&mut writer, 1, 1_000);
    let kept = frames(&place).iter().map(|f| f.2.seq).min().unwrap();
    let end = ends(&writer).remove(0);
    within("the fence", || place.fences().iter().any(|fence| fence.last_seq == end.last_seq));
    assert_balanced(&place, writer.epoch(), &end, kept - 1 - (first - 5_000));
    within("the gap to be told", || crate::cuts::line(place.data_dir()).is_some_and(|line| line.rows_gap > 0));
    let summary = role.stop().unwrap();
    assert_eq!((summary.rows_parked, summary.rows_left), (0, 0));
}
