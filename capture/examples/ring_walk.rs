//! Reads an interface by rings and does nothing with the frames: what the walk alone costs.
//!
//! `ring_walk INTERFACE SECONDS [WORKERS] [RING_MIB]`: one pinned thread per worker; prints frames, drops and the CPU
//! time per frame (schedstat, user and system time of the reader).

use std::error::Error;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use capture::config::Config;
use capture::interface::{Netlink, find};
use capture::ring::{Ring, RingError, RingSpec, Spares, Statistics, available_bytes, budget, open_group};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, seconds, rest @ ..] = words.as_slice() else {
        return Err("usage: ring_walk INTERFACE SECONDS [WORKERS] [RING_MIB]".into());
    };
    let time = Duration::from_secs(seconds.parse()?);
    let workers: usize = rest.first().map_or(Ok(1), |word| word.parse())?;
    let ring_mib: u64 = rest.get(1).map_or(Ok(64), |word| word.parse())?;
    let links = Netlink::open()?.links()?;
    let link = find(&links, name).ok_or_else(|| format!("no interface {name}"))?;
    let config = Config { ring_bytes: ByteSize::mib(ring_mib), ..Config::default() };
    budget(workers, 1, config.ring_bytes.as_u64(), available_bytes()?)?;
    let spec = RingSpec::from_config(&config, name, link.index);
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let rings = open_group(&spec, workers, &mut Spares::on_demand())?;
    let threads: Vec<_> = rings
        .into_iter()
        .enumerate()
        .map(|(worker, ring)| {
            // With one worker the last core: generators run on the first.
            let core = cores.get(if workers == 1 { cores.len().saturating_sub(1) } else { worker }).copied();
            std::thread::spawn(move || {
                core.map(core_affinity::set_for_current);
                work(ring, time)
            })
        })
        .collect();
    for (worker, thread) in threads.into_iter().enumerate() {
        let (read, statistics) = thread.join().map_err(|_| "a worker panicked")??;
        writeln!(
            io::stdout(),
            "worker {worker}: {} frames, {} wire bytes in {} blocks, {} dropped, {} freezes; {:.1} ns a frame",
            read.frames,
            read.bytes,
            read.blocks,
            statistics.dropped,
            statistics.freezes,
            read.cpu_ns as f64 / read.frames.max(1) as f64
        )?;
        writeln!(io::stdout(), "  seen - dropped - taken = {}", statistics.seen - statistics.dropped - read.frames)?;
    }
    Ok(())
}

#[derive(Default)]
struct Read {
    frames: u64,
    bytes: u64,
    blocks: u64,
    cpu_ns: u64,
    /// Mixed from the first byte of each frame, so that its memory is really read.
    touched: u64,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures elapsed time")]
fn now() -> Instant {
    Instant::now()
}

fn work(mut ring: Ring, time: Duration) -> Result<(Read, Statistics), RingError> {
    let mut read = Read::default();
    let (start, before) = (now(), cpu_ns());
    while start.elapsed() < time {
        if !walk(&mut ring, &mut read) {
            ring.wait(Duration::from_millis(100))?;
        }
    }
    ring.drop_all()?;
    while ring.wait(Duration::from_millis(50))? {
        walk(&mut ring, &mut read);
    }
    std::hint::black_box(read.touched);
    read.cpu_ns = cpu_ns() - before;
    Ok((read, ring.statistics()?))
}

fn walk(ring: &mut Ring, read: &mut Read) -> bool {
    let mut any = false;
    while let Some(block) = ring.next_block() {
        any = true;
        read.blocks += 1;
        for frame in block.frames() {
            read.frames += 1;
            read.bytes += frame.wire_bytes();
            read.touched ^= frame.bytes.first().map_or(0, |byte| u64::from(*byte)) ^ frame.time_ns;
        }
    }
    any
}

/// Nanoseconds of CPU that this thread has used; 0 where the kernel does not say.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0)
}
