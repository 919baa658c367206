//! The spool as its writer and its reader see it: order, tailing, trimming, locks, damage.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;

use proptest::prelude::{ProptestConfig, any, proptest};
use spool::{
    Ack, Batch, FrameHeader, FrameKind, Next, NodeId, SpoolError, StreamAck, Tail, Writer, WriterOptions, segment,
};

const NODE: NodeId = NodeId::from_bytes([1; 16]);

fn options() -> WriterOptions {
    WriterOptions { node: NODE, segment_bytes: 4 << 20, bytes_max: 64 << 20, now_us: 1000 }
}

fn batch(stream: u16, payload: &[u8]) -> Batch<'_> {
    let packets = payload.len() as u64;
    Batch {
        kind: FrameKind::Event,
        stream,
        payload,
        row_count: 3,
        first_ns: 1,
        last_ns: 2,
        packets,
        bytes: 64 * packets,
    }
}

fn all(_: &FrameHeader) -> bool {
    true
}

fn read_all(tail: &mut Tail) -> (Vec<(u16, u64, Vec<u8>)>, u32) {
    let (mut frames, mut damaged, mut payload) = (Vec::new(), 0, Vec::new());
    loop {
        match tail.next(&mut payload, all).unwrap() {
            Next::Frame(header) => frames.push((header.stream, header.seq, payload.clone())),
            Next::Damaged { .. } => damaged += 1,
            Next::Idle => return (frames, damaged),
        }
    }
}

#[test]
fn reader_follows_the_writer_into_the_open_segment_and_over_many() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    let mut tail = Tail::open(dir.path(), NODE);
    assert_eq!(read_all(&mut tail).0.len(), 0);
    let big = vec![9u8; 1 << 20];
    for round in 0..12u64 {
        assert_eq!(writer.append(&batch(1, &big)).unwrap(), round * 6 + 3);
        assert_eq!(writer.append(&batch(2, b"x")).unwrap(), round * 3 + 3);
        assert_eq!(writer.append(&batch(1, b"small")).unwrap(), round * 6 + 6);
        let (frames, damaged) = read_all(&mut tail);
        assert_eq!(damaged, 0);
        let seen: Vec<_> = frames.iter().map(|(stream, seq, payload)| (*stream, *seq, payload.len())).collect();
        assert_eq!(seen, [(1, round * 6 + 1, 1 << 20), (2, round * 3 + 1, 1), (1, round * 6 + 4, 5)]);
    }
    assert!(segment::list(dir.path()).unwrap().len() >= 4);
}

#[test]
fn acknowledged_segments_are_removed_and_others_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    let big = vec![9u8; 1 << 20];
    for _ in 0..7 {
        writer.append(&batch(1, &big)).unwrap();
        writer.append(&batch(2, b"x")).unwrap();
    }
    let before = segment::list(dir.path()).unwrap().len();
    assert_eq!(writer.trim(&Ack::default()).unwrap(), 0);
    let epoch = writer.epoch();
    let mut ack = Ack::default();
    ack.set(StreamAck { epoch, stream: 1, last_seq: 12, ..StreamAck::default() });
    assert_eq!(writer.trim(&ack).unwrap(), 0, "stream 2 of those segments is not acknowledged");
    ack.set(StreamAck { epoch, stream: 2, last_seq: 12, ..StreamAck::default() });
    ack.save(dir.path()).unwrap();
    assert_eq!(writer.trim(&Ack::load(dir.path())).unwrap(), 1);
    assert_eq!(segment::list(dir.path()).unwrap().len(), before - 1);
}

#[test]
fn full_spool_refuses_and_recovers_after_trimming() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), WriterOptions { bytes_max: 8 << 20, ..options() }).unwrap();
    let big = vec![9u8; 1 << 20];
    let mut last = 0;
    let error = loop {
        match writer.append(&batch(1, &big)) {
            Ok(seq) => last = seq,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SpoolError::Full { .. }), "{error}");
    assert!(error.is_transient());
    let mut ack = Ack::default();
    ack.set(StreamAck { epoch: writer.epoch(), stream: 1, last_seq: last, ..StreamAck::default() });
    // The open segment stays; the other goes and its space is there again.
    assert_eq!(writer.trim(&ack).unwrap(), 1);
    assert_eq!(writer.append(&batch(1, &big)).unwrap(), last + 3, "numbers have no gap over a refusal");
}

#[test]
fn one_writer_one_reader_and_epochs_grow() {
    let dir = tempfile::tempdir().unwrap();
    let writer = Writer::open(dir.path(), options()).unwrap();
    let error = Writer::open(dir.path(), options()).unwrap_err().to_string();
    assert!(error.contains("in use by another floodmark writer"), "{error}");
    let lock = spool::tail::ReaderLock::take(dir.path()).unwrap();
    assert!(spool::tail::ReaderLock::take(dir.path()).is_err());
    drop(lock);
    spool::tail::ReaderLock::take(dir.path()).unwrap();
    let first = writer.epoch();
    drop(writer);
    let again = Writer::open(dir.path(), WriterOptions { now_us: 5, ..options() }).unwrap();
    assert_eq!(again.epoch(), first + 1, "the clock went back, the epoch does not");
}

#[test]
fn foreign_node_and_newer_format_are_refused_with_a_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    writer.append(&batch(1, b"x")).unwrap();
    drop(writer);
    let other = NodeId::from_bytes([2; 16]);
    let error = Writer::open(dir.path(), WriterOptions { node: other, ..options() }).unwrap_err().to_string();
    assert!(error.contains("written by node") && error.contains("--data-dir"), "{error}");
    assert!(Tail::open(dir.path(), other).next(&mut Vec::new(), all).is_err());

    let path = segment::path(dir.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[4] = 9;
    let crc = crc32c::crc32c(&bytes[..40]);
    bytes[40..44].copy_from_slice(&crc.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let error = Writer::open(dir.path(), options()).unwrap_err().to_string();
    assert!(error.contains("spool format 9"), "{error}");
}

/// A small spool of `frames` frames of one page each, as one file's bytes.
fn small_spool(dir: &Path, frames: u64) -> Vec<u8> {
    let mut writer = Writer::open(dir, options()).unwrap();
    for number in 0..frames {
        writer.append(&batch(1, format!("payload {number}").as_bytes())).unwrap();
    }
    let mut bytes = fs::read(segment::path(dir, 1)).unwrap();
    bytes.truncate(4096 * (frames as usize + 3));
    bytes
}

#[test]
fn a_damaged_frame_costs_itself_only() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = small_spool(dir.path(), 6);
    bytes[4096 * 2 + 130] ^= 1; // payload of the second frame
    bytes[4096 * 4 + 20] ^= 1; // header of the fourth
    fs::write(segment::path(dir.path(), 1), &bytes).unwrap();
    let (frames, damaged) = read_all(&mut Tail::open(dir.path(), NODE));
    assert_eq!(frames.iter().map(|f| f.1).collect::<Vec<_>>(), [1, 7, 13, 16]);
    assert_eq!(damaged, 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn truncated_and_flipped_segments_never_panic_and_lose_only_what_was_hit(cut in 0usize..40_960, bit in 0usize..32_768 * 8, flip in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = small_spool(dir.path(), 7);
        if flip { bytes[bit / 8] ^= 1 << (bit % 8); } else { bytes.truncate(cut); }
        fs::write(segment::path(dir.path(), 1), &bytes).unwrap();
        let mut tail = Tail::open(dir.path(), NODE);
        let (mut count, mut payload) = (0, Vec::new());
        for _ in 0..100 {
            match tail.next(&mut payload, all) {
                Ok(Next::Frame(header)) => { count += 1; assert_eq!(payload.len(), header.payload_bytes as usize); }
                Ok(Next::Damaged { .. }) => {}
                Ok(Next::Idle) => break,
                Err(error) => { assert!(!matches!(error, SpoolError::Locked { .. })); break; }
            }
        }
        if flip && bit / 8 >= 4096 { assert!(count >= 6, "one flipped bit costs at most one frame, {count} of 7 read"); }
        // Survey at the next start must live with the same bytes.
        let _ = Writer::open(dir.path(), options());
    }
}
