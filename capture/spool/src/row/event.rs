//! Something that happened once: a start, a stop, a link change, a gap.

use serde::{Deserialize, Serialize};

/// How much an event matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Part of the day's life.
    #[default]
    Info,
    /// Degraded, and mended by itself.
    Warning,
    /// A person should look.
    Critical,
}

impl Severity {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// UNIX seconds.
    pub ts: u64,
    /// What kind, dotted: `capture.start`, `link.down` …
    pub kind: String,
    /// How much it matters.
    #[serde(default)]
    pub severity: Severity,
    /// What it happened to: an interface, a role.
    #[serde(default)]
    pub subject: String,
    /// One sentence for a person.
    pub text: String,
}
