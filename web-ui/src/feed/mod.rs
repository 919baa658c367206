//! What the roles say, as the page knows it: the newest line of each, with the time at which it was heard.

use std::sync::Arc;

use live::line::{CaptureLine, IngestLine, NotifierLine, RunLine};
use tokio::sync::watch;

/// The newest snapshot, and a way to wait for the next.
pub type Now = watch::Receiver<Arc<Snapshot>>;

/// A line, and when it was heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard<T> {
    /// What was said.
    pub line: Arc<T>,
    /// When it reached us, ns since the epoch: how stale it is goes by this, not by the role's own time.
    pub at_ns: u64,
}

/// What each role said last. `None` = it was never heard in this life of the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// When this snapshot was made, ns since the epoch.
    pub time_ns: u64,
    /// Packets.
    pub capture: Option<Heard<CaptureLine>>,
    /// Rows.
    pub ingest: Option<Heard<IngestLine>>,
    /// Load, incidents, outbox.
    pub notifier: Option<Heard<NotifierLine>>,
    /// The supervisor; never heard under systemd.
    pub run: Option<Heard<RunLine>>,
}
