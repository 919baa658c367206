//! Details that a role tells when it is asked: notifier's rules and silences, its outbox. What each path gives.

use serde::{Deserialize, Serialize};

use crate::incident::{Severity, SubjectKind, Unit, Words};

/// Path of [`RulesDetail`] on notifier's socket.
pub const RULES: &str = "/rules";

/// Path of [`OutboxDetail`] on notifier's socket.
pub const OUTBOX: &str = "/outbox";

/// The rules at work, and what keeps them quiet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RulesDetail {
    /// Each rule; the user's own last.
    pub rules: Vec<RuleDetail>,
    /// Why the newest configuration is not at work; empty = it is.
    pub refused: String,
    /// What people silenced.
    pub silences: Vec<SilenceDetail>,
    /// Windows of the configuration.
    pub maintenance: Vec<MaintenanceDetail>,
    /// The newest changes of limits, the last one first.
    pub changes: Vec<ChangeDetail>,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleDetail {
    /// Its name.
    pub name: String,
    /// It came with the program; `false` = it is of the configuration.
    pub is_built_in: bool,
    /// What it looks at.
    pub subject: SubjectKind,
    /// How bad it is.
    pub severity: Severity,
    /// When it fires, as it is written; a changed limit stands in `limit`.
    pub when: String,
    /// The limit at work; `None` = it has no single one, and cannot be changed from the page.
    pub limit: Option<f64>,
    /// The level to clear at work; `None` = when `when` does not hold, or it has no single one.
    pub clear: Option<f64>,
    /// Limit and level to clear without what was changed from the page.
    pub limit_configured: Option<f64>,
    /// See there.
    pub clear_configured: Option<f64>,
    /// Of both.
    pub unit: Unit,
    /// A greater value is worse; `None` = neither.
    pub is_upward: Option<bool>,
    /// How long it must hold, and how long it must be clear, seconds.
    pub for_s: u64,
    /// See there.
    pub keep_s: u64,
    /// Subjects for which it fires now.
    pub firing: u64,
    /// Subjects above the limit for less than `for_s`.
    pub pending: u64,
    /// Why it is there; empty for rules of the configuration.
    pub why: Words,
    /// Who changed the limit; empty = nobody.
    pub changed_by: String,
    /// When, ns since the epoch.
    pub changed_ns: u64,
}

/// One silence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SilenceDetail {
    /// Its id: that of the request that made it.
    pub id: String,
    /// What it matches and who made it.
    #[serde(flatten)]
    pub silence: crate::action::Silence,
    /// It is on.
    pub is_on: bool,
}

/// One maintenance window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as in the configuration")]
pub struct MaintenanceDetail {
    pub name: String,
    pub weekly: Vec<String>,
    pub from: String,
    pub until: String,
    pub rule: String,
    pub subject_kind: String,
    pub subject: String,
    pub severity_max: String,
    /// It is on.
    pub is_on: bool,
}

/// A change of a limit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangeDetail {
    /// The rule.
    pub rule: String,
    /// The limit; `None` = as configured.
    pub limit: Option<f64>,
    /// The level to clear; `None` = as configured, or in proportion.
    pub clear: Option<f64>,
    /// Who.
    pub by: String,
    /// When, ns since the epoch.
    pub time_ns: u64,
}

/// The channels and the newest messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OutboxDetail {
    /// Each channel of the configuration.
    pub channels: Vec<ChannelDetail>,
    /// Those that wait and the newest of the others, the last one first; bounded.
    pub messages: Vec<MessageDetail>,
}

/// One channel, beside what the line says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelDetail {
    /// Its name.
    pub channel: String,
    /// "email", "sms", "webhook", "script".
    pub kind: String,
    /// Receivers that use it; nobody is told by a channel without one.
    pub receivers: Vec<String>,
    /// Since the start.
    pub sent: u64,
    /// Refused for good, since the start.
    pub failed: u64,
    /// Too old, since the start.
    pub expired: u64,
    /// Replaced by a later message, since the start.
    pub superseded: u64,
}

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageDetail {
    /// Its id.
    pub id: String,
    /// When it was made, ns since the epoch.
    pub created_ns: u64,
    /// "alert", "resolved", "test" …
    pub kind: String,
    /// The worst of its incidents.
    pub severity: Severity,
    /// To whom: the receiver's name, never the address.
    pub receiver: String,
    /// By which channel.
    pub channel: String,
    /// Ids of the incidents that it names.
    pub incidents: Vec<String>,
    /// "waiting", "sending", "sent", "delivered", "failed", "expired", "superseded".
    pub state: String,
    /// Attempts begun.
    pub attempts: u32,
    /// The last answer or error.
    pub answer: String,
    /// When it became final, ns; 0 = it did not.
    pub settled_ns: u64,
    /// An attempt may have been delivered: its answer was never seen.
    pub is_unsure: bool,
}
