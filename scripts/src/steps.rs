//! The checks that cargo does itself.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// The sources are formatted.
pub fn fmt(root: &Path) -> anyhow::Result<()> {
    cargo(root, &["fmt", "--all", "--check"]).context("run `cargo fmt --all`")
}

/// The arguments with which nextest runs the tests that `filter` names.
pub fn chosen_tests(filter: &str) -> Vec<&str> {
    let run = ["nextest", "run", "--cargo-quiet", "--workspace", "--locked", "--no-fail-fast"];
    [&run[..], &TEST_FEATURES, &["-E", filter]].concat()
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

/// What tests are built with: the named failure points, which the shipped program does not have.
const TEST_FEATURES: [&str; 2] = ["--features", "floodmark/failpoints"];

/// Compiles everything that `tests` runs, so that the time of the one is not taken for that of the other.
pub fn build_tests(root: &Path) -> anyhow::Result<()> {
    let runner: &[&str] = if has_nextest(root) { &["nextest", "run", "--cargo-quiet"] } else { &["test", "--quiet"] };
    cargo(root, &[runner, &TEST_FEATURES, &["--workspace", "--locked", "--no-run"]].concat())
}

/// Every test: by nextest if it is installed (each test in a process of its own), else by cargo itself.
pub fn tests(root: &Path) -> anyhow::Result<()> {
    if !has_nextest(root) {
        return cargo(root, &[&["test", "--workspace", "--locked", "--no-fail-fast"], &TEST_FEATURES[..]].concat());
    }
    // Nextest does not run the examples in the documentation; the order puts its summary last.
    let examples =
        cargo(root, &[&["test", "--quiet", "--workspace", "--locked", "--doc"], &TEST_FEATURES[..]].concat());
    cargo(root, &[&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"], &TEST_FEATURES[..]].concat())?;
    examples.context("examples in the documentation")
}

/// The models, in a target folder of their own: another cfg would else build everything anew, twice.
pub fn loom(root: &Path) -> anyhow::Result<()> {
    let mut command = command(root, &["test", "--package", "capture", "--lib", "--locked", "--", "model::model_"]);
    command.env("RUSTFLAGS", "--cfg loom");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), std::path::PathBuf::from);
    command.env("CARGO_TARGET_DIR", target.join("loom"));
    succeed(command)
}

/// The load program of the push hub, optimised: what it measures is time.
pub fn push(root: &Path, words: &[String]) -> anyhow::Result<()> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    cargo(root, &[&["run", "--release", "--quiet", "--locked", "--package", "push", "--"], words.as_slice()].concat())
}

/// The Debian package: built, looked at by lintian, installed into a clean system and started there.
pub fn package(root: &Path) -> anyhow::Result<()> {
    try_package(root, &[])
}

/// The same around the program that the tests run: a release build would take the checks too long.
pub fn package_of_tests(root: &Path) -> anyhow::Result<()> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), std::path::PathBuf::from);
    let program = target.join("debug/floodmark");
    try_package(root, &["--program", program.to_str().context("the target folder's name is no UTF-8")?])
}

fn try_package(root: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    run(root, "scripts/package", arguments).context("the package cannot be built")?;
    lint_package(root)?;
    run(root, "scripts/installed", &[]).context("the package does not work in a clean system")
}

/// No error and no warning; what is meant otherwise stands in scripts/debian/lintian-overrides, with its reason.
fn lint_package(root: &Path) -> anyhow::Result<()> {
    let folder = root.join("target/debian");
    let files = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let files = files.filter_map(|entry| Some(entry.ok()?.path()));
    let packages: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "deb")).collect();
    let [package] = packages.as_slice() else { bail!("one package is expected in {}", folder.display()) };
    let mut command = Command::new("lintian");
    command.args(["--fail-on", "error,warning", "--tag-display-limit", "0", "--profile", "debian"]).arg(package);
    let status = command.stdin(Stdio::null()).status().context("cannot start lintian; scripts/test installs it")?;
    if status.success() { Ok(()) } else { bail!("lintian found what is told above") }
}

/// Both commands of the README in a fresh clone in a clean system (half an hour).
pub fn fresh(root: &Path) -> anyhow::Result<()> {
    run(root, "scripts/fresh", &[])
}

fn run(root: &Path, script: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new(root.join(script));
    command.args(arguments).current_dir(root).stdin(Stdio::null());
    let status = command.status().with_context(|| format!("cannot start {script}"))?;
    if status.success() { Ok(()) } else { bail!("{script} ended with {status}") }
}

pub fn has_nextest(root: &Path) -> bool {
    let mut command = command(root, &["nextest", "--version"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

pub fn command(root: &Path, arguments: &[&str]) -> Command {
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
