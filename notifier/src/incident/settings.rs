//! What the configuration means to the pipeline: people with their zones, channels with their kinds.

use std::time::Duration;

use jiff::Zoned;
use jiff::tz::TimeZone;
use live::incident::Severity;

use super::config::{self, Step};
use super::mute::Window;
use super::window::{Week, local};
use crate::notice::Language;

/// What kind of channel it is, as far as the pipeline must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// Long texts, threads, links.
    Email,
    /// Few words, that cost money.
    Sms,
    /// A machine.
    WebHook,
    /// A program.
    Script,
}

/// A channel by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// `email`, or the name of its entry.
    pub name: String,
    /// Its kind.
    pub kind: ChannelKind,
    /// Answers come back by it, from senders that the gateway vouches for: codes are sent, and obeyed.
    pub is_answered: bool,
}

/// A receiver.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "as in the configuration")]
pub struct Person {
    pub name: String,
    pub mail: String,
    pub phone: String,
    pub language: Language,
    pub zone: TimeZone,
    pub hours: Vec<Week>,
    pub critical_at_any_hour: bool,
    pub severity_min: Severity,
    pub channels: Vec<String>,
    pub critical_channels: Vec<String>,
    pub status_channels: Vec<String>,
    pub ladder: Vec<Step>,
}

impl Person {
    /// Address or number for a channel; `None` = there is none.
    pub fn address(&self, kind: ChannelKind) -> Option<&str> {
        let address = match kind {
            ChannelKind::Email => &self.mail,
            ChannelKind::Sms => &self.phone,
            ChannelKind::WebHook | ChannelKind::Script => &self.name,
        };
        (!address.is_empty()).then_some(address)
    }

    /// Whether it may be told something of this severity at that time.
    pub fn may_hear(&self, severity: Severity, now_ns: u64) -> bool {
        if self.hours.is_empty() || (self.critical_at_any_hour && severity == Severity::Critical) {
            return true;
        }
        let at = local(now_ns, &self.zone);
        self.hours.iter().any(|week| week.contains(&at))
    }
}

/// Everything that the pipeline must know and that does not change by itself.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Settings {
    pub node: String,
    pub public_url: String,
    pub pipeline: config::Config,
    pub people: Vec<Person>,
    pub channels: Vec<ChannelInfo>,
    pub windows: Vec<Window>,
    /// What the windows were read from, in the same order.
    pub maintenance: Vec<config::Maintenance>,
    pub zone: TimeZone,
    pub billing_day: u8,
}

/// Every channel that the configuration names; `answered` = those whose gateway vouches for the senders of answers.
pub fn channels(config: &crate::config::Config, answered: &[String]) -> Vec<ChannelInfo> {
    let email = std::iter::once(("email".to_owned(), ChannelKind::Email));
    let sms = config.sms.iter().map(|entry| (entry.name.clone(), ChannelKind::Sms));
    let hooks = config.webhook.iter().map(|entry| (entry.name.clone(), ChannelKind::WebHook));
    let scripts = config.script.iter().map(|entry| (entry.name.clone(), ChannelKind::Script));
    let all = email.chain(sms).chain(hooks).chain(scripts);
    all.map(|(name, kind)| {
        let is_answered = kind == ChannelKind::Sms && answered.contains(&name);
        ChannelInfo { name, kind, is_answered }
    })
    .collect()
}

impl Settings {
    /// Reads the zones; one that this machine does not know is told, and UTC.
    pub fn new(config: &crate::config::Config, node: &str, public_url: &str, answered: &[String]) -> Settings {
        let zone = zone(&config.pipeline.zone, &TimeZone::system());
        let person = |receiver: &config::Receiver| Person {
            name: receiver.name.clone(),
            mail: receiver.mail.clone(),
            phone: receiver.phone.clone(),
            language: match receiver.language.as_str() {
                "en" => Language::En,
                "ru" => Language::Ru,
                _ => config.language,
            },
            zone: self::zone(&receiver.zone, &zone),
            hours: receiver.hours.iter().filter_map(|text| Week::parse(text)).collect(),
            critical_at_any_hour: receiver.critical_at_any_hour,
            severity_min: receiver.severity_min,
            channels: receiver.channels.clone(),
            critical_channels: receiver.critical_channels.clone(),
            status_channels: receiver.status_channels.clone(),
            ladder: receiver.ladder.clone(),
        };
        Settings {
            node: node.to_owned(),
            public_url: public_url.trim_end_matches('/').to_owned(),
            pipeline: config.pipeline.clone(),
            people: config.receiver.iter().map(person).collect(),
            channels: channels(config, answered),
            windows: config.maintenance.iter().map(Window::new).collect(),
            maintenance: config.maintenance.clone(),
            zone,
            billing_day: config.billing_day,
        }
    }

    /// A channel by its name.
    pub fn channel(&self, name: &str) -> Option<&ChannelInfo> {
        self.channels.iter().find(|channel| channel.name == name)
    }

    /// A receiver by its name.
    pub fn person(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.name == name)
    }

    /// Messages an hour to one receiver by a channel of this kind.
    pub fn cap(&self, kind: ChannelKind) -> usize {
        let cap = match kind {
            ChannelKind::Email => self.pipeline.email_per_hour,
            ChannelKind::Sms => self.pipeline.sms_per_hour,
            ChannelKind::WebHook | ChannelKind::Script => self.pipeline.other_per_hour,
        };
        cap as usize
    }

    /// How long a message of a channel of this kind is worth sending, ns.
    pub fn expiry_ns(&self, kind: ChannelKind) -> u64 {
        ns(match kind {
            ChannelKind::Email => self.pipeline.email_expiry,
            ChannelKind::Sms => self.pipeline.sms_expiry,
            ChannelKind::WebHook | ChannelKind::Script => self.pipeline.other_expiry,
        })
    }

    /// The time in this machine's zone.
    pub fn local(&self, now_ns: u64) -> Zoned {
        local(now_ns, &self.zone)
    }
}

/// A duration of the configuration in ns.
pub fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn zone(name: &str, other: &TimeZone) -> TimeZone {
    if name.is_empty() {
        return other.clone();
    }
    TimeZone::get(name).unwrap_or_else(|error| {
        tracing::warn!(zone = name, %error, "the time zone is not known; UTC is used; `timedatectl list-timezones` has the names");
        TimeZone::UTC
    })
}
