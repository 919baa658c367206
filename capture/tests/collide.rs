//! Keys that were chosen to collide: they do for a hash without its secret, and cost nothing under a random one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use capture::flow::key::HashSeed;
use capture::flow::table::Timeouts;
use capture::frame::{Frame, LinkType};
use capture::limits::SECOND_NS;
use capture::worker::{Worker, WorkerOptions};

/// A table that holds nearly all of them at once.
const ENTRIES: usize = 1 << 20;

/// How much longer chosen keys may take than random ones.
const TIMES_MAX: f64 = 1.10;

/// Runs of each kind, one after the other in turns.
const RUNS: usize = 5;

/// Frames of 60 bytes, one a key.
type Frames = Vec<[u8; 60]>;

fn keys() -> u64 {
    faults::runs(200_000, 1_000_000).clamp(100_000, 1_000_000)
}

fn udp(src: u32, src_port: u16) -> [u8; 60] {
    let mut frame = [0u8; 60];
    frame[..12].copy_from_slice(&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
    frame[12..26].copy_from_slice(&[8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0]);
    frame[26..30].copy_from_slice(&src.to_be_bytes());
    frame[30..34].copy_from_slice(&[10, 0, 0, 1]);
    frame[34..36].copy_from_slice(&src_port.to_be_bytes());
    frame[36..40].copy_from_slice(&[0, 53, 0, 26]);
    frame
}

/// Without secret words the hash multiplies an IPv4 address by the 0 beside it: only ports, protocol and interface are
/// left, and whoever keeps those gets one bucket and one tag for all his addresses. The address is above the target's in
/// memory, so that the endpoints are sorted alike and the ports do not change places.
fn chosen() -> Frames {
    (0..keys()).map(|n| udp((n as u32).wrapping_mul(0x9e37_79b1) | 0x8000_000b, 4000)).collect()
}

fn random() -> Frames {
    let mut seed = faults::Seed::new(7);
    (0..keys()).map(|_| udp(seed.draw() as u32 | 0x8000_000b, seed.draw() as u16)).collect()
}

fn worker(seed: HashSeed) -> Worker {
    Worker::new(WorkerOptions {
        worker: 0,
        flow_table_entries: ENTRIES,
        timeouts: Timeouts { idle_ns: 15 * SECOND_NS, active_ns: 60 * SECOND_NS },
        fold: true,
        fold_flows_per_second: 50_000,
        decapsulate: false,
        local: Arc::new(["10.0.0.0/8".parse().unwrap()].into_iter().collect()),
        seed,
        interfaces: 1,
        count_distinct: false,
        live: false,
    })
}

fn frame(bytes: &[u8; 60], time_ns: u64) -> Frame<'_> {
    Frame { bytes, wire_len: 60, time_ns, link: LinkType::Ethernet, vlan: None, gso_size: 0, outgoing: None }
}

/// Gives every frame twice, so that flows are made and found; answers the time and how many were pushed out.
#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn run(frames: &Frames, seed: HashSeed) -> (Duration, u64) {
    let mut worker = worker(seed);
    let began = Instant::now();
    for round in 0..2u64 {
        let at = |n: u64| 1_700_000_000 * SECOND_NS + (round * frames.len() as u64 + n) * 500;
        let mut frames = (0..).zip(frames).map(|(n, bytes)| (1, frame(bytes, at(n))));
        while worker.group(&mut frames) > 0 {
            worker.outbox().clear();
        }
    }
    let took = began.elapsed();
    worker.finish();
    (took, worker.totals().evicted)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn chosen_keys_cost_no_more_than_random_ones() {
    let (chosen, random) = (chosen(), random());
    let (_, evicted) = run(&chosen, HashSeed::fixed([0; 6]));
    assert!(evicted >= 2 * keys() - 16, "without the secret they share a bucket of eight: {evicted} pushed out");
    // Other programs may take the machine for a while: one quiet round of three is enough.
    let mut told = Vec::new();
    for _ in 0..3 {
        let (mut times, mut pushed_out) = ([Vec::new(), Vec::new()], [0, 0]);
        for _ in 0..RUNS {
            for (kind, frames) in [&chosen, &random].into_iter().enumerate() {
                let (took, evicted) = run(frames, HashSeed::random().unwrap());
                times[kind].push(took);
                pushed_out[kind] += evicted;
            }
        }
        let [chosen_ns, random_ns] = times.map(|times| median(times).as_nanos() as f64 / (2 * keys()) as f64);
        let slower = chosen_ns / random_ns;
        told.push(format!(
            "{chosen_ns:.0} ns a packet chosen, {random_ns:.0} random, times {slower:.3}, pushed out {pushed_out:?}"
        ));
        eprintln!("collide: {} keys: {}", keys(), told[told.len() - 1]);
        assert!(pushed_out[0] <= pushed_out[1] + pushed_out[1] / 10 + keys() / 100, "{told:?}");
        if slower <= TIMES_MAX {
            faults::report::Row {
                fault: "keys chosen to collide without the secret".into(),
                load: format!("{} keys, each twice", keys()),
                runs: RUNS as u64,
                note: format!("{slower:.2} times the time of random keys"),
                ..Default::default()
            }
            .tell();
            return;
        }
    }
    panic!("{told:?}");
}
