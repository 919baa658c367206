//! The spool as its writer and its reader see it: order, tailing, trimming, locks, both ways to the disk.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;

use spool::config::Config;
use spool::limits::{APPEND_WAIT, BUFFER_BYTES, BUFFERS};
use spool::{
    Ack, Backend, Batch, FrameHeader, FrameKind, Next, NodeId, SpoolError, StreamAck, Tail, Writer, WriterOptions,
    segment,
};

const NODE: NodeId = NodeId::from_bytes([1; 16]);
const BACKENDS: [Backend; 2] = [Backend::IoUring, Backend::Sync];
const BIG: usize = 200 << 10;

fn options() -> WriterOptions {
    WriterOptions { node: NODE, segment_bytes: 1 << 20, bytes_max: 64 << 20, now_us: 1000 }
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

fn ack_of(epoch: u64, ends: &[(u16, u64)]) -> Ack {
    let mut ack = Ack::default();
    for &(stream, last_seq) in ends {
        ack.set(StreamAck { epoch, stream, last_seq, ..StreamAck::default() });
    }
    ack
}

/// Files in `dir` that are not segments with rows: the spares.
fn hidden(dir: &Path) -> usize {
    let names = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".spare")).count()
}

#[test]
fn reader_follows_the_writer_into_the_open_segment_and_over_many() {
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open_by(dir.path(), options(), backend).unwrap();
        assert_eq!(writer.means().backend, backend);
        let mut tail = Tail::open(dir.path(), NODE);
        assert_eq!(read_all(&mut tail).0.len(), 0);
        let big = vec![9u8; BIG];
        for round in 0..24u64 {
            assert_eq!(writer.append(&batch(1, &big)).unwrap(), round * 6 + 3);
            assert_eq!(writer.append(&batch(2, b"x")).unwrap(), round * 3 + 3);
            assert_eq!(writer.append(&batch(1, b"small")).unwrap(), round * 6 + 6);
            writer.sync().unwrap();
            let (frames, damaged) = read_all(&mut tail);
            assert_eq!(damaged, 0);
            let seen: Vec<_> = frames.iter().map(|(stream, seq, payload)| (*stream, *seq, payload.len())).collect();
            assert_eq!(seen, [(1, round * 6 + 1, BIG), (2, round * 3 + 1, 1), (1, round * 6 + 4, 5)], "{backend:?}");
            assert_eq!(writer.totals(1).last_seq, round * 6 + 6);
        }
        assert!(segment::list(dir.path()).unwrap().len() >= 5);
        let mut headers = 0;
        spool::tail::headers(dir.path(), NODE, |_| headers += 1).unwrap();
        assert_eq!(headers, 72);
    }
}

#[test]
fn what_is_not_written_yet_is_pending_and_is_not_in_the_totals() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    writer.append(&batch(1, b"four")).unwrap();
    assert_eq!((writer.totals(1).last_seq, writer.pending().rows, writer.pending().packets), (0, 3, 4));
    assert_eq!(read_all(&mut Tail::open(dir.path(), NODE)).0.len(), 0);
    writer.sync().unwrap();
    assert_eq!((writer.totals(1).last_seq, writer.pending().rows), (3, 0));
    assert_eq!(writer.streams().collect::<Vec<_>>(), [(1, writer.totals(1))]);
    assert_eq!(read_all(&mut Tail::open(dir.path(), NODE)).0.len(), 1);
}

#[test]
fn acknowledged_segments_go_oldest_first_and_their_space_is_used_again() {
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open_by(dir.path(), options(), backend).unwrap();
        let mut tail = Tail::open(dir.path(), NODE);
        let (big, mut read) = (vec![9u8; BIG], 0);
        for round in 1..=60u64 {
            writer.append(&batch(1, &big)).unwrap();
            writer.append(&batch(2, b"x")).unwrap();
            writer.sync().unwrap();
            let (frames, damaged) = read_all(&mut tail);
            assert_eq!(damaged, 0, "what an earlier segment left is no damage");
            read += frames.len() as u64;
            assert_eq!(read, 2 * round);
            if round % 8 == 0 {
                let before = segment::list(dir.path()).unwrap();
                let ends = [(1, 3 * round), (2, 3 * round)];
                assert_eq!(writer.trim(&ack_of(writer.epoch(), &ends[..1])).unwrap(), 0, "stream 2 is not stored");
                let gone = writer.trim(&ack_of(writer.epoch(), &ends)).unwrap();
                assert!(gone >= 1);
                assert_eq!(segment::list(dir.path()).unwrap(), before[gone..]);
                assert!(hidden(dir.path()) <= 6, "{}", hidden(dir.path()));
            }
        }
        assert!(segment::list(dir.path()).unwrap().len() + hidden(dir.path()) <= 8);
    }
}

#[test]
fn the_segment_with_the_last_ledger_row_stays_over_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    let big = vec![9u8; BIG];
    let flows = |writer: &mut Writer, number: u64| {
        for _ in 0..number {
            writer.append(&batch(1, &big)).unwrap();
            writer.sync().unwrap();
        }
    };
    flows(&mut writer, 12);
    writer.append(&Batch { kind: FrameKind::Ledger, ..batch(0, b"{}") }).unwrap();
    writer.sync().unwrap();
    let with_ledger = *segment::list(dir.path()).unwrap().last().unwrap();
    flows(&mut writer, 12);
    let first = writer.epoch();
    drop(writer);
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    writer.keep_ledger();
    flows(&mut writer, 12);
    let mut ack = ack_of(first, &[(0, 3), (1, 72)]);
    ack.set(StreamAck { epoch: writer.epoch(), stream: 1, last_seq: 36, ..StreamAck::default() });
    for _ in 0..8 {
        writer.trim(&ack).unwrap();
    }
    assert_eq!(
        segment::list(dir.path()).unwrap()[0],
        with_ledger,
        "all is stored, but the next start wants to read it"
    );
    writer.append(&Batch { kind: FrameKind::Ledger, ..batch(0, b"{}") }).unwrap();
    writer.sync().unwrap();
    for _ in 0..8 {
        writer.trim(&ack).unwrap();
    }
    assert!(segment::list(dir.path()).unwrap()[0] > with_ledger, "this epoch has its own now");
}

#[test]
fn full_spool_refuses_and_recovers_after_trimming() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), WriterOptions { bytes_max: 8 << 20, ..options() }).unwrap();
    let big = vec![9u8; BIG];
    let mut last = 0;
    let error = loop {
        match writer.append(&batch(1, &big)) {
            Ok(seq) => last = seq,
            Err(SpoolError::Busy { .. }) => writer.sync().unwrap(),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SpoolError::Full { .. }), "{error}");
    assert!(error.is_transient());
    assert_eq!(last, 3 * 8 * 5, "five frames a segment, all eight segments");
    writer.sync().unwrap();
    assert_eq!(writer.totals(1).last_seq, last, "all that was accepted is durable");
    // The open segment stays; the others go and their space is there again.
    assert_eq!(writer.trim(&ack_of(writer.epoch(), &[(1, last)])).unwrap(), 7);
    assert_eq!(writer.append(&batch(1, &big)).unwrap(), last + 3, "numbers have no gap over a refusal");
}

#[test]
fn one_writer_one_reader_and_epochs_grow() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    let error = Writer::open(dir.path(), options()).unwrap_err().to_string();
    assert!(error.contains("in use by another floodmark writer"), "{error}");
    let lock = spool::tail::ReaderLock::take(dir.path()).unwrap();
    assert!(spool::tail::ReaderLock::take(dir.path()).is_err());
    drop(lock);
    spool::tail::ReaderLock::take(dir.path()).unwrap();
    let first = writer.epoch();
    writer.append(&batch(1, b"x")).unwrap();
    drop(writer);
    let again = Writer::open(dir.path(), WriterOptions { now_us: 5, ..options() }).unwrap();
    assert_eq!(again.epoch(), first + 1, "the clock went back, the epoch does not");
    drop(again);
    for content in [b"".as_slice(), b"12", b"\xff\0garbage"] {
        fs::write(dir.path().join("epoch"), content).unwrap();
        let again = Writer::open(dir.path(), WriterOptions { now_us: 5, ..options() }).unwrap();
        assert!(again.epoch() > first, "the frames tell when the file does not");
    }
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

#[test]
fn a_damaged_frame_costs_itself_only() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    let damage = |at: usize| {
        let mut bytes = fs::read(segment::path(dir.path(), 1)).unwrap();
        bytes[at] ^= 1;
        fs::write(segment::path(dir.path(), 1), &bytes).unwrap();
    };
    let append = |writer: &mut Writer| {
        for number in 0..6 {
            writer.append(&batch(1, format!("payload {number}").as_bytes())).unwrap();
        }
        writer.sync().unwrap();
    };
    append(&mut writer);
    damage(4096 * 2 + 130); // payload of the second frame
    damage(4096 * 4 + 20); // header of the fourth
    let mut tail = Tail::open(dir.path(), NODE);
    let (frames, damaged) = read_all(&mut tail);
    assert_eq!((frames.len(), damaged), (1, 0), "the write could still be under way");
    append(&mut writer);
    let (more, damaged) = read_all(&mut tail);
    assert_eq!(more.iter().map(|f| f.1).collect::<Vec<_>>(), [7, 13, 16, 19, 22, 25, 28, 31, 34]);
    assert_eq!(damaged, 2);
    damage(4096 * 12 + 20); // the last one's header
    drop(writer);
    let (frames, damaged) = read_all(&mut Tail::open(dir.path(), NODE));
    assert_eq!((frames.len(), damaged), (9, 2), "whether there was a last frame is not known yet");
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    writer.append(&batch(1, b"x")).unwrap();
    writer.sync().unwrap();
    let (frames, damaged) = read_all(&mut Tail::open(dir.path(), NODE));
    assert_eq!((frames.len(), damaged), (10, 2));
}

/// tmpfs knows no O_DIRECT: there the writes are buffered, and nothing else differs.
#[test]
fn a_file_system_without_direct_writes_does() {
    let shared = Path::new("/dev/shm");
    let Ok(dir) = tempfile::tempdir_in(shared) else {
        eprintln!("no {} here: not tried", shared.display());
        return;
    };
    for backend in BACKENDS {
        let mut writer = Writer::open_by(dir.path(), options(), backend).unwrap();
        for _ in 0..20 {
            writer.append(&batch(1, &vec![7; BIG])).unwrap();
            writer.sync().unwrap();
        }
        assert_eq!(writer.totals(1).last_seq, 60, "{:?}", writer.means());
    }
    assert_eq!(read_all(&mut Tail::open(dir.path(), NODE)).0.len(), 40);
}

#[test]
fn bounds_of_memory_are_those_of_the_limits() {
    // What an append may wait for and what may be pending follow from these; the tables in the documents name them.
    assert_eq!((BUFFERS + 1) * BUFFER_BYTES, 4_718_592);
    assert!(APPEND_WAIT.as_millis() <= 5);
    assert_eq!(Config::default().bytes_max.as_u64(), 0);
}
