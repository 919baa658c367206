//! From the configuration to rules that are ready to judge: everything that can be wrong with one is found here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use live::incident::{SubjectKind, Words};

use super::builtin;
use super::config::{Clear, Config, Rule as Given};
use super::expression::{Expression, ExpressionError};
use super::schedule::{self, Schedule};
use super::template::Template;
use super::threshold::Changed;
use super::words::cut;
use crate::config::Problem;
use crate::judgement::{Class, JUDGES, RuleHead};

/// A rule that is ready.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What it does besides judging.
    pub head: Arc<RuleHead>,
    /// What it looks at.
    pub subject: SubjectKind,
    /// When it fires.
    pub when: Expression,
    /// When it is over; `None` = when `when` does not hold.
    pub clear: Option<Expression>,
    /// When it may fire.
    pub schedule: Schedule,
    /// What happens, in each language; a rule of the user has the first one only.
    pub summary: [Template; 2],
    /// What to do.
    pub remedy: Words,
}

/// The longest `for` and `keep`.
const DURATION_MAX: Duration = Duration::from_secs(7 * 86_400);

/// Labels of a rule, and characters of each.
const LABELS_MAX: usize = 16;
const LABEL_CHARS_MAX: usize = 64;

/// All rules at work: the built-in ones that are not off, then the user's.
///
/// # Errors
/// Everything that is wrong.
pub fn compile(
    config: &Config,
    given: &[Given],
    changed: &BTreeMap<String, Changed>,
) -> Result<Vec<Rule>, Vec<Problem>> {
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    let built_in = builtin::all().filter(|rule| !config.off.iter().any(|off| off == rule.name));
    let own = given.iter().map(|rule| (rule.clone(), None));
    let mut names: BTreeSet<String> = JUDGES.iter().map(|name| (*name).to_owned()).collect();
    for (rule, about) in built_in.map(|rule| (rule.given(), Some(rule))).chain(own) {
        let key = format!("notifier.rule[{}]", cut(&rule.name, 64));
        if !names.insert(rule.name.clone()) {
            let what = match builtin::find(&rule.name) {
                Some(_) => "set `off` in [notifier.rules] to replace the built-in rule, or take another name",
                None => "give each rule its own name",
            };
            problems.push(problem(
                format!("{key}.name"),
                format!("{:?}", rule.name),
                "a name that no other rule has",
                what,
            ));
            continue;
        }
        match one(&key, &rule, about) {
            Ok(mut ready) => {
                problems.extend(levels(&key, config, &rule.name, changed, &mut ready));
                rules.push(ready);
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(rules) } else { Err(problems) }
}

fn problem(key: String, value: String, allowed: &str, remedy: &str) -> Problem {
    Problem { key, value: cut(&value, 200), allowed: allowed.to_owned(), remedy: remedy.to_owned() }
}

fn one(key: &str, rule: &Given, about: Option<&builtin::BuiltIn>) -> Result<Rule, Vec<Problem>> {
    let mut problems = plain(key, rule);
    let wrong = |field: &str, value: &str, allowed: &str, error: &ExpressionError| {
        let allowed = format!("{allowed}, but line {}, column {}: {}", error.line, error.column, error.what);
        problem(format!("{key}.{field}"), format!("{value:?}"), &allowed, &error.remedy)
    };
    let when = Expression::parse(&rule.when, rule.subject)
        .map_err(|error| problems.push(wrong("when", &rule.when, "a condition over metrics", &error)))
        .ok();
    let clear = match (&rule.clear, &when) {
        (Clear::Expression(text), _) if text.is_empty() => None,
        (Clear::Expression(text), _) => Expression::parse(text, rule.subject)
            .map_err(|error| problems.push(wrong("clear", text, "a condition over metrics", &error)))
            .ok(),
        (Clear::Level(level), Some(when)) => {
            let cleared = when.cleared_at(*level).filter(|_| level.is_finite());
            if cleared.is_none() {
                let remedy = "write the level as an expression, such as clear = \"load1 < 3\"";
                let allowed = "a number only where `when` is one comparison of a value with a number";
                problems.push(problem(format!("{key}.clear"), level.to_string(), allowed, remedy));
            }
            cleared
        }
        (Clear::Level(_), None) => None,
    };
    let schedule = Schedule::parse(&rule.schedule)
        .map_err(|span| {
            problems.push(problem(
                format!("{key}.schedule"),
                format!("{span:?}"),
                schedule::FORM,
                "write the days and hours so",
            ))
        })
        .unwrap_or_default();
    let mut template = |field: &str, text: &str| {
        Template::parse(text, rule.subject)
            .map_err(|error| problems.push(wrong(field, text, "a text with {{ field }} for values", &error)))
            .unwrap_or_default()
    };
    let default = match rule.subject {
        SubjectKind::Node => "{{ rule }}: {{ value }}, limit {{ limit }}",
        _ => "{{ rule }}: {{ subject }} has {{ value }}, limit {{ limit }}",
    };
    let en = template("summary", if rule.summary.is_empty() { default } else { &rule.summary });
    let ru = template("summary", about.map_or("", |about| about.summary.1));
    let Some(when) = when.filter(|_| problems.is_empty()) else { return Err(problems) };
    let remedy = about.map_or_else(
        || Words { en: cut(&rule.remedy, crate::limits::SUMMARY_CHARS_MAX), ru: String::new() },
        |about| builtin::words(about.remedy),
    );
    Ok(Rule {
        head: Arc::new(head(rule, about)),
        subject: rule.subject,
        when,
        clear,
        schedule,
        summary: [en, ru],
        remedy,
    })
}

fn head(rule: &Given, about: Option<&builtin::BuiltIn>) -> RuleHead {
    let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    RuleHead {
        name: rule.name.clone(),
        severity: rule.severity,
        class: about.map_or_else(|| class_of(rule.subject), |about| about.class),
        labels: rule.labels.clone(),
        receivers: rule.receivers.clone(),
        for_ns: nanos(rule.hold),
        keep_ns: nanos(rule.keep),
        why: about.map_or_else(Words::default, |about| builtin::words(about.why)),
    }
}

const fn class_of(subject: SubjectKind) -> Class {
    match subject {
        SubjectKind::Node | SubjectKind::Process => Class::Load,
        SubjectKind::Disk => Class::Disk,
        SubjectKind::Host | SubjectKind::Prefix | SubjectKind::Interface => Class::Network,
        SubjectKind::Role => Class::Floodmark,
        SubjectKind::Channel => Class::Delivery,
        SubjectKind::Peer => Class::Peer,
    }
}

/// What needs no expression to be seen.
fn plain(key: &str, rule: &Given) -> Vec<Problem> {
    let mut problems = Vec::new();
    let is_name = |name: &str| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    if !is_name(&rule.name) {
        let allowed = "1 to 64 letters, digits, `_`, `-`, `.`";
        problems.push(problem(format!("{key}.name"), format!("{:?}", rule.name), allowed, "give the rule such a name"));
    }
    if rule.subject == SubjectKind::Peer {
        let allowed = "node, host, prefix, interface, disk, process, role or channel";
        problems.push(problem(
            format!("{key}.subject"),
            "\"peer\"".to_owned(),
            allowed,
            "peers are watched by [[peer]]",
        ));
    }
    for (field, duration) in [("for", rule.hold), ("keep", rule.keep)] {
        if duration > DURATION_MAX {
            let value = format!("{} s", duration.as_secs());
            problems.push(problem(format!("{key}.{field}"), value, "0s to 7days", "lower it"));
        }
    }
    let is_long = |text: &str| text.chars().count() > LABEL_CHARS_MAX;
    if rule.labels.len() > LABELS_MAX || rule.labels.iter().any(|(name, value)| is_long(name) || is_long(value)) {
        let allowed = "at most 16 labels of at most 64 characters";
        problems.push(problem(
            format!("{key}.labels"),
            format!("{} labels", rule.labels.len()),
            allowed,
            "shorten them",
        ));
    }
    problems
}

/// Puts in the limits that were changed: by the file, then from the page.
fn levels(
    key: &str,
    config: &Config,
    name: &str,
    changed: &BTreeMap<String, Changed>,
    rule: &mut Rule,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let of_file = (config.limits.get(name).copied(), config.clears.get(name).copied());
    let of_page = changed.get(name).map_or((None, None), |changed| (changed.limit, changed.clear));
    for (limit, clear) in [of_file, of_page] {
        if let Err(why) = rule.set_levels(limit, clear) {
            let value = limit.or(clear).map_or_else(String::new, |level| level.to_string());
            problems.push(problem(format!("{key}.limit"), value, &why, "change the limit, or the rule itself"));
        }
    }
    if let Some(clear) = rule.clear.as_ref().filter(|clear| rule.when.clears_the_wrong_way(clear)) {
        let (limit, level) = rule.when.levels(clear).unwrap_or((f64::NAN, f64::NAN));
        let allowed = format!("a level that is not beyond the rule's own limit {limit}");
        let remedy = "it would be over while it fires: choose a level on the good side of the limit";
        problems.push(problem(format!("{key}.clear"), level.to_string(), &allowed, remedy));
    }
    problems
}

impl Rule {
    /// Another limit and level to clear. Without a level, the configured one moves in proportion.
    ///
    /// # Errors
    /// The rule has no such number to replace.
    pub fn set_levels(&mut self, limit: Option<f64>, clear: Option<f64>) -> Result<(), String> {
        if limit.is_some_and(|limit| !limit.is_finite()) || clear.is_some_and(|clear| !clear.is_finite()) {
            return Err("a number".to_owned());
        }
        let before = self.when.limit();
        if let Some(limit) = limit
            && !self.when.set_limit(limit)
        {
            return Err("a limit only where `when` begins with the comparison of a value with a number".to_owned());
        }
        let level = clear.or_else(|| {
            let (_, level) = self.when.levels(self.clear.as_ref()?)?;
            Some(level * limit? / before.filter(|before| *before != 0.0)?)
        });
        let Some(level) = level else { return Ok(()) };
        let is_set = match &mut self.clear {
            Some(expression) => expression.set_limit(level),
            None => {
                self.clear = self.when.cleared_at(level);
                self.clear.is_some()
            }
        };
        if is_set {
            Ok(())
        } else {
            Err("a level to clear only where `when` is one comparison with a number, or `clear` begins with one"
                .to_owned())
        }
    }
}
