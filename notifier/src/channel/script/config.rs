//! `[[notifier.script]]`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::config::Problem;

/// Arguments of the user's own.
const ARGUMENTS_MAX: usize = 16;

/// Entries of a never-list.
const NEVER_MAX: usize = 1_000;

/// What a program is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Kind, severity, rule, subject's kind and name, value, limit; the notice as JSON on stdin.
    #[default]
    Plain,
    /// Address, direction, packets/s, `ban`, `unban` or `attack_details`; a text on stdin.
    Fastnetmon,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    /// Its name, unique among all channels.
    pub name: String,
    /// The program's file.
    pub program: PathBuf,
    /// Arguments before those of `style`.
    pub arguments: Vec<String>,
    /// What it is given.
    pub style: Style,
    /// It is run for attacks alone.
    pub only_attacks: bool,
    /// It is killed after this time.
    #[serde(with = "humantime_serde")]
    pub time_limit: Duration,
    /// Runs an hour; what ends something (`unban`) is not counted.
    pub per_hour: u32,
    /// Addresses and prefixes for which it is never run.
    pub never: Vec<IpNet>,
}

impl Default for Script {
    fn default() -> Script {
        Script {
            name: String::new(),
            program: PathBuf::new(),
            arguments: Vec::new(),
            style: Style::Plain,
            only_attacks: true,
            time_limit: Duration::from_secs(10),
            per_hour: 20,
            never: Vec::new(),
        }
    }
}

/// What is wrong with them.
pub fn check(list: &[Script], problems: &mut Vec<Problem>) {
    let mut names = BTreeSet::new();
    for (number, script) in list.iter().enumerate() {
        let name = if script.name.is_empty() { (number + 1).to_string() } else { script.name.clone() };
        let mut no = |key: &str, value: String, allowed: &str, remedy: &str| {
            problems.push(Problem {
                key: format!("notifier.script[{name}].{key}"),
                value,
                allowed: allowed.to_owned(),
                remedy: remedy.to_owned(),
            });
        };
        let is_name = (1..=32).contains(&script.name.len())
            && script.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !is_name {
            let allowed = "1 to 32 letters, digits, `-`, `_`, `.`";
            no("name", script.name.clone(), allowed, "receivers name it in `channels`");
        } else if !names.insert(script.name.as_str()) {
            no("name", script.name.clone(), "a name of its own", "rename one of the two");
        }
        if !script.program.is_absolute() {
            let program = script.program.display().to_string();
            no("program", program, "an absolute path", "it is run without a shell and without PATH");
        }
        if script.arguments.len() > ARGUMENTS_MAX || script.arguments.iter().any(|text| text.contains('\0')) {
            let arguments = format!("{:?}", script.arguments);
            no("arguments", arguments, "up to 16, without zero bytes", "put more into a file that the program reads");
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(60)).contains(&script.time_limit) {
            no(
                "time_limit",
                format!("{:?}", script.time_limit),
                "1s to 1m",
                "what takes longer belongs into a service",
            );
        }
        if !(1..=1_000).contains(&script.per_hour) {
            no("per_hour", script.per_hour.to_string(), "1 to 1000", "a flood of attacks must not become one of runs");
        }
        if script.never.len() > NEVER_MAX {
            no("never", format!("{} entries", script.never.len()), "up to 1000", "name whole prefixes");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Script, check};

    #[test]
    fn what_is_wrong_is_told() {
        let good = Script { name: "null".to_owned(), program: "/usr/local/bin/null".into(), ..Script::default() };
        let told = |list: &[Script]| {
            let mut problems = Vec::new();
            check(list, &mut problems);
            problems.iter().map(|problem| problem.key.clone()).collect::<Vec<_>>()
        };
        assert!(told(std::slice::from_ref(&good)).is_empty());
        let with = |change: fn(&mut Script)| {
            let mut script = good.clone();
            change(&mut script);
            told(&[script])
        };
        assert_eq!(with(|script| script.program = "null.sh".into()), ["notifier.script[null].program"]);
        assert_eq!(with(|script| script.name.clear()), ["notifier.script[1].name"]);
        assert_eq!(with(|script| script.time_limit = Duration::ZERO), ["notifier.script[null].time_limit"]);
        assert_eq!(with(|script| script.per_hour = 0), ["notifier.script[null].per_hour"]);
        assert_eq!(with(|script| script.arguments = vec!["x".to_owned(); 17]), ["notifier.script[null].arguments"]);
        assert_eq!(told(&[good.clone(), good.clone()]), ["notifier.script[null].name"]);
    }
}
