//! Conversations with mail servers: Postfix and its smtp-sink, TLS with certificates of the test, and one of ours that
//! misbehaves.

mod fault;
mod postfix;
mod real;
mod tls;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::examples;
use crate::channel::email::Email;
use crate::channel::email::config::{Config, Security};
use crate::channel::{Message, Receipt, SendError};
use crate::notice::{Language, NoticeKind};

/// A plain server on loopback.
fn config(port: u16) -> Config {
    Config {
        server: "127.0.0.1".to_owned(),
        port,
        security: Security::Off,
        from: "Floodmark <floodmark@example.org>".to_owned(),
        ..Config::default()
    }
}

fn message() -> Message {
    let mut notice = examples::notice(NoticeKind::Reminder, Language::Ru);
    notice.incidents[0].summary.ru = ".точка в начале".to_owned();
    Message {
        id: "0123-1".to_owned(),
        thread: "0123".to_owned(),
        to: "admin@example.org".to_owned(),
        notice,
        attempt: 1,
    }
}

fn email(config: &Config) -> Email {
    Email::new(config, "web1", PathBuf::from("/nonexistent")).expect("a channel")
}

/// One attempt, and how long it took.
#[expect(clippy::disallowed_methods, reason = "a test measures")]
fn deliver(email: &Email, message: &Message) -> (Result<Receipt, SendError>, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let begin = Instant::now();
    let outcome = runtime.block_on(sendable(email.deliver(message)));
    (outcome, begin.elapsed())
}

/// The role gives each attempt to a task, which any thread may go on with.
fn sendable<T: Future + Send>(attempt: T) -> T {
    attempt
}
