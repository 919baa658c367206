//! ns per packet of reading a capture file and of parsing its frames: `cargo bench -p capture --bench read_parse`.
//!
//! Generates 2 million packets of 20,000 flows, cut at 128 bytes as live capture cuts them, and reads the file from
//! the page cache: best of several rounds, each with the whole file. With an argument it reads that file instead.

mod traffic;

use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use capture::file::{CaptureFile, Summary};
use capture::frame::Frame;
use capture::wire::{self, Skip};
use traffic::Traffic;

const ROUNDS: usize = 7;
/// Frames collected before they are parsed, as a worker does.
const GROUP: usize = 32;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let given = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let path = match given {
        Some(name) => PathBuf::from(name),
        None => {
            let path = folder.path().join("traffic.pcap");
            Traffic { packets: 2_000_000, flows: 20_000, snaplen: 128, seed: 7 }.write(&path)?;
            path
        }
    };
    let mut out = std::io::stdout().lock();
    let (read_ns, summary) = best(|| read(&path))?;
    let (both_ns, parsed) = best(|| read_and_parse(&path, false))?;
    let (inner_ns, _) = best(|| read_and_parse(&path, true))?;
    let (parse_ns, _) = best(|| parse_cached(&path))?;
    let each = |ns: u64| ns as f64 / summary.records as f64;
    writeln!(out, "{} records, {} MiB captured, {parsed} parsed", summary.records, summary.captured_bytes >> 20)?;
    writeln!(out, "read                         {:6.2} ns a packet", each(read_ns))?;
    writeln!(out, "read and parse               {:6.2} ns a packet", each(both_ns))?;
    writeln!(out, "read and parse, decapsulate  {:6.2} ns a packet", each(inner_ns))?;
    writeln!(out, "parse alone, 4096 in cache   {:6.2} ns a packet", parse_ns as f64 / CACHED_PARSES as f64)?;
    Ok(())
}

type Answer<T> = Result<T, Box<dyn std::error::Error>>;

/// The shortest time of several rounds, in ns, with the last answer.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn best<T>(mut round: impl FnMut() -> Answer<T>) -> Answer<(u64, T)> {
    let (mut shortest, mut answer) = (u64::MAX, None);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        answer = Some(round()?);
        shortest = shortest.min(start.elapsed().as_nanos() as u64);
    }
    Ok((shortest, answer.ok_or("no round")?))
}

fn read(path: &Path) -> Answer<Summary> {
    let mut file = CaptureFile::open(path)?;
    while let Some(chunk) = file.next_chunk()? {
        for found in chunk {
            black_box(found.frame.bytes.len());
        }
    }
    Ok(file.summary())
}

/// As a worker does it: a group of frames is parsed into an array, then used.
fn read_and_parse(path: &Path, decapsulate: bool) -> Answer<u64> {
    let mut parsed = 0;
    let mut group = [Err(Skip::Unsupported); GROUP];
    let mut file = CaptureFile::open(path)?;
    while let Some(mut chunk) = file.next_chunk()? {
        loop {
            let mut taken = 0;
            for (slot, found) in group.iter_mut().zip(chunk.by_ref()) {
                *slot = wire::parse(&found.frame, decapsulate);
                taken += 1;
            }
            parsed += black_box(&group[..taken]).iter().filter(|packet| packet.is_ok()).count() as u64;
            if taken < GROUP {
                break;
            }
        }
    }
    Ok(parsed)
}

const CACHED: usize = 4096;
const CACHED_PARSES: usize = CACHED * 500;

/// The parser alone, on frames that stay in the cache: as in a ring block that the kernel has just written.
fn parse_cached(path: &Path) -> Answer<u64> {
    let mut file = CaptureFile::open(path)?;
    let Some(chunk) = file.next_chunk()? else { return Err("an empty file".into()) };
    let frames: Vec<Frame<'_>> = chunk.take(CACHED).map(|found| found.frame).collect();
    let mut group = [Err(Skip::Unsupported); GROUP];
    let mut parsed = 0;
    for _ in 0..CACHED_PARSES / CACHED {
        for frames in frames.chunks(GROUP) {
            for (slot, frame) in group.iter_mut().zip(frames) {
                *slot = wire::parse(frame, false);
            }
            parsed += black_box(&group).iter().filter(|packet| packet.is_ok()).count() as u64;
        }
    }
    Ok(parsed)
}
