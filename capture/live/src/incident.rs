//! An incident as everybody tells it: notifier's line and rows, the notices, the page.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To know.
    Info,
    /// To look at today.
    #[default]
    Warning,
    /// To look at now.
    Critical,
}

impl Severity {
    /// Its name in messages and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// What a rule speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    /// This machine.
    #[default]
    Node,
    /// A local address.
    Host,
    /// A local prefix.
    Prefix,
    /// A network interface.
    Interface,
    /// A mount point.
    Disk,
    /// Processes of one name.
    Process,
    /// A role of Floodmark.
    Role,
    /// A channel of notifications.
    Channel,
    /// Another Floodmark.
    Peer,
}

impl SubjectKind {
    /// Its name in rules, rows and the arguments of actions.
    pub const fn name(self) -> &'static str {
        match self {
            SubjectKind::Node => "node",
            SubjectKind::Host => "host",
            SubjectKind::Prefix => "prefix",
            SubjectKind::Interface => "interface",
            SubjectKind::Disk => "disk",
            SubjectKind::Process => "process",
            SubjectKind::Role => "role",
            SubjectKind::Channel => "channel",
            SubjectKind::Peer => "peer",
        }
    }
}

/// What an incident is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Subject {
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Which; at most 255 characters, none of them a control character. Empty for the node.
    pub name: String,
}

/// What a value is measured in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Unit {
    #[default]
    Count,
    Percent,
    Bytes,
    Seconds,
    Hours,
    Celsius,
    PacketsPerSecond,
    BitsPerSecond,
    FlowsPerSecond,
    PerSecond,
}

/// One sentence in each language; the user's own rules have one for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Words {
    /// English, or the user's own.
    pub en: String,
    /// Russian; empty = as `en`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ru: String,
}

/// Where an incident is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentPhase {
    /// It goes on.
    #[default]
    Firing,
    /// It comes and goes: one message, then silence until it is calm.
    Flapping,
    /// It is over.
    Resolved,
}

/// One incident: a rule and a subject, from the first crossing to its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Incident {
    /// Its id: 32 hexadecimal digits.
    pub id: String,
    /// The rule's name.
    pub rule: String,
    /// What it is about.
    pub subject: Subject,
    /// How bad.
    pub severity: Severity,
    /// Where in its life.
    pub phase: IncidentPhase,
    /// When the limit was crossed, ns since the epoch.
    pub since_ns: u64,
    /// When it began to fire (after the rule's `for`), ns.
    pub fired_ns: u64,
    /// When it ended, ns; `None` = it goes on.
    pub resolved_ns: Option<u64>,
    /// The newest value.
    pub value: f64,
    /// The limit that was crossed.
    pub limit: f64,
    /// The worst value.
    pub peak: f64,
    /// Of the three.
    pub unit: Unit,
    /// What happened, one sentence.
    pub summary: Words,
    /// What to do, one sentence; empty = none is known.
    pub remedy: Words,
    /// Of the rule.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Who acknowledged it; empty = nobody.
    pub acknowledged_by: String,
    /// Until when it is silenced, ns; `None` = it is not.
    pub silenced_until_ns: Option<u64>,
    /// Times that it crossed the limit within this incident.
    pub crossings: u64,
    /// If it is an attack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attack: Option<Box<Attack>>,
}

/// What is known of an attack. Lists: the largest first, at most 20 entries; their counts are estimates, of the busiest
/// second. Totals are lower bounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attack {
    /// Its kind, such as `syn_flood`, `dns_amplification`; the list is `notifier`'s.
    pub kind: String,
    /// Its kind for people.
    pub title: Words,
    /// Whether the sources are forged; `None` = cannot be told.
    pub spoofed: Option<bool>,
    /// "in" (towards the target) or "out" (from it).
    pub direction: String,
    /// Address or prefix that is attacked, or attacks.
    pub target: String,
    /// Highest packets a second.
    pub packets_per_second_peak: u64,
    /// Highest bits a second.
    pub bits_per_second_peak: u64,
    /// Wire packets since it began.
    pub packets: u64,
    /// Wire bytes since it began.
    pub bytes: u64,
    /// Estimate of distinct remote addresses in the busiest second.
    pub remote_addresses: u64,
    /// Remote addresses.
    pub sources: Vec<Share>,
    /// Their /24 and /64 prefixes.
    pub source_prefixes: Vec<Share>,
    /// Remote ports, `udp/53`.
    pub source_ports: Vec<Share>,
    /// Local ports, `tcp/443`.
    pub target_ports: Vec<Share>,
    /// Lengths of packets, bytes: `64-127`.
    pub sizes: Vec<Share>,
    /// Times to live (hop limits) of packets that came.
    pub ttls: Vec<Share>,
    /// File of sample packets; empty = none yet.
    pub sample: String,
    /// Packets in it.
    pub sample_packets: u64,
}

/// One of the largest of something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Share {
    pub key: String,
    pub packets: u64,
    pub bytes: u64,
}
