//! What a notification says, before it has a shape: the outbox keeps it, the channels put it into words.
//!
//! The words are a pure function of the notice, the channel and the language, so that a repeat is the same to the byte.

use live::host::HostState;
use live::incident::{Incident, Severity, Unit, Words};
use serde::{Deserialize, Serialize};

/// What a message is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Incidents fire.
    #[default]
    Alert,
    /// They still do.
    Reminder,
    /// Nobody acknowledged it in time: the next step of the ladder.
    Escalation,
    /// They are over.
    Resolved,
    /// It comes and goes.
    Flapping,
    /// What happened while the channel was away, instead of many old messages.
    Digest,
    /// The end of a large incident: time line, totals, losses.
    Report,
    /// All is well, so it is told.
    Status,
    /// A person tries the channel.
    Test,
}

/// The language of a receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
}

impl Language {
    /// The words in this language.
    pub fn of(self, words: &Words) -> &str {
        match self {
            Language::Ru if !words.ru.is_empty() => &words.ru,
            Language::Ru | Language::En => &words.en,
        }
    }
}

/// One message to one receiver. At most [`crate::limits::NOTICE_BYTES_MAX`] as JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notice {
    /// What it is for.
    pub kind: NoticeKind,
    /// In which language.
    pub language: Language,
    /// Name of this machine.
    pub node: String,
    /// When it was written, ns since the epoch.
    pub time_ns: u64,
    /// The receiver's zone: seconds east of UTC at that time.
    pub utc_offset_s: i32,
    /// The worst of its incidents.
    pub severity: Severity,
    /// The incidents, the worst first; at most 20.
    pub incidents: Vec<Incident>,
    /// Incidents that the list has no room for.
    pub more: u64,
    /// Six characters that acknowledge by SMS; empty = not possible.
    pub code: String,
    /// Link that acknowledges by mail; empty = none.
    pub acknowledge_url: String,
    /// Link to the page; empty = none.
    pub page_url: String,
    /// The host at that time; for load and status.
    pub host: Option<Box<HostState>>,
    /// The last hour of what the first incident is about.
    pub chart: Option<Chart>,
    /// What the status message tells.
    pub status: Option<Status>,
    /// For a report: what happened when.
    pub timeline: Vec<Moment>,
    /// For a report: what else happened on this machine meanwhile, as far as Floodmark heard of it; at most 40.
    pub journal: Vec<Moment>,
    /// For a report: what was lost meanwhile; `None` = nobody counted.
    pub losses: Option<Losses>,
    /// It is the last one that a cap lets through until then, ns since the epoch.
    pub capped_until_ns: Option<u64>,
    /// For a digest: messages that it stands for.
    pub replaces: u64,
}

/// A line over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chart {
    /// What it shows.
    pub title: Words,
    /// In what.
    pub unit: Unit,
    /// Drawn as a line, if there is one.
    pub limit: Option<f64>,
    /// UNIX seconds and value, in order; at most 720.
    pub points: Vec<(u64, f64)>,
}

/// "All is well".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Wire bytes towards the local networks since the billing day.
    pub bytes_in: u64,
    /// From them.
    pub bytes_out: u64,
    /// First day of the billing month, UNIX seconds.
    pub billing_since_s: u64,
    /// Share of the link or the CPU, whichever is higher, percent.
    pub load_percent: f64,
    /// Nothing fires.
    pub is_stable: bool,
    /// Books balance.
    pub imbalance: i64,
}

/// What was lost, or removed, in the words of the books: each kind has its own and they are never added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Losses {
    /// Frames that the kernel dropped because a ring was full.
    pub dropped: u64,
    /// Frames that the devices counted and the taps did not see; signed, an observation.
    pub pre_tap: i64,
    /// Wire packets that were kept as totals only.
    pub coarsened: u64,
    /// Wire packets that were counted and not written.
    pub shed: u64,
    /// Wire packets that passed while capture did not run.
    pub blind: u64,
    /// Wire packets whose rows the spool lost.
    pub gap: u64,
    /// Rows that the database refused.
    pub rows_parked: u64,
    /// Rows that the retention removed from the store.
    pub rows_removed: u64,
    /// Bytes that it gave back.
    pub bytes_removed: u64,
}

impl Losses {
    /// The other's too.
    pub fn add(&mut self, other: &Losses) {
        self.pre_tap = self.pre_tap.saturating_add(other.pre_tap);
        self.join(other, u64::saturating_add);
    }

    /// What came after `before`.
    pub fn since(&self, before: &Losses) -> Losses {
        let mut since = *self;
        since.pre_tap = since.pre_tap.saturating_sub(before.pre_tap);
        since.join(before, u64::saturating_sub);
        since
    }

    fn join(&mut self, other: &Losses, by: fn(u64, u64) -> u64) {
        for (own, other) in [
            (&mut self.dropped, other.dropped),
            (&mut self.coarsened, other.coarsened),
            (&mut self.shed, other.shed),
            (&mut self.blind, other.blind),
            (&mut self.gap, other.gap),
            (&mut self.rows_parked, other.rows_parked),
            (&mut self.rows_removed, other.rows_removed),
            (&mut self.bytes_removed, other.bytes_removed),
        ] {
            *own = by(*own, other);
        }
    }
}

/// A line of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Moment {
    pub time_ns: u64,
    pub what: Words,
}
