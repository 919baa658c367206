//! What can go wrong with a live socket, and the remedy.

use std::io;
use std::path::PathBuf;

/// An operation on a live socket failed.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The socket cannot be made or reached.
    #[error("{operation} {}: {source}", path.display())]
    Socket {
        /// What was tried.
        operation: &'static str,
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process publishes here.
    #[error("{} is served by a running floodmark {role}; stop it, or set node.run_dir to another directory", path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
        /// The role.
        role: &'static str,
    },
    /// Unix socket paths are short.
    #[error("the socket path {} is longer than {max} bytes; set node.run_dir to a shorter directory", path.display())]
    PathTooLong {
        /// The socket.
        path: PathBuf,
        /// What the system allows.
        max: usize,
    },
    /// The line is not of the expected shape.
    #[error("{} sent a line that is not understood ({reason}); are both of the same version?", path.display())]
    Line {
        /// The socket.
        path: PathBuf,
        /// What the parser said.
        reason: String,
    },
}
