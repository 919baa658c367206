//! Node with one scenario: it drives Chromium, and gives orders to the test on its stdout, one JSON object a line.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Where the packaged browser lies.
const CHROMIUM: &str = "/usr/bin/chromium";

/// What drives a browser.
struct Tools {
    chromium: PathBuf,
    /// Folder with `node_modules`, which scripts/test fills.
    modules: PathBuf,
}

fn tools() -> Result<Tools, String> {
    let chromium = std::env::var_os("FLOODMARK_CHROMIUM").map_or_else(|| PathBuf::from(CHROMIUM), PathBuf::from);
    if !chromium.is_file() {
        return Err(format!("no {} (package chromium)", chromium.display()));
    }
    let version = Command::new("node").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        return Err("no node (package nodejs)".to_owned());
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let modules = std::env::var_os("FLOODMARK_MODULES").map_or_else(|| target.join("browser"), PathBuf::from);
    if !modules.join("node_modules/playwright-core/package.json").is_file() {
        return Err(format!("no playwright-core in {}/node_modules (./scripts/test installs it)", modules.display()));
    }
    Ok(Tools { chromium, modules })
}

/// Runs `body` in a network namespace if there is a browser; says so and passes if there is none.
pub fn in_browser(test: &str, body: fn()) {
    match tools() {
        Ok(_) => crate::namespace::in_namespace(test, body),
        Err(missing) => eprintln!("{test}: skipped: {missing}"),
    }
}

/// Runs a scenario with `variables` in its environment to its end, which must be a good one; `obey` answers its orders.
pub fn scenario(name: &str, scratch: &Path, variables: &[(&str, &str)], mut obey: impl FnMut(&str, &Value) -> Value) {
    let tools = tools().unwrap();
    let home = scratch.join("home");
    fs::create_dir_all(&home).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/browser/scenarios/{name}.mjs"));
    let mut node = Command::new("node")
        .arg(file)
        .env("FLOODMARK_CHROMIUM", &tools.chromium)
        .env("FLOODMARK_MODULES", &tools.modules)
        .env("FLOODMARK_SHOTS", Path::new(env!("CARGO_TARGET_TMPDIR")).join("screens"))
        .env("HOME", &home)
        .env("TMPDIR", &home)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = node.stdin.take().unwrap();
    // The scenario has a time limit of its own, and then closes its stdout.
    for line in BufReader::new(node.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        match serde_json::from_str::<Value>(&line) {
            Ok(order) if order["order"].is_string() => {
                let answer = obey(order["order"].as_str().unwrap(), &order);
                writeln!(answers, "{answer}").unwrap();
            }
            _ => eprintln!("{name}: {line}"),
        }
    }
    let status = node.wait().unwrap();
    assert!(status.success(), "the scenario {name} ended with {status}");
}
