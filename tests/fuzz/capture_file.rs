//! Capture files: whatever they claim, whole records are read, memory is bounded and the reading ends.

use std::fs;

use capture::file::CaptureFile;
use capture::file::write::PcapWriter;

use crate::engine::{Target, corpus, scratch};
use crate::packets::frames;

/// A classic file with some frames.
fn classic() -> Vec<u8> {
    let mut out = PcapWriter::new(Vec::new(), 1, 65_535).unwrap();
    for (number, frame) in (0..).zip(frames()) {
        out.write(1_700_000_000_000_000_000 + number * 1_000_000, frame.len() as u32, &frame).unwrap();
    }
    out.finish().unwrap()
}

/// A pcapng file: section, two interfaces, packets of three kinds, a block that nobody knows.
fn next_generation() -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let padded = [body, &[0u8; 3][..body.len().next_multiple_of(4) - body.len()]].concat();
        let length = (12 + padded.len()) as u32;
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), &padded, &length.to_le_bytes()].concat()
    };
    let interface = [&[1, 0, 0, 0, 0, 0, 4, 0][..], &[9, 0, 1, 0, 9, 0, 0, 0], &[0; 4]].concat();
    let mut file = block(0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
    file.extend(block(1, &interface));
    file.extend(block(1, &[113, 0, 0, 0, 0, 0, 4, 0]));
    for (number, frame) in (0u32..).zip(frames()) {
        let length = (frame.len() as u32).to_le_bytes();
        let head = [&(number % 2).to_le_bytes()[..], &[0x10, 0, 0, 0], &number.to_le_bytes(), &length, &length];
        file.extend(block(6, &[&head.concat()[..], &frame].concat()));
        file.extend(block(3, &[&length[..], &frame].concat()));
    }
    file.extend(block(0xbad, b"nobody knows"));
    file
}

#[test]
fn any_file_is_read_to_an_end() {
    let mut seeds = vec![classic(), next_generation()];
    seeds.extend(corpus(16 << 10).iter().map(|path| fs::read(path).unwrap()));
    // The bound of the reader's buffer (16 MiB of record and one read), the decompressor's, and once more both while
    // a buffer grows into a larger one.
    let target = Target { name: "capture_file", seeds, mend: None, buffers: 36 << 20, waits: false };
    let folder = scratch();
    let path = folder.path().join("file");
    target.run(|input| {
        fs::write(&path, input).unwrap();
        let Ok(mut file) = CaptureFile::open(&path) else { return };
        let (mut records, mut captured) = (0u64, 0u64);
        while let Ok(Some(chunk)) = file.next_chunk() {
            for found in chunk {
                records += 1;
                captured += found.frame.bytes.len() as u64;
            }
        }
        let summary = file.summary();
        assert_eq!((summary.records, summary.captured_bytes), (records, captured));
    });
}
