//! `floodmark doctor`: looks for what would keep this machine from counting every packet.
//!
//! Each check is one file with a pure judging function over what the kernel or a tool says, and a function that reads
//! it. No check needs root; what cannot be seen is said, not guessed. Adding a check: one file, one line in `examine`.

mod capability;
mod channels;
mod clock;
pub mod database;
mod disk;
mod grants;
mod interface;
mod kernel;
mod layers;
mod mail;
mod memory;
mod names;
mod offloads;
pub mod page;
mod queues;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::config::check::Machine;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, with a loss that is named, or could not be seen.
    Warn,
    /// It will not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at.
    pub subject: String,
    /// What was found.
    pub what: String,
    /// What to do; where nothing is wrong, what is worth knowing.
    pub remedy: String,
}

impl Finding {
    fn new(level: Level, subject: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { level, subject: subject.into(), what: what.into(), remedy: remedy.into() }
    }

    fn ok(subject: impl Into<String>, what: impl Into<String>, note: impl Into<String>) -> Finding {
        Finding::new(Level::Ok, subject, what, note)
    }

    fn warn(subject: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding::new(Level::Warn, subject, what, remedy)
    }

    fn fail(subject: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding::new(Level::Fail, subject, what, remedy)
    }
}

/// Where the kernel and the system show themselves; scratch folders in tests.
#[derive(Clone, Debug)]
pub struct View {
    /// `/proc`.
    pub proc: PathBuf,
    /// `/sys`.
    pub sys: PathBuf,
    /// `/run`.
    pub run: PathBuf,
}

impl Default for View {
    fn default() -> View {
        View { proc: "/proc".into(), sys: "/sys".into(), run: "/run".into() }
    }
}

impl View {
    /// The folder of an interface.
    fn interface(&self, name: &str) -> PathBuf {
        self.sys.join("class/net").join(name)
    }
}

/// Every check, for the operator; `default_route` is the interface that is captured when `config` names none.
pub fn examine(config: &Config, machine: &Machine, view: &View, default_route: Option<String>) -> Vec<Finding> {
    let mut findings = examine_with(config, machine, view, default_route, database::examine);
    findings.extend(capability::examine(view));
    findings.extend(channels::examine_secrets(&config.notifier, &config.node.name));
    findings.extend(page::examine(&config.web, &config.node));
    findings
}

/// The checks that do not depend on who asks, and not on whether the roles run.
pub fn examine_for_page(
    config: &Config,
    machine: &Machine,
    view: &View,
    default_route: Option<String>,
) -> Vec<Finding> {
    examine_with(config, machine, view, default_route, database::examine_for_page)
}

/// How the store is asked.
type AskStore = fn(&store::config::Config, &Path) -> Vec<Finding>;

fn examine_with(
    config: &Config,
    machine: &Machine,
    view: &View,
    default_route: Option<String>,
    ask_store: AskStore,
) -> Vec<Finding> {
    // Servers are asked all at the same time, a little over two seconds each.
    thread::scope(|scope| {
        let names = scope.spawn(|| names::examine(config));
        let mail = scope.spawn(|| mail::examine(&config.notifier.email));
        let database = scope.spawn(|| ask_store(&config.store, &config.node.data_dir));
        let mut findings = examine_machine(config, machine, view, default_route);
        findings.extend(channels::examine(&config.notifier));
        for asked in [names, mail, database] {
            findings.extend(
                asked.join().unwrap_or_else(|_| vec![Finding::fail("doctor", "a check broke", "please report this")]),
            );
        }
        findings
    })
}

/// The checks of this machine alone.
fn examine_machine(config: &Config, machine: &Machine, view: &View, default_route: Option<String>) -> Vec<Finding> {
    let mut findings = kernel::examine(view);
    let names = match config.capture.interfaces.as_slice() {
        [] => default_route.into_iter().collect(),
        names => names.to_vec(),
    };
    if names.is_empty() {
        let remedy = "name one by capture.interfaces or --interface; `ip -brief link` lists them";
        findings.push(Finding::fail("interfaces", "none is configured and there is no default route", remedy));
    }
    for name in &names {
        let found = interface::examine(name, view);
        let exists = found.iter().all(|finding| finding.level != Level::Fail);
        findings.extend(found);
        if exists {
            findings.extend(queues::examine(name, config.capture.fanout, machine.cores.len(), view));
            findings.extend(offloads::examine(name, config.capture.backend));
        }
    }
    findings.extend(layers::examine(&names));
    findings.extend(memory::examine(&config.capture, machine.cores.len(), names.len()));
    findings.extend(disk::examine(config, view));
    findings.extend(clock::examine(view));
    findings
}

/// What a program tells, if it is there and answers in time.
fn program(name: &str, arguments: &[&str]) -> Option<String> {
    const STEPS: u32 = 100;
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    // Two seconds: one that waits for a bus that is not there is ended.
    for _ in 0..STEPS {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => {
                return child
                    .wait_with_output()
                    .ok()
                    .map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            }
            Ok(None) => thread::sleep(Duration::from_millis(20)),
            Ok(Some(_)) | Err(_) => return None,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// For people: one line each, the remedy below it where something is to be done.
pub fn text(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let mark = match finding.level {
            Level::Ok => "ok  ",
            Level::Warn => "WARN",
            Level::Fail => "FAIL",
        };
        // Writing to a String does not fail.
        let _ = writeln!(out, "{mark} {}: {}", finding.subject, finding.what);
        if !finding.remedy.is_empty() {
            let _ = writeln!(out, "     → {}", finding.remedy);
        }
    }
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (fail, warn) = (count(Level::Fail), count(Level::Warn));
    let _ = writeln!(out, "{} checks: {fail} fail, {warn} warn", findings.len());
    out
}

/// For programs: one object a line.
///
/// # Errors
/// None in practice: the objects hold only text.
pub fn json(findings: &[Finding]) -> serde_json::Result<String> {
    let lines: Vec<String> = findings.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests;
