//! The title of a mail and its subject.

use live::incident::{Incident, Unit};

use super::{lasted, say};
use crate::notice::{Language, Notice, NoticeKind};
use crate::words::{amount, line, plural, severity, shorten, subject as subject_name};

/// Longer subjects are cut by mail programs, and refused by some servers.
const SUBJECT_CHARS_MAX: usize = 160;

/// Of a summary within a title, so that what follows it is still seen.
const SUMMARY_CHARS_MAX: usize = 120;

/// Of a node's name in a subject.
const NODE_CHARS_MAX: usize = 40;

/// "[web1] Critical: …".
pub(in crate::channel::email) fn subject(notice: &Notice) -> String {
    line(&format!("[{}] {}", line(&notice.node, NODE_CHARS_MAX), title(notice)), SUBJECT_CHARS_MAX)
}

/// What happened in one sentence: the rule's own, or its name and subject.
pub(super) fn summary(incident: &Incident, notice: &Notice) -> String {
    let own = notice.language.of(&incident.summary).trim();
    let text = match own {
        "" => format!("{}, {}", incident.rule, subject_name(&incident.subject, &notice.node, notice.language)),
        _ => own.trim_end_matches('.').to_owned(),
    };
    line(&text, SUMMARY_CHARS_MAX)
}

/// What the mail is about.
pub(super) fn title(notice: &Notice) -> String {
    let language = notice.language;
    let number = number(notice);
    let worst = notice.incidents.first();
    let what = match worst {
        Some(worst) if number == 1 => summary(worst, notice),
        Some(worst) => format!("{}: {}", incidents(number, language), summary(worst, notice)),
        None => say(language, "nothing goes on", "открытых инцидентов нет").to_owned(),
    };
    let title = match notice.kind {
        NoticeKind::Alert => format!("{}: {what}", severity(notice.severity, language)),
        NoticeKind::Reminder => {
            let time = worst.map_or_else(String::new, |worst| lasted(worst.fired_ns, notice.time_ns, language));
            format!("{} ({time}): {what}", say(language, "Still going on", "Всё ещё продолжается"))
        }
        NoticeKind::Escalation => format!("{}: {what}", say(language, "Not acknowledged", "Никто не подтвердил")),
        NoticeKind::Resolved => format!("{}: {what}", say(language, "Resolved", "Закончилось")),
        NoticeKind::Flapping => format!("{}: {what}", say(language, "Comes and goes", "То появляется, то проходит")),
        NoticeKind::Digest => {
            format!("{}: {what}", say(language, "While mail was down", "Пока почта не работала"))
        }
        NoticeKind::Report => format!("{}: {what}", say(language, "Report", "Отчёт")),
        NoticeKind::Status => status(notice),
        NoticeKind::Test => say(language, "Test of e-mail", "Проверка почты").to_owned(),
    };
    shorten(&title, SUBJECT_CHARS_MAX)
}

/// Incidents that the notice is about, listed or not.
pub(super) fn number(notice: &Notice) -> u64 {
    (notice.incidents.len() as u64).saturating_add(notice.more)
}

/// "5 incidents".
fn incidents(number: u64, language: Language) -> String {
    let noun = match language {
        Language::En => plural(number, language, "incident", "incidents", "incidents"),
        Language::Ru => plural(number, language, "инцидент", "инцидента", "инцидентов"),
    };
    format!("{number} {noun}")
}

fn status(notice: &Notice) -> String {
    let language = notice.language;
    let Some(status) = &notice.status else { return say(language, "Status", "Состояние").to_owned() };
    let traffic = amount(status.bytes_in.saturating_add(status.bytes_out) as f64, Unit::Bytes, language);
    let load = amount(status.load_percent, Unit::Percent, language);
    match (status.is_stable, language) {
        (true, Language::En) => format!("All is well: load {load}, {traffic} this month"),
        (true, Language::Ru) => format!("Всё в порядке: загрузка {load}, {traffic} с начала месяца"),
        (false, Language::En) => format!("Something goes on: load {load}, {traffic} this month"),
        (false, Language::Ru) => format!("Есть открытые инциденты: загрузка {load}, {traffic} с начала месяца"),
    }
}
