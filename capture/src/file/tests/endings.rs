//! Files that are cut, damaged, packed, or no capture files: whole records always come out, and the reason is told.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::write::PcapWriter;
use super::super::{CaptureFile, Damage, Ending, FileError};
use super::{Order, block, enhanced, interface, read, section};

/// Four records of 1 to 4 bytes.
fn classic() -> Vec<u8> {
    let mut out = PcapWriter::new(Vec::new(), 1, 100).unwrap();
    for index in 1..=4_u64 {
        out.write(index, 60, &b"abcd"[..index as usize]).unwrap();
    }
    out.finish().unwrap()
}

fn sections() -> Vec<u8> {
    let order = Order::Big;
    let packets = (0..4).map(|index| enhanced(order, 0, index, 60, b"abcd"));
    [section(order), interface(order, 1, 0, &[])].into_iter().chain(packets).flatten().collect()
}

fn open_error(content: &[u8]) -> FileError {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    CaptureFile::open(file.path()).unwrap_err()
}

#[test]
fn every_prefix_delivers_its_whole_records_and_is_called_short() {
    let borders = [24, 41, 59, 78, 98];
    let content = classic();
    assert_eq!(content.len(), borders[4]);
    for length in 24..=content.len() {
        let (records, ending, _) = read(&content[..length]);
        let whole = borders.iter().rposition(|border| *border <= length).unwrap();
        let left = length - borders[whole];
        assert_eq!(records.len(), whole, "{length} bytes");
        let expect = if left == 0 { Ending::Whole } else { Ending::CutShort { bytes_left: left } };
        assert_eq!(ending, expect, "{length} bytes");
    }
}

#[test]
fn every_prefix_of_sections_too() {
    let content = sections();
    let (packet, first) = (36, content.len() - 4 * 36);
    for length in 12..=content.len() {
        let (records, ending, _) = read(&content[..length]);
        assert_eq!(records.len(), length.saturating_sub(first) / packet, "{length} bytes");
        let whole = length == 28 || length == first || (length > first && (length - first) % packet == 0);
        assert_eq!(ending == Ending::Whole, whole, "{length} bytes: {ending}");
    }
}

#[test]
fn absurd_lengths_end_the_file_without_being_believed() {
    let mut content = classic();
    content.extend(Order::Little.words(&[5, 0, 0xffff_ff00, 60]));
    content.extend([0; 100]);
    let (records, ending, _) = read(&content);
    assert_eq!((records.len(), ending), (4, Ending::Damaged(Damage::RecordTooLong(0xffff_ff00))));
    for length in [0, 8, 13, 17 << 20] {
        let mut content = sections();
        content.extend(Order::Big.words(&[6, length, 0, 0]));
        let (records, ending, _) = read(&content);
        assert_eq!((records.len(), ending), (4, Ending::Damaged(Damage::BlockLength(length))));
    }
}

#[test]
fn blocks_that_contradict_themselves_end_the_file() {
    let order = Order::Big;
    let check = |bad: Vec<u8>, expect: Damage| {
        let (records, ending, _) = read(&[sections(), bad, sections()].concat());
        assert_eq!((records.len(), ending), (4, Ending::Damaged(expect)));
    };
    check(enhanced(order, 7, 0, 60, b"abcd"), Damage::Interface(7));
    check(block(order, 6, &order.words(&[0, 0, 0, 90, 90, 1])), Damage::Block(6));
    check(block(order, 6, &order.words(&[0, 0])), Damage::Block(6));
    check(block(order, 2, &order.words(&[0, 0, 0, 90, 90, 1])), Damage::Block(2));
    check(block(order, 1, &[]), Damage::Block(1));
    let mut two_lengths = enhanced(order, 0, 0, 60, b"abcd");
    two_lengths[35] ^= 4;
    check(two_lengths, Damage::Block(6));
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

#[test]
fn gzip_is_unpacked_members_and_all() {
    let content = classic();
    let (records, ending, _) = read(&packed(&content));
    assert_eq!((records, ending), (read(&content).0, Ending::Whole));
    let members = [packed(&content[..50]), packed(&content[50..])].concat();
    assert_eq!(read(&members).0.len(), 4);
    assert_eq!(read(&packed(&sections())).0.len(), 4);
}

#[test]
fn cut_and_corrupt_gzip_is_told() {
    let mut content = classic();
    let mut noise = 1_u32;
    while content.len() < 3 << 20 {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        content.extend(Order::Little.words(&[5, 0, 4, 60, noise]));
    }
    let packed = packed(&content);
    let (records, ending, _) = read(&packed[..packed.len() / 2]);
    assert!(records.len() > 1000 && matches!(ending, Ending::CutShort { .. }), "{} {ending}", records.len());
    let (records, ending, _) = read(&packed[..packed.len() - 4]);
    assert_eq!((records.len(), ending), ((content.len() - 98) / 20 + 4, Ending::CutShort { bytes_left: 0 }));
    let mut wrong_sum = packed;
    let last = wrong_sum.len() - 8;
    wrong_sum[last] ^= 1;
    assert_eq!(read(&wrong_sum).1, Ending::Damaged(Damage::Gzip));
}

#[test]
fn foreign_files_are_named() {
    let check = |content: &[u8], words: &str| {
        let error = open_error(content);
        assert!(matches!(error, FileError::Foreign { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    check(b"", "it is empty");
    check(b"# packets\n", "text that begins with \"# packet\"");
    check(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0], "zstd");
    check(&[1, 2, 3, 4, 0xff], "the bytes 01 02 03 04 ff");
    check(&classic()[..20], "the first 20 bytes of a pcap file header");
    check(&packed(b"not packets"), "text");
    check(&[0xa1, 0xb2, 0xcd, 0x34, 0, 2], "big-endian pcap of the patched kind");
}

#[test]
fn what_cannot_be_opened_or_read_is_named() {
    let error = CaptureFile::open(std::path::Path::new("/nonexistent/file")).unwrap_err();
    assert!(error.to_string().starts_with("cannot open /nonexistent/file"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(CaptureFile::open(folder.path()), Err(FileError::Read { records: 0, .. })));
}
