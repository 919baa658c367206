//! How an incident stands after a change.

use serde::{Deserialize, Serialize};

use super::event::Severity;

/// Bytes of an incident's id.
pub const INCIDENT_BYTES: usize = 16;

/// Where an incident is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum IncidentState {
    /// It goes on.
    #[default]
    Firing = 1,
    /// It comes and goes.
    Flapping = 2,
    /// It is over.
    Resolved = 3,
}

/// One incident after one change; the row with the newest `ts` (and then the highest number) counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IncidentRow {
    /// When it changed, UNIX seconds.
    pub ts: u64,
    /// Its id.
    pub incident: [u8; INCIDENT_BYTES],
    /// Where in its life.
    pub state: IncidentState,
    /// How bad.
    pub severity: Severity,
    /// The rule, at most 64 characters.
    pub rule: String,
    /// What it is about, at most 255 characters: `kind` or `kind:name`.
    pub subject: String,
    /// When the limit was crossed, UNIX seconds.
    pub opened: u64,
    /// When it ended, UNIX seconds; 0 = it goes on.
    pub closed: u64,
    /// The newest value.
    pub value: f64,
    /// The limit.
    pub limit: f64,
    /// The worst value.
    pub peak: f64,
    /// What happened, one sentence, at most 1000 characters.
    pub text: String,
    /// The whole incident as a JSON object, without what is too long for a row.
    pub detail: String,
}
