//! What can end capture, and the remedy.

use std::path::PathBuf;

use crate::interface::InterfaceError;
use crate::ring::RingError;

/// capture or a replay cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// A ring or a packet socket.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The list of interfaces.
    #[error(transparent)]
    Interface(#[from] InterfaceError),
    /// The spool.
    #[error(transparent)]
    Spool(#[from] spool::SpoolError),
    /// The live socket.
    #[error(transparent)]
    Live(#[from] live::LiveError),
    /// A capture file.
    #[error(transparent)]
    File(#[from] crate::file::FileError),
    /// No interface is named and there is no default route to take one from.
    #[error(
        "no interface is given and there is no default route; name one with --interface or capture.interfaces (there are: {there})"
    )]
    NoInterface {
        /// The interfaces of this machine.
        there: String,
    },
    /// The configuration asks for what this machine does not have.
    #[error("{key}: {reason}")]
    Configuration {
        /// The key.
        key: &'static str,
        /// What is wrong, and what to write instead.
        reason: String,
    },
    /// The system's random source.
    #[error("no random numbers for the hash seed: {0}")]
    Random(#[from] getrandom::Error),
    /// A thread cannot be started.
    #[error("start {what}: {source}; is the limit of tasks (TasksMax, ulimit -u) reached?")]
    Start {
        /// What.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The rights that are not needed any more cannot be given up.
    #[error(transparent)]
    Confine(Box<dyn std::error::Error + Send + Sync>),
    /// An output file of a replay.
    #[error("write {}: {source}", path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl CaptureError {
    /// The process lacks CAP_NET_RAW: exit code 77.
    pub fn is_missing_privilege(&self) -> bool {
        matches!(self, CaptureError::Ring(error) if error.is_missing_privilege())
    }

    /// The configuration is wrong: exit code 78.
    pub fn is_configuration(&self) -> bool {
        matches!(self, CaptureError::NoInterface { .. } | CaptureError::Configuration { .. })
            || matches!(self, CaptureError::Interface(InterfaceError::Name(_)))
            || matches!(self, CaptureError::Spool(error) if error.is_configuration())
    }
}
