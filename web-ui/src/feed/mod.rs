//! What the roles say, as the page knows it: the newest line of each, with the time at which it was heard.
//!
//! One thread hears each role (`ears`) and hands its lines to the thread that owns the `teller`: that one makes the
//! [`Snapshot`] which pages read, keeps ten minutes of [`history`], and publishes into the hub what changed. Nobody
//! waits for ever: a role that is silent is asked again, and what is told of it says how old it is.

mod books;
mod ears;
pub mod history;
mod payload;
mod standing;
mod teller;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use live::line::{CaptureLine, IngestLine, NotifierLine, RunLine};
use tokio::sync::watch;

pub use books::Books;
pub use ears::{Clock, hear};
pub use standing::{Finding, ROLES, RoleHealth, SILENT_AFTER, Verdict};

use self::history::History;

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
    /// When the page began to listen, ns since the epoch.
    pub begun_ns: u64,
    /// Packets.
    pub capture: Option<Heard<CaptureLine>>,
    /// Rows.
    pub ingest: Option<Heard<IngestLine>>,
    /// Load, incidents, outbox.
    pub notifier: Option<Heard<NotifierLine>>,
    /// The supervisor; never heard under systemd.
    pub run: Option<Heard<RunLine>>,
}

/// The handle of the part.
pub struct Feed {
    speaker: watch::Sender<Arc<Snapshot>>,
    history: Mutex<History>,
    stop: Arc<AtomicBool>,
}

impl Default for Feed {
    fn default() -> Feed {
        Feed { speaker: watch::Sender::new(Arc::default()), history: Mutex::default(), stop: Arc::default() }
    }
}

impl Feed {
    /// A way to read the newest snapshot.
    pub fn now(&self) -> Now {
        self.speaker.subscribe()
    }

    /// The last ten minutes.
    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `snapshot` the newest.
    pub(crate) fn tell(&self, snapshot: Arc<Snapshot>) {
        self.speaker.send_replace(snapshot);
    }

    /// The threads end soon after this.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
pub(crate) mod tests;
