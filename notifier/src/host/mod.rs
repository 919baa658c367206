//! host: what this machine does, sampled from /proc and /sys.
//!
//! Each source has a file with a pure parser; `read` alone touches the kernel's files, and `disks` alone asks disks,
//! on a thread of its own. What a file does not hold is 0 or absent, never an error: a container shows less than a
//! machine.

mod clean;
pub mod config;
mod cpu;
mod disks;
mod headline;
mod history;
mod links;
mod mounts;
mod process;
mod raid;
mod read;
mod small;
mod temperatures;
mod trend;

use std::time::Instant;

use live::host::HostState;

use config::Config;
use cpu::Stat;
use disks::Disks;
use links::Links;
use mounts::Mount;
use process::Table;
use read::Files;
use temperatures::Temperatures;

pub use clean::name as clean_name;
pub use headline::headline;
pub use history::{History, POINTS_MAX, STEP_S};
pub use process::TOP;
pub use read::Roots;

/// Samples the host.
#[derive(Debug)]
pub struct Sampler {
    roots: Roots,
    config: Config,
    files: Files,
    captured: Vec<String>,
    sampled: Option<Instant>,
    cpu: Option<Stat>,
    /// The shares of the sample before, for one that comes too soon.
    last: HostState,
    disks: Disks,
    links: Links,
    temperatures: Temperatures,
    processes: Table,
}

impl Sampler {
    /// Has sampled nothing yet.
    pub fn new(roots: Roots, config: Config) -> Sampler {
        Sampler {
            processes: Table::new(&roots),
            roots,
            config,
            files: Files::default(),
            captured: Vec::new(),
            sampled: None,
            cpu: None,
            last: HostState::default(),
            disks: Disks::default(),
            links: Links::default(),
            temperatures: Temperatures::default(),
        }
    }

    /// Interfaces that capture watches: told also if they are virtual.
    pub fn set_captured(&mut self, names: &[String]) {
        if self.captured != names {
            self.captured = names.to_vec();
        }
    }

    /// Takes over a changed configuration.
    pub fn set_config(&mut self, config: &Config) {
        self.config = config.clone();
    }

    /// Whether it is time for a sample; more often while something fires.
    pub fn is_due(&self, now: Instant, firing: bool) -> bool {
        let interval = if firing { self.config.interval_firing } else { self.config.interval };
        // Callers come once a second or so: a little early is in time, else every sixth second would be taken.
        let early = interval / 20;
        self.sampled.is_none_or(|sampled| now.saturating_duration_since(sampled) + early >= interval)
    }

    /// The host now. `time_ns` is since the epoch, `now` a time that only goes on. Waits for nothing but the kernel: the
    /// disks' answers come from another thread.
    pub fn sample(&mut self, time_ns: u64, now: Instant) -> HostState {
        let mut state = HostState { time_ns, ..HostState::default() };
        self.small(&mut state);
        self.cpu(&mut state);
        let mounts = self.mounts();
        state.disks = self.disks.sample(&mounts, now);
        let (proc, sys) = (&self.roots.proc, &self.roots.sys);
        state.links = self.links.sample(&mut self.files, (proc, sys), &self.captured, now);
        state.temperatures = self.temperatures.sample(&mut self.files, sys, now);
        state.processes = self.processes.sample(&mut self.files, proc, now).clone();
        self.sampled = Some(now);
        self.last = state.clone();
        state
    }

    fn text(&mut self, file: &str) -> String {
        self.files.text(&self.roots.proc.join(file)).unwrap_or_default()
    }

    fn small(&mut self, state: &mut HostState) {
        state.load = small::load(&self.text("loadavg"));
        state.memory = small::memory(&self.text("meminfo"));
        state.oom_kills = small::oom_kills(&self.text("vmstat"));
        state.uptime_s = small::uptime_s(&self.text("uptime"));
        state.raids = raid::parse(&self.text("mdstat"));
        let boot = self.roots.proc.join("sys/kernel/random/boot_id");
        state.boot_id = clean::name(&self.files.line(&boot).unwrap_or_default(), 64);
    }

    fn cpu(&mut self, state: &mut HostState) {
        let now = cpu::parse(&self.text("stat"));
        state.cores = u32::try_from(now.cores.len()).unwrap_or(u32::MAX);
        match &self.cpu {
            // Between two samples of one tick nothing passed.
            Some(before) if before.all == now.all => {
                (state.cpu, state.cpu_by_core) = (self.last.cpu, self.last.cpu_by_core.clone());
            }
            Some(before) => {
                state.cpu = cpu::shares(&before.all, &now.all);
                state.cpu_by_core = cpu::shares_by_core(&before.cores, &now.cores);
            }
            None => state.cpu_by_core = vec![Default::default(); now.cores.len()],
        }
        self.cpu = Some(now);
    }

    fn mounts(&mut self) -> Vec<Mount> {
        let path = self.roots.proc.join("self/mountinfo");
        self.files.bytes(&path).map(|text| mounts::parse(text, &self.config.ignored_mounts)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
