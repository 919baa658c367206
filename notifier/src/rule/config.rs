//! `[notifier.rules]`, `[[notifier.rule]]`.

use std::collections::BTreeMap;
use std::time::Duration;

use live::incident::{Severity, SubjectKind};
use serde::{Deserialize, Serialize};

use super::expression::nearest;
use super::{builtin, compile};
use crate::config::Problem;
use crate::limits::RULES_MAX;

/// The built-in rules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Names of built-in rules that are not at work.
    pub off: Vec<String>,
    /// Other limits for rules, by name.
    pub limits: BTreeMap<String, f64>,
    /// Other levels to clear, by name.
    pub clears: BTreeMap<String, f64>,
}

/// A level to clear: a number on the scale of `when`, or an expression; an empty text is "when `when` does not hold".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Clear {
    /// Of the value that `when` compares.
    Level(f64),
    /// A condition of its own.
    Expression(String),
}

impl Default for Clear {
    fn default() -> Clear {
        Clear::Expression(String::new())
    }
}

/// `[[notifier.rule]]`: a rule of the user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What it looks at: the node, or each host, prefix, interface, disk, process or role.
    pub subject: SubjectKind,
    /// When it fires.
    pub when: String,
    /// When it is over.
    pub clear: Clear,
    /// How long `when` must hold.
    #[serde(rename = "for", with = "humantime_serde")]
    pub hold: Duration,
    /// How long it must be clear.
    #[serde(with = "humantime_serde")]
    pub keep: Duration,
    /// How bad it is.
    pub severity: Severity,
    /// Copied to the incident.
    pub labels: BTreeMap<String, String>,
    /// What happens.
    pub summary: String,
    /// What to do.
    pub remedy: String,
    /// Who is told; empty = everybody.
    pub receivers: Vec<String>,
    /// When it may fire; empty = always.
    pub schedule: Vec<String>,
}

impl Default for Rule {
    fn default() -> Rule {
        Rule {
            name: String::new(),
            subject: SubjectKind::Node,
            when: String::new(),
            clear: Clear::default(),
            hold: Duration::from_secs(60),
            keep: Duration::from_secs(60),
            severity: Severity::Warning,
            labels: BTreeMap::new(),
            summary: String::new(),
            remedy: String::new(),
            receivers: Vec::new(),
            schedule: Vec::new(),
        }
    }
}

/// What is wrong with the rules.
pub fn check(config: &Config, rules: &[Rule], problems: &mut Vec<Problem>) {
    for name in config.off.iter().filter(|name| builtin::find(name).is_none()) {
        problems.push(unknown("notifier.rules.off", name, builtin::all().map(|rule| rule.name)));
    }
    let names = || builtin::all().map(|rule| rule.name).chain(rules.iter().map(|rule| rule.name.as_str()));
    for (key, levels) in [("limits", &config.limits), ("clears", &config.clears)] {
        for name in levels.keys().filter(|name| !names().any(|known| known == name.as_str())) {
            problems.push(unknown(&format!("notifier.rules.{key}"), name, names()));
        }
    }
    if rules.len() > RULES_MAX {
        problems.push(Problem {
            key: "notifier.rule".to_owned(),
            value: format!("{} rules", rules.len()),
            allowed: format!("at most {RULES_MAX}"),
            remedy: "let one rule with a `subject` stand for many".to_owned(),
        });
        return;
    }
    if let Err(found) = compile::compile(config, rules, &BTreeMap::new()) {
        problems.extend(found);
    }
}

fn unknown<'a>(key: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let remedy = match nearest(name, known) {
        Some(near) => format!("did you mean {near}?"),
        None => "docs/rules.md lists the built-in rules".to_owned(),
    };
    Problem { key: key.to_owned(), value: format!("{name:?}"), allowed: "the name of a rule".to_owned(), remedy }
}
