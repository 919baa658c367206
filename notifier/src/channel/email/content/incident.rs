//! One incident in full, and many as a table.

use live::incident::{Incident, IncidentPhase};

use super::title::{number, summary};
use super::{Block, Table, attack, lasted, say};
use crate::notice::{Language, Notice, NoticeKind};
use crate::words::{amount, moment, severity, subject};

/// Labels of a rule that are told.
const LABELS_MAX: usize = 16;

/// All that is known of it.
pub(super) fn full(incident: &Incident, notice: &Notice, blocks: &mut Vec<Block>) {
    let language = notice.language;
    // One alone is in the title.
    if number(notice) > 1 || notice.kind != NoticeKind::Alert {
        blocks.push(Block::Heading(format!(
            "{}: {}",
            severity(incident.severity, language),
            summary(incident, notice)
        )));
    }
    let remedy = language.of(&incident.remedy);
    let mut facts = facts(incident, notice);
    if let Some(attack) = incident.attack.as_deref() {
        facts.extend(attack::facts(attack, language));
    }
    facts.retain(|(_, value)| !value.is_empty());
    blocks.push(Block::Facts(facts));
    if !remedy.is_empty() {
        blocks.push(Block::Text(format!("{}: {remedy}", say(language, "What to do", "Что делать"))));
    }
    if let Some(attack) = incident.attack.as_deref() {
        attack::tables(attack, language, blocks);
    }
}

fn facts(incident: &Incident, notice: &Notice) -> Vec<(&'static str, String)> {
    let language = notice.language;
    let told = |value: f64| amount(value, incident.unit, language);
    let at = |time_ns: u64| moment(time_ns, notice.utc_offset_s);
    let end_ns = incident.resolved_ns.unwrap_or(notice.time_ns);
    let labels = incident.labels.iter().take(LABELS_MAX).map(|(name, value)| format!("{name}={value}"));
    let crossings = (incident.crossings > 1).then(|| incident.crossings.to_string());
    let state = match (&incident.phase, incident.acknowledged_by.as_str()) {
        (IncidentPhase::Resolved, _) => say(language, "over", "закончился").to_owned(),
        (IncidentPhase::Flapping, _) => say(language, "comes and goes", "то появляется, то проходит").to_owned(),
        (IncidentPhase::Firing, "") => say(language, "goes on", "продолжается").to_owned(),
        (IncidentPhase::Firing, who) => match language {
            Language::En => format!("goes on, acknowledged by {who}"),
            Language::Ru => format!("продолжается, подтверждено: {who}"),
        },
    };
    vec![
        (say(language, "State", "Состояние"), state),
        (say(language, "Where", "Объект"), subject(&incident.subject, &notice.node, language)),
        (say(language, "Value", "Значение"), told(incident.value)),
        (say(language, "Limit", "Порог"), told(incident.limit)),
        (say(language, "Peak", "Пик"), told(incident.peak)),
        (say(language, "Rule", "Правило"), incident.rule.clone()),
        (say(language, "Began", "Начало"), at(incident.since_ns)),
        (say(language, "Ended", "Конец"), incident.resolved_ns.map_or_else(String::new, at)),
        (say(language, "Lasted", "Длительность"), lasted(incident.since_ns, end_ns, language)),
        (say(language, "Times crossed", "Пересечений порога"), crossings.unwrap_or_default()),
        (say(language, "Silenced until", "Заглушён до"), incident.silenced_until_ns.map_or_else(String::new, at)),
        (say(language, "Labels", "Метки"), labels.collect::<Vec<_>>().join(", ")),
        (say(language, "Incident", "Инцидент"), incident.id.clone()),
    ]
}

/// The others, a line each.
pub(super) fn table(title: &str, list: &[Incident], notice: &Notice) -> Option<Table> {
    let language = notice.language;
    let rows: Vec<_> = list
        .iter()
        .map(|one| {
            let end = match one.resolved_ns {
                Some(end_ns) => lasted(one.since_ns, end_ns, language),
                None => say(language, "goes on", "продолжается").to_owned(),
            };
            vec![
                severity(one.severity, language).to_owned(),
                summary(one, notice),
                subject(&one.subject, &notice.node, language),
                amount(one.peak, one.unit, language),
                moment(one.since_ns, notice.utc_offset_s),
                end,
            ]
        })
        .collect();
    let head = match language {
        Language::En => ["Severity", "What", "Where", "Peak", "Began", "Lasted"],
        Language::Ru => ["Важность", "Что", "Объект", "Пик", "Начало", "Длительность"],
    };
    (!rows.is_empty()).then(|| Table { title: title.to_owned(), head: head.to_vec(), rows })
}
