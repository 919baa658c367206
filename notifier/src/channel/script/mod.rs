//! script: a program of the administrator, run outside of the role.
//!
//! notifier is confined and starts no program. It connects to `RUN/script.sock` and writes one [`Request`]; who listens
//! there ([`runner`]) reads the configuration itself, so that a request can name a script but not make one. It checks
//! the never-list and the cap, starts the program without a shell and with an empty environment, gives it the details
//! on stdin, ends it at its time limit, and answers one [`Answer`].

pub mod cap;
pub mod config;
pub mod fastnetmon;
pub mod runner;

use std::path::{Path, PathBuf};
use std::time::Duration;

use live::incident::{Incident, SubjectKind};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use self::config::Script;
use super::sms::text::clean;
use super::{Message, Receipt, SendError};
use crate::notice::{Notice, NoticeKind};

/// Name of the socket in the folder of sockets.
pub const SOCKET: &str = "script.sock";

/// A request: a notice, and the details as text.
pub const REQUEST_BYTES_MAX: usize = crate::limits::NOTICE_BYTES_MAX + (64 << 10);

/// An answer: the end of what a program printed, and a sentence.
pub const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What may be asked: the script by its name, and what happened. Nothing in it becomes a program or an option.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Name of a `[[notifier.script]]`.
    pub script: String,
    /// The message's id, for the log.
    pub id: String,
    /// What happened.
    pub event: Event,
    /// What the program reads on stdin.
    pub details: String,
}

/// What happened, in types.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// What the message is for.
    pub kind: NoticeKind,
    /// "info", "warning", "critical".
    pub severity: String,
    /// The rule's name.
    pub rule: String,
    /// What kind of thing it is about.
    pub subject_kind: SubjectKind,
    /// Which; for an attack the attacked address or prefix.
    pub subject: String,
    /// It is an attack.
    pub is_attack: bool,
    /// "in" or "out"; empty if it is no attack.
    pub direction: String,
    /// Highest packets a second of an attack.
    pub packets_per_second: u64,
    /// The value.
    pub value: f64,
    /// The limit.
    pub limit: f64,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "told")]
pub enum Answer {
    /// It ran and ended with 0; what it printed last.
    Done(String),
    /// It is not run for this, and that is right: nothing to repeat.
    Skipped(String),
    /// It is never run for this.
    Refused(String),
    /// It failed, was ended at its time limit, or the hour's runs are used up.
    Failed(String),
    /// It cannot run until a person changes something.
    Broken(String),
}

/// A script, as notifier sees it.
pub struct Channel {
    name: String,
    socket: PathBuf,
    only_attacks: bool,
    time_limit: Duration,
}

impl Channel {
    /// Opens nothing. `run_dir` is the folder of sockets.
    pub fn new(config: &Script, run_dir: &Path) -> Channel {
        let socket = run_dir.join(SOCKET);
        // Beside the program's own time: reading, starting, answering.
        let time_limit = config.time_limit + Duration::from_secs(5);
        Channel { name: config.name.clone(), socket, only_attacks: config.only_attacks, time_limit }
    }

    /// The name, which receivers use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Has the script run once; ends within its time limit and five seconds.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn deliver(&self, message: &Message) -> Result<Receipt, SendError> {
        let event = event(&message.notice);
        if self.only_attacks && !event.is_attack && message.notice.kind != NoticeKind::Test {
            return Ok(Receipt { answer: "not run: it is no attack".to_owned(), ..Receipt::default() });
        }
        let request =
            Request { script: self.name.clone(), id: message.id.clone(), event, details: details(&message.notice) };
        match tokio::time::timeout(self.time_limit, self.ask(&request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(SendError::Unknown(format!("script {}: no answer within the time limit", self.name))),
        }
    }

    async fn ask(&self, request: &Request) -> Result<Receipt, SendError> {
        let name = &self.name;
        let passing = |what: &str, error: std::io::Error| {
            let socket = self.socket.display();
            SendError::Passing(format!(
                "script {name}: cannot {what} {socket}: {error}; floodmark-script.socket must be started"
            ))
        };
        let mut stream = UnixStream::connect(&self.socket).await.map_err(|error| passing("reach", error))?;
        let mut line =
            serde_json::to_vec(request).map_err(|error| SendError::Broken(format!("script {name}: {error}")))?;
        line.push(b'\n');
        stream.write_all(&line).await.map_err(|error| passing("write to", error))?;
        let unknown = |error: &dyn std::fmt::Display| SendError::Unknown(format!("script {name}: no answer: {error}"));
        let mut answer = Vec::new();
        let mut bounded = (&mut stream).take(ANSWER_BYTES_MAX as u64);
        bounded.read_to_end(&mut answer).await.map_err(|error| unknown(&error))?;
        match serde_json::from_slice(&answer).map_err(|error| unknown(&error))? {
            Answer::Done(told) | Answer::Skipped(told) => {
                Ok(Receipt { answer: crate::words::line(&told, 200), ..Receipt::default() })
            }
            Answer::Refused(told) => Err(SendError::Refused(format!("script {name}: {told}"))),
            Answer::Failed(told) => Err(SendError::Passing(format!("script {name}: {told}"))),
            Answer::Broken(told) => Err(SendError::Broken(format!("script {name}: {told}"))),
        }
    }
}

/// What happened, of the worst incident.
pub fn event(notice: &Notice) -> Event {
    let none = Incident::default();
    let incident = notice.incidents.first().unwrap_or(&none);
    let attack = incident.attack.as_deref();
    Event {
        kind: notice.kind,
        severity: notice.severity.name().to_owned(),
        rule: clean(&incident.rule),
        subject_kind: incident.subject.kind,
        subject: clean(attack.map_or(incident.subject.name.as_str(), |attack| attack.target.as_str())),
        is_attack: attack.is_some(),
        direction: attack.map(|attack| clean(&attack.direction)).unwrap_or_default(),
        packets_per_second: attack.map_or(0, |attack| attack.packets_per_second_peak),
        value: incident.value,
        limit: incident.limit,
    }
}

/// The notice as JSON, or less of it if it is too long.
fn details(notice: &Notice) -> String {
    let whole = serde_json::to_string(notice).unwrap_or_default();
    if whole.len() <= crate::limits::NOTICE_BYTES_MAX {
        return whole;
    }
    let mut short = notice.clone();
    (short.host, short.chart) = (None, None);
    short.timeline.clear();
    short.incidents.truncate(1);
    serde_json::to_string(&short).unwrap_or_default()
}

#[cfg(test)]
mod tests;
