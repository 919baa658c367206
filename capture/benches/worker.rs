//! ns per packet of a live worker, with all that it counts: `cargo bench -p capture --bench worker`.
//!
//! Frames lie in memory, as a ring's do; time goes on at a million packets a second, and each second is reported. Three
//! loads: 20,000 flows with packets of all sizes, the same against one host in few flows, and a flood in which each
//! packet comes from a new address.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use capture::file::CaptureFile;
use capture::flow::key::HashSeed;
use capture::flow::table::Timeouts;
use capture::frame::{Frame, LinkType};
use capture::limits::SECOND_NS;
use capture::local::LocalNetworks;
use capture::worker::{Worker, WorkerOptions};

mod traffic;
use traffic::Traffic;

const ROUNDS: usize = 7;
const PACKETS: usize = 3_000_000;
const STEP_NS: u64 = 1_000;
const BEGIN_NS: u64 = 1_700_000_000 * SECOND_NS;
const KEPT: usize = 128;
/// Where `traffic` has its servers.
const LOCAL: [&str; 2] = ["10.0.0.0/8", "2001:a00::/32"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let rounds = if only.is_some() { 1 } else { ROUNDS };
    for (name, flows, new_sources) in [("flows", 20_000, false), ("few", 50, false), ("flood", 50, true)] {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let frames = frames(flows)?;
        let mut best = u64::MAX;
        for _ in 0..rounds {
            best = best.min(round(&frames, new_sources));
        }
        writeln!(out, "{name:8} {:6.2} ns a packet", best as f64 / PACKETS as f64)?;
    }
    Ok(())
}

/// Frames of generated traffic, as many as stay in the cache like a block of a ring.
fn frames(flows: u32) -> Result<Vec<[u8; KEPT]>, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("traffic.pcap");
    Traffic { packets: 40_000, flows, snaplen: KEPT as u32, seed: 7 }.write(&path)?;
    let mut file = CaptureFile::open(&path)?;
    let mut frames = Vec::new();
    while let Some(chunk) = file.next_chunk()? {
        for found in chunk {
            let mut bytes = [0; KEPT];
            let length = found.frame.bytes.len().min(KEPT);
            bytes[..length].copy_from_slice(&found.frame.bytes[..length]);
            frames.push(bytes);
        }
    }
    Ok(frames)
}

fn worker() -> Worker {
    Worker::new(WorkerOptions {
        worker: 0,
        flow_table_entries: 1 << 18,
        timeouts: Timeouts { idle_ns: 15 * SECOND_NS, active_ns: 60 * SECOND_NS },
        fold: true,
        fold_flows_per_second: 5_000,
        decapsulate: false,
        local: Arc::new(LocalNetworks::new(&LOCAL.map(|text| text.parse().expect("a prefix")), &[])),
        seed: HashSeed::fixed([0x1234_5678_9abc_def1, 0x2545_f491_4f6c_dd1d, 3, 4, 0x9e37_79b9_7f4a_7c15, 6]),
        interfaces: 1,
        count_distinct: false,
        live: true,
    })
}

/// ns that the worker takes for all packets.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn round(frames: &[[u8; KEPT]], new_sources: bool) -> u64 {
    let mut worker = worker();
    let mut buffer: Vec<[u8; KEPT]> = frames[..32].to_vec();
    let start = Instant::now();
    let mut sent = 0usize;
    let mut second = BEGIN_NS / SECOND_NS;
    worker.advance(BEGIN_NS);
    while sent < PACKETS {
        let now = BEGIN_NS + sent as u64 * STEP_NS;
        let at = sent % (frames.len() - 32);
        let group: &[[u8; KEPT]] = if new_sources {
            for (n, bytes) in buffer.iter_mut().enumerate() {
                let mixed = ((sent + n) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
                // IPv4 and TCP: a SYN to one local address.
                bytes[12..38].copy_from_slice(&[
                    8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 60, 6, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1, 0, 0, 0, 80,
                ]);
                bytes[26..30].copy_from_slice(&(mixed as u32 | 0x4000_0000).to_be_bytes());
                bytes[34..36].copy_from_slice(&((mixed >> 32) as u16).to_be_bytes());
                bytes[46..48].copy_from_slice(&[0x50, 2]);
            }
            &buffer
        } else {
            &frames[at..at + 32]
        };
        let mut frames = group.iter().zip(0u64..).map(|(bytes, n)| {
            let time_ns = now + n * STEP_NS;
            (1, Frame { bytes, wire_len: 1514, link: LinkType::Ethernet, time_ns, ..Frame::EMPTY })
        });
        sent += worker.group(&mut frames);
        // A block of a ring has some hundred packets.
        if sent.is_multiple_of(256) {
            worker.advance(now);
        }
        if now / SECOND_NS != second {
            second = now / SECOND_NS;
            worker.idle_second(now);
            worker.hand_over();
            std::hint::black_box(worker.report(second - 1, 0));
        }
        while let Some(message) = worker.outbox().pop_front() {
            if let capture::worker::message::Message::Flows(batch) = message {
                worker.recycle(batch.payload);
            }
        }
    }
    start.elapsed().as_nanos() as u64
}
