//! What a sample costs on a server with many processes: real ones, that sleep.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use faults::runs;
use nix::sys::resource::{UsageWho, getrusage};
use notifier::host::config::Config;
use notifier::host::{Roots, Sampler};

/// Ends its processes, whatever becomes of the test.
struct Sleepers(Vec<Child>);

impl Sleepers {
    fn start(count: u64) -> Sleepers {
        let sleeper = |_| Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
        Sleepers((0..count).map(sleeper).collect())
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// CPU time of this thread: user and system.
fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
    let of = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(time.tv_sec().unsigned_abs()) + Duration::from_micros(time.tv_usec().unsigned_abs())
    };
    of(usage.user_time()) + of(usage.system_time())
}

#[test]
fn a_sample_costs_at_most_a_hundredth_of_a_core() {
    let count = runs(300, 2_000);
    let _sleepers = Sleepers::start(count);
    let mut sampler = Sampler::new(Roots::default(), Config::default());
    #[expect(clippy::disallowed_methods, reason = "the test gives the clock that the role would")]
    let begin = Instant::now();
    // The first two look at each process anew.
    let (warm, samples) = (2, 60);
    let mut before = Duration::ZERO;
    for number in 0..warm + samples {
        if number == warm {
            before = cpu();
        }
        let state = sampler.sample(1 + u64::from(number), begin + Duration::from_secs(5) * number);
        assert!(u64::from(state.processes.total) >= count, "{} processes", state.processes.total);
        if number > 2 {
            assert!(state.processes.by_memory.iter().any(|process| u64::from(process.count) >= count), "one group");
        }
    }
    let each = (cpu() - before) / samples;
    let share = each.as_secs_f64() / 5.0 * 100.0;
    eprintln!("{count} processes: {each:?} of CPU for a sample, {share:.2} % of a core at one every 5 s");
    assert!(share <= 1.0, "{share:.2} % of a core");
}
