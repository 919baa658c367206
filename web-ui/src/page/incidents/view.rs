//! What the pages show: the filters, and one incident with all that is known.

use std::fmt::{self, Write};

use live::incident::{Incident, Severity, Share};

use super::ask::{Asked, DAYS, Show};
use super::past::Chart;
use super::words::Words;
use crate::guard::Visitor;
use crate::page::incident::{Card, severity};
use crate::page::query::Typed;
use crate::page::spark::Spark;
use crate::words::Language;
use crate::words::number::{bits_per_second, bytes, count, packets_per_second, percent};
use crate::words::time::{self, Time};

/// Entries of each list of an attack.
const SHARES: usize = 10;

/// One choice of a filter.
#[derive(Clone, Debug)]
pub struct Choice {
    pub(crate) query: String,
    pub(crate) name: String,
    pub(crate) is_chosen: bool,
}

/// The filters, each with its choices.
pub(super) fn choices(asked: &Asked, typed: &Typed, language: Language) -> Vec<Vec<Choice>> {
    let words = Words::of(language);
    let choice = |key: &str, value: &str, name: &str, is_chosen: bool| Choice {
        query: typed.with(&[(key, value), ("done", "")]),
        name: name.to_owned(),
        is_chosen,
    };
    let states = [(Show::All, "", words.all), (Show::Open, "open", words.open), (Show::Past, "past", words.past)];
    let states = states.map(|(show, value, name)| choice("state", value, name, asked.show == show));
    let mut severities = vec![choice("severity", "", words.any_severity, asked.severity.is_none())];
    for one in [Severity::Critical, Severity::Warning, Severity::Info] {
        severities.push(choice("severity", one.name(), severity(one, language), asked.severity == Some(one)));
    }
    let days =
        DAYS.map(|days| choice("days", &days.to_string(), &format!("{days} {}", words.days), asked.days == days));
    vec![states.to_vec(), severities, days.to_vec()]
}

/// A bar of a share. Safe in a page: a number.
#[derive(Clone, Copy, Debug)]
pub struct Bar(f64);

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.clamp(0.0, 100.0);
        write!(
            f,
            r#"<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="6"/><rect width="{width:.1}" height="6"/></svg>"#
        )
    }
}

impl askama::filters::HtmlSafe for Bar {}

/// A list of an attack.
#[derive(Clone, Debug)]
pub struct Shares {
    pub(crate) title: &'static str,
    /// Key, share of the list, bar.
    pub(crate) rows: Vec<(String, String, Bar)>,
}

/// What is known of an attack.
#[derive(Clone, Debug)]
pub struct AttackView {
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) shares: Vec<Shares>,
    /// Name of the sample's file; empty = none.
    pub(crate) sample: String,
    pub(crate) sample_packets: String,
}

/// One incident.
#[derive(Clone, Debug)]
pub struct One {
    pub(crate) card: Card,
    pub(crate) began: Time,
    pub(crate) ended: Option<Time>,
    pub(crate) lasted: String,
    pub(crate) crossings: String,
    pub(crate) labels: String,
    pub(crate) chart: Option<Spark>,
    pub(crate) chart_peak: String,
    pub(crate) chart_since: Time,
    pub(crate) chart_until: Time,
    pub(crate) attack: Option<AttackView>,
}

impl One {
    /// Of `incident`, for `visitor`, at `now_ns`.
    pub(super) fn new(incident: &Incident, chart: Option<Chart>, visitor: &Visitor, now_ns: u64) -> One {
        let language = visitor.language;
        let ended_ns = incident.resolved_ns.unwrap_or(now_ns);
        let lasted = std::time::Duration::from_nanos(ended_ns.saturating_sub(incident.since_ns));
        let mut labels = String::new();
        for (key, value) in &incident.labels {
            // Writing to a String does not fail.
            let _ = write!(labels, "{}{key} = {value}", if labels.is_empty() { "" } else { ", " });
        }
        let [since, until] = chart.as_ref().map_or([0, 0], |chart| [chart.since_ns, chart.until_ns]);
        let peak = chart.as_ref().map_or(0, |chart| chart.bits.peak());
        One {
            card: Card::new(incident, visitor, now_ns),
            began: time::moment(incident.since_ns, language),
            ended: incident.resolved_ns.map(|at| time::moment(at, language)),
            lasted: crate::words::number::duration(lasted, language),
            crossings: count(incident.crossings, language),
            labels,
            chart: chart.map(|chart| chart.bits),
            chart_peak: bits_per_second(peak as f64 * 8.0, language),
            chart_since: time::short(since, language),
            chart_until: time::short(until, language),
            attack: incident.attack.as_deref().map(|attack| attack_view(attack, language)),
        }
    }
}

fn attack_view(attack: &live::incident::Attack, language: Language) -> AttackView {
    let words = Words::of(language);
    let spoofed = match attack.spoofed {
        Some(true) => words.forged,
        Some(false) => words.genuine,
        None => words.cannot_tell,
    };
    let facts = vec![
        (words.target, attack.target.clone()),
        (words.direction, if attack.direction == "out" { words.from_it } else { words.towards_it }.to_owned()),
        (words.packet_peak, packets_per_second(attack.packets_per_second_peak as f64, language)),
        (words.bit_peak, bits_per_second(attack.bits_per_second_peak as f64, language)),
        (words.volume, bytes(attack.bytes, language)),
        (words.packets, count(attack.packets, language)),
        (words.remotes, count(attack.remote_addresses, language)),
        (words.spoofed, spoofed.to_owned()),
    ];
    let lists: [(&'static str, &[Share]); 6] = [
        (words.sources, &attack.sources),
        (words.source_prefixes, &attack.source_prefixes),
        (words.source_ports, &attack.source_ports),
        (words.target_ports, &attack.target_ports),
        (words.sizes, &attack.sizes),
        (words.ttls, &attack.ttls),
    ];
    let shares = lists.into_iter().filter(|(_, list)| !list.is_empty());
    AttackView {
        facts,
        shares: shares.map(|(title, list)| shares_view(title, list, language)).collect(),
        sample: attack.sample.clone(),
        sample_packets: count(attack.sample_packets, language),
    }
}

fn shares_view(title: &'static str, list: &[Share], language: Language) -> Shares {
    let total: f64 = list.iter().map(|share| share.packets as f64).sum::<f64>().max(1.0);
    let row = |share: &Share| {
        let part = share.packets as f64 * 100.0 / total;
        (share.key.clone(), percent(part, language), Bar(part))
    };
    Shares { title, rows: list.iter().take(SHARES).map(row).collect() }
}
