//! Rows of `host_1s`, `host_1m` and `host_1h`: how the host went.

use super::{Bind, Resolution, Row};

/// The host in one bucket. Shares are percent, 0 to 100; sizes are bytes.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the columns say it; means but for `_max` and `_min`")]
pub struct HostRow {
    /// When the sample was taken, or the start of the bucket; UNIX seconds.
    pub ts: u32,
    /// Number within (node, epoch, stream), from 1 without gaps.
    pub seq: u64,
    /// Length of the bucket; decides the table.
    pub resolution: Resolution,
    /// Seconds that the row stands for.
    pub seconds: u32,
    pub cores: u16,
    pub load1: f64,
    pub load5: f64,
    pub load15: f64,
    pub load1_max: f64,
    pub cpu_user: f64,
    pub cpu_system: f64,
    pub cpu_iowait: f64,
    pub cpu_softirq: f64,
    pub cpu_steal: f64,
    pub cpu_busy_max: f64,
    pub memory_total: u64,
    pub memory_available: u64,
    pub memory_available_min: u64,
    pub swap_total: u64,
    pub swap_used: u64,
    pub oom_kills: u64,
    /// Disks, links, RAIDs, sensors and counts of processes as a JSON object, or empty.
    pub detail: String,
}

impl Row for HostRow {
    const COLUMNS: &'static [&'static str] = &[
        "seconds",
        "cores",
        "load1",
        "load5",
        "load15",
        "load1_max",
        "cpu_user",
        "cpu_system",
        "cpu_iowait",
        "cpu_softirq",
        "cpu_steal",
        "cpu_busy_max",
        "memory_total",
        "memory_available",
        "memory_available_min",
        "swap_total",
        "swap_used",
        "oom_kills",
        "detail",
    ];

    fn table(&self) -> &'static str {
        match self.resolution {
            Resolution::Second => "host_1s",
            Resolution::Minute => "host_1m",
            Resolution::Hour => "host_1h",
        }
    }

    fn seq(&self) -> u64 {
        self.seq
    }

    fn ts(&self) -> u32 {
        self.ts
    }

    fn statement_bytes(&self) -> usize {
        400 + self.detail.len()
    }

    fn bind<B: Bind>(&self, to: &mut B) {
        to.u32(self.seconds);
        to.u16(self.cores);
        for value in [
            self.load1,
            self.load5,
            self.load15,
            self.load1_max,
            self.cpu_user,
            self.cpu_system,
            self.cpu_iowait,
            self.cpu_softirq,
            self.cpu_steal,
            self.cpu_busy_max,
        ] {
            to.f64(value);
        }
        for value in [
            self.memory_total,
            self.memory_available,
            self.memory_available_min,
            self.swap_total,
            self.swap_used,
            self.oom_kills,
        ] {
            to.u64(value);
        }
        to.text(&self.detail);
    }
}
