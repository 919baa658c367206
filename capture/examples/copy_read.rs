//! Reads an interface by the copy backend (one read per packet) and does nothing with the frames: the baseline that
//! `ring_walk` is compared with.
//!
//! `copy_read INTERFACE SECONDS`: prints frames, drops and the CPU time per frame (schedstat).

use std::error::Error;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use capture::copy::{CopySource, CopySpec};
use capture::ring::Spares;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, seconds] = words.as_slice() else {
        return Err("usage: copy_read INTERFACE SECONDS".into());
    };
    let time = Duration::from_secs(seconds.parse()?);
    if let Some(core) = core_affinity::get_core_ids().and_then(|cores| cores.last().copied()) {
        core_affinity::set_for_current(core);
    }
    let spec = CopySpec { name: name.clone(), snaplen: 192, promiscuous: true };
    let mut source = CopySource::open(spec, &mut Spares::on_demand())?;
    let (start, before) = (now(), cpu_ns());
    let (mut frames, mut touched) = (0_u64, 0);
    while start.elapsed() < time {
        let group = source.next_group(0)?;
        for frame in group.frames() {
            frames += 1;
            touched ^= frame.bytes.first().map_or(0, |byte| *byte);
        }
        if group.is_empty() {
            source.wait(Duration::from_millis(100))?;
        }
    }
    source.drop_all()?;
    loop {
        let group = source.next_group(0)?;
        if group.is_empty() {
            break;
        }
        frames += group.len() as u64;
    }
    std::hint::black_box(touched);
    let cost = (cpu_ns() - before) as f64 / frames.max(1) as f64;
    let end = source.statistics()?;
    let out = &mut io::stdout();
    writeln!(out, "{frames} frames, {} dropped; {cost:.1} ns a frame", end.dropped)?;
    writeln!(out, "  seen - dropped - taken = {}", end.seen - end.dropped - frames)?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures elapsed time")]
fn now() -> Instant {
    Instant::now()
}

/// Nanoseconds of CPU that this thread has used; 0 where the kernel does not say.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0)
}
