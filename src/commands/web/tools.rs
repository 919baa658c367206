//! What the command does for the page: the doctor's findings of the start, the back-test.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use notifier::rule::backtest::{Backtest as Test, Outcome};
use notifier::rule::builtin;
use notifier::rule::config::Rule;
use web_ui::tools::{Backtest, Finding, Tools, Trial, Tried};

use crate::commands::backtest::{clock, stored, utc_offset_s};
use crate::commands::store::{now_s, wait_for};
use crate::config::Config;
use crate::doctor::{self, Level};
use crate::parent;

/// How long a back-test may read: a day of seconds is some ten thousand rows for each interface.
const PATIENCE: Duration = Duration::from_secs(55);

/// Firings that are told.
const TOLD_MAX: usize = 20;

/// The doctor's servers are asked for a little more than two seconds each, all at the same time; its programs are quick.
const DOCTOR_STEPS: u32 = 300;
const DOCTOR_STEP: Duration = Duration::from_millis(20);

/// Both. The doctor looks at the machine now, in a process of its own: this one has no thread yet. `document` is the
/// configuration as a role's parent hands it over.
pub fn tools(config: &Config, document: &str) -> Tools {
    let findings = examine(document).unwrap_or_else(|error| {
        let what = format!("it could not look at this machine: {error}");
        vec![doctor::Finding {
            level: Level::Warn,
            subject: "doctor".to_owned(),
            what,
            remedy: "run `floodmark doctor`".to_owned(),
        }]
    });
    let findings = findings.into_iter().map(|finding| Finding {
        level: match finding.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        },
        subject: finding.subject,
        what: finding.what,
        remedy: finding.remedy,
    });
    let config = config.clone();
    let run = Arc::new(move |trial: &Trial| run(&config, trial));
    Tools { findings: findings.collect(), backtest: Some(Backtest(run)) }
}

/// Runs `floodmark doctor` on the same configuration; ended when it takes too long.
fn examine(document: &str) -> io::Result<Vec<doctor::Finding>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["doctor", "--json", "--for-page"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    // A pipe holds all of it, or the child reads it at once: it reads before it does anything else.
    let written = child.stdin.take().map(|mut input| write!(input, "{document}\n{}\n", parent::END));
    for _ in 0..DOCTOR_STEPS {
        if child.try_wait()?.is_some() {
            written.transpose()?;
            let output = child.wait_with_output()?;
            let lines = String::from_utf8_lossy(&output.stdout).into_owned();
            return lines.lines().map(|line| serde_json::from_str(line).map_err(io::Error::from)).collect();
        }
        std::thread::sleep(DOCTOR_STEP);
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {:?}", DOCTOR_STEP * DOCTOR_STEPS)))
}

fn run(config: &Config, trial: &Trial) -> Result<Tried, String> {
    let mut test = test(config, trial)?;
    let until = now_s();
    let since = until.saturating_sub(trial.seconds);
    let fed = wait_for(async {
        let feed = stored::feed(config, (since, until), |snapshot, step| test.feed(snapshot, step), clock());
        Ok(tokio::time::timeout(PATIENCE, feed).await)
    });
    match fed.map_err(|failure| failure.error.to_string())? {
        Ok(seen) => seen.map_err(|error| error.to_string())?,
        Err(_) => return Err(format!("the store did not give a day of rows within {} s", PATIENCE.as_secs())),
    };
    test.outcomes().into_iter().next().map(tried).ok_or_else(|| "the back-test has no outcome".to_owned())
}

/// The back-test of one rule with the levels of the file, then those to try.
fn test(config: &Config, trial: &Trial) -> Result<Test, String> {
    let own = config.notifier.rule.iter().find(|rule| rule.name == trial.rule).cloned();
    let rule: Option<Rule> = own.or_else(|| builtin::find(&trial.rule).map(builtin::BuiltIn::given));
    let rule = rule.ok_or_else(|| {
        format!("the rule {:?} is not known to the page: it was added after its start; restart web", trial.rule)
    })?;
    let levels = |of: &BTreeMap<String, f64>| of.get(&trial.rule).copied();
    let file = (levels(&config.notifier.rules.limits), levels(&config.notifier.rules.clears));
    let told = |problems: Vec<notifier::config::Problem>| {
        problems.first().map(|problem| format!("{}: {}", problem.key, problem.remedy)).unwrap_or_default()
    };
    let mut test = Test::new(&[rule], &stored::metrics(), utc_offset_s(now_s())).map_err(told)?;
    for (limit, clear) in [file, (trial.limit, trial.clear)] {
        if limit.is_some() || clear.is_some() {
            test.set_levels(&trial.rule, limit, clear)?;
        }
    }
    Ok(test)
}

fn tried(outcome: Outcome) -> Tried {
    let firings = outcome.firings.into_iter().take(TOLD_MAX);
    Tried {
        fired: outcome.fired,
        fired_seconds: outcome.fired_seconds,
        judged_seconds: outcome.judged_seconds,
        unknown_seconds: outcome.unknown_seconds,
        not_stored: outcome.not_stored,
        firings: firings.map(|firing| (firing.fired, firing.ended, firing.subject.name)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use web_ui::tools::Trial;

    use super::{run, test};
    use crate::config::Config;

    fn trial(rule: &str, limit: Option<f64>, clear: Option<f64>) -> Trial {
        Trial { rule: rule.to_owned(), limit, clear, seconds: 3_600 }
    }

    #[test]
    fn a_limit_is_tried_or_its_fault_is_told() {
        let text = "[[notifier.rule]]\nname = \"flood\"\nwhen = \"packets_in_per_second > 100\"\nclear = 50.0\n";
        let mut config: Config = toml::from_str(text).expect("a configuration");
        assert!(test(&config, &trial("flood", Some(200.0), Some(80.0))).is_ok());
        let check = |trial: Trial, expect: &str| {
            let Err(error) = test(&config, &trial) else { panic!("{expect}") };
            assert!(error.contains(expect), "{error}");
        };
        check(trial("flood", Some(200.0), Some(300.0)), "beyond the limit");
        check(trial("flood", Some(f64::NAN), None), "a number");
        check(trial("none", Some(1.0), None), "restart web");
        // A store that is empty, or not there: an answer, not a hang.
        let dir = tempfile::tempdir().expect("a scratch folder");
        config.node.data_dir = dir.path().to_path_buf();
        let outcome = run(&config, &trial("flood", Some(200.0), None));
        assert!(outcome.as_ref().map_or(true, |tried| tried.fired == 0 && tried.judged_seconds == 0), "{outcome:?}");
    }
}
