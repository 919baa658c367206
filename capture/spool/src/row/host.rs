//! How the host went in one bucket: a sample, a minute or an hour.

use serde::{Deserialize, Serialize};

use super::traffic::Resolution;

/// The host in one bucket. Shares are percent, 0 to 100; means over the bucket but for `_max` and `_min`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the live line's sample")]
pub struct HostRow {
    /// Length of the bucket; a one-second row is one sample.
    pub resolution: Resolution,
    /// When the sample was taken, or the first second of the bucket; UNIX time.
    pub ts: u64,
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
    /// Bytes, as all that follow.
    pub memory_total: u64,
    pub memory_available: u64,
    pub memory_available_min: u64,
    pub swap_total: u64,
    pub swap_used: u64,
    /// Since the host started.
    pub oom_kills: u64,
    /// Disks, links, RAIDs, sensors and counts of processes as a JSON object; empty where there is none.
    pub detail: String,
}
