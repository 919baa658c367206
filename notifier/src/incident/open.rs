//! One open incident: what is kept of it until the last who was told of it knows that it is over.

use std::net::IpAddr;

use ipnet::IpNet;
use live::incident::{Incident, IncidentPhase, Severity, SubjectKind, Words};
use serde::{Deserialize, Serialize};

use super::TIMELINE_MAX;
use crate::judgement::{Change, Class, Transition};
use crate::notice::{Losses, Moment};

/// Who was told, by which channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// The receiver's name.
    pub receiver: String,
    /// The channel's.
    pub channel: String,
    /// How bad it was said to be.
    pub severity: Severity,
    /// When first, ns.
    pub since_ns: u64,
    /// When last, ns.
    pub time_ns: u64,
    /// The newest row of the outbox that tells it.
    pub row: String,
    /// It was said to come and go.
    pub flapping: bool,
    /// The next step of the ladder was taken because this row did not get through.
    pub fell: bool,
}

/// Why nobody is told of it now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mute {
    /// Nothing keeps it.
    #[default]
    Heard,
    /// A silence or a maintenance window, until then, ns.
    Silenced(u64),
    /// It follows from another incident.
    Inhibited,
}

/// An open incident.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Open {
    /// As everybody tells it.
    pub incident: Incident,
    /// Of its rule.
    pub class: Class,
    /// Of its rule; empty = all.
    pub receivers: Vec<String>,
    /// Of its rule, ns.
    pub for_ns: u64,
    /// Who was told.
    pub told: Vec<Told>,
    /// Receiver and channel of those who are still to be told, though it may be over by then: it is critical, and it was
    /// not their turn.
    pub owed: Vec<(String, String)>,
    /// Steps taken of each receiver's ladder.
    pub climbed: Vec<(String, u8)>,
    /// How bad it was when it was acknowledged.
    pub acknowledged_severity: Severity,
    /// When it got worse last, ns: the ladders begin anew.
    pub worse_ns: u64,
    /// What happened when.
    pub timeline: Vec<Moment>,
    /// All that had been lost when it began; `None` = nobody counted.
    pub losses_from: Option<Losses>,
    /// What was lost while it went on, once it is over.
    pub losses: Option<Losses>,
    /// Times of the newest crossings, ns, for flapping that the judges do not see.
    pub fired_at_ns: Vec<u64>,
    /// Its judge has spoken of it since this process began.
    #[serde(skip)]
    pub is_confirmed: bool,
    /// When its changing values were last made durable, ns.
    #[serde(skip)]
    pub saved_ns: u64,
    /// Whether it is kept quiet.
    #[serde(skip)]
    pub mute: Mute,
    /// Since when it could be told, ns; 0 = it could not.
    #[serde(skip)]
    pub audible_ns: u64,
    /// The addresses that it is about, if it is about any: read once.
    #[serde(skip)]
    pub net: Option<IpNet>,
}

/// What a transition did to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Only its values moved.
    Moved,
    /// Something that must be durable and is worth a row.
    Changed,
}

impl Open {
    /// A new one.
    pub fn new(id: String, transition: &Transition) -> Open {
        let (reading, rule) = (&transition.reading, &transition.reading.rule);
        let incident = Incident {
            id,
            rule: rule.name.clone(),
            subject: reading.subject.clone(),
            severity: rule.severity,
            since_ns: transition.since_ns,
            fired_ns: transition.time_ns,
            crossings: transition.crossings.max(1),
            labels: rule.labels.clone(),
            ..Incident::default()
        };
        let mut open = Open {
            incident,
            class: rule.class,
            receivers: rule.receivers.clone(),
            for_ns: rule.for_ns,
            is_confirmed: true,
            fired_at_ns: vec![transition.time_ns],
            ..Open::default()
        };
        open.read_net();
        open.take(transition);
        open.note(transition.time_ns, "it fires", "началось");
        open
    }

    /// Whether it goes on.
    pub fn is_firing(&self) -> bool {
        self.incident.phase != IncidentPhase::Resolved
    }

    /// Whether somebody takes care of it, at least as it was when they said so.
    pub fn is_acknowledged(&self) -> bool {
        !self.incident.acknowledged_by.is_empty() && self.incident.severity <= self.acknowledged_severity
    }

    /// The newest values.
    fn take(&mut self, transition: &Transition) {
        let (incident, reading) = (&mut self.incident, &transition.reading);
        incident.value = reading.value;
        incident.limit = reading.limit;
        incident.unit = reading.unit;
        incident.peak = transition.peak;
        incident.summary = reading.summary.clone();
        incident.remedy = reading.remedy.clone();
        if let Some(attack) = &reading.attack {
            // The judge does not know of the sample.
            let (sample, packets) =
                incident.attack.take().map_or_else(Default::default, |old| (old.sample, old.sample_packets));
            incident.attack = Some(attack.clone());
            self.keep_sample(sample, packets);
        }
    }

    /// Packets of the attack were kept as `file`.
    pub fn keep_sample(&mut self, file: String, packets: u64) {
        if let Some(attack) = &mut self.incident.attack
            && attack.sample.is_empty()
        {
            (attack.sample, attack.sample_packets) = (file, packets);
        }
    }

    /// Takes a transition of its rule and subject.
    pub fn apply(&mut self, transition: &Transition, flap: (u64, u64)) -> Effect {
        self.is_confirmed = true;
        let (before, phase) = (self.incident.severity, self.incident.phase);
        let now_ns = transition.time_ns;
        match transition.change {
            Change::Resolved | Change::Gone => {
                if self.is_firing() {
                    self.incident.phase = IncidentPhase::Resolved;
                    self.incident.resolved_ns = Some(now_ns);
                    self.incident.peak = transition.peak;
                    self.note(now_ns, "it is over", "закончилось");
                }
            }
            Change::Fired => {
                if !self.is_firing() {
                    self.reopen(now_ns, flap);
                }
                self.take(transition);
            }
            Change::Updated => self.take(transition),
            Change::Flapping => {
                if !self.is_firing() {
                    self.incident.resolved_ns = None;
                }
                self.take(transition);
                self.incident.crossings = self.incident.crossings.max(transition.crossings);
                self.flap(now_ns);
            }
        }
        let severity = transition.reading.rule.severity;
        if self.is_firing() && severity != before {
            self.incident.severity = severity;
            if severity > before {
                self.worse_ns = now_ns;
                self.note(now_ns, "it gets worse", "становится хуже");
            }
        }
        let is_same = before == self.incident.severity && phase == self.incident.phase;
        if is_same { Effect::Moved } else { Effect::Changed }
    }

    /// It is back before anybody was told that it is over.
    fn reopen(&mut self, now_ns: u64, (crossings, window_ns): (u64, u64)) {
        self.incident.phase = IncidentPhase::Firing;
        self.incident.resolved_ns = None;
        self.incident.crossings += 1;
        self.fired_at_ns.retain(|time| now_ns.saturating_sub(*time) < window_ns);
        self.fired_at_ns.push(now_ns);
        let is_flapping = self.fired_at_ns.len() as u64 >= crossings || self.told.iter().any(|told| told.flapping);
        if is_flapping {
            self.flap(now_ns);
        }
        let keep = usize::try_from(crossings).unwrap_or(1).max(1);
        let surplus = self.fired_at_ns.len().saturating_sub(keep);
        self.fired_at_ns.drain(..surplus);
    }

    fn flap(&mut self, now_ns: u64) {
        if self.incident.phase != IncidentPhase::Flapping {
            self.incident.phase = IncidentPhase::Flapping;
            if !self.told.iter().any(|told| told.flapping) {
                self.note(now_ns, "it comes and goes", "появляется и пропадает");
            }
        }
    }

    /// `sum` = all that has been lost by now.
    pub fn lose(&mut self, sum: Option<Losses>) {
        let is_over = !self.is_firing();
        self.losses = sum.zip(self.losses_from).filter(|_| is_over).map(|(sum, from)| sum.since(&from));
    }

    /// Adds a line to its history; the first and the last lines stay.
    pub fn note(&mut self, time_ns: u64, en: &str, ru: &str) {
        if self.timeline.len() >= TIMELINE_MAX {
            self.timeline.remove(TIMELINE_MAX / 2);
        }
        self.timeline.push(Moment { time_ns, what: Words { en: en.to_owned(), ru: ru.to_owned() } });
    }

    /// What `receiver` was told by `channel`.
    pub fn told_by(&self, receiver: &str, channel: &str) -> Option<&Told> {
        self.told.iter().find(|told| told.channel == channel && told.receiver == receiver)
    }

    /// Notes that it was told.
    pub fn tell(&mut self, receiver: &str, channel: &str, row: &str, now_ns: u64) {
        let (severity, flapping) = (self.incident.severity, self.incident.phase == IncidentPhase::Flapping);
        self.owed.retain(|owed| !is_route(owed, receiver, channel));
        let at = self.told.iter_mut().find(|told| told.channel == channel && told.receiver == receiver);
        match at {
            Some(told) => {
                told.severity = told.severity.max(severity);
                told.time_ns = now_ns;
                told.flapping |= flapping;
                row.clone_into(&mut told.row);
            }
            None => self.told.push(Told {
                receiver: receiver.to_owned(),
                channel: channel.to_owned(),
                severity,
                since_ns: now_ns,
                time_ns: now_ns,
                row: row.to_owned(),
                flapping,
                fell: false,
            }),
        }
    }

    /// Notes that it is still to be told; `true` = that is new.
    pub fn owe(&mut self, receiver: &str, channel: &str) -> bool {
        let is_new = !self.owed.iter().any(|owed| is_route(owed, receiver, channel));
        if is_new {
            self.owed.push((receiver.to_owned(), channel.to_owned()));
        }
        is_new
    }

    /// Those who hear first of it when it is over. What somebody takes care of, or something explains, they need not.
    pub fn owed(&self) -> &[(String, String)] {
        if self.mute == Mute::Heard && !self.is_acknowledged() { &self.owed } else { &[] }
    }

    /// They know, or need not know, that it is over.
    pub fn settle(&mut self, receiver: &str, channel: &str) {
        self.told.retain(|told| told.receiver != receiver || told.channel != channel);
        self.owed.retain(|owed| !is_route(owed, receiver, channel));
    }

    /// Reads the addresses that it is about.
    pub fn read_net(&mut self) {
        let is_address = matches!(self.incident.subject.kind, SubjectKind::Host | SubjectKind::Prefix);
        self.net = is_address.then(|| net_of(&self.incident.subject.name)).flatten();
    }

    /// For sorting: what goes on before what is over, the worst and then the newest first.
    pub fn order(&self) -> impl Ord + use<> {
        let newest = std::cmp::Reverse(self.incident.fired_ns);
        (!self.is_firing(), std::cmp::Reverse(self.incident.severity), newest, self.incident.id.clone())
    }
}

fn is_route((receiver, channel): &(String, String), of: &str, by: &str) -> bool {
    receiver == of && channel == by
}

/// An address or a prefix.
pub fn net_of(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
