//! *Traffic*: what passed, from minutes to a year, by direction, protocol or interface; the month's total and 95th
//! percentile.

mod ask;
mod data;
mod svg;
mod texts;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::Shared;
use crate::guard::{Problem, Right, Standing, Visitor};
use crate::page::frame::{Frame, Place, html};
use crate::page::query::Typed;
use crate::page::when;
use crate::role::now_s;
use crate::routes::Route;
use crate::stored::{Month, StoredError, Told};
use crate::words::{Language, number, time};
use ask::{Asked, Measure, Named, Nonsense, RANGES};
use data::Chart;
use texts::Texts;

/// Rows of the table that stands for the chart: as many as one listens to.
const ROWS_MAX: usize = 24;

/// Interfaces offered.
const INTERFACES_MAX: usize = 100;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/traffic", Right::User(Standing::Viewer), show),
        Route::get("/api/traffic", Right::User(Standing::Viewer), api),
    ]
}

#[derive(Template)]
#[template(path = "traffic.html")]
struct Page {
    frame: Frame,
    say: &'static Texts,
    ranges: Vec<Pill>,
    by: Vec<Choice>,
    units: Vec<Choice>,
    interfaces: Vec<Choice>,
    /// The named range that a change of the form keeps; empty if from and to are given.
    range: &'static str,
    from: String,
    to: String,
    is_free: bool,
    wrong: Option<String>,
    failed: Option<Told>,
    drawn: Option<Drawn>,
    month: Option<MonthFacts>,
}

/// A link to another range.
struct Pill {
    name: &'static str,
    href: String,
    is_current: bool,
}

/// An entry of a list.
struct Choice {
    value: String,
    name: String,
    is_chosen: bool,
}

/// The chart as the template draws it.
struct Drawn {
    is_empty: bool,
    paths: Vec<String>,
    legend: Vec<Legend>,
    /// From the top down.
    scale: Vec<String>,
    /// From left to right.
    times: Vec<time::Time>,
    summary: String,
    peak: Option<(String, time::Time)>,
    head: Vec<String>,
    rows: Vec<(time::Time, Vec<String>)>,
}

/// What a line is, in figures.
struct Legend {
    name: String,
    mean: String,
    largest: String,
    sum: String,
}

/// The month in figures.
struct MonthFacts {
    since: time::Time,
    total_in: String,
    total_out: String,
    percentile_in: String,
    percentile_out: String,
    missing: u32,
}

async fn show(State(app): State<Shared>, visitor: Visitor, typed: Typed) -> Response {
    let (language, now) = (visitor.language, now_s());
    let asked = Asked::of(&typed, now);
    let mut page = Page::of(&typed, asked.as_ref().ok(), &visitor);
    page.interfaces = match app.stored.interfaces().await {
        Ok(names) => interfaces(names.iter().map(|name| name.name.as_str()), typed.get("interface"), page.say),
        Err(error) => {
            page.failed = Some(error.told(language));
            Vec::new()
        }
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(nonsense) => {
            page.wrong = Some(nonsense.words(language));
            return (StatusCode::BAD_REQUEST, html(&page)).into_response();
        }
    };
    if page.failed.is_none() {
        match data::chart(&app.stored, &asked, language).await {
            Ok(chart) => page.drawn = Some(drawn(&asked, &chart, page.say, language)),
            Err(error) => page.failed = Some(error.told(language)),
        }
    }
    if page.failed.is_none() {
        let since = when::billing_month(now, app.options.billing_day);
        match app.stored.month(since, now, asked.interface.clone()).await {
            Ok(month) => page.month = Some(month_facts(since, &month, language)),
            Err(error) => page.failed = Some(error.told(language)),
        }
    }
    html(&page)
}

/// The same as columns.
async fn api(State(app): State<Shared>, visitor: Visitor, typed: Typed) -> Result<Response, Problem> {
    let wrong = |nonsense: Nonsense| {
        let [en, ru] = [Language::En, Language::Ru].map(|language| nonsense.words(language));
        Problem::new(StatusCode::BAD_REQUEST, en, ru)
    };
    let asked = Asked::of(&typed, now_s()).map_err(wrong)?;
    let chart = data::chart(&app.stored, &asked, visitor.language).await.map_err(StoredError::problem)?;
    let lines: Vec<_> =
        chart.lines.iter().map(|line| json!({"name": line.name, "sum": line.sum, "values": line.values})).collect();
    let body = json!({
        "since": asked.since,
        "until": asked.until,
        "step": asked.step,
        "unit": match asked.measure { Measure::Bits => "bit/s", Measure::Packets => "packets/s" },
        "times": chart.starts,
        "lines": lines,
        "peaks": chart.peaks,
    });
    Ok(Json(body).into_response())
}

impl Page {
    fn of(typed: &Typed, asked: Option<&Asked>, visitor: &Visitor) -> Page {
        let language = visitor.language;
        let texts = Texts::of(language);
        let range = asked.and_then(|asked| asked.range);
        let pill = |named: &Named| Pill {
            name: language.pick(named.title.0, named.title.1),
            href: typed.with(&[("range", named.name), ("from", ""), ("to", "")]),
            is_current: range == Some(named.name),
        };
        let is_free = asked.is_none_or(|asked| asked.range.is_none());
        // Nonsense stays in the form as it was typed; sense is shown as it was understood.
        let free = |name: &str, time: fn(&Asked) -> u32| match asked {
            Some(asked) => when::input(time(asked)),
            None => typed.get(name).to_owned(),
        };
        Page {
            frame: Frame::of(Place::Traffic, visitor),
            say: texts,
            ranges: RANGES.iter().map(pill).collect(),
            by: choices(texts.by, &["direction", "protocol", "interface"], typed.get("by")),
            units: choices(texts.units, &["bits", "packets"], typed.get("unit")),
            interfaces: Vec::new(),
            range: range.unwrap_or_default(),
            from: free("from", |asked| asked.since),
            to: free("to", |asked| asked.until),
            is_free,
            wrong: None,
            failed: None,
            drawn: None,
            month: None,
        }
    }
}

fn choices(names: &[&str], values: &[&str], typed: &str) -> Vec<Choice> {
    let choice = |(at, (name, value)): (usize, (&&str, &&str))| Choice {
        value: (*value).to_owned(),
        name: (*name).to_owned(),
        is_chosen: *value == typed || typed.is_empty() && at == 0,
    };
    names.iter().zip(values).enumerate().map(choice).collect()
}

/// All, and each name once; the one that was asked for also if the store does not know it.
fn interfaces<'n>(known: impl Iterator<Item = &'n str>, typed: &'n str, texts: &Texts) -> Vec<Choice> {
    let mut names: Vec<&str> = known.chain((!typed.is_empty()).then_some(typed)).collect();
    names.sort_unstable();
    names.dedup();
    let all = Choice { value: String::new(), name: texts.all.to_owned(), is_chosen: typed.is_empty() };
    let one = |name: &&str| Choice { value: (*name).to_owned(), name: (*name).to_owned(), is_chosen: *name == typed };
    [all].into_iter().chain(names.iter().take(INTERFACES_MAX).map(one)).collect()
}

fn drawn(asked: &Asked, chart: &Chart, texts: &'static Texts, language: Language) -> Drawn {
    let say = |value: f64| rate(asked.measure, value, language);
    let moment = |seconds: u32| {
        let ns = u64::from(seconds) * 1_000_000_000;
        if asked.until - asked.since > 2 * 86_400 { time::short(ns, language) } else { time::clock(ns, language) }
    };
    let end = svg::scale(chart);
    let sum = |sum: u64| match asked.measure {
        Measure::Bits => number::bytes(sum, language),
        Measure::Packets => number::about(sum as f64, language),
    };
    let legend = |line: &data::Line| Legend {
        name: line.name.clone(),
        mean: say(line.mean()),
        largest: say(line.largest()),
        sum: sum(line.sum),
    };
    let quarter = (asked.until - asked.since) / svg::PARTS;
    let stride = chart.starts.len().div_ceil(ROWS_MAX).max(1);
    let row = |at: usize| {
        let mean = |line: &data::Line| {
            let known: Vec<f64> = line.values.iter().skip(at).take(stride).flatten().copied().collect();
            let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
            if known.is_empty() { "–".to_owned() } else { say(mean) }
        };
        (moment(chart.starts[at]), chart.lines.iter().map(mean).collect())
    };
    let largest = chart.lines.iter().max_by(|a, b| a.mean().total_cmp(&b.mean()));
    let summary = largest.map(|line| texts.summary(&line.name, &say(line.mean()), &say(line.largest())));
    Drawn {
        is_empty: chart.is_empty(),
        paths: chart.lines.iter().map(|line| svg::path(line, end)).collect(),
        legend: chart.lines.iter().map(legend).collect(),
        scale: (0..=svg::PARTS).rev().map(|part| say(end * f64::from(part) / f64::from(svg::PARTS))).collect(),
        times: (0..=svg::PARTS).map(|part| moment(asked.since + quarter * part)).collect(),
        summary: summary.unwrap_or_default(),
        peak: chart.peak().map(|(peak, start)| (say(peak), moment(start))),
        head: chart.lines.iter().map(|line| line.name.clone()).collect(),
        rows: (0..chart.starts.len()).step_by(stride).map(row).collect(),
    }
}

fn rate(measure: Measure, value: f64, language: Language) -> String {
    match measure {
        Measure::Bits => number::bits_per_second(value, language),
        Measure::Packets => number::packets_per_second(value, language),
    }
}

fn month_facts(since: u32, month: &Month, language: Language) -> MonthFacts {
    MonthFacts {
        since: time::short(u64::from(since) * 1_000_000_000, language),
        total_in: number::bytes(month.bytes_in, language),
        total_out: number::bytes(month.bytes_out, language),
        percentile_in: number::bits_per_second(month.percentile_in, language),
        percentile_out: number::bits_per_second(month.percentile_out, language),
        missing: month.days_missing,
    }
}

#[cfg(test)]
mod tests;
