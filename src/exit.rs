//! The exit codes, and the error that carries one to `main`.

use std::process::ExitCode;

/// How the program ends. Scripts, service units and the supervisor rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It failed; a later try may succeed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// A capability or a right is missing.
    MissingPrivilege,
    /// The configuration is wrong.
    BadConfiguration,
}

impl Exit {
    /// The number: 1, 2, 77 or 78 (sysexits.h has the last two as EX_NOPERM and EX_CONFIG).
    pub const fn code(self) -> u8 {
        match self {
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::MissingPrivilege => 77,
            Exit::BadConfiguration => 78,
        }
    }

    /// Whether a process that ended with `code` would end the same way again until a person changes something.
    pub const fn is_final(code: i32) -> Option<Exit> {
        match code {
            2 => Some(Exit::Usage),
            77 => Some(Exit::MissingPrivilege),
            78 => Some(Exit::BadConfiguration),
            _ => None,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Why a command ended, and with which code.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What is told on stderr: the thing and the remedy.
    pub error: anyhow::Error,
}

impl Failure {
    /// With a given code.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Failure {
        Failure { exit, error: error.into() }
    }

    /// Exit code 1.
    pub fn failed(error: impl Into<anyhow::Error>) -> Failure {
        Failure::new(Exit::Failed, error)
    }
}

impl From<crate::config::load::Error> for Failure {
    fn from(error: crate::config::load::Error) -> Failure {
        Failure::new(Exit::BadConfiguration, error)
    }
}

/// What every command returns.
pub type Outcome = Result<(), Failure>;
