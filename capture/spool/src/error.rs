//! What can go wrong with a spool directory, and the remedy.

use std::io;
use std::path::{Path, PathBuf};

/// An operation on the spool failed.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// A file or directory operation failed.
    #[error("{operation} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb: "create", "read" …
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process holds the lock.
    #[error("{} is in use by another floodmark {role}; stop it, or give --data-dir another directory", path.display())]
    Locked {
        /// The spool directory.
        path: PathBuf,
        /// "writer" or "reader".
        role: &'static str,
    },
    /// The directory belongs to another machine's Floodmark.
    #[error("{} was written by node {found}, this is node {ours}; give --data-dir this node's own directory, or move the old spool away", path.display())]
    ForeignNode {
        /// The file.
        path: PathBuf,
        /// The node in the file.
        found: String,
        /// This node.
        ours: String,
    },
    /// A newer program wrote the file.
    #[error("{} has spool format {found}, this program reads up to {supported}; start the newer floodmark until its spool is drained, or move the file away", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u16,
        /// Ours.
        supported: u16,
    },
    /// The spool has reached `bytes_max`.
    #[error("the spool is full ({used} of {max} bytes): the database has not taken its rows; see `floodmark doctor`")]
    Full {
        /// Bytes in segment files.
        used: u64,
        /// The bound.
        max: u64,
    },
    /// The disk is behind: every buffer is full of rows that it has not taken yet.
    #[error("the spool's disk is behind: {pending} rows wait for it; see whether another program keeps it busy")]
    Busy {
        /// Rows in memory.
        pending: u64,
    },
    /// A frame's rows are larger than a frame may be.
    #[error(
        "{bytes} bytes of rows are too many for one frame (at most {}); please report it",
        crate::limits::PAYLOAD_BYTES_MAX
    )]
    TooLarge {
        /// Bytes of the rows.
        bytes: usize,
    },
    /// The options contradict each other.
    #[error("{0}")]
    Options(String),
}

impl SpoolError {
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SpoolError + use<> {
        let path = path.to_path_buf();
        move |source| SpoolError::Io { operation, path, source }
    }

    /// Whether the directory is not one for this program: trying again does not help until a person acts.
    pub fn is_configuration(&self) -> bool {
        matches!(self, SpoolError::ForeignNode { .. } | SpoolError::NewerFormat { .. } | SpoolError::Options(_))
    }

    /// Whether trying again later can help.
    pub fn is_transient(&self) -> bool {
        matches!(self, SpoolError::Io { .. } | SpoolError::Full { .. } | SpoolError::Busy { .. })
    }
}
