//! What can end ingest.

use spool::SpoolError;
use store::StoreError;

/// ingest cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The spool cannot be read, or another ingest reads it.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The store refuses us for a reason that waiting does not mend.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The live socket.
    #[error(transparent)]
    Live(#[from] live::LiveError),
    /// A thread or the runtime cannot be started.
    #[error("start {what}: {source}; is the limit of tasks (TasksMax, ulimit -u) reached?")]
    Start {
        /// What.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The dead-letter file.
    #[error("the parked rows under {}: {source}; this user must be able to read and write there", dir.display())]
    Parking {
        /// The data directory.
        dir: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// On a stop the database did not take everything.
    #[error("{rows} rows were read and not stored; they stay in {} and are stored at the next start", spool.display())]
    LeftInSpool {
        /// Rows that were in hand.
        rows: u64,
        /// Where they are.
        spool: std::path::PathBuf,
    },
}
