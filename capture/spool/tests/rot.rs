//! Every byte of a 64 KiB spool flipped, and every truncation: it opens, loses only what was hit, and believes no length
//! that is not there.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(unsafe_code)] // counts what is allocated: the trait is unsafe to implement

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;

use faults::{report::Row, runs};
use spool::disk::{Disk, FaultDisk};
use spool::{Batch, FrameKind, Next, NodeId, Tail, Writer, WriterOptions, segment};

const NODE: NodeId = NodeId::from_bytes([1; 16]);
const PAGE: usize = 4096;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator; it notes the largest request of each thread.
struct Noting;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(layout.size())));
        // SAFETY: the caller keeps the trait's rules.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Noting = Noting;

/// Fifteen pages of frames behind the header's: of one page, of two and of three.
const PAYLOADS: [usize; 8] = [100, 4_000, 5_000, 9_000, 1, 8_000, 5_000, 3_900];

fn options() -> WriterOptions {
    WriterOptions { node: NODE, segment_bytes: 1 << 20, bytes_max: 8 << 20, now_us: 1 }
}

const BYTES: u64 = 64 << 10;

fn dir() -> &'static Path {
    Path::new("/spool")
}

/// A spool of one segment whose file has 64 KiB; its writer has gone.
fn spool_of_64_kib() -> FaultDisk {
    let disk = FaultDisk::new(1);
    let mut writer = Writer::on(disk.clone(), dir(), options()).unwrap();
    for (number, bytes) in PAYLOADS.iter().enumerate() {
        let payload = vec![number as u8 + 1; *bytes];
        let batch = Batch {
            kind: FrameKind::Event,
            stream: 1,
            payload: &payload,
            row_count: 2,
            first_ns: 0,
            last_ns: 0,
            packets: 10,
            bytes: 640,
        };
        writer.append(&batch).unwrap();
        // Two writes: what is said of a write under way is tried, too.
        if number == 3 {
            writer.sync().unwrap();
        }
    }
    writer.sync().unwrap();
    drop(writer);
    disk.truncate(&segment::name(1), BYTES).unwrap();
    disk.set_writer_lives(false);
    disk
}

/// The pages at which frames begin, and one behind the last.
fn pages() -> Vec<usize> {
    let mut at = 1;
    let mut pages = vec![at];
    for bytes in PAYLOADS {
        at += (spool::frame::HEADER_BYTES + bytes).div_ceil(PAGE);
        pages.push(at);
    }
    pages
}

/// What a reader gets: the frames by number, and what it is told of damage: bytes, and packets where they are known.
fn read(disk: &FaultDisk) -> (Vec<usize>, u64, u64) {
    let mut tail = Tail::on(disk.clone(), dir(), NODE);
    let (mut frames, mut bytes_damaged, mut packets, mut payload) = (Vec::new(), 0, 0, Vec::new());
    LARGEST.set(0);
    loop {
        match tail.next(&mut payload, |_| true) {
            Ok(Next::Frame(header)) => {
                let number = (header.seq as usize - 1) / 2;
                assert!(payload.iter().all(|&b| b as usize == number + 1) && payload.len() == PAYLOADS[number]);
                frames.push(number);
            }
            Ok(Next::Damaged { bytes, header, .. }) => {
                bytes_damaged += bytes;
                packets += header.map_or(0, |header| header.packets);
            }
            Ok(Next::Idle) => break,
            Err(error) => {
                // A flipped byte of the header cannot pass its checksum: nothing but damage is left.
                panic!("{error}");
            }
        }
    }
    assert!(LARGEST.get() as u64 <= BYTES, "{} bytes were allocated for a file of 64 KiB", LARGEST.get());
    (frames, bytes_damaged, packets)
}

/// Opens the spool as the next start does, and as its reader: with a write behind it, all damage must be told.
fn after_a_start(disk: &FaultDisk) -> (Vec<usize>, u64) {
    let disk = disk.copy();
    let mut writer = Writer::on(disk.clone(), dir(), options()).unwrap();
    let payload = vec![PAYLOADS.len() as u8; PAYLOADS[PAYLOADS.len() - 1]];
    let batch = Batch {
        kind: FrameKind::Event,
        stream: 2,
        payload: &payload,
        row_count: 1,
        first_ns: 0,
        last_ns: 0,
        packets: 1,
        bytes: 64,
    };
    writer.append(&batch).unwrap();
    writer.sync().unwrap();
    drop(writer);
    let mut tail = Tail::on(disk, dir(), NODE);
    let (mut frames, mut damaged, mut payload, mut news) = (Vec::new(), 0, Vec::new(), 0);
    loop {
        match tail.next(&mut payload, |_| true).unwrap() {
            Next::Frame(header) if header.stream == 2 => news += 1,
            Next::Frame(header) => frames.push((header.seq as usize - 1) / 2),
            Next::Damaged { bytes, .. } => damaged += bytes,
            Next::Idle => break,
        }
    }
    assert_eq!(news, 1, "what is written after the damage is read");
    (frames, damaged)
}

fn without(hit: &[usize]) -> Vec<usize> {
    (0..PAYLOADS.len()).filter(|number| !hit.contains(number)).collect()
}

#[test]
fn every_flipped_byte_costs_its_own_frame_only() {
    let disk = spool_of_64_kib();
    let (pages, last) = (pages(), PAYLOADS.len() - 1);
    let frame_of = |at: usize| pages.windows(2).position(|w| (w[0] * PAGE..w[1] * PAGE).contains(&at));
    let name = segment::name(1);
    // A start costs more than a look: a quick run starts not behind every byte.
    let start_every = runs(11, 1) as usize;
    for at in 0..BYTES as usize {
        disk.flip(&name, at as u64, 0xff);
        let hit = frame_of(at).filter(|&number| {
            // Zeros behind a payload are nobody's.
            at < pages[number] * PAGE + spool::frame::HEADER_BYTES + PAYLOADS[number]
        });
        let expected = without(hit.as_slice());
        let (frames, damaged, packets) = read(&disk);
        assert_eq!(frames, expected, "byte {at}");
        let stride = hit.map_or(0, |number| ((pages[number + 1] - pages[number]) * PAGE) as u64);
        let in_payload = hit.is_some_and(|number| at >= pages[number] * PAGE + spool::frame::HEADER_BYTES);
        // Behind a damaged header at the end nothing tells that there was a frame: its rows are missed by the ledger.
        let is_told = hit.is_some_and(|number| number != last) || in_payload;
        assert_eq!(damaged, if is_told { stride } else { 0 }, "byte {at}");
        assert_eq!(packets, if in_payload { 10 } else { 0 }, "byte {at}");
        if at % start_every == 0 {
            assert_eq!(after_a_start(&disk), (frames, damaged), "byte {at}, after a start");
        }
        disk.flip(&name, at as u64, 0xff);
    }
    let fault = "each byte of a 64 KiB spool flipped".into();
    Row { fault, load: "8 frames".into(), runs: BYTES, note: "one frame lost each, and told".into(), ..Row::default() }
        .tell();
}

#[test]
fn every_truncation_keeps_the_whole_frames_before_it() {
    let whole = spool_of_64_kib();
    let pages = pages();
    let start_every = runs(11, 1);
    for cut in 0..=BYTES {
        let disk = whole.copy();
        disk.truncate(&segment::name(1), cut).unwrap();
        let kept = pages[1..].iter().filter(|page| (**page * PAGE) as u64 <= cut).count();
        let expected: Vec<usize> = (0..kept).collect();
        assert_eq!(read(&disk).0, expected, "cut at {cut}");
        if cut % start_every == 0 {
            assert_eq!(after_a_start(&disk).0, expected, "cut at {cut}, after a start");
        }
    }
    let fault = "a 64 KiB spool cut at each byte".into();
    Row { fault, load: "8 frames".into(), runs: BYTES + 1, ..Row::default() }.tell();
}
