//! One incident as the pages show it: *Now* and *Incidents* alike. Texts in it come from outside and are shown as text.

use live::incident::{Incident, IncidentPhase, Severity, SubjectKind};

use crate::guard::{Standing, Visitor};
use crate::page::icon::{self, Icon, Tone};
use crate::words::Language;
use crate::words::number::amount;
use crate::words::time::{self, Time};

/// Texts of one incident.
#[derive(Debug)]
pub struct Words {
    pub(crate) value: &'static str,
    pub(crate) limit: &'static str,
    pub(crate) peak: &'static str,
    pub(crate) since: &'static str,
    pub(crate) acknowledge: &'static str,
    pub(crate) acknowledged: &'static str,
    pub(crate) silence: &'static str,
    pub(crate) silence_1h: &'static str,
    pub(crate) silence_8h: &'static str,
    pub(crate) silence_tomorrow: &'static str,
    pub(crate) silenced: &'static str,
}

const EN: Words = Words {
    value: "now",
    limit: "limit",
    peak: "peak",
    since: "since",
    acknowledge: "Acknowledge",
    acknowledged: "acknowledged by",
    silence: "Silence",
    silence_1h: "1 h",
    silence_8h: "8 h",
    silence_tomorrow: "to tomorrow",
    silenced: "silenced until",
};

const RU: Words = Words {
    value: "сейчас",
    limit: "порог",
    peak: "максимум",
    since: "с",
    acknowledge: "Подтвердить",
    acknowledged: "занимается",
    silence: "Тишина",
    silence_1h: "1 ч",
    silence_8h: "8 ч",
    silence_tomorrow: "до завтра",
    silenced: "тишина до",
};

/// One incident, ready for a template.
#[derive(Clone, Debug)]
pub struct Card {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) subject: String,
    pub(crate) subject_kind: &'static str,
    pub(crate) subject_name: String,
    pub(crate) tone: Tone,
    pub(crate) icon: Icon,
    pub(crate) severity: &'static str,
    pub(crate) phase: &'static str,
    pub(crate) is_open: bool,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) remedy: String,
    pub(crate) value: String,
    pub(crate) limit: String,
    pub(crate) peak: String,
    pub(crate) since: Time,
    pub(crate) ended: Option<Time>,
    pub(crate) acknowledged_by: String,
    pub(crate) silenced_until: Option<Time>,
    /// The visitor may act on it.
    pub(crate) may_act: bool,
    /// For the forms: a double submit acts once.
    pub(crate) action_ids: [String; 4],
    /// The next local morning, UNIX seconds.
    pub(crate) tomorrow_s: u64,
    pub(crate) words: &'static Words,
}

impl Card {
    /// Of `incident`, for `visitor`, at `now_ns`.
    pub fn new(incident: &Incident, visitor: &Visitor, now_ns: u64) -> Card {
        let language = visitor.language;
        let is_open = incident.phase != IncidentPhase::Resolved;
        let own = |words: &live::incident::Words| match language {
            Language::Ru if !words.ru.is_empty() => words.ru.clone(),
            _ => words.en.clone(),
        };
        let value = |value: f64| amount(value, incident.unit, language);
        let tone = tone(incident.severity);
        Card {
            id: incident.id.clone(),
            rule: incident.rule.clone(),
            subject: subject(incident.subject.kind, &incident.subject.name, language),
            subject_kind: incident.subject.kind.name(),
            subject_name: incident.subject.name.clone(),
            tone,
            icon: if incident.severity == Severity::Info { icon::INFO } else { tone.icon() },
            severity: severity(incident.severity, language),
            phase: phase(incident.phase, language),
            is_open,
            title: incident.attack.as_ref().map_or_else(|| incident.rule.clone(), |attack| own(&attack.title)),
            summary: own(&incident.summary),
            remedy: own(&incident.remedy),
            value: value(incident.value),
            limit: value(incident.limit),
            peak: value(incident.peak),
            since: time::short(incident.since_ns, language),
            ended: incident.resolved_ns.map(|at| time::short(at, language)),
            acknowledged_by: incident.acknowledged_by.clone(),
            silenced_until: incident
                .silenced_until_ns
                .filter(|until| *until > now_ns)
                .map(|until| time::short(until, language)),
            may_act: is_open && visitor.standing >= Standing::Operator,
            action_ids: std::array::from_fn(|_| crate::action::new_id()),
            tomorrow_s: time::tomorrow_s(now_ns),
            words: language.pick(&EN, &RU),
        }
    }
}

/// How a severity is shown.
pub const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Info => Tone::Good,
        Severity::Warning => Tone::Warn,
        Severity::Critical => Tone::Bad,
    }
}

/// A severity in words.
pub const fn severity(severity: Severity, language: Language) -> &'static str {
    match severity {
        Severity::Info => language.pick("info", "к сведению"),
        Severity::Warning => language.pick("warning", "предупреждение"),
        Severity::Critical => language.pick("critical", "критический"),
    }
}

/// A phase in words.
pub const fn phase(phase: IncidentPhase, language: Language) -> &'static str {
    match phase {
        IncidentPhase::Firing => language.pick("goes on", "продолжается"),
        IncidentPhase::Flapping => language.pick("comes and goes", "то появляется, то исчезает"),
        IncidentPhase::Resolved => language.pick("over", "завершён"),
    }
}

/// What an incident is about, in words.
pub fn subject(kind: SubjectKind, name: &str, language: Language) -> String {
    let what = match kind {
        SubjectKind::Node => language.pick("this server", "этот сервер"),
        SubjectKind::Host => language.pick("host", "узел"),
        SubjectKind::Prefix => language.pick("network", "сеть"),
        SubjectKind::Interface => language.pick("interface", "интерфейс"),
        SubjectKind::Disk => language.pick("disk", "диск"),
        SubjectKind::Process => language.pick("process", "процесс"),
        SubjectKind::Role => language.pick("part", "часть"),
        SubjectKind::Channel => language.pick("channel", "канал"),
        SubjectKind::Peer => language.pick("peer", "сосед"),
    };
    if name.is_empty() { what.to_owned() } else { format!("{what} {name}") }
}
