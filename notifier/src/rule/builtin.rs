//! The rules that are at work from the first day, each with its why: of the host, and of Floodmark itself.

mod floodmark;
mod host;

use std::time::Duration;

use live::incident::{Severity, SubjectKind, Words};

use super::config::{Clear, Rule};
use crate::judgement::Class;

/// English and Russian.
type Both = (&'static str, &'static str);

/// A rule that is at work unless `off` names it.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// What it looks at.
    pub subject: SubjectKind,
    /// What it is about.
    pub class: Class,
    /// How bad it is.
    pub severity: Severity,
    /// When it fires.
    pub when: &'static str,
    /// When it is over; empty = when `when` does not hold.
    pub clear: &'static str,
    /// `for` and `keep`, seconds.
    pub seconds: (u64, u64),
    /// Why it is there.
    pub why: Both,
    /// What happens.
    pub summary: Both,
    /// What to do.
    pub remedy: Both,
}

impl BuiltIn {
    /// As it would stand in the file.
    pub fn given(&self) -> Rule {
        Rule {
            name: self.name.to_owned(),
            subject: self.subject,
            when: self.when.to_owned(),
            clear: Clear::Expression(self.clear.to_owned()),
            hold: Duration::from_secs(self.seconds.0),
            keep: Duration::from_secs(self.seconds.1),
            severity: self.severity,
            summary: self.summary.0.to_owned(),
            remedy: self.remedy.0.to_owned(),
            ..Rule::default()
        }
    }
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static BuiltIn> {
    host::ALL.iter().chain(floodmark::ALL)
}

/// The built-in rule of this name.
pub fn find(name: &str) -> Option<&'static BuiltIn> {
    all().find(|rule| rule.name == name)
}

/// Both languages of a text.
pub fn words((en, ru): Both) -> Words {
    Words { en: en.to_owned(), ru: ru.to_owned() }
}
