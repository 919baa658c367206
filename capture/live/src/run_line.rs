//! The line of `floodmark run`: what the supervisor keeps of each role, and its alerts.

use serde::{Deserialize, Serialize};

use crate::heartbeat::Fill;
use crate::line::{Envelope, Role};

/// `run`'s line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLine {
    /// uid, role, time.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Each role.
    pub roles: Vec<RoleState>,
    /// What somebody should look at; empty = nothing.
    pub alerts: Vec<Alert>,
}

/// One role as its supervisor sees it. Counts are since the supervisor's start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleState {
    /// Its name.
    pub role: String,
    /// "starting", "ready", "overloaded", "stopping", "killed" (not gone yet), "waiting" (for its next start), "ended".
    pub state: String,
    /// Its own sentence.
    pub status: String,
    /// Process id; 0 = no process.
    pub pid: u32,
    /// Times it was started.
    pub starts: u64,
    /// Restarts that were asked for.
    pub restarts_planned: u64,
    /// Times it failed.
    pub failures: u64,
    /// Failures in a row: a minute of good running forgives.
    pub failures_in_row: u64,
    /// Of those: times it was silent for too long and was killed.
    pub silences: u64,
    /// When it was started last, ns since the epoch.
    pub started_ns: u64,
    /// From that start to ready, ms; `None` = not ready yet.
    pub ready_ms: Option<u64>,
    /// Age of its last heartbeat, ms; `None` = none in this life.
    pub heartbeat_ms: Option<u64>,
    /// Its lives that have ended.
    pub lives: Lives,
    /// The newest failures, the last one last.
    pub recent_failures: Vec<Failure>,
    /// Units of work done in this life: frames, rows, lines.
    pub done: u64,
    /// Units done a second, by the last two heartbeats.
    pub done_per_second: u64,
    /// Why it cannot keep up; empty = it can.
    pub overloaded: String,
    /// Its fullest queue.
    pub queue: Forecast,
    /// The spool that it writes, bytes.
    pub spool: Forecast,
    /// Age of the oldest work that waits, ms.
    pub lag_ms: u64,
    /// How fast that grows, ms in a second, by the last minute; `None` = no trend.
    pub lag_rise_ms_per_second: Option<i64>,
}

/// How long a role's processes ran, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Lives {
    pub count: u64,
    pub last_ms: u64,
    pub mean_ms: u64,
    pub max_ms: u64,
}

/// One failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Failure {
    /// When, ns since the epoch.
    pub time_ns: u64,
    /// Exit code, signal, or silence.
    pub why: String,
    /// How long it had run, ms.
    pub ran_ms: u64,
}

/// How full something is, and when it will be full if the last minute goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Forecast {
    /// Now.
    #[serde(flatten)]
    pub fill: Fill,
    /// Seconds until it is full; `None` = no such trend.
    pub seconds_until_full: Option<u64>,
}

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Whom it is about.
    pub role: String,
    /// "failing", "ended", "not_ready", "overloaded", "queue_fills", "spool_fills", "falls_behind".
    pub kind: String,
    /// Since when, ns since the epoch.
    pub since_ns: u64,
    /// One sentence: what, and the remedy.
    pub text: String,
}

impl RunLine {
    /// The state of `role`.
    pub fn of(&self, role: Role) -> Option<&RoleState> {
        self.roles.iter().find(|state| state.role == role.name())
    }
}
