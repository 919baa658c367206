//! `[notifier.pipeline]`, `[[notifier.receiver]]`, `[[notifier.maintenance]]`.

use std::time::Duration;

use live::incident::{Severity, SubjectKind};
use serde::{Deserialize, Serialize};

pub use super::check::{check, check_people};

/// How incidents become notifications.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long the first message of a group waits for more.
    #[serde(with = "humantime_serde")]
    pub group_wait: Duration,
    /// The same if something critical is among them.
    #[serde(with = "humantime_serde")]
    pub group_wait_critical: Duration,
    /// Many new ones of a group are told this often.
    #[serde(with = "humantime_serde")]
    pub group_interval: Duration,
    /// A few new ones of a group are told this long after the last message.
    #[serde(with = "humantime_serde")]
    pub follow_wait: Duration,
    /// What is over must stay so before it is told.
    #[serde(with = "humantime_serde")]
    pub resolved_wait: Duration,
    /// What goes on is told again this often; 0 = never.
    #[serde(with = "humantime_serde")]
    pub repeat: Duration,
    /// The same for critical ones.
    #[serde(with = "humantime_serde")]
    pub repeat_critical: Duration,
    /// So many crossings within `flap_window` are flapping.
    pub flap_crossings: u64,
    /// See `flap_crossings`; also how long it must be calm.
    #[serde(with = "humantime_serde")]
    pub flap_window: Duration,
    /// An incident that lasted so long ends with a report; an attack always does.
    #[serde(with = "humantime_serde")]
    pub report_after: Duration,
    /// A channel that was away so long sends one digest.
    #[serde(with = "humantime_serde")]
    pub digest_after: Duration,
    /// A channel that fails so long is replaced by the next step of the receiver's ladder.
    #[serde(with = "humantime_serde")]
    pub fallback_after: Duration,
    /// A critical message that waits so long makes the health red.
    #[serde(with = "humantime_serde")]
    pub late_after: Duration,
    /// Messages an hour to one receiver by e-mail.
    pub email_per_hour: u32,
    /// By SMS.
    pub sms_per_hour: u32,
    /// By each web hook and script.
    pub other_per_hour: u32,
    /// Of these, how many are kept for critical ones.
    pub critical_reserve: u32,
    /// A mail that could not be sent for so long is given up.
    #[serde(with = "humantime_serde")]
    pub email_expiry: Duration,
    /// An SMS.
    #[serde(with = "humantime_serde")]
    pub sms_expiry: Duration,
    /// A web hook or script.
    #[serde(with = "humantime_serde")]
    pub other_expiry: Duration,
    /// A status message.
    #[serde(with = "humantime_serde")]
    pub status_expiry: Duration,
    /// The status message goes out this often; 0 = only at `status_at`.
    #[serde(with = "humantime_serde")]
    pub status_every: Duration,
    /// Times of the day, `HH:MM`, at which it goes out.
    pub status_at: Vec<String>,
    /// Zone of maintenance windows and of receivers that name none; empty = this machine's.
    pub zone: String,
}

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

impl Default for Config {
    fn default() -> Config {
        Config {
            group_wait: Duration::from_secs(10),
            group_wait_critical: Duration::ZERO,
            group_interval: minutes(5),
            follow_wait: Duration::from_secs(30),
            resolved_wait: minutes(2),
            repeat: minutes(240),
            repeat_critical: minutes(60),
            flap_crossings: 4,
            flap_window: minutes(10),
            report_after: minutes(30),
            digest_after: minutes(10),
            fallback_after: minutes(5),
            late_after: minutes(5),
            email_per_hour: 30,
            sms_per_hour: 10,
            other_per_hour: 120,
            critical_reserve: 3,
            email_expiry: minutes(24 * 60),
            sms_expiry: minutes(120),
            other_expiry: minutes(120),
            status_expiry: minutes(15),
            status_every: Duration::ZERO,
            status_at: Vec::new(),
            zone: String::new(),
        }
    }
}

/// `[[notifier.receiver]]`: a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Receiver {
    /// Its name, unique.
    pub name: String,
    /// Mail address; empty = none.
    pub mail: String,
    /// Phone number, `+` and the country first; empty = none.
    pub phone: String,
    /// "en", "ru"; empty = `notifier.language`.
    pub language: String,
    /// Time zone, such as `Europe/Moscow`; empty = `notifier.pipeline.zone`.
    pub zone: String,
    /// When it is told, such as `mon-fri 08:00-20:00`; empty = always.
    pub hours: Vec<String>,
    /// Critical ones are told at any hour.
    pub critical_at_any_hour: bool,
    /// What is less severe is not told.
    pub severity_min: Severity,
    /// Channels of everything that is told.
    pub channels: Vec<String>,
    /// Channels that critical ones take beside these.
    pub critical_channels: Vec<String>,
    /// Channels of the status message.
    pub status_channels: Vec<String>,
    /// What happens while nobody acknowledges, in order.
    pub ladder: Vec<Step>,
}

impl Default for Receiver {
    fn default() -> Receiver {
        Receiver {
            name: String::new(),
            mail: String::new(),
            phone: String::new(),
            language: String::new(),
            zone: String::new(),
            hours: Vec::new(),
            critical_at_any_hour: true,
            severity_min: Severity::Warning,
            channels: Vec::new(),
            critical_channels: Vec::new(),
            status_channels: Vec::new(),
            ladder: Vec::new(),
        }
    }
}

/// A step of a ladder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// So long after the receiver was told first.
    #[serde(with = "humantime_serde")]
    pub after: Duration,
    /// By these channels.
    pub channels: Vec<String>,
    /// These receivers; empty = the one whose ladder it is.
    pub receivers: Vec<String>,
    /// Only what is at least so severe.
    pub severity_min: Severity,
}

impl Default for Step {
    fn default() -> Step {
        Step { after: minutes(10), channels: Vec::new(), receivers: Vec::new(), severity_min: Severity::Warning }
    }
}

/// `[[notifier.maintenance]]`: a time in which some incidents are not told. What is empty matches all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Maintenance {
    /// For people.
    pub name: String,
    /// Every week, such as `sun 02:00-04:00`; empty = once, by `from` and `until`.
    pub weekly: Vec<String>,
    /// Once, `2026-12-24 22:00`, local time.
    pub from: String,
    /// Until then.
    pub until: String,
    /// Rule name.
    pub rule: String,
    /// Kind of subject: "host", "disk" …
    pub subject_kind: String,
    /// The subject's name; an address is also matched by a prefix.
    pub subject: String,
    /// Only up to this severity: "info", "warning"; empty = all.
    pub severity_max: String,
}

/// A kind of subject by its name in the configuration; `None` = there is no such kind.
pub fn subject_kind(name: &str) -> Option<SubjectKind> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

/// A severity by its name.
pub fn severity(name: &str) -> Option<Severity> {
    [Severity::Info, Severity::Warning, Severity::Critical].into_iter().find(|severity| severity.name() == name)
}
