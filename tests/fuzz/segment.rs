//! Spool segments and frames: a damaged one is read as far as it is sound, a writer opens over it and goes on.

use std::fs;
use std::path::Path;

use capture::spooler::closing;
use spool::frame::HEADER_BYTES;
use spool::row::{self, LedgerRow};
use spool::{Batch, FrameHeader, FrameKind, Next, NodeId, Tail, Writer, WriterOptions, segment};

use crate::engine::{Target, scratch};

const NODE: NodeId = NodeId::from_bytes([7; 16]);

/// Units in which frames are laid out.
const UNIT: usize = spool::limits::ALIGNMENT as usize;

/// Bytes of the segment's head under its checksum.
const SEGMENT_HEAD: usize = 40;

fn open(dir: &Path) -> Result<Writer, spool::SpoolError> {
    Writer::open(dir, WriterOptions { node: NODE, segment_bytes: 4 << 20, bytes_max: 32 << 20, now_us: 1000 })
}

fn batch(stream: u16, payload: &[u8], row_count: u32) -> Batch<'_> {
    let kind = if stream == 0 { FrameKind::Event } else { FrameKind::Flow };
    Batch { kind, stream, payload, row_count, first_ns: 1, last_ns: 2, packets: 10, bytes: 640 }
}

/// The written front of a segment.
fn sound() -> Vec<u8> {
    let dir = scratch();
    let mut writer = open(dir.path()).unwrap();
    for round in 0..3u16 {
        writer.append(&batch(round % 3, &[9; 104], 1)).unwrap();
        writer.append(&batch(1, &vec![round as u8; 5000], 48)).unwrap();
    }
    let mut payload = Vec::new();
    let checkpoint = LedgerRow { about_epoch: writer.epoch(), in_memory: 5, ..LedgerRow::default() };
    row::push_json(&mut payload, &checkpoint);
    writer.append(&Batch { kind: FrameKind::Ledger, packets: 0, bytes: 0, ..batch(0, &payload, 1) }).unwrap();
    writer.sync().unwrap();
    let first = segment::list(dir.path()).unwrap()[0];
    let mut bytes = fs::read(segment::path(dir.path(), first)).unwrap();
    let written = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    bytes.truncate(written.next_multiple_of(UNIT));
    bytes
}

/// Checksums of the segment's head and of each frame made to fit.
fn mend(input: &mut [u8]) {
    if input.len() < UNIT {
        return;
    }
    let crc = crc32c::crc32c(&input[..SEGMENT_HEAD]);
    input[SEGMENT_HEAD..SEGMENT_HEAD + 4].copy_from_slice(&crc.to_le_bytes());
    for at in (UNIT..input.len()).step_by(UNIT) {
        let Some((header, rest)) = input[at..].split_at_mut_checked(HEADER_BYTES) else { break };
        if header.iter().all(|byte| *byte == 0) {
            continue;
        }
        let length = u32::from_le_bytes([header[52], header[53], header[54], header[55]]) as usize;
        if let Some(payload) = rest.get(..length) {
            header[120..124].copy_from_slice(&crc32c::crc32c(payload).to_le_bytes());
        }
        let crc = crc32c::crc32c(&header[..124]);
        header[124..128].copy_from_slice(&crc.to_le_bytes());
    }
}

/// Reads to the end: how many frames, and whether it is one (a newer format or another node's file stops the reader).
fn read(dir: &Path, file_bytes: usize) -> (u64, bool) {
    let mut tail = Tail::open(dir, NODE);
    let (mut payload, mut frames) = (Vec::new(), 0);
    // Each step goes on by a unit at least, so there are no more steps than units.
    for _ in 0..file_bytes / UNIT + 16 {
        match tail.next(&mut payload, |_| true) {
            Ok(Next::Frame(header)) => {
                assert_eq!(payload.len(), header.payload_bytes as usize);
                assert_eq!(crc32c::crc32c(&payload), header.payload_crc);
                assert!(header.last_seq() >= header.seq);
                frames += 1;
            }
            Ok(Next::Damaged { bytes, .. }) => assert!(bytes > 0),
            Ok(Next::Idle) => return (frames, true),
            Err(_) => return (frames, false),
        }
    }
    panic!("the reader does not come to an end");
}

#[test]
fn any_segment_is_read_and_written_behind() {
    let seeds = vec![sound()];
    // The writer's buffers stand whatever the files hold.
    let target = Target { name: "segment", seeds, mend: Some(mend), buffers: 8 << 20, waits: false };
    let folder = scratch();
    let mut runs = 0u64;
    target.run(|input| {
        runs += 1;
        let dir = folder.path().join(runs.to_string());
        fs::create_dir(&dir).unwrap();
        fs::write(segment::path(&dir, 1), input).unwrap();
        let (frames, is_end) = read(&dir, input.len());
        let mut sound = 0;
        let _ = spool::tail::headers(&dir, NODE, |header| sound += u64::from(header.segment == 1));
        assert!(sound >= frames, "{sound} headers, {frames} frames");
        if let Ok(past) = closing::read(&dir, NODE, u64::MAX) {
            assert!(past.gaps.len() as u64 <= sound, "{past:?}");
        }
        // Now and then: preparing a segment of 4 MiB takes longer than all else.
        // A file whose sound head has another number than its name is a recycled one: the writer removes it.
        let is_own = input.get(24..32) == Some(&1u64.to_le_bytes());
        if runs.is_multiple_of(16)
            && is_own
            && let Ok(mut writer) = open(&dir)
        {
            writer.append(&batch(1, b"after the crash", 1)).unwrap();
            drop(writer);
            let (after, _) = read(&dir, input.len() + (4 << 20));
            assert!(!is_end || after > frames, "{frames} frames before, {after} after one more was written");
        }
        fs::remove_dir_all(&dir).unwrap();
    });
}

#[test]
fn any_header_is_bounded_or_refused() {
    let sound = FrameHeader::decode(&sound()[UNIT..UNIT + HEADER_BYTES].try_into().unwrap()).unwrap().encode();
    let fix = |input: &mut [u8]| {
        if let Some(header) = input.first_chunk_mut::<HEADER_BYTES>() {
            let crc = crc32c::crc32c(&header[..124]);
            header[124..128].copy_from_slice(&crc.to_le_bytes());
        }
    };
    let target = Target { name: "header", seeds: vec![sound.to_vec()], mend: Some(fix), buffers: 4096, waits: false };
    target.run(|input| {
        let Some(bytes) = input.first_chunk::<HEADER_BYTES>() else { return };
        if let Ok(header) = FrameHeader::decode(bytes) {
            assert!(header.payload_bytes as usize <= spool::limits::PAYLOAD_BYTES_MAX);
            assert!(header.row_count >= 1 && header.last_seq() >= header.seq);
            assert!(header.stride() >= spool::limits::ALIGNMENT);
        }
    });
}
