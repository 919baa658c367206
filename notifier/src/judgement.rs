//! What passes from those who judge (rules, attack detection, the roles' own alerts) to the incidents.
//!
//! A judge gives one [`Reading`] for each rule and subject and tick; the state machine (`rule::machine`) makes
//! [`Transition`]s of them: `for`, hysteresis, `keep` and flapping are the same for all judges.

use std::collections::BTreeMap;
use std::sync::Arc;

use live::incident::{Attack, Severity, Subject, Unit, Words};
use serde::{Deserialize, Serialize};

/// Names under which judges other than the rules speak: no rule may have one of them. Attacks, towards this network and
/// from it.
pub const ATTACK: &str = "attack";
/// See [`ATTACK`].
pub const ATTACK_OUT: &str = "attack-out";
/// Ordinary traffic above a limit, towards this network.
pub const TRAFFIC_LIMIT: &str = "traffic-limit";
/// The same from it.
pub const TRAFFIC_LIMIT_OUT: &str = "traffic-limit-out";
/// A channel that does not deliver.
pub const CHANNEL_FAILING: &str = "channel-failing";
/// The dead-man ping is not taken.
pub const PING_FAILED: &str = "ping-failed";
/// A peer is down.
pub const PEER_DOWN: &str = "peer-down";

/// All of them.
pub const JUDGES: [&str; 7] =
    [ATTACK, ATTACK_OUT, TRAFFIC_LIMIT, TRAFFIC_LIMIT_OUT, CHANNEL_FAILING, PING_FAILED, PEER_DOWN];

/// What a rule does besides judging; shared by all of its readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleHead {
    /// Unique; at most 64 characters.
    pub name: String,
    /// How bad it is when it fires.
    pub severity: Severity,
    /// What it is about, for grouping and inhibition.
    pub class: Class,
    /// Of the user, copied to the incident.
    pub labels: BTreeMap<String, String>,
    /// Names of receivers; empty = all.
    pub receivers: Vec<String>,
    /// It fires after the condition held for so long, ns.
    pub for_ns: u64,
    /// It resolves after the condition was clear for so long, ns.
    pub keep_ns: u64,
    /// Why this rule is there: one sentence.
    pub why: Words,
}

/// What a rule is about. Alerts of one class and node travel together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// CPU, load, memory, processes.
    #[default]
    Load,
    /// Disks and RAID.
    Disk,
    /// Links and their load.
    Network,
    /// Attacks on hosts and prefixes, or from them.
    Attack,
    /// Floodmark's own parts: packets lost, books, database, roles.
    Floodmark,
    /// Channels that do not deliver.
    Delivery,
    /// Another Floodmark.
    Peer,
}

/// Where the value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Beyond the limit: it should fire.
    Above,
    /// Between the limit and the level to clear: as it was.
    Between,
    /// Clear.
    Below,
    /// There is no value: neither good nor bad.
    Unknown,
}

/// One rule's opinion of one subject at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The rule.
    pub rule: Arc<RuleHead>,
    /// About what.
    pub subject: Subject,
    /// Where the value lies.
    pub level: Level,
    /// The value; what it is for a rule of several is the first of its expression.
    pub value: f64,
    /// The limit.
    pub limit: f64,
    /// Of both.
    pub unit: Unit,
    /// What happens, one sentence with the value in it.
    pub summary: Words,
    /// What to do.
    pub remedy: Words,
    /// What is known of an attack.
    pub attack: Option<Box<Attack>>,
}

/// What became of a rule and subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It fires.
    Fired,
    /// It still fires, and something is new: value, peak, severity, attack. At most once a second.
    Updated,
    /// It crosses so often that only its calm is worth a message.
    Flapping,
    /// It is over.
    Resolved,
    /// Its rule or its subject is gone: over, without being well.
    Gone,
}

/// What the incidents hear. All times are ns since the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// What became of it.
    pub change: Change,
    /// When.
    pub time_ns: u64,
    /// When the limit was crossed first.
    pub since_ns: u64,
    /// The worst value since.
    pub peak: f64,
    /// Times that the limit was crossed since.
    pub crossings: u64,
    /// The newest reading; summary and remedy are of the newest one above the limit.
    pub reading: Reading,
}
