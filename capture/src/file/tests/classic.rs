//! Classic pcap: its kinds, sizes, and how chunks are walked.

use super::super::write::PcapWriter;
use super::super::{CaptureFile, Ending, Summary};
use super::{Order, classic_header, read, record};

/// One record of 3 of 60 bytes, at 5 s and `fraction` units.
fn check(order: Order, magic: u32, extra: &[u8], fraction: u32, expect_ns: u64) {
    let mut content = classic_header(order, magic);
    content.extend(order.words(&[5, fraction, 3, 60]));
    content.extend(extra);
    content.extend(b"abc");
    let expect = (vec![record(expect_ns, 60, b"abc")], Ending::Whole);
    let (records, ending, summary) = read(&content);
    assert_eq!((records, ending), expect, "{order:?} {magic:#x}");
    assert_eq!(summary, Summary { records: 1, wire_bytes: 60, captured_bytes: 3 });
}

#[test]
fn all_kinds_of_classic_files() {
    for order in [Order::Little, Order::Big] {
        check(order, 0xa1b2_c3d4, &[], 7, 5_000_007_000);
        check(order, 0xa1b2_3c4d, &[], 7, 5_000_000_007);
    }
    check(Order::Little, 0xa1b2_cd34, &[0; 8], 7, 5_000_007_000);
}

#[test]
fn absurd_fractions_of_a_second_are_time_all_the_same() {
    check(Order::Little, 0xa1b2_c3d4, &[], u32::MAX, 5_000_000_000 + u64::from(u32::MAX) * 1000);
}

#[test]
fn link_type_ignores_the_frame_check_bits() {
    let mut content = classic_header(Order::Little, 0xa1b2_c3d4);
    content[20..24].copy_from_slice(&0x3000_0001_u32.to_le_bytes());
    content.extend(Order::Little.words(&[5, 0, 3, 3]));
    content.extend(b"abc");
    assert_eq!(read(&content).0, vec![record(5_000_000_000, 3, b"abc")]);
}

#[test]
fn a_file_without_records_is_whole() {
    let (records, ending, summary) = read(&classic_header(Order::Big, 0xa1b2_c3d4));
    assert_eq!((records, ending, summary), (vec![], Ending::Whole, Summary::default()));
}

/// Content of record `index`, of a length that makes records straddle every buffer border.
fn content_of(index: u32) -> Vec<u8> {
    index.to_le_bytes().repeat(1 + (index as usize * 7) % 300)
}

#[test]
fn what_is_written_is_read_back_over_many_buffers() {
    let mut out = PcapWriter::new(Vec::new(), 1, 800).unwrap();
    for index in 0..8000_u32 {
        out.write(u64::from(index) * 1_000_000_007, 1500, &content_of(index)).unwrap();
    }
    let content = out.finish().unwrap();
    assert!(content.len() > 3 << 20, "several buffers");
    let (records, ending, summary) = read(&content);
    assert_eq!((ending, summary.records, summary.wire_bytes), (Ending::Whole, 8000, 8000 * 1500));
    for (index, found) in records.iter().enumerate() {
        let bytes = content_of(index as u32);
        let expect = record(index as u64 * 1_000_000_007, 1500, &bytes[..bytes.len().min(800)]);
        assert_eq!(*found, expect);
    }
}

#[test]
fn records_longer_than_the_buffer_are_read() {
    let long = vec![7; 5 << 20];
    let mut out = PcapWriter::new(Vec::new(), 1, u32::MAX).unwrap();
    for bytes in [&b"first"[..], &long, b"last"] {
        out.write(1, bytes.len() as u32, bytes).unwrap();
    }
    let (records, ending, _) = read(&out.finish().unwrap());
    assert_eq!(ending, Ending::Whole);
    assert_eq!(records.iter().map(|found| found.bytes.len()).collect::<Vec<_>>(), [5, 5 << 20, 4]);
}

#[test]
fn a_chunk_left_early_loses_nothing() {
    let mut out = PcapWriter::new(Vec::new(), 1, 100).unwrap();
    for index in 0..100_u32 {
        out.write(u64::from(index), 60, &index.to_le_bytes()).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, out.finish().unwrap()).unwrap();
    let mut file = CaptureFile::open(&path).unwrap();
    let mut times = Vec::new();
    while let Some(chunk) = file.next_chunk().unwrap() {
        times.extend(chunk.take(7).map(|found| found.frame.time_ns));
    }
    assert_eq!(times, (0..100).collect::<Vec<u64>>());
}
