//! The allowed range of every key, one file for each section.

mod capture;
mod ingest;
mod node;
mod spool;
mod store;
mod web;

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::fs;
use std::time::Duration;

use super::{Config, log};

/// What the ranges depend on and the configuration does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Host name, for an empty `node.name`.
    pub host_name: String,
    /// Numbers of the cores that this process may use, in order.
    pub cores: Vec<usize>,
}

impl Machine {
    /// This machine. What cannot be read (no /proc) is taken for one core and the name `localhost`.
    pub fn read() -> Machine {
        let host_name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or_default();
        let cores = core_list(list);
        Machine {
            host_name: if host_name.is_empty() { "localhost".to_owned() } else { host_name },
            cores: if cores.is_empty() { vec![0] } else { cores },
        }
    }
}

/// Reads the kernel's list form, `0-3,8`; parts that are no numbers are left out.
pub fn core_list(text: &str) -> Vec<usize> {
    /// Above any CONFIG_NR_CPUS: bounds the list whatever the text says.
    const CORE_MAX: usize = 8191;
    let mut cores = Vec::new();
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.trim().parse::<usize>(), last.trim().parse::<usize>()) {
            cores.extend(first..=last.min(CORE_MAX));
        }
    }
    cores
}

/// One value that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Section and key.
    pub key: Cow<'static, str>,
    /// The value as it would stand in the file.
    pub value: String,
    /// What is allowed.
    pub allowed: String,
    /// What to do.
    pub remedy: String,
}

impl Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} = {}: allowed is {}; {}", self.key, self.value, self.allowed, self.remedy)
    }
}

/// Collects problems; each method is one kind of range.
struct Report {
    problems: Vec<Problem>,
}

impl Report {
    fn problem(&mut self, key: &'static str, value: impl Display, allowed: impl Display, remedy: impl Display) {
        self.problems.push(Problem {
            key: Cow::Borrowed(key),
            value: value.to_string(),
            allowed: allowed.to_string(),
            remedy: remedy.to_string(),
        });
    }

    /// A number from `low` to `high`.
    fn number(&mut self, key: &'static str, value: u64, low: u64, high: u64, remedy: &str) {
        if !(low..=high).contains(&value) {
            self.problem(key, value, format_args!("{low} to {high}"), remedy);
        }
    }

    /// A duration from `low` to `high`.
    fn duration(&mut self, key: &'static str, value: Duration, low: Duration, high: Duration, remedy: &str) {
        if !(low..=high).contains(&value) {
            let allowed = format!("{} to {}", told(low), told(high));
            self.problem(key, format_args!("\"{}\"", told(value)), allowed, remedy);
        }
    }

    /// A duration of 0 (= never), or from `low` to `high`.
    fn duration_or_never(&mut self, key: &'static str, value: Duration, low: Duration, high: Duration, remedy: &str) {
        if !value.is_zero() && !(low..=high).contains(&value) {
            let allowed = format!("0s (never) or {} to {}", told(low), told(high));
            self.problem(key, format_args!("\"{}\"", told(value)), allowed, remedy);
        }
    }
}

/// A duration in the words of the file.
fn told(duration: Duration) -> impl Display {
    humantime::format_duration(duration)
}

/// Everything that is wrong with `config` on `machine`; empty = valid. Reads no files and opens no connection.
pub fn check(config: &Config, machine: &Machine) -> Vec<Problem> {
    let mut report = Report { problems: Vec::new() };
    node::check(&config.node, &mut report);
    capture::check(&config.capture, machine, &mut report);
    spool::check(&config.spool, &mut report);
    ingest::check(&config.ingest, &mut report);
    store::check(&config.store, &mut report);
    web::check(&config.web, &mut report);
    report.problems.extend(notifier::config::check(&config.notifier).into_iter().map(of_notifier));
    let mut of_peers = Vec::new();
    notifier::watch::config::check_peers(&config.peer, &mut of_peers);
    report.problems.extend(of_peers.into_iter().map(of_notifier));
    report.problems.extend(web_ui::config::check(&config.web).into_iter().map(of_web));
    check_log(&config.log, &mut report);
    report.problems
}

fn of_notifier(problem: notifier::config::Problem) -> Problem {
    let notifier::config::Problem { key, value, allowed, remedy } = problem;
    Problem { key: Cow::Owned(key), value, allowed, remedy }
}

fn of_web(problem: web_ui::config::Problem) -> Problem {
    let web_ui::config::Problem { key, value, allowed, remedy } = problem;
    Problem { key: Cow::Owned(key), value, allowed, remedy }
}

/// A file must not hold a password that another file should hold.
pub fn password_in_file(config: &Config) -> Option<Problem> {
    store::password_in_file(&config.store)
}

fn check_log(config: &log::Config, report: &mut Report) {
    if config.level.trim().is_empty() || config.level.parse::<tracing_subscriber::EnvFilter>().is_err() {
        report.problem(
            "log.level",
            format_args!("{:?}", config.level),
            "error, warn, info, debug, trace, or a list such as \"info,store=debug\"",
            "write one of these words",
        );
    }
}
