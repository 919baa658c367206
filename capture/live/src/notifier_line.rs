//! The line of notifier: the host, the incidents, the outbox.

use serde::{Deserialize, Serialize};

use crate::host::HostState;
use crate::incident::Incident;
use crate::line::Envelope;

/// notifier's line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotifierLine {
    /// uid, role, time.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// "normal", or "attack" while an attack goes on.
    #[serde(default)]
    pub mode: String,
    /// The newest sample.
    #[serde(default)]
    pub host: HostState,
    /// Those that go on, the worst and then the newest first; bounded.
    #[serde(default)]
    pub incidents: Vec<Incident>,
    /// How many go on, those that the list has no room for included.
    #[serde(default)]
    pub incidents_open: u64,
    /// What waits to be sent.
    #[serde(default)]
    pub outbox: OutboxState,
    /// The rules at work.
    #[serde(default)]
    pub rules: RulesState,
}

/// Notifications, one row for each recipient and channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OutboxState {
    /// Not sent yet.
    pub waiting: u64,
    /// Age of the oldest of them, ms.
    pub oldest_ms: u64,
    /// Accepted by a server, since the start.
    pub sent: u64,
    /// Given up (refused for good, or too old), since the start.
    pub failed: u64,
    /// Each channel.
    pub channels: Vec<ChannelState>,
    /// The newest test messages, the last one last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestState>,
}

/// What became of a test message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestState {
    /// The row's id.
    pub id: String,
    /// To whom.
    pub receiver: String,
    /// By which channel.
    pub channel: String,
    /// "waiting", "sent", "delivered", "failed", "expired".
    pub state: String,
    /// The channel's answer, or why it failed.
    pub answer: String,
    /// From the order to the outcome, ms.
    pub took_ms: u64,
}

/// One channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelState {
    /// Its name.
    pub channel: String,
    /// "idle", "sending", "failing: REASON".
    pub state: String,
    /// When it last sent something, ns since the epoch; 0 = not yet.
    pub last_sent_ns: u64,
    /// Attempts that failed since then.
    pub failures: u64,
    /// Not sent yet.
    pub waiting: u64,
}

/// The rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RulesState {
    /// At work.
    pub rules: u64,
    /// Subjects that are watched apart.
    pub subjects: u64,
    /// Subjects left out because there were too many, since the start.
    pub subjects_left_out: u64,
    /// Why the newest configuration is not at work; empty = it is.
    pub refused: String,
}
