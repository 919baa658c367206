//! What keeps an incident quiet: silences, maintenance windows, and incidents that it follows from.

use ipnet::IpNet;
use jiff::Zoned;
use live::action::Silence;
use live::incident::{IncidentPhase, Severity, Subject, SubjectKind, Unit};

use super::config::{Maintenance, severity, subject_kind};
use super::open::{Mute, Open, net_of};
use super::settings::Settings;
use super::window::{Moment, Week};
use crate::judgement::Class;

const SECOND_NS: u64 = 1_000_000_000;

/// What follows from an incident ends a little later than the incident.
const LINGER_NS: u64 = 60 * SECOND_NS;

/// Causes that are looked at for each incident, the worst first.
const CAUSES_MAX: usize = 64;

/// Which incidents are meant; what is not set matches all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Match {
    rule: String,
    kind: Option<SubjectKind>,
    subject: String,
    net: Option<IpNet>,
    severity_max: Option<Severity>,
}

impl Match {
    fn of(silence: &Silence) -> Match {
        Match {
            rule: silence.rule.clone(),
            kind: silence.subject_kind,
            net: net_of(&silence.subject),
            subject: silence.subject.clone(),
            severity_max: silence.severity_max,
        }
    }

    fn matches(&self, open: &Open) -> bool {
        let incident = &open.incident;
        let Subject { kind, name } = &incident.subject;
        (self.rule.is_empty() || self.rule == incident.rule)
            && self.kind.is_none_or(|wanted| wanted == *kind)
            && self.severity_max.is_none_or(|max| incident.severity <= max)
            && (self.subject.is_empty() || self.subject == *name || self.contains(open))
    }

    fn contains(&self, open: &Open) -> bool {
        self.net.zip(open.net).is_some_and(|(outer, inner)| outer.contains(&inner))
    }
}

/// Whether a silence keeps it quiet at `now_ns`; until when, ns.
pub fn silenced(silence: &Silence, open: &Open, now_ns: u64) -> Option<u64> {
    let (from_ns, until_ns) =
        (silence.from_s.unwrap_or(0).saturating_mul(SECOND_NS), silence.until_s.saturating_mul(SECOND_NS));
    ((from_ns..until_ns).contains(&now_ns) && Match::of(silence).matches(open)).then_some(until_ns)
}

/// A maintenance window.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    matches: Match,
    weekly: Vec<Week>,
    once: Option<(Moment, Moment)>,
}

impl Window {
    /// Of a configuration that was checked: what is not understood does not mute.
    pub fn new(config: &Maintenance) -> Window {
        let matches = Match {
            rule: config.rule.clone(),
            kind: subject_kind(&config.subject_kind),
            net: net_of(&config.subject),
            subject: config.subject.clone(),
            severity_max: severity(&config.severity_max),
        };
        Window {
            matches,
            weekly: config.weekly.iter().filter_map(|text| Week::parse(text)).collect(),
            once: Moment::parse(&config.from).zip(Moment::parse(&config.until)),
        }
    }

    /// Whether it is on at the local time `at`.
    pub fn is_on(&self, at: &Zoned) -> bool {
        let once = self.once.is_some_and(|(from, until)| from.is_past(at) && !until.is_past(at));
        once || self.weekly.iter().any(|week| week.contains(at))
    }
}

/// A mute without its end, to see whether it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing keeps it.
    Heard,
    /// A silence or a window does.
    Silenced,
    /// Another incident does.
    Inhibited,
}

impl Kept {
    /// Of an incident.
    pub fn of(open: &Open) -> Kept {
        match open.mute {
            Mute::Heard => Kept::Heard,
            Mute::Silenced(_) => Kept::Silenced,
            Mute::Inhibited => Kept::Inhibited,
        }
    }
}

/// An incident that others follow from.
struct Cause {
    id: String,
    class: Class,
    subject: Subject,
    net: Option<IpNet>,
    severity: Severity,
    is_load: bool,
}

/// Sets each incident's mute, and since when it is audible.
pub fn set(opens: &mut [&mut Open], silences: &[Silence], settings: &Settings, now_ns: u64) {
    let at = settings.local(now_ns);
    let windows: Vec<&Window> = settings.windows.iter().filter(|window| window.is_on(&at)).collect();
    let current: Vec<&Silence> =
        silences.iter().filter(|silence| silence.until_s.saturating_mul(SECOND_NS) > now_ns).collect();
    let causes = causes(opens, now_ns);
    for open in opens.iter_mut().filter(|open| open.is_firing()) {
        let until = current.iter().filter_map(|silence| silenced(silence, open, now_ns)).max();
        let until = until.or_else(|| {
            // A window is looked at again each second: it has no end that would have to be known.
            windows.iter().any(|window| window.matches.matches(open)).then_some(now_ns + 60 * SECOND_NS)
        });
        open.mute = match until {
            Some(until_ns) => Mute::Silenced(until_ns),
            None if causes.iter().any(|cause| cause.explains(open)) => Mute::Inhibited,
            None => Mute::Heard,
        };
        open.incident.silenced_until_ns = until;
        if open.mute != Mute::Heard {
            open.audible_ns = 0;
        } else if open.audible_ns == 0 {
            open.audible_ns = now_ns;
        }
    }
}

fn causes(opens: &[&mut Open], now_ns: u64) -> Vec<Cause> {
    let lasts = |open: &Open| match open.incident.resolved_ns {
        Some(end_ns) => now_ns.saturating_sub(end_ns) < LINGER_NS,
        None => open.incident.phase != IncidentPhase::Resolved,
    };
    let mut causes: Vec<Cause> = opens.iter().filter(|open| lasts(open)).filter_map(|open| Cause::of(open)).collect();
    // Larger prefixes explain more.
    causes.sort_by_key(|cause| (std::cmp::Reverse(cause.severity), cause.net.map_or(0, |net| net.prefix_len())));
    causes.truncate(CAUSES_MAX);
    causes
}

impl Cause {
    fn of(open: &Open) -> Option<Cause> {
        let incident = &open.incident;
        let is_load = incident.unit != Unit::Count;
        let is_cause = match (open.class, incident.subject.kind) {
            (Class::Attack, _) | (Class::Peer, SubjectKind::Peer) => true,
            (Class::Network, SubjectKind::Interface) => is_load,
            (Class::Floodmark, SubjectKind::Role) => incident.severity == Severity::Critical,
            _ => false,
        };
        is_cause.then(|| Cause {
            id: incident.id.clone(),
            class: open.class,
            subject: incident.subject.clone(),
            net: open.net,
            severity: incident.severity,
            is_load,
        })
    }

    /// Whether `open` follows from it. What is worse than its cause is told all the same.
    fn explains(&self, open: &Open) -> bool {
        let subject = &open.incident.subject;
        if self.id == open.incident.id || open.incident.severity > self.severity {
            return false;
        }
        let is_address = matches!(subject.kind, SubjectKind::Host | SubjectKind::Prefix);
        match self.class {
            Class::Attack => match open.class {
                Class::Load => subject.kind == SubjectKind::Node,
                Class::Attack | Class::Network if is_address => {
                    self.net.zip(open.net).is_some_and(|(outer, inner)| outer != inner && outer.contains(&inner))
                        || (open.class == Class::Network && self.net == open.net)
                }
                Class::Network => subject.kind == SubjectKind::Interface && open.incident.unit != Unit::Count,
                _ => false,
            },
            // An attack has a name and a target, which a full interface has not: it is told beside it.
            Class::Network => {
                self.is_load
                    && (open.class == Class::Network && is_address
                        || open.class == Class::Load && subject.kind == SubjectKind::Node)
            }
            Class::Floodmark => match self.subject.name.as_str() {
                "capture" => open.class == Class::Floodmark && subject.kind == SubjectKind::Interface,
                "ingest" => open.class == Class::Floodmark && subject.kind == SubjectKind::Node,
                _ => false,
            },
            Class::Peer => {
                open.class == Class::Peer && subject.name == self.subject.name && self.severity > open.incident.severity
            }
            _ => false,
        }
    }
}
