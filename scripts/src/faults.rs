//! `cargo x faults`: the tests that break things on purpose, by name, and the table of what that cost.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use faults::report::Row;

use crate::steps;

/// A group of fault tests.
struct Group {
    name: &'static str,
    /// What nextest runs for it.
    filter: &'static str,
    /// Its bound, minutes: quick and full.
    minutes: (u64, u64),
}

const GROUPS: [Group; 7] = [
    Group { name: "kills", filter: "binary(line) & test(/^(kills|recorder)::/)", minutes: (6, 70) },
    Group {
        name: "database",
        filter: "package(ingest) & binary(line) & test(/^(cuts|errors|full)::/)",
        minutes: (5, 30),
    },
    Group {
        name: "spool",
        filter: "(package(spool) & !kind(lib)) | (binary(line) & test(/^full::/))",
        minutes: (5, 60),
    },
    Group { name: "interfaces", filter: "binary(line) & test(/^churn::/)", minutes: (3, 20) },
    Group {
        name: "hostile",
        filter: "binary(flood) | binary(collide) | binary(clock) | (binary(line) & test(/^flood::/))",
        minutes: (5, 60),
    },
    Group { name: "notifications", filter: "package(notifier) & binary(kill)", minutes: (3, 20) },
    Group { name: "roles", filter: "package(floodmark) & binary(run)", minutes: (5, 5) },
];

/// What the command line asks for.
#[derive(Debug, Default, PartialEq)]
struct Asked {
    names: Vec<String>,
    full: bool,
    seed: Option<u64>,
}

/// Runs the groups that are asked for and prints the table; `Ok(false)` when the words are not understood.
///
/// # Errors
/// A test failed or took too long; the table of the others is printed all the same.
#[expect(clippy::disallowed_macros, reason = "the table is this command's output")]
pub fn run(root: &Path, words: &[String]) -> anyhow::Result<bool> {
    let Some(asked) = parse(words) else { return Ok(false) };
    if !steps::has_nextest(root) {
        bail!("cargo nextest is not installed; run `cargo install cargo-nextest --locked`");
    }
    let seed = asked.seed.unwrap_or_else(faults::random);
    println!("seed {seed}: `cargo x faults --seed {seed}` repeats it");
    let report = root.join("target").join("faults.jsonl");
    match fs::remove_file(&report) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).context("the old report"),
        _ => {}
    }
    // Not within a group's bound.
    steps::build_tests(root)?;
    let mut failed = Vec::new();
    for group in GROUPS.iter().filter(|g| asked.names.is_empty() || asked.names.iter().any(|name| name == g.name)) {
        if let Err(error) = one(root, group, &asked, seed, &report) {
            eprintln!("{}: {error:#}", group.name);
            failed.push(group.name);
        }
    }
    let text = fs::read_to_string(&report).unwrap_or_default();
    let rows: Vec<Row> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>().context("the report")?;
    print!("{}", table(&rows));
    if failed.is_empty() { Ok(true) } else { bail!("failed: {}; seed {seed}", failed.join(", ")) }
}

fn parse(words: &[String]) -> Option<Asked> {
    let mut asked = Asked::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--full" => asked.full = true,
            "--seed" => asked.seed = Some(words.next()?.parse().ok()?),
            name if GROUPS.iter().any(|group| group.name == name) => asked.names.push(word.clone()),
            _ => return None,
        }
    }
    Some(asked)
}

#[expect(clippy::disallowed_methods, reason = "the bound of a group is time on this machine")]
fn one(root: &Path, group: &Group, asked: &Asked, seed: u64, report: &Path) -> anyhow::Result<()> {
    eprintln!("== {}", group.name);
    let minutes = if asked.full { group.minutes.1 } else { group.minutes.0 };
    let mut command = steps::command(root, &steps::chosen_tests(group.filter));
    command.env("FLOODMARK_FAULTS_SEED", seed.to_string()).env("FLOODMARK_FAULTS_REPORT", report);
    if asked.full {
        command.env("FLOODMARK_FAULTS", "full");
    }
    let mut child = command.spawn().context("cargo does not start")?;
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return if status.success() { Ok(()) } else { bail!("its tests ended with {status}") };
        }
        if began.elapsed() > Duration::from_secs(60 * minutes) {
            child.kill()?;
            child.wait()?;
            bail!("it took longer than {minutes} minutes and was ended");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The rows as the README has them.
fn table(rows: &[Row]) -> String {
    let mut out = String::from(
        "| fault | load | runs | lost | doubled | imbalance | worst recovery | note |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let imbalance = row.imbalance.map_or_else(|| "–".to_owned(), |n| n.to_string());
        let recovery = row.worst_recovery_ms.map_or_else(|| "–".to_owned(), |ms| format!("{:.1} s", ms as f64 / 1e3));
        out += &format!(
            "| {} | {} | {} | {} | {} | {imbalance} | {recovery} | {} |\n",
            row.fault, row.load, row.runs, row.lost, row.doubled, row.note
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use faults::report::Row;

    use super::{Asked, parse, table};

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn names_and_options_are_understood_and_others_refused() {
        let asked = Asked { names: vec!["kills".into()], full: true, seed: Some(7) };
        assert_eq!(parse(&words("kills --full --seed 7")), Some(asked));
        assert_eq!(parse(&[]), Some(Asked::default()));
        assert_eq!(parse(&words("nothing")), None);
        assert_eq!(parse(&words("--seed")), None);
    }

    #[test]
    fn a_row_is_a_line_of_the_table() {
        let row =
            Row { fault: "kill".into(), runs: 3, imbalance: Some(0), worst_recovery_ms: Some(1260), ..Row::default() };
        assert!(table(&[row]).ends_with("| kill |  | 3 | 0 | 0 | 0 | 1.3 s |  |\n"));
    }
}
