//! How often rules would have fired: the same expressions and the same machine, over what was stored.

use std::collections::{BTreeMap, BTreeSet};

use live::incident::{Severity, Subject, SubjectKind, Unit};
use serde::Serialize;

use super::compile::{Rule, compile};
use super::config::{Config, Rule as Given};
use super::expression::Values;
use super::judge::judge;
use super::machine::Machine;
use super::{builtin, words};
use crate::config::Problem;
use crate::judgement::{Change, Transition};
use crate::metric::{Metric, Snapshot, Source, catalogue};

/// The longest step that counts as it is: of stored minutes, and of a gap that is fed in minutes.
const STEP_MAX_NS: u64 = 90_000_000_000;

/// Seconds of a stored row of processes, and of an address or prefix.
const PROCESSES_S: u32 = 60;
const SUBJECTS_S: u32 = 10;

/// Firings of one rule that are listed; all are counted.
const LISTED_MAX: usize = 1_000;

const SECOND_NS: u64 = 1_000_000_000;

/// What one rule would have done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The rule.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// Times that it would have fired, and how long in all.
    pub fired: u64,
    /// Seconds that it would have fired, all subjects together.
    pub fired_seconds: u64,
    /// The firings, oldest first; at most 1,000.
    pub firings: Vec<Firing>,
    /// Metrics it speaks of that are not stored: unknown throughout.
    pub not_stored: Vec<String>,
    /// Seconds of the node, or of at least one subject, in which `when` could be decided.
    pub judged_seconds: u64,
    /// Seconds in which it could not.
    pub unknown_seconds: u64,
}

/// One time that a rule would have fired.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Firing {
    /// What it would have been about.
    pub subject: Subject,
    /// First crossing, UNIX seconds.
    pub since: u64,
    /// When it would have fired, UNIX seconds.
    pub fired: u64,
    /// When it would have been over, UNIX seconds; `None` = it still fired at the end of what is stored.
    pub ended: Option<u64>,
    /// "resolved", "gone" (no more data), "firing" (still), and whether it flapped.
    pub end: &'static str,
    /// It came and went so often that it would have been told as flapping.
    pub flapping: bool,
    /// The worst value.
    pub peak: f64,
    /// The limit.
    pub limit: f64,
    /// Of both.
    pub unit: Unit,
    /// Seconds that one stored row stands for at that time: a shorter peak is not seen.
    pub resolution: u32,
}

/// What a snapshot of stored rows stands for, seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The time since the snapshot before.
    pub seconds: u32,
    /// The row of traffic; 0 = it has none.
    pub traffic: u32,
    /// The row of the host; 0 = it has none.
    pub host: u32,
}

/// Rules over stored data. Snapshots come in the order of time.
#[derive(Debug)]
pub struct Backtest {
    rules: Vec<Rule>,
    machine: Machine,
    outcomes: BTreeMap<String, Outcome>,
    open: BTreeMap<(String, Subject), usize>,
    utc_offset_s: i32,
    last_ns: u64,
}

impl Backtest {
    /// Of these rules alone; `stored` has the names of the metrics that the snapshots will have.
    ///
    /// # Errors
    /// What is wrong with the rules, as at `config check`.
    pub fn new(given: &[Given], stored: &BTreeSet<&str>, utc_offset_s: i32) -> Result<Backtest, Vec<Problem>> {
        // The file may hold a built-in rule under its own name, with another limit.
        let off = builtin::all().map(|rule| rule.name.to_owned()).collect();
        let rules = compile(&Config { off, ..Config::default() }, given, &BTreeMap::new())?;
        let outcome = |rule: &Rule| {
            let clear = rule.clear.iter().flat_map(|clear| clear.metrics());
            let metrics: BTreeSet<&str> = rule.when.metrics().iter().chain(clear).copied().collect();
            let not_stored = metrics.difference(stored).map(|name| (*name).to_owned()).collect();
            Outcome {
                rule: rule.head.name.clone(),
                severity: rule.head.severity,
                fired: 0,
                fired_seconds: 0,
                firings: Vec::new(),
                not_stored,
                judged_seconds: 0,
                unknown_seconds: 0,
            }
        };
        let outcomes = rules.iter().map(|rule| (rule.head.name.clone(), outcome(rule))).collect();
        let machine = Machine::new(STEP_MAX_NS);
        Ok(Backtest { rules, machine, outcomes, open: BTreeMap::new(), utc_offset_s, last_ns: 0 })
    }

    /// Tries another limit, and another level to clear, for one of the rules; before the first [`Backtest::feed`].
    ///
    /// # Errors
    /// There is no such rule, or the numbers do not fit it.
    pub fn set_levels(&mut self, name: &str, limit: Option<f64>, clear: Option<f64>) -> Result<(), String> {
        let rule = self.rules.iter_mut().find(|rule| rule.head.name == name);
        let rule = rule.ok_or_else(|| format!("there is no rule {name:?}"))?;
        rule.set_levels(limit, clear).map_err(|allowed| format!("allowed is {allowed}"))?;
        match &rule.clear {
            Some(clear) if rule.when.clears_the_wrong_way(clear) => {
                Err("the level to clear lies beyond the limit: it would be over while it fires".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The next stored moment.
    pub fn feed(&mut self, snapshot: &Snapshot, step: Step) {
        for rule in &self.rules {
            let decides =
                |own: &[f64], subject: &str| rule.when.holds(&Values { node: snapshot.node(), own, subject }).is_some();
            let is_judged = match rule.subject {
                SubjectKind::Node => decides(&[], ""),
                kind => snapshot.table(kind).rows().any(|row| decides(row.own, &row.subject.name)),
            };
            if let Some(outcome) = self.outcomes.get_mut(&rule.head.name) {
                let seconds = if is_judged { &mut outcome.judged_seconds } else { &mut outcome.unknown_seconds };
                *seconds += u64::from(step.seconds);
            }
        }
        self.last_ns = snapshot.time_ns;
        let (readings, _) = judge(&self.rules, snapshot, self.utc_offset_s, &self.machine);
        for transition in self.machine.step(snapshot.time_ns, readings) {
            self.note(&transition, step);
        }
    }

    fn note(&mut self, transition: &Transition, step: Step) {
        let reading = &transition.reading;
        let Some(outcome) = self.outcomes.get_mut(&reading.rule.name) else { return };
        let key = (reading.rule.name.clone(), reading.subject.clone());
        let seconds = transition.time_ns / SECOND_NS;
        let at = self.open.get(&key).copied();
        let firing = at.and_then(|at| outcome.firings.get_mut(at));
        if let Some(firing) = firing {
            firing.peak = transition.peak;
            firing.flapping |= transition.change == Change::Flapping;
            if let Change::Resolved | Change::Gone = transition.change {
                firing.ended = Some(seconds);
                firing.end = if transition.change == Change::Resolved { "resolved" } else { "gone" };
                outcome.fired_seconds += seconds.saturating_sub(firing.fired);
                self.open.remove(&key);
            }
            return;
        }
        if !matches!(transition.change, Change::Fired | Change::Flapping) {
            return;
        }
        outcome.fired += 1;
        if outcome.firings.len() < LISTED_MAX {
            self.open.insert(key, outcome.firings.len());
            outcome.firings.push(Firing {
                subject: reading.subject.clone(),
                since: transition.since_ns / SECOND_NS,
                fired: seconds,
                ended: None,
                end: "firing",
                flapping: transition.change == Change::Flapping,
                peak: transition.peak,
                limit: reading.limit,
                unit: reading.unit,
                resolution: resolution(&self.rules, &reading.rule.name, step),
            });
        }
    }

    /// What each rule would have done, by name.
    pub fn outcomes(mut self) -> Vec<Outcome> {
        let end = self.last_ns / SECOND_NS;
        for ((rule, _), at) in &self.open {
            if let Some(outcome) = self.outcomes.get_mut(rule)
                && let Some(firing) = outcome.firings.get(*at)
            {
                outcome.fired_seconds += end.saturating_sub(firing.fired);
            }
        }
        self.outcomes.into_values().collect()
    }
}

/// Seconds of the longest row that a rule is judged by.
fn resolution(rules: &[Rule], name: &str, step: Step) -> u32 {
    let Some(rule) = rules.iter().find(|rule| rule.head.name == name) else { return step.seconds };
    let own = match rule.subject {
        SubjectKind::Process => PROCESSES_S,
        SubjectKind::Host | SubjectKind::Prefix => SUBJECTS_S,
        _ => 1,
    };
    let of_node = catalogue::of(SubjectKind::Node).iter();
    let known = of_node.chain(catalogue::of(rule.subject)).filter(|metric| rule.when.metrics().contains(&metric.name));
    let row = |metric: &Metric| match (rule.subject, metric.source) {
        (SubjectKind::Node | SubjectKind::Interface | SubjectKind::Disk, Source::Host) => step.host,
        (SubjectKind::Node | SubjectKind::Interface, Source::Capture) => step.traffic,
        _ => 1,
    };
    known.map(row).fold(own, u32::max)
}

impl Firing {
    /// Its peak and limit, for people.
    pub fn levels(&self) -> String {
        let told = |value| words::told(value, self.unit, crate::notice::Language::En);
        format!("peak {}, limit {}", told(self.peak), told(self.limit))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::{Backtest, Given, SECOND_NS, Step};
    use crate::metric::Snapshot;

    #[test]
    fn it_tells_when_how_long_and_what_it_could_not_judge() {
        let rule = |name: &str, when: &str| Given {
            name: name.to_owned(),
            when: when.to_owned(),
            hold: Duration::from_secs(10),
            keep: Duration::from_secs(5),
            ..Given::default()
        };
        let rules = [rule("packets", "packets_per_second > 100"), rule("load", "load1 > 1 && packets_per_second > 1")];
        let stored = BTreeSet::from(["packets_per_second"]);
        let mut backtest = Backtest::new(&rules, &stored, 0).expect("right");
        for second in 1_000..2_000u64 {
            // Over the limit from 1100 to 1199, too short at 1300, and to the end from 1900.
            let packets = match second {
                1_100..1_200 | 1_300..1_305 | 1_900.. => 150.0 + (second % 7) as f64,
                _ => 10.0,
            };
            if (1_400..1_500).contains(&second) {
                continue;
            }
            let mut snapshot = Snapshot::new(second * SECOND_NS);
            snapshot.set("packets_per_second", packets);
            backtest.feed(&snapshot, Step { seconds: 1, traffic: 1, host: 0 });
        }
        let outcomes = backtest.outcomes();
        let (load, packets) = (&outcomes[0], &outcomes[1]);
        assert_eq!((load.fired, load.judged_seconds, load.unknown_seconds), (0, 0, 900));
        assert_eq!(load.not_stored, ["load1"]);
        assert_eq!((packets.fired, packets.judged_seconds, packets.fired_seconds), (2, 900, 95 + 89));
        let times: Vec<_> = packets.firings.iter().map(|f| (f.since, f.fired, f.ended, f.end)).collect();
        assert_eq!(times, [(1_100, 1_110, Some(1_205), "resolved"), (1_900, 1_910, None, "firing")]);
        assert_eq!(packets.firings[0].levels(), "peak 156 packets/s, limit 100 packets/s");
    }

    #[test]
    fn a_wrong_rule_is_refused() {
        let rule = Given { name: "a".to_owned(), when: "lod1 > 1".to_owned(), ..Given::default() };
        let problems = Backtest::new(&[rule], &BTreeSet::new(), 0).expect_err("wrong");
        assert!(problems[0].remedy.contains("load1"), "{problems:?}");
    }
}
