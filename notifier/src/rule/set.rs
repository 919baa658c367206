//! The rules at work: judged once a second, replaced when the file changes, their limits changed from the page.

use std::collections::BTreeMap;

use live::action::Threshold;
use live::incident::Incident;
use live::line::RulesState;
use rusqlite::Connection;

use super::compile::{Rule, compile};
use super::expression::nearest;
use super::judge::judge;
use super::machine::Machine;
use super::threshold::{self, Changed};
use super::words::cut;
use super::{builtin, config};
use crate::config::{Config, Problem};
use crate::judgement::{Reading, Transition};
use crate::metric::Snapshot;

/// A limit is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ThresholdError {
    /// No such rule.
    #[error("there is no rule {0:?}; {1}")]
    Unknown(String, String),
    /// The rule has no such number, or its level to clear would lie beyond its limit.
    #[error("{0}")]
    Refused(String),
    /// It could not be kept.
    #[error("the change is not kept, so it is not made: {0}; is the disk full?")]
    State(#[from] rusqlite::Error),
}

/// All rules and their states.
#[derive(Debug)]
pub struct Rules {
    given: (config::Config, Vec<config::Rule>),
    rules: Vec<Rule>,
    changed: BTreeMap<String, Changed>,
    machine: Machine,
    refused: String,
    subjects: u64,
    subjects_left_out: u64,
}

impl Rules {
    /// The rules of a configuration that was checked, with the limits that were changed from the page. A changed limit
    /// that no longer fits its rule is left out, aloud.
    ///
    /// # Errors
    /// The rules of the file are wrong.
    pub fn new(config: &Config, changed: BTreeMap<String, Changed>) -> Result<Rules, Vec<Problem>> {
        let (rules, changed) = ready(&config.rules, &config.rule, changed)?;
        let given = (config.rules.clone(), config.rule.clone());
        let machine = Machine::default();
        Ok(Rules { given, rules, changed, machine, refused: String::new(), subjects: 0, subjects_left_out: 0 })
    }

    /// Takes over what fired when this process ended; before the first [`Rules::tick`].
    pub fn restore<'a>(&mut self, open: impl IntoIterator<Item = &'a Incident>) {
        self.machine.restore(open);
    }

    /// One second: judges the snapshot, adds what other judges read (attacks, peers), and tells what became of it.
    /// `utc_offset_s`: how far the local time is ahead of UTC now.
    pub fn tick(&mut self, snapshot: &Snapshot, utc_offset_s: i32, others: Vec<Reading>) -> Vec<Transition> {
        let (mut readings, left_out) = judge(&self.rules, snapshot, utc_offset_s, &self.machine);
        readings.extend(others);
        self.subjects = snapshot.subjects();
        self.subjects_left_out = self.subjects_left_out.saturating_add(snapshot.left_out()).saturating_add(left_out);
        self.machine.step(snapshot.time_ns, readings)
    }

    /// The file has changed and is right: its rules are at work from now on. What the rules that are still there said
    /// goes on; what the others said is gone.
    ///
    /// # Errors
    /// The new rules are wrong; the old ones stay, and [`Rules::state`] says why.
    pub fn replace(&mut self, now_ns: u64, config: &Config) -> Result<Vec<Transition>, Vec<Problem>> {
        let (rules, changed) = match ready(&config.rules, &config.rule, self.changed.clone()) {
            Ok(ready) => ready,
            Err(problems) => {
                let first = problems.first().map(|problem| format!("{}: {}", problem.key, problem.remedy));
                self.refuse(&first.unwrap_or_default());
                return Err(problems);
            }
        };
        let same = |old: &Rule| rules.iter().any(|new| new.head.name == old.head.name && new.subject == old.subject);
        let gone: Vec<String> = self.rules.iter().filter(|old| !same(old)).map(|old| old.head.name.clone()).collect();
        let transitions = self.machine.forget(now_ns, gone.iter().map(String::as_str));
        (self.rules, self.changed) = (rules, changed);
        self.given = (config.rules.clone(), config.rule.clone());
        self.refused.clear();
        Ok(transitions)
    }

    /// The newest file cannot be used; the rules at work stay.
    pub fn refuse(&mut self, why: &str) {
        self.refused = cut(why, 500);
    }

    /// Changes a limit from the page: durable, and at work from the next tick on.
    ///
    /// # Errors
    /// There is no such rule, the numbers do not fit it, or the change cannot be kept.
    pub fn threshold(&mut self, now_ns: u64, change: &Threshold, state: &mut Connection) -> Result<(), ThresholdError> {
        if !self.rules.iter().any(|rule| rule.head.name == change.rule) {
            let near = nearest(&change.rule, self.rules.iter().map(|rule| rule.head.name.as_str()));
            let remedy =
                near.map_or_else(|| "the page lists the rules".to_owned(), |near| format!("did you mean {near}?"));
            return Err(ThresholdError::Unknown(cut(&change.rule, 64), remedy));
        }
        let mut changed = self.changed.clone();
        let entry = Changed { limit: change.limit, clear: change.clear, by: cut(&change.by, 100), time_ns: now_ns };
        match (entry.limit, entry.clear) {
            (None, None) => drop(changed.remove(&change.rule)),
            _ => drop(changed.insert(change.rule.clone(), entry)),
        }
        let rules = compile(&self.given.0, &self.given.1, &changed).map_err(|problems| {
            let told =
                problems.first().map(|p| format!("{} = {}: allowed is {}; {}", p.key, p.value, p.allowed, p.remedy));
            ThresholdError::Refused(told.unwrap_or_default())
        })?;
        threshold::store(state, now_ns, change)?;
        tracing::info!(rule = %change.rule, limit = change.limit, clear = change.clear, by = %cut(&change.by, 100), "a limit was changed");
        (self.rules, self.changed) = (rules, changed);
        Ok(())
    }

    /// For the live line.
    pub fn state(&self) -> RulesState {
        RulesState {
            rules: self.rules.len() as u64,
            subjects: self.subjects,
            subjects_left_out: self.subjects_left_out.saturating_add(self.machine.left_out()),
            refused: self.refused.clone(),
        }
    }

    /// The newest configuration is not at work.
    pub fn is_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    /// What is known of each rule and subject: other judges ask it which of their quiet readings matter.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The rules at work.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules without what was changed from the page.
    pub fn configured(&self) -> Vec<Rule> {
        compile(&self.given.0, &self.given.1, &BTreeMap::new()).unwrap_or_default()
    }

    /// When a rule of the configuration fires, as it is written there.
    pub fn when(&self, name: &str) -> Option<&str> {
        self.given.1.iter().find(|rule| rule.name == name).map(|rule| rule.when.as_str())
    }

    /// The limits that were changed from the page.
    pub fn changed(&self) -> &BTreeMap<String, Changed> {
        &self.changed
    }
}

/// The rules with the changed limits that fit; those that do not are told. A limit of a rule that is not there waits
/// for it.
type Ready = (Vec<Rule>, BTreeMap<String, Changed>);

fn ready(
    config: &config::Config,
    given: &[config::Rule],
    mut changed: BTreeMap<String, Changed>,
) -> Result<Ready, Vec<Problem>> {
    if let Ok(rules) = compile(config, given, &changed) {
        return Ok((rules, changed));
    }
    let plain = compile(config, given, &BTreeMap::new())?;
    for rule in &plain {
        let Some(one) = changed.get_key_value(rule.head.name.as_str()) else { continue };
        let alone = BTreeMap::from([(one.0.clone(), one.1.clone())]);
        if compile(config, given, &alone).is_err() {
            let kind = if builtin::find(one.0).is_some() { "built-in rule" } else { "rule" };
            tracing::warn!(rule = %one.0, "the limit that {} set for this {kind} does not fit it any more and is not used", one.1.by);
            changed.remove(rule.head.name.as_str());
        }
    }
    let rules = compile(config, given, &changed)?;
    Ok((rules, changed))
}
