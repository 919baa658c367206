//! The reader and the parser against captures from elsewhere, with truth that nobody here computed.
//!
//! The folder is `FLOODMARK_CORPUS`, or `../shared/corpus` beside the workspace; where it is absent each test says
//! which check it leaves out. `captures made here` are tested everywhere, beside the code.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy takes for the program's own")]

mod acceptance;
mod generated;
mod oracle;
mod prefixes;
mod survive;
#[path = "../../benches/traffic.rs"]
mod traffic;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use capture::file::{CaptureFile, Ending, FileError, Summary};
use capture::frame::Frame;
use capture::wire::{self, Packet, Skip};

/// The corpus, or `None` with a line that says that `check` was left out.
fn corpus(check: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the corpus is no part of the project; only its tests look for it")]
    let named = std::env::var("FLOODMARK_CORPUS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"));
    if folder.join("acceptance.tsv").is_file() {
        return Some(folder);
    }
    eprintln!("skipped: {check}: no corpus in {} (set FLOODMARK_CORPUS)", folder.display());
    None
}

/// Every capture file of the corpus, in a stable order.
fn capture_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !matches!(path.extension().and_then(|ext| ext.to_str()), Some("tsv" | "md")) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Order-free five-tuple.
type FlowKey = ([u8; 16], u16, [u8; 16], u16, u8);

fn flow_key(packet: &Packet) -> FlowKey {
    let (a, b) = ((packet.src, packet.src_port), (packet.dst, packet.dst_port));
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    (low.0, low.1, high.0, high.1, packet.protocol)
}

/// What one file holds.
#[derive(Default)]
struct Tally {
    summary: Summary,
    ip_packets: u64,
    ip_bytes: u64,
    skipped: u64,
    outer: HashSet<FlowKey>,
    inner: HashSet<FlowKey>,
    ending: Option<Ending>,
}

/// Reads a file to its end and calls `each` with every frame.
fn for_each_frame(path: &Path, mut each: impl FnMut(&Frame<'_>)) -> Result<(Summary, Option<Ending>), FileError> {
    let mut file = CaptureFile::open(path)?;
    while let Some(chunk) = file.next_chunk()? {
        for found in chunk {
            each(&found.frame);
        }
    }
    Ok((file.summary(), file.ending()))
}

fn tally(path: &Path) -> Result<Tally, FileError> {
    let mut tally = Tally::default();
    let (summary, ending) = for_each_frame(path, |frame| {
        let outer = wire::parse(frame, false);
        let inner = wire::parse(frame, true);
        assert_eq!(outer.is_ok(), inner.is_ok(), "decapsulation changes the class of a frame of {}", path.display());
        match (outer, inner) {
            (Ok(outer), Ok(inner)) => {
                assert!(outer.ip_bytes <= frame.wire_len, "{}: more IP bytes than wire bytes", path.display());
                tally.ip_packets += 1;
                tally.ip_bytes += u64::from(outer.ip_bytes);
                tally.outer.insert(flow_key(&outer));
                tally.inner.insert(flow_key(&inner));
            }
            (Err(Skip::NonIp | Skip::Malformed | Skip::Unsupported), _) | (_, Err(_)) => tally.skipped += 1,
        }
    })?;
    Ok(Tally { summary, ending, ..tally })
}
