//! `cargo x …`: the project's own checks, each alone or all together, without root and without the internet.
#![forbid(unsafe_code)]

mod edges;
mod faults;
mod graph;
mod licences;
mod spdx;
mod steps;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;

const USAGE: &str = "usage: cargo x COMMAND
  check     everything below, tests last
  fmt       the sources are formatted
  tidy      rules of STYLE.md that a program can hold
  edges     who may depend on whom
  licences  every dependency has a licence of the closed list
  clippy    lints, warnings denied
  docs      documentation builds without warnings
  package   the Debian package: built, clean for lintian, installed into a clean Debian and started there
  tests     every test
  fresh     clones the repository afresh into a clean Debian and runs both commands of the README there (long; root)
  loom      models of the hand-overs between threads (minutes; not part of check)
  faults [NAME...] [--full] [--seed N]
            breaks things on purpose, NAME by NAME or all of them, and prints the table of what it cost;
            --full takes the published numbers (hours), --seed repeats a run
  push [OPTION...]
            thousands of subscribers of the page's push hub, and what they cost; --help names the options";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = root().and_then(|root| match arguments.as_slice() {
        [faults, rest @ ..] if faults == "faults" => faults::run(&root, rest),
        [push, rest @ ..] if push == "push" => steps::push(&root, rest).map(|()| true),
        [command] => run(command, &root),
        _ => Ok(false),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            if !error.is::<AlreadyTold>() {
                eprintln!("x: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The workspace: the folder above this package.
fn root() -> anyhow::Result<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(package.parent().context("the package scripts lies in the workspace")?.to_path_buf())
}

/// Runs one command; `false` if there is none of that name.
fn run(command: &str, root: &Path) -> anyhow::Result<bool> {
    match command {
        "check" => check(root)?,
        "tests" => steps::tests(root)?,
        "loom" => steps::loom(root)?,
        "fresh" => steps::fresh(root)?,
        "package" => steps::package(root)?,
        name => match CHECKS.iter().find(|(known, _)| *known == name) {
            Some((_, step)) => step(root)?,
            None => return Ok(false),
        },
    }
    Ok(true)
}

/// A check reads the sources and changes nothing.
type Check = fn(&Path) -> anyhow::Result<()>;

/// In this order: the quick ones first.
const CHECKS: [(&str, Check); 6] = [
    ("tidy", tidy::check),
    ("fmt", steps::fmt),
    ("edges", edges::check),
    ("licences", licences::check),
    ("clippy", steps::clippy),
    ("docs", steps::docs),
];

/// All checks, then the tests, whatever the checks found: the last lines are the test runner's summary.
fn check(root: &Path) -> anyhow::Result<()> {
    let mut failed = Vec::new();
    for (name, step) in CHECKS {
        if let Err(error) = timed(name, || step(root)) {
            eprintln!("{name}: {error:#}");
            failed.push(name);
        }
    }
    match failed.as_slice() {
        [] => eprintln!("== checks: {} of {} passed", CHECKS.len(), CHECKS.len()),
        names => eprintln!("== checks: {} of {} failed: {}", names.len(), CHECKS.len(), names.join(", ")),
    }
    let built = timed("build of the tests", || steps::build_tests(root));
    let mut packed = Ok(());
    let tests = built.and_then(|()| {
        packed = timed("package", || steps::package_of_tests(root));
        if let Err(error) = &packed {
            eprintln!("package: {error:#}");
        }
        eprintln!("== tests");
        steps::tests(root)
    });
    if failed.is_empty() && packed.is_ok() && tests.is_ok() { Ok(()) } else { Err(AlreadyTold.into()) }
}

/// Does `step`, and tells how long it took.
#[expect(clippy::disallowed_methods, reason = "for the person who waits")]
fn timed(name: &str, step: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    eprintln!("== {name}");
    let began = Instant::now();
    let outcome = step();
    eprintln!("== {name}: {:.1} s", began.elapsed().as_secs_f64());
    outcome
}

/// Something failed that has been told; nothing is written below the test runner's summary.
#[derive(Debug)]
struct AlreadyTold;

impl std::fmt::Display for AlreadyTold {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("told above")
    }
}

impl std::error::Error for AlreadyTold {}
