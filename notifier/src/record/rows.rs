//! An incident and an event as rows.

use live::incident::{Incident, IncidentPhase, Severity, Subject};
use spool::row::{self, EventRow, INCIDENT_BYTES, IncidentRow, IncidentState};

use super::detail::finite;
use crate::host::clean_name;

/// The columns' bounds, characters.
const RULE_CHARS: usize = 64;
const SUBJECT_CHARS: usize = 255;
const TEXT_CHARS: usize = 1000;
const KIND_CHARS: usize = 32;

/// The column holds 65,535 bytes on a server.
const DETAIL_BYTES_MAX: usize = 60_000;

const SECOND_NS: u64 = 1_000_000_000;

/// Times beyond 2106 do not fit the tables; ingest cuts them alike.
fn seconds(ns: u64) -> u64 {
    ns / SECOND_NS
}

fn severity(of: Severity) -> row::Severity {
    match of {
        Severity::Info => row::Severity::Info,
        Severity::Warning => row::Severity::Warning,
        Severity::Critical => row::Severity::Critical,
    }
}

/// 32 hexadecimal digits as bytes.
pub fn id(text: &str) -> Option<[u8; INCIDENT_BYTES]> {
    let mut bytes = [0; INCIDENT_BYTES];
    if text.len() != 2 * INCIDENT_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// `kind`, or `kind:name`.
pub fn subject(of: &Subject) -> String {
    let kind = of.kind.name();
    let text = if of.name.is_empty() { kind.to_owned() } else { format!("{kind}:{}", of.name) };
    clean_name(&text, SUBJECT_CHARS)
}

/// How an incident stands at `now_ns`; `None` = its id is none.
pub fn incident(of: &Incident, now_ns: u64) -> Option<IncidentRow> {
    Some(IncidentRow {
        ts: seconds(now_ns),
        incident: id(&of.id)?,
        state: match of.phase {
            IncidentPhase::Firing => IncidentState::Firing,
            IncidentPhase::Flapping => IncidentState::Flapping,
            IncidentPhase::Resolved => IncidentState::Resolved,
        },
        severity: severity(of.severity),
        rule: clean_name(&of.rule, RULE_CHARS),
        subject: subject(&of.subject),
        opened: seconds(of.since_ns),
        closed: of.resolved_ns.map_or(0, seconds),
        value: finite(of.value),
        limit: finite(of.limit),
        peak: finite(of.peak),
        text: clean_name(&of.summary.en, TEXT_CHARS),
        detail: detail(of),
    })
}

/// The incident as JSON; with cut texts and without the lists of its attack where that is too long.
fn detail(of: &Incident) -> String {
    let mut whole = of.clone();
    // JSON knows no number that is none.
    for value in [&mut whole.value, &mut whole.limit, &mut whole.peak] {
        *value = finite(*value);
    }
    let text = serde_json::to_string(&whole).unwrap_or_default();
    if text.len() <= DETAIL_BYTES_MAX {
        return text;
    }
    if let Some(attack) = &mut whole.attack {
        for list in [
            &mut attack.sources,
            &mut attack.source_prefixes,
            &mut attack.source_ports,
            &mut attack.target_ports,
            &mut attack.sizes,
            &mut attack.ttls,
        ] {
            list.clear();
        }
    }
    whole.labels.clear();
    (whole.rule, whole.subject.name) = (clean_name(&of.rule, RULE_CHARS), clean_name(&of.subject.name, SUBJECT_CHARS));
    for words in [&mut whole.summary, &mut whole.remedy] {
        (words.en, words.ru) = (clean_name(&words.en, TEXT_CHARS), clean_name(&words.ru, TEXT_CHARS));
    }
    let text = serde_json::to_string(&whole).unwrap_or_default();
    if text.len() <= DETAIL_BYTES_MAX { text } else { String::new() }
}

/// Something that happened once.
pub fn event(kind: &str, level: Severity, subject: &str, text: &str, now_ns: u64) -> EventRow {
    EventRow {
        ts: seconds(now_ns),
        kind: clean_name(kind, KIND_CHARS),
        severity: severity(level),
        subject: clean_name(subject, SUBJECT_CHARS),
        text: clean_name(text, TEXT_CHARS),
    }
}

#[cfg(test)]
mod tests {
    use live::incident::{Attack, Incident, Share, Subject, SubjectKind, Words};

    use super::{event, id, incident, subject};

    #[test]
    fn an_id_is_32_digits() {
        let check = |text: &str, expect: Option<u8>| assert_eq!(id(text).map(|bytes| bytes[15]), expect, "{text}");
        check("000102030405060708090a0b0c0d0e0f", Some(15));
        check("000102030405060708090A0B0C0D0EFF", Some(255));
        check("000102030405060708090a0b0c0d0e0", None);
        check("+00102030405060708090a0b0c0d0e0f", None);
        check("0001020304050607080é0a0b0c0d0e0", None);
        check("", None);
    }

    #[test]
    fn hostile_and_large_incidents_fit_their_columns() {
        let evil = "\u{202e}x\r\n\0\"\\".repeat(2_000);
        let share = Share { key: evil.clone(), ..Share::default() };
        let mut large = Incident {
            id: "ab".repeat(16),
            rule: evil.clone(),
            subject: Subject { kind: SubjectKind::Disk, name: evil.clone() },
            value: f64::NAN,
            peak: f64::INFINITY,
            summary: Words { en: evil.clone(), ru: String::new() },
            attack: Some(Box::new(Attack { sources: vec![share; 20], ..Attack::default() })),
            ..Incident::default()
        };
        let row = incident(&large, u64::MAX).expect("its id is one");
        assert!(
            row.rule.chars().count() <= 64 && row.subject.chars().count() <= 255 && row.text.chars().count() <= 1000
        );
        assert!((row.value, row.peak) == (0.0, 0.0));
        assert!(!row.text.contains(['\r', '\n', '\u{202e}']) && row.subject.starts_with("disk:?x"));
        assert!(!row.detail.is_empty() && row.detail.len() <= super::DETAIL_BYTES_MAX);
        let read: Incident = serde_json::from_str(&row.detail).expect("it is an incident");
        assert_eq!((read.id, read.attack.expect("still an attack").sources.len()), (large.id.clone(), 0));
        large.acknowledged_by = "y".repeat(100_000);
        assert_eq!(incident(&large, 1).expect("its id is one").detail, "", "what cannot be cut is left out");
        large.id = "x".to_owned();
        assert!(incident(&large, 1).is_none());
        let row = event(&evil, Default::default(), &evil, &evil, 5);
        assert!(row.kind.chars().count() <= 32 && row.text.chars().count() <= 1000);
        assert_eq!(subject(&Subject::default()), "node");
    }
}
