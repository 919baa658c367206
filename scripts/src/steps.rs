//! The checks that cargo does itself.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// The sources are formatted.
pub fn fmt(root: &Path) -> anyhow::Result<()> {
    cargo(root, &["fmt", "--all", "--check"]).context("run `cargo fmt --all`")
}

/// Lints, warnings denied.
pub fn clippy(root: &Path) -> anyhow::Result<()> {
    cargo(root, &["clippy", "--quiet", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"])
}

/// Documentation builds without warnings.
pub fn docs(root: &Path) -> anyhow::Result<()> {
    let mut command = command(root, &["doc", "--quiet", "--workspace", "--no-deps", "--locked"]);
    command.env("RUSTDOCFLAGS", "--deny warnings");
    succeed(command)
}

/// Compiles everything that `tests` runs, so that the time of the one is not taken for that of the other.
pub fn build_tests(root: &Path) -> anyhow::Result<()> {
    let runner: &[&str] = if has_nextest(root) { &["nextest", "run", "--cargo-quiet"] } else { &["test", "--quiet"] };
    cargo(root, &[runner, &["--workspace", "--locked", "--no-run"]].concat())
}

/// Every test: by nextest if it is installed (each test in a process of its own), else by cargo itself.
pub fn tests(root: &Path) -> anyhow::Result<()> {
    if !has_nextest(root) {
        return cargo(root, &["test", "--workspace", "--locked", "--no-fail-fast"]);
    }
    // Nextest does not run the examples in the documentation; the order puts its summary last.
    let examples = cargo(root, &["test", "--quiet", "--workspace", "--locked", "--doc"]);
    cargo(root, &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])?;
    examples.context("examples in the documentation")
}

fn has_nextest(root: &Path) -> bool {
    let mut command = command(root, &["nextest", "--version"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root).stdin(Stdio::null());
    command
}

fn cargo(root: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    succeed(command(root, arguments))
}

fn succeed(mut command: Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}; is cargo in PATH?"))?;
    if !status.success() {
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        bail!("`cargo {}` ended with {status}", words.join(" "));
    }
    Ok(())
}
