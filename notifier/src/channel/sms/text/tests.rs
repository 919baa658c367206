//! Texts of every kind in both languages, and that nothing in a notice breaks their bounds.

use live::incident::{Attack, Incident, IncidentPhase, Severity, Subject, SubjectKind, Unit, Words};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::super::encode::{Alphabet, alphabet, parts, units};
use super::{Budget, clean, render};
use crate::notice::{Language, Notice, NoticeKind, Status};

/// 2026-08-19 02:35 UTC.
const TIME_NS: u64 = 1_787_106_900_000_000_000;

const KINDS: [NoticeKind; 9] = [
    NoticeKind::Alert,
    NoticeKind::Reminder,
    NoticeKind::Escalation,
    NoticeKind::Resolved,
    NoticeKind::Flapping,
    NoticeKind::Digest,
    NoticeKind::Report,
    NoticeKind::Status,
    NoticeKind::Test,
];

fn attack() -> Incident {
    Incident {
        rule: "host_packets".to_owned(),
        subject: Subject { kind: SubjectKind::Host, name: "203.0.113.7".to_owned() },
        severity: Severity::Critical,
        since_ns: TIME_NS - 4_320_000_000_000,
        fired_ns: TIME_NS - 4_310_000_000_000,
        value: 1_234_567.0,
        limit: 50_000.0,
        peak: 1_500_000.0,
        unit: Unit::PacketsPerSecond,
        crossings: 7,
        attack: Some(Box::new(Attack {
            kind: "syn_flood".to_owned(),
            target: "203.0.113.7".to_owned(),
            packets_per_second_peak: 1_500_000,
            bytes: 3_400_000_000_000,
            ..Attack::default()
        })),
        ..Incident::default()
    }
}

fn load() -> Incident {
    Incident {
        rule: "cpu_load".to_owned(),
        severity: Severity::Warning,
        phase: IncidentPhase::Firing,
        since_ns: TIME_NS - 95_000_000_000,
        fired_ns: TIME_NS - 35_000_000_000,
        value: 92.4,
        limit: 75.0,
        peak: 97.0,
        unit: Unit::Percent,
        crossings: 4,
        summary: Words {
            en: "CPU is 92 % busy, 80 % of it softirq".to_owned(),
            ru: "Процессор занят на 92 %".to_owned(),
        },
        ..Incident::default()
    }
}

fn notice(kind: NoticeKind, language: Language, incident: Incident) -> Notice {
    Notice {
        kind,
        language,
        node: "web1".to_owned(),
        time_ns: TIME_NS,
        utc_offset_s: 3 * 3_600,
        severity: incident.severity,
        incidents: vec![incident],
        code: "K7F2Q9".to_owned(),
        status: (kind == NoticeKind::Status).then_some(Status {
            bytes_in: 30_000_000_000_000,
            bytes_out: 4_000_000_000_000,
            billing_since_s: 1_785_542_400,
            load_percent: 23.0,
            is_stable: true,
            imbalance: 0,
        }),
        replaces: if kind == NoticeKind::Digest { 14 } else { 0 },
        ..Notice::default()
    }
}

fn sized(text: &str) -> String {
    let name = if alphabet(text) == Alphabet::Gsm7 { "GSM-7" } else { "UCS-2" };
    format!("{:3} {name}  {text}", units(text))
}

#[test]
fn every_kind_is_told_in_both_languages() {
    let mut told = String::new();
    for language in [Language::En, Language::Ru] {
        for kind in KINDS {
            for incident in [attack(), load()] {
                let mut notice = notice(kind, language, incident);
                if matches!(kind, NoticeKind::Status | NoticeKind::Test) {
                    notice.incidents.clear();
                    notice.code.clear();
                }
                let text = render(&notice, Budget::default());
                assert_eq!(parts(&text).len(), 1, "{text}");
                let line = format!("{language:?} {kind:?}: {}\n", sized(&text));
                if !told.contains(&line) {
                    told += &line;
                }
            }
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn caps_more_incidents_and_long_names_still_fit() {
    let mut told = String::new();
    for language in [Language::En, Language::Ru] {
        let mut capped = notice(NoticeKind::Alert, language, attack());
        capped.capped_until_ns = Some(TIME_NS + 1_500_000_000_000);
        told += &format!("capped: {}\n", sized(&render(&capped, Budget::default())));
        let mut many = notice(NoticeKind::Alert, language, attack());
        many.incidents.push(load());
        many.more = 11;
        told += &format!("many: {}\n", sized(&render(&many, Budget::default())));
        let mut six = notice(NoticeKind::Alert, language, attack());
        six.node = "edge-router-7.example.net".to_owned();
        if let Some(attack) = six.incidents.first_mut().and_then(|incident| incident.attack.as_deref_mut()) {
            attack.target = "2001:db8:1234:5678:9abc:def0:1234:5678".to_owned();
            attack.kind = "dns_amplification".to_owned();
        }
        told += &format!("long: {}\n", sized(&render(&six, Budget::default())));
        let wide = Budget { segments_max: 2, ..Budget::default() };
        told += &format!("long, two parts: {}\n", sized(&render(&six, wide)));
        let latin = Budget { translit: true, ..Budget::default() };
        told += &format!("translit: {}\n", sized(&render(&notice(NoticeKind::Alert, language, load()), latin)));
        let mut off = notice(NoticeKind::Status, language, load());
        off.code.clear();
        off.status = Some(Status { load_percent: 95.0, imbalance: 5, ..off.status.clone().unwrap_or_default() });
        told += &format!("status, not well: {}\n", sized(&render(&off, Budget::default())));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_example_of_an_alert_with_traffic_fits_one_part() {
    let mut incident = attack();
    (incident.value, incident.limit, incident.unit) = (75.0, 60.0, Unit::Percent);
    let mut notice = notice(NoticeKind::Alert, Language::Ru, incident);
    notice.status = Some(Status { bytes_in: 34_000_000_000_000, ..Status::default() });
    let text = render(&notice, Budget::default());
    assert_eq!(text, "19.08 05:35 web1 34ТБ 75%>60! SYN 203.0.113.7 СРОЧНО! Код K7F2Q9");
}

#[test]
fn a_moment_at_the_end_of_time_is_still_a_moment() {
    let mut notice = notice(NoticeKind::Alert, Language::Ru, attack());
    (notice.time_ns, notice.utc_offset_s) = (u64::MAX, i32::MAX);
    assert!(begins_with_a_moment(&render(&notice, Budget::default())));
}

fn begins_with_a_moment(text: &str) -> bool {
    let mut words = text.split(' ');
    let day = words.next().unwrap_or_default();
    let is_day = match day.split_once('.') {
        Some((day, month)) => day.len() == 2 && month.len() == 2 && month.parse::<u8>().is_ok(),
        None => day.len() == 2 && words.next().is_some_and(|month| month.len() == 3),
    };
    let time = words.next().and_then(|time| time.split_once(':'));
    is_day && time.is_some_and(|(hour, minute)| hour.parse::<u8>().is_ok() && minute.parse::<u8>().is_ok())
}

fn hostile() -> impl Strategy<Value = String> {
    proptest::prop_oneof![
        proptest::string::string_regex("(?s).{0,60}").expect("a pattern"),
        proptest::sample::select(vec![
            "\r\nTo: +70000000000\r\n\r\nx",
            "a\0b",
            "\u{202e}gnp.exe\u{2066}",
            "{{ secret }}{% raw %}",
            "\u{200b}\u{feff}\u{ad}",
            ".\r\n.\r\n",
            "'; DROP TABLE outbox; --",
            "💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥💥",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(|character| character.to_string().repeat(2_000)),
        proptest::string::string_regex("[a-z0-9.:/-]{200,8192}").expect("a pattern"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(u32::try_from(faults::runs(400, 10_000)).unwrap_or(400)))]
    #[test]
    fn nothing_in_a_notice_breaks_a_text(
        (kind, is_ru, is_attack, translit) in (0..KINDS.len(), any::<bool>(), any::<bool>(), any::<bool>()),
        strings in proptest::collection::vec(hostile(), 7),
        numbers in proptest::collection::vec(any::<f64>(), 4),
        (more, segments_max, capped) in (any::<u64>(), 1..4usize, any::<Option<u64>>()),
    ) {
        let language = if is_ru { Language::Ru } else { Language::En };
        let mut incident = if is_attack { attack() } else { load() };
        incident.rule.clone_from(&strings[0]);
        incident.subject = Subject { kind: SubjectKind::Process, name: strings[1].clone() };
        incident.summary = Words { en: strings[2].clone(), ru: strings[2].clone() };
        (incident.value, incident.limit, incident.peak) = (numbers[0], numbers[1], numbers[2]);
        if let Some(attack) = incident.attack.as_deref_mut() {
            attack.kind.clone_from(&strings[3]);
            attack.title.en.clone_from(&strings[4]);
            attack.target.clone_from(&strings[5]);
        }
        let mut notice = notice(KINDS[kind], language, incident);
        notice.node.clone_from(&strings[6]);
        (notice.more, notice.capped_until_ns) = (more, capped);
        if let Some(status) = &mut notice.status {
            (status.load_percent, status.imbalance, status.is_stable) = (numbers[3], i64::MIN, is_attack);
        }
        let budget = Budget { segments_max, translit, plain: true };
        let text = render(&notice, budget);
        prop_assert!(parts(&text).len() <= segments_max, "{text:?}");
        prop_assert!(!text.chars().any(char::is_control), "{text:?}");
        prop_assert!(!text.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}']), "{text:?}");
        prop_assert!(begins_with_a_moment(&text), "{text:?}");
        if translit {
            prop_assert_eq!(alphabet(&text), Alphabet::Gsm7);
        }
        prop_assert_eq!(render(&notice, budget), text);
    }
}

#[test]
fn names_are_cleaned() {
    assert_eq!(clean("  a\r\n\u{202e}b \0 c\t"), "a b c");
    assert_eq!(clean("\u{2028}"), "");
}
