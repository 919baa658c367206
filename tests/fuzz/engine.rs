//! Runs a target on changed seeds for a while, and tells what it found.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use faults::Seed;

use crate::allocation::peak_of;
use crate::mutate::mutate;

/// No input may take longer. What the machine did meanwhile is no finding: a slow input is tried again, and then the
/// thread's own time counts.
const TIME_MAX: Duration = Duration::from_millis(10);

/// How often a slow input is tried again.
const TRIES: u32 = 5;

/// Something that reads hostile input.
pub struct Target {
    /// Its name in the report.
    pub name: &'static str,
    /// Sound inputs.
    pub seeds: Vec<Vec<u8>>,
    /// Mends checksums, so that a change is not stopped at the door; used for every other input.
    pub mend: Option<fn(&mut [u8])>,
    /// Bytes that may be held at once beside the input's own: fixed buffers.
    pub buffers: usize,
    /// It waits for other threads: only this one's own time counts from the first try on.
    pub waits: bool,
}

impl Target {
    /// Runs `read` on every seed as it is, then on changed ones. `read` panics at what must not be.
    #[expect(clippy::disallowed_methods, reason = "the time budget of a test")]
    pub fn run(&self, mut read: impl FnMut(&[u8])) {
        let mut seed = Seed::of(self.name);
        let (budget, began) = (budget(), Instant::now());
        let (mut executions, mut slowest, mut most) = (0u64, Duration::ZERO, 0);
        for input in &self.seeds {
            self.execute(&mut read, input);
        }
        while began.elapsed() < budget {
            let mut input = seed.pick(&self.seeds).clone();
            mutate(&mut input, &mut seed, &self.seeds);
            if let (Some(mend), 0) = (self.mend, seed.below(2)) {
                mend(&mut input);
            }
            let (took, held) = self.execute(&mut read, &input);
            slowest = slowest.max(took);
            most = most.max(held);
            executions += 1;
        }
        assert!(executions > 0, "{}: nothing was tried in {budget:?}", self.name);
        eprintln!(
            "fuzz {}: {executions} executions in {:.0} s from {} seeds, 0 findings, slowest {slowest:.0?}, at most {most} bytes",
            self.name,
            began.elapsed().as_secs_f64(),
            self.seeds.len(),
        );
    }

    /// Time and bytes of one input.
    #[expect(clippy::disallowed_methods, reason = "the time of an input is what is tested")]
    fn execute(&self, read: &mut impl FnMut(&[u8]), input: &[u8]) -> (Duration, usize) {
        let mut took = Duration::MAX;
        let mut held = 0;
        for attempt in 0..TRIES {
            let by_cpu = self.waits || attempt > 0;
            let (began, own) = (Instant::now(), if by_cpu { cpu_time() } else { Duration::ZERO });
            let (outcome, peak) = peak_of(|| catch_unwind(AssertUnwindSafe(|| read(input))));
            took = took.min(if by_cpu { cpu_time() - own } else { began.elapsed() });
            held = peak;
            if let Err(panic) = outcome {
                eprintln!("{}: panic at {}", self.name, kept(self.name, input).display());
                resume_unwind(panic);
            }
            if took <= TIME_MAX {
                break;
            }
        }
        let allowed = input.len() + self.buffers;
        assert!(held <= allowed, "{}: {held} bytes for {allowed} at {}", self.name, kept(self.name, input).display());
        assert!(took <= TIME_MAX, "{}: {took:?} at {}", self.name, kept(self.name, input).display());
        (took, held)
    }
}

/// CPU time of this thread, to the scheduler's last tick.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "tests only: how long they run")]
fn budget() -> Duration {
    let seconds = std::env::var("FLOODMARK_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(2))
}

/// Writes a finding where it survives the test.
fn kept(name: &str, input: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("finding-{name}-{:08x}", crc32c::crc32c(input)));
    std::fs::write(&path, input).unwrap();
    path
}

/// Capture files of the corpus up to `bytes_max`; none where it is not.
#[expect(clippy::disallowed_methods, reason = "the corpus is no part of the project; only its tests look for it")]
pub fn corpus(bytes_max: u64) -> Vec<PathBuf> {
    let named = std::env::var("FLOODMARK_CORPUS").map(PathBuf::from);
    let mut folders = vec![named.unwrap_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"))];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_text = matches!(path.extension().and_then(|ext| ext.to_str()), Some("tsv" | "md"));
            match entry.metadata() {
                Ok(about) if about.is_dir() => folders.push(path),
                Ok(about) if about.len() <= bytes_max && !is_text => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// A scratch folder in memory where there is one: a target may write a file for each input.
pub fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
