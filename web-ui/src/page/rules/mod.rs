//! *Rules*: what is judged and at which limit, changing a limit after a look at stored data, silences, maintenance.

mod tried;
mod words;

use std::time::Duration;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, RawQuery, State};
use axum::response::Response;
use live::detail::{ChangeDetail, MaintenanceDetail, RULES, RuleDetail, RulesDetail, SilenceDetail};
use live::incident::{Severity, Unit};
use serde::Deserialize;

use crate::action::{Notice, new_id};
use crate::app::Shared;
use crate::guard::{Right, Standing, Visitor};
use crate::page::frame::{Frame, Place, html};
use crate::routes::Route;
use crate::words::Language;
use crate::words::number::{amount, duration};
use crate::words::time::{Time, moment, moment_s};

use tried::TriedView;
use words::{EN, RU, Texts};

pub fn routes() -> Vec<Route> {
    vec![Route::get("/rules", Right::User(Standing::Viewer), show)]
}

/// What stands in the address: the rule to change, and the levels to try.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    rule: String,
    limit: String,
    clear: String,
    r#try: String,
}

struct RuleView {
    name: String,
    severity: &'static str,
    tone: &'static str,
    why: String,
    when: String,
    changed: String,
    state: String,
    state_tone: &'static str,
    limit: String,
    clear: String,
    lasts: String,
    can_change: bool,
}

struct ChangeView {
    rule: String,
    when: String,
    id: String,
    other_id: String,
    unit: String,
    limit: String,
    clear: String,
    is_changed: bool,
}

struct SilenceView {
    silence: String,
    id: String,
    what: String,
    until: Time,
    by: String,
    comment: String,
    is_on: bool,
}

struct WindowView {
    name: String,
    when: String,
    what: String,
    is_on: bool,
}

struct ChangedView {
    at: Time,
    rule: String,
    limit: String,
    clear: String,
    by: String,
}

#[derive(Template)]
#[template(path = "rules.html")]
struct Page {
    frame: Frame,
    notice: Option<Notice>,
    w: &'static Texts,
    may: bool,
    away: Option<String>,
    refused: Option<String>,
    change: Option<ChangeView>,
    tried: Option<TriedView>,
    rules: Vec<RuleView>,
    silences: Vec<SilenceView>,
    maintenance: Vec<WindowView>,
    changes: Vec<ChangedView>,
    silence_id: String,
    lengths: [(u64, &'static str); 6],
}

async fn show(
    State(app): State<Shared>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let (notice, told) =
        tokio::join!(Notice::of(&app.actions, &visitor, query.as_deref()), app.questions.detail::<RulesDetail>(RULES));
    let language = visitor.language;
    let w = language.pick(&EN, &RU);
    let (detail, away) = match told {
        Ok(detail) => (detail, None),
        Err(error) => (RulesDetail::default(), Some(error.to_string())),
    };
    let may = visitor.standing >= Standing::Operator;
    let chosen = detail.rules.iter().find(|rule| rule.name == asked.rule && rule.limit.is_some() && may);
    let tried = match chosen {
        Some(rule) if !asked.r#try.is_empty() => Some(tried::run(&app, rule, &asked, w, language).await),
        _ => None,
    };
    let unit_of = |name: &str| detail.rules.iter().find(|rule| rule.name == name).map_or(Unit::Count, |rule| rule.unit);
    html(&Page {
        frame: Frame::of(Place::Rules, &visitor),
        notice,
        w,
        may,
        away,
        refused: (!detail.refused.is_empty()).then(|| detail.refused.clone()),
        change: chosen.map(|rule| change(rule, &asked, language)),
        tried,
        rules: detail.rules.iter().map(|rule| rule_view(rule, w, language)).collect(),
        silences: detail.silences.iter().map(|one| silence(one, w, language)).collect(),
        maintenance: detail.maintenance.iter().map(|one| window(one, w)).collect(),
        changes: detail.changes.iter().map(|one| changed(one, unit_of(&one.rule), language)).collect(),
        silence_id: new_id(),
        lengths: w.lengths,
    })
}

fn severity(severity: Severity, w: &Texts) -> (&'static str, &'static str) {
    match severity {
        Severity::Info => (w.info, ""),
        Severity::Warning => (w.warning, "warn"),
        Severity::Critical => (w.critical, "bad"),
    }
}

fn level(level: Option<f64>, unit: Unit, language: Language) -> String {
    level.map_or_else(|| "–".to_owned(), |level| amount(level, unit, language))
}

fn rule_view(rule: &RuleDetail, w: &Texts, language: Language) -> RuleView {
    let (severity, tone) = severity(rule.severity, w);
    let (state, state_tone) = match (rule.firing, rule.pending) {
        (0, 0) => (w.quiet.to_owned(), ""),
        (0, pending) => (format!("{}: {pending}", w.pending), "warn"),
        (firing, 0) => (format!("{}: {firing}", w.firing), "bad"),
        (firing, pending) => (format!("{}: {firing}, {}: {pending}", w.firing, w.pending), "bad"),
    };
    let why = if language == Language::Ru && !rule.why.ru.is_empty() { &rule.why.ru } else { &rule.why.en };
    let changed = if rule.changed_by.is_empty() {
        String::new()
    } else {
        format!(
            "{} {} ({} → {})",
            w.changed_by,
            rule.changed_by,
            level(rule.limit_configured, rule.unit, language),
            level(rule.limit, rule.unit, language)
        )
    };
    RuleView {
        name: rule.name.clone(),
        severity,
        tone,
        why: why.clone(),
        when: rule.when.clone(),
        changed,
        state,
        state_tone,
        limit: level(rule.limit, rule.unit, language),
        clear: level(rule.clear, rule.unit, language),
        lasts: duration(Duration::from_secs(rule.for_s), language),
        can_change: rule.limit.is_some(),
    }
}

/// A number as an input has it: no unit, no rounding.
fn plain(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn change(rule: &RuleDetail, asked: &Asked, language: Language) -> ChangeView {
    let is_given = !asked.limit.is_empty() || !asked.clear.is_empty();
    let (limit, clear) =
        if is_given { (asked.limit.clone(), asked.clear.clone()) } else { (plain(rule.limit), plain(rule.clear)) };
    ChangeView {
        rule: rule.name.clone(),
        when: rule.when.clone(),
        id: new_id(),
        other_id: new_id(),
        unit: unit(rule.unit, language),
        limit: limit.chars().take(40).collect(),
        clear: clear.chars().take(40).collect(),
        is_changed: !rule.changed_by.is_empty(),
    }
}

/// What the plain number of an input is measured in.
fn unit(unit: Unit, language: Language) -> String {
    let name = match unit {
        Unit::Count => return String::new(),
        Unit::Percent => "%",
        Unit::Bytes => language.pick("bytes", "байт"),
        Unit::Seconds => language.pick("seconds", "секунды"),
        Unit::Hours => language.pick("hours", "часы"),
        Unit::Celsius => "°C",
        Unit::PacketsPerSecond => language.pick("packets/s", "пакетов/с"),
        Unit::BitsPerSecond => language.pick("bit/s", "бит/с"),
        Unit::FlowsPerSecond => language.pick("flows/s", "потоков/с"),
        Unit::PerSecond => language.pick("a second", "в секунду"),
    };
    format!(", {name}")
}

fn silence(one: &SilenceDetail, w: &Texts, language: Language) -> SilenceView {
    let silence = &one.silence;
    let mut parts: Vec<String> =
        [&silence.rule, &silence.subject].into_iter().filter(|part| !part.is_empty()).cloned().collect();
    if let Some(kind) = silence.subject_kind {
        parts.push(format!("{kind:?}").to_lowercase());
    }
    if let Some(max) = silence.severity_max {
        parts.push(format!("≤ {}", severity(max, w).0));
    }
    SilenceView {
        silence: one.id.clone(),
        id: new_id(),
        what: if parts.is_empty() { w.everything.to_owned() } else { parts.join(", ") },
        until: moment_s(silence.until_s, language),
        by: silence.by.clone(),
        comment: silence.comment.clone(),
        is_on: one.is_on,
    }
}

fn window(one: &MaintenanceDetail, w: &Texts) -> WindowView {
    let when = if one.weekly.is_empty() { format!("{} – {}", one.from, one.until) } else { one.weekly.join(", ") };
    let parts: Vec<&str> = [&one.rule, &one.subject_kind, &one.subject, &one.severity_max]
        .into_iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    let what = if parts.is_empty() { w.everything.to_owned() } else { parts.join(", ") };
    WindowView { name: one.name.clone(), when, what, is_on: one.is_on }
}

fn changed(one: &ChangeDetail, unit: Unit, language: Language) -> ChangedView {
    ChangedView {
        at: moment(one.time_ns, language),
        rule: one.rule.clone(),
        limit: level(one.limit, unit, language),
        clear: level(one.clear, unit, language),
        by: one.by.clone(),
    }
}

#[cfg(test)]
mod tests;
