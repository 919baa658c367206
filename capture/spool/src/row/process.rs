//! The main processes of a minute.

use serde::{Deserialize, Serialize};

/// Processes of one name, user and control group together, in one minute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessRow {
    /// First second of the minute, UNIX time.
    pub ts: u64,
    /// The busiest or largest one's id.
    pub pid: u32,
    /// Command name, at most 64 characters.
    pub name: String,
    /// Whose it is, at most 64 characters.
    pub user: String,
    /// Control group, at most 255 characters.
    pub cgroup: String,
    /// How many there were at the last sample.
    pub processes: u32,
    /// Percent of one core, the mean of the minute's samples.
    pub cpu: f64,
    /// Resident bytes, the largest of the minute's samples.
    pub memory: u64,
}
