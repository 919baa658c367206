//! `floodmark notify test CHANNEL`: a test message through the real outbox, and what became of it.

use std::path::Path;
use std::time::{Duration, Instant};

use live::action::{Action, TestChannel};
use live::client::ask;
use live::control::Request;
use live::line::TestState;
use live::{Line, LiveError, Role, Subscriber};
use notifier::outbox::ANSWER_CHARS_MAX;
use notifier::words::plain;

use super::print;
use super::store::configuration;
use crate::cli::NotifyTestArgs;
use crate::exit::{Failure, Outcome};

/// The role answers at once: it only makes rows.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

pub fn run(args: &NotifyTestArgs) -> Outcome {
    let config = configuration(&args.source)?;
    let run_dir = &config.node.run_dir;
    let asked = TestChannel { channel: args.channel.clone(), receiver: args.receiver.clone(), by: user() };
    let request = Request { id: format!("test-{}", uuid()), action: Action::TestChannel(asked), role: None };
    let lines = Subscriber::connect(run_dir, Role::Notifier, ANSWER_WAIT).map_err(|error| away(&error))?;
    let answer = ask(run_dir, Role::Notifier, &request, ANSWER_WAIT).map_err(Failure::failed)?;
    let ids: Vec<&str> = answer.state.split(',').collect();
    let outcomes = follow(lines, &ids, args.wait, run_dir)?;
    let mut is_all = true;
    for test in &outcomes {
        is_all &= matches!(test.state.as_str(), "sent" | "delivered");
        if !print::is_taken(&line(test, args.wait))? {
            break;
        }
    }
    if is_all && outcomes.len() == ids.len() {
        Ok(())
    } else {
        Err(Failure::failed(anyhow::anyhow!("not every test message was accepted; the lines above say why")))
    }
}

/// The newest word on each message, once none waits or `wait` is over.
#[expect(clippy::disallowed_methods, reason = "how long an outcome is waited for is time of this command")]
fn follow(mut lines: Subscriber, ids: &[&str], wait: Duration, run_dir: &Path) -> Result<Vec<TestState>, Failure> {
    let began = Instant::now();
    let mut outcomes = Vec::new();
    while began.elapsed() < wait {
        match lines.receive() {
            Ok(Line::Notifier(line)) => {
                outcomes = line.outbox.tests.into_iter().filter(|test| ids.contains(&test.id.as_str())).collect();
                if outcomes.len() == ids.len() && outcomes.iter().all(|test| test.state != "waiting") {
                    break;
                }
            }
            Ok(_) => {}
            Err(error) => {
                lines = Subscriber::connect(run_dir, Role::Notifier, ANSWER_WAIT).map_err(|_| away(&error))?
            }
        }
    }
    Ok(outcomes)
}

fn line(test: &TestState, wait: Duration) -> String {
    let TestState { receiver, channel, state, answer, took_ms, .. } = test;
    let answer = plain(answer, ANSWER_CHARS_MAX, ' ');
    let answer = if answer.is_empty() { String::new() } else { format!(": {answer}") };
    match state.as_str() {
        "waiting" => {
            format!(
                "{channel} to {receiver}: not sent within {}{answer}; it goes on trying\n",
                humantime::format_duration(wait)
            )
        }
        state => format!("{channel} to {receiver}: {state} after {took_ms} ms{answer}\n"),
    }
}

fn away(error: &LiveError) -> Failure {
    let told = format!("notifier does not run: {error}; start it by `floodmark run`, or by its service, and try again");
    Failure::failed(anyhow::anyhow!(told))
}

/// Who asks: the name is for the record only.
fn user() -> String {
    format!("uid {}", nix::unistd::getuid())
}

/// An id that was never used.
fn uuid() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    format!("{:016x}{:016x}", RandomState::new().build_hasher().finish(), RandomState::new().build_hasher().finish())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use live::line::TestState;

    use super::line;

    #[test]
    fn an_outcome_is_a_line_with_the_time_it_took() {
        let mut test = TestState {
            receiver: "anna".to_owned(),
            channel: "email".to_owned(),
            state: "sent".to_owned(),
            answer: "250 2.0.0 ok\r\n".to_owned(),
            took_ms: 312,
            ..TestState::default()
        };
        assert_eq!(line(&test, Duration::from_secs(60)), "email to anna: sent after 312 ms: 250 2.0.0 ok  \n");
        test.state = "waiting".to_owned();
        assert!(line(&test, Duration::from_secs(60)).contains("not sent within 1m"));
    }
}
