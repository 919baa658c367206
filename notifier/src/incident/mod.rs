//! incident: from transitions to notifications; group, inhibit, silence, acknowledge, escalate, repeat, cap.
//!
//! [`book`] holds the open incidents and is pure: `decide` takes transitions and the time, and gives rows to
//! [`crate::outbox`]. [`desk`] owns both and the state file behind one lock, writes what changed in one transaction,
//! and is what the role, its control handler and the senders call. The life of an incident in it: [`open`] (what is
//! kept), [`mute`] (silenced, inhibited, maintenance), [`alert`] (who hears of it first), [`lane`] (how often),
//! [`ladder`] (reminders, escalation, fallback), [`close`] (resolved, report), [`compose`] (the notice),
//! `aftermath` (what the report tells beside the incident).
//!
//! Bounds: the constants here. Nothing here reads a clock.

pub mod act;
mod aftermath;
pub mod alert;
pub mod book;
mod check;
pub mod close;
pub mod compose;
pub mod config;
pub mod desk;
mod detail;
pub mod id;
pub mod ladder;
pub mod lane;
pub mod metrics;
pub mod month;
pub mod mute;
pub mod open;
pub mod settings;
pub mod status;
mod table;
pub mod tally;
#[cfg(test)]
mod tests;
pub mod token;
pub mod window;

pub use book::{Book, Changed, Facts};
pub use desk::{Desk, stored};
pub use settings::{ChannelInfo, ChannelKind, Settings};

/// Open incidents; at about 2 KiB each, 40 MiB. What is critical may use a tenth more.
pub const INCIDENTS_MAX: usize = 20_000;

/// Receivers: each is looked at for each incident once a second.
pub const RECEIVERS_MAX: usize = 64;

/// Steps of a ladder.
pub const LADDER_STEPS_MAX: usize = 8;

/// Silences at a time.
pub const SILENCES_MAX: usize = 256;

/// Lines of an incident's history.
pub const TIMELINE_MAX: usize = 24;

/// Lines of what happened on this machine that are kept; a report shows those of its incident's time.
pub const JOURNAL_MAX: usize = 128;

/// Incidents in one notice; the rest is a number.
pub const NOTICE_INCIDENTS_MAX: usize = 20;

/// A few new incidents, which are told sooner than many.
pub const FEW: usize = 5;

/// Tables of this part in the state file.
pub const MIGRATIONS: &[(&str, &str)] = &[(
    "incident_0001",
    "CREATE TABLE incidents (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
     CREATE TABLE silences (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
     CREATE TABLE tokens (hash TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
     CREATE TABLE pipeline (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;",
)];
