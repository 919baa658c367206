//! Why setup ends before it has written anything.

use std::io;

use crate::exit::{Exit, Failure};

/// See the module.
#[derive(Debug)]
pub enum Stop {
    /// The input ended.
    Ended,
    /// SIGINT or SIGTERM.
    Signal,
    /// An answer that cannot be, and nobody to ask again.
    Wrong(String),
    /// A test failed, or the machine did.
    Failed(String),
    /// Nobody reads what is told.
    Output(io::Error),
    /// With a code of its own.
    Refused(Failure),
}

impl Stop {
    /// The same when the configuration is written already.
    pub fn after_writing(self) -> Failure {
        let why = match self {
            Stop::Ended => "the input ended".to_owned(),
            Stop::Signal => "interrupted".to_owned(),
            Stop::Wrong(text) | Stop::Failed(text) => text,
            Stop::Output(error) => format!("cannot write to stdout: {error}"),
            Stop::Refused(failure) => return failure,
        };
        let rest = "the configuration is written; `floodmark user add NAME` makes a user of the page, `floodmark doctor` \
                    looks at all";
        Failure::failed(anyhow::anyhow!("{why}; {rest}"))
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Refused(failure)
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Failure {
        let told = |exit, text: String| Failure::new(exit, anyhow::anyhow!(text));
        match stop {
            Stop::Ended => told(
                Exit::Failed,
                "the input ended before the last question; nothing is written. Answer all, or give flags and --yes"
                    .to_owned(),
            ),
            Stop::Signal => told(Exit::Failed, "interrupted; nothing is written".to_owned()),
            Stop::Wrong(text) => told(Exit::Usage, format!("{text}; nothing is written")),
            Stop::Failed(text) => told(Exit::Failed, format!("{text}; nothing is written")),
            Stop::Output(error) => told(Exit::Failed, format!("cannot write to stdout: {error}; nothing is written")),
            Stop::Refused(failure) => failure,
        }
    }
}
