//! `floodmark backtest`: how often rules would have fired on what is stored.

mod host;
pub(super) mod stored;
mod timeline;
mod traffic;

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use notifier::metric::Snapshot;
use notifier::rule::backtest::{Backtest, Outcome};
use notifier::rule::config::Rule;
use serde::{Deserialize, Serialize};

use super::print;
use super::store::{configuration, now_s, wait_for};
use crate::cli::BacktestArgs;
use crate::exit::{Exit, Failure, Outcome as Ended};

/// The largest rule file that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Gaps that are listed.
const GAPS_SHOWN: usize = 20;

/// A rule file: as in floodmark.toml, but `[[rule]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Rule>,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Shown<'a> {
    since: u32,
    until: u32,
    /// Seconds of it that stored rows stand for, by the length of a row.
    seconds_1s: u64,
    seconds_1m: u64,
    /// Seconds of which a sample of the host is known, and rows of processes and of targets near a limit.
    host_seconds: u64,
    processes: u64,
    targets: u64,
    /// From and to, UNIX seconds: times without data.
    gaps: &'a [(u32, u32)],
    rules: &'a [Outcome],
}

pub fn run(args: &BacktestArgs) -> Ended {
    let rules = read(&args.rule)?;
    let until = now_s();
    let since = until.saturating_sub(u32::try_from(args.since.as_secs()).unwrap_or(u32::MAX));
    let offset_s = utc_offset_s(until);
    let mut backtest = Backtest::new(&rules, &stored::metrics(), offset_s).map_err(|problems| {
        let told = problems.iter().map(|p| format!("{} = {}: allowed is {}; {}", p.key, p.value, p.allowed, p.remedy));
        let told = told.collect::<Vec<_>>().join("\n  ");
        Failure::new(Exit::BadConfiguration, anyhow::anyhow!("{}: {told}", args.rule.display()))
    })?;
    let config = configuration(&args.source)?;
    let feed = |snapshot: &Snapshot, step| backtest.feed(snapshot, step);
    let seen = wait_for(stored::feed(&config, (since, until), feed, clock()))?;
    let outcomes = backtest.outcomes();
    if args.json {
        let shown = Shown {
            since,
            until,
            seconds_1s: seen.seconds_1s,
            seconds_1m: seen.seconds_1m,
            host_seconds: seen.host_seconds,
            processes: seen.processes,
            targets: seen.targets,
            gaps: &seen.gaps,
            rules: &outcomes,
        };
        return print::out(&(serde_json::to_string(&shown).map_err(Failure::failed)? + "\n"));
    }
    print::out(&text((since, until), &seen, &outcomes))
}

/// Stands for the begin of what is stored: only times since then are looked at.
#[expect(clippy::disallowed_methods, reason = "a command is an edge")]
pub(super) fn clock() -> Instant {
    Instant::now()
}

fn read(path: &Path) -> Result<Vec<Rule>, Failure> {
    let failed = |error: io::Error| {
        let told = anyhow::anyhow!("cannot read {}: {error}; name a file with one or more [[rule]]", path.display());
        Failure::failed(told)
    };
    let about = fs::metadata(path).map_err(failed)?;
    if about.len() > FILE_BYTES_MAX {
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB")));
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let wrong = |error: toml::de::Error| {
        let told = anyhow::anyhow!(
            "{}: {}\nkeys are those of [[notifier.rule]]",
            path.display(),
            error.to_string().trim_end()
        );
        Failure::new(Exit::BadConfiguration, told)
    };
    let file: File = toml::from_str(&text).map_err(wrong)?;
    Ok(file.rule)
}

/// How far the local time is ahead of UTC: schedules are of the local time.
pub(super) fn utc_offset_s(now: u32) -> i32 {
    let zone = jiff::tz::TimeZone::system();
    jiff::Timestamp::from_second(i64::from(now)).map_or(0, |time| zone.to_offset(time).seconds())
}

fn text((since, until): (u32, u32), seen: &timeline::Seen, outcomes: &[Outcome]) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    let at = |seconds: u64| print::seconds(u32::try_from(seconds).unwrap_or(u32::MAX));
    line(format!("{} to {}", print::seconds(since), print::seconds(until)));
    line(format!(
        "data: {} s by seconds, {} s by minutes (peaks within a minute do not show there)",
        seen.seconds_1s, seen.seconds_1m
    ));
    line(format!(
        "host: {} s; processes: {} rows, the main ones of each minute; addresses and prefixes: {} rows, while above a \
         tenth of a limit",
        seen.host_seconds, seen.processes, seen.targets
    ));
    for (from, to) in seen.gaps.iter().take(GAPS_SHOWN) {
        line(format!("no data from {} to {}", print::seconds(*from), print::seconds(*to)));
    }
    if seen.gaps.len() > GAPS_SHOWN {
        line(format!("no data {} times more", seen.gaps.len() - GAPS_SHOWN));
    }
    for outcome in outcomes {
        let Outcome { rule, severity, fired, fired_seconds, .. } = outcome;
        line(String::new());
        line(format!("{rule} ({}): would have fired {fired} times, {fired_seconds} s in all", severity.name()));
        line(format!("  judged {} s, could not judge {} s", outcome.judged_seconds, outcome.unknown_seconds));
        if !outcome.not_stored.is_empty() {
            line(format!("  not stored, so not judged: {}", outcome.not_stored.join(", ")));
        }
        for firing in &outcome.firings {
            let end = firing.ended.map_or_else(|| "the end".to_owned(), at);
            let flaps = if firing.flapping { ", flapping" } else { "" };
            let name = &firing.subject.name;
            line(format!(
                "  {} to {end} ({}{flaps}) {name} {}, by {} s",
                at(firing.fired),
                firing.end,
                firing.levels(),
                firing.resolution
            ));
        }
        if outcome.fired > outcome.firings.len() as u64 {
            line(format!("  and {} times more", outcome.fired - outcome.firings.len() as u64));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::exit::Exit;

    #[test]
    fn a_rule_file_is_read_or_its_fault_is_told() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let path = dir.path().join("rule.toml");
        let check = |text: &str| {
            std::fs::write(&path, text).expect("a file");
            read(&path)
        };
        let rules = check("[[rule]]\nname = \"a\"\nwhen = \"load1 > 1\"\nclear = 0.5\nfor = \"5s\"\n").expect("right");
        assert_eq!((rules.len(), rules[0].hold.as_secs()), (1, 5));
        let failure = check("[[rule]]\nname = \"a\"\nwehn = \"load1 > 1\"\n").expect_err("a wrong key");
        assert_eq!(failure.exit, Exit::BadConfiguration);
        let told = failure.error.to_string();
        assert!(told.contains("line 3") && told.contains("wehn"), "{told}");
        std::fs::remove_file(&path).expect("it is there");
        assert!(read(&path).expect_err("no file").error.to_string().contains("cannot read"));
    }
}
