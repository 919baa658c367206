//! Rows a second that become durable, and how long a start over a full spool takes; by both ways to the disk: as fast as it goes, and at a fixed rate with the
//! spooler's CPU time for each row. Frames are flow batches of 512 rows; a group is committed every 50 ms.
//!
//! `cargo bench -p spool` measures for seconds in the folder `SPOOL_BENCH_DIR` (else the system's for scratch);
//! `cargo test` runs it in miniature.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::disallowed_macros, reason = "a measurement")]

use std::time::{Duration, Instant};

use spool::row::FLOW_ROW_BYTES;
use spool::{Ack, Backend, Batch, FrameKind, NodeId, SpoolError, StreamAck, Writer, WriterOptions};

const ROWS: u32 = 512;
const COMMIT: Duration = Duration::from_millis(50);

/// What one run gave.
struct Outcome {
    rows: u64,
    refused: u64,
    elapsed: Duration,
    cpu: Duration,
    longest_append: Duration,
}

/// CPU time of the calling thread.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Appends for `time`, at `rate` rows a second or as fast as it goes; everything durable is acknowledged at once.
fn run(backend: Backend, time: Duration, rate: Option<u64>) -> Outcome {
    let parent = std::env::var_os("SPOOL_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let dir = tempfile::tempdir_in(parent).unwrap();
    let options =
        WriterOptions { node: NodeId::from_bytes([1; 16]), segment_bytes: 64 << 20, bytes_max: 1 << 30, now_us: 1 };
    let mut writer = Writer::open_by(dir.path(), options, backend).unwrap();
    let payload = vec![0x5a; ROWS as usize * FLOW_ROW_BYTES];
    let (begun, cpu_before) = (Instant::now(), cpu());
    let (mut accepted, mut refused, mut committed, mut longest_append) = (0, 0, begun, Duration::ZERO);
    while begun.elapsed() < time {
        let now_ns = begun.elapsed().as_nanos() as u64;
        writer.tend(now_ns).unwrap();
        if committed.elapsed() >= COMMIT {
            committed = Instant::now();
            writer.commit().unwrap();
            let mut ack = Ack::default();
            let epoch = writer.epoch();
            writer.streams().for_each(|(stream, totals)| {
                ack.set(StreamAck { epoch, stream, last_seq: totals.last_seq, ..StreamAck::default() });
            });
            writer.trim(&ack).unwrap();
        }
        if rate.is_some_and(|rate| accepted >= rate * now_ns / 1_000_000_000) {
            std::thread::sleep(Duration::from_millis(4));
            continue;
        }
        let stream = 1 + (accepted / u64::from(ROWS) % 4) as u16;
        let batch = Batch {
            kind: FrameKind::Flow,
            stream,
            payload: &payload,
            row_count: ROWS,
            first_ns: 1,
            last_ns: 2,
            packets: 1000,
            bytes: 64_000,
        };
        let before = Instant::now();
        match writer.append(&batch) {
            Ok(_) => accepted += u64::from(ROWS),
            Err(SpoolError::Busy { .. } | SpoolError::Full { .. }) => {
                refused += u64::from(ROWS);
                std::thread::sleep(Duration::from_micros(200));
            }
            Err(error) => panic!("{error}"),
        }
        longest_append = longest_append.max(before.elapsed());
    }
    writer.sync().unwrap();
    let rows = writer.streams().map(|(_, totals)| totals.last_seq).sum();
    assert_eq!(rows, accepted, "what was accepted is durable");
    Outcome { rows, refused, elapsed: begun.elapsed(), cpu: cpu() - cpu_before, longest_append }
}

/// How long it takes to open a spool of `bytes` that an earlier life left full, and to read all its frames' headers.
fn start(bytes: u64) {
    let parent = std::env::var_os("SPOOL_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let dir = tempfile::tempdir_in(parent).unwrap();
    let node = NodeId::from_bytes([1; 16]);
    let options = WriterOptions { node, segment_bytes: bytes / 64, bytes_max: bytes, now_us: 1 };
    let payload = vec![0x5a; ROWS as usize * FLOW_ROW_BYTES];
    let mut writer = Writer::open(dir.path(), options.clone()).unwrap();
    loop {
        let kind = FrameKind::Flow;
        let batch = Batch {
            kind,
            stream: 1,
            payload: &payload,
            row_count: ROWS,
            first_ns: 1,
            last_ns: 2,
            packets: 1,
            bytes: 1,
        };
        match writer.append(&batch) {
            Ok(_) => {}
            Err(SpoolError::Busy { .. }) => writer.sync().unwrap(),
            Err(_) => break,
        }
    }
    drop(writer);
    // Root only; without it the figure is one of a warm page cache.
    let is_cold = std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok();
    let begun = Instant::now();
    let writer = Writer::open(dir.path(), options).unwrap();
    let opened = begun.elapsed();
    let begun = Instant::now();
    let mut frames = 0;
    spool::tail::headers(dir.path(), node, |_| frames += 1).unwrap();
    println!(
        "start over {} MiB, {} cache: {opened:?}; all {frames} headers: {:?}",
        writer.used_bytes() >> 20,
        if is_cold { "cold" } else { "warm" },
        begun.elapsed()
    );
}

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let time = if is_bench { Duration::from_secs(4) } else { Duration::from_millis(200) };
    for backend in [Backend::IoUring, Backend::Sync] {
        for rate in [None, Some(200_000)] {
            let o = run(backend, time, rate);
            let seconds = o.elapsed.as_secs_f64();
            let bytes = o.rows as f64 * FLOW_ROW_BYTES as f64;
            println!(
                "{backend:?}, {}: {:.0} rows/s durable, {:.0} MB/s, {:.0} ns CPU a row, {} rows refused, longest append {:?}",
                rate.map_or("as fast as it goes".to_owned(), |rate| format!("{rate} rows/s offered")),
                o.rows as f64 / seconds,
                bytes / 1e6 / seconds,
                o.cpu.as_nanos() as f64 / o.rows.max(1) as f64,
                o.refused,
                o.longest_append,
            );
        }
    }
    start(if is_bench { 4 << 30 } else { 64 << 20 });
}
