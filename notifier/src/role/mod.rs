//! role: the threads of notifier, and the second in which everything happens.
//!
//! The first thread is the loop: it waits for capture's line, judges, decides, makes durable, and tells (`second`).
//! Beside it: `sampler` (`sampler`), one ear for each role ([`crate::lines`]), `samples`, `watch`, the runtime of the
//! channels (`senders`), and the live socket's, which carry out what people ask for (`obey`). What is slow (a mail
//! server, a disk, a peer) has a thread of its own: the loop waits for its state file alone.

mod clock;
mod detail;
mod line;
pub mod metrics;
mod obey;
mod sampler;
mod second;
mod senders;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use live::heartbeat::Progress;
use live::{Heartbeat, Publisher, Role};

use crate::config::Config;
use crate::error::NotifierError;
use crate::lines::Ears;
use crate::watch;

use second::Second;

/// The spool is looked after, and a stop is seen, at least this often.
const LOOK: Duration = Duration::from_millis(100);

/// While capture speaks, its line begins the second; without one it begins by itself.
const WITH_CAPTURE: Duration = Duration::from_millis(1_300);
const WITHOUT_CAPTURE: Duration = Duration::from_secs(1);

/// What the role must know.
#[derive(Clone, Debug)]
pub struct Options {
    /// The `[notifier]` section.
    pub config: Config,
    /// The `[[peer]]` entries.
    pub peers: Vec<watch::config::Peer>,
    /// Sizes of the spool.
    pub spool: spool::config::Config,
    /// The file that all this comes from; `None` = there is none, and nothing to read again.
    pub config_file: Option<PathBuf>,
    /// Raised when the file is to be read again although it has not changed.
    pub reread: Arc<AtomicBool>,
    /// Reads that file again when it has changed.
    pub parser: crate::config::reload::Parser,
    /// Where notifier keeps its state: `DATA/notifier`.
    pub state_dir: PathBuf,
    /// Where its spool lies: `DATA/spool/notifier`.
    pub spool_dir: PathBuf,
    /// Name of this machine.
    pub node_name: String,
    /// Where the page is reached from outside, such as `https://flood.example:8443`; empty = nowhere.
    pub public_url: String,
    /// Where the live socket lies.
    pub run_dir: PathBuf,
    /// This node's identity.
    pub node: String,
}

/// Runs the role until `stop` is raised.
///
/// # Errors
/// The live socket or the state file cannot be made, or no thread can be started.
pub fn run(options: &Options, stop: &Arc<AtomicBool>) -> Result<(), NotifierError> {
    let mut heartbeat = Heartbeat::from_environment();
    // Whatever fails below, threads that were started end.
    let ends = Arc::new(AtomicBool::new(false));
    let _end = EndWhenDropped(Arc::clone(&ends));
    let mut second = Second::new(options, &ends)?;
    let epoch = clock::now_ns() / 1_000;
    let metrics = line::metrics(&second);
    let mut publisher = Publisher::bind(&options.run_dir, Role::Notifier, options.node.clone(), epoch, metrics)?;
    publisher.obey(second.obedience(stop)?);
    publisher.tell(second.details()?);
    let mut ears = Ears::open(&options.run_dir, &ends).map_err(NotifierError::Thread)?;
    heartbeat.ready();
    second.note("notifier.start", "notifier starts");
    tracing::info!("notifier starts: {}", second.summary());
    let (mut judged, mut heard) = (None, None);
    let mut seconds = 0;
    while !stop.load(Ordering::Relaxed) {
        let lines = ears.wait(LOOK);
        let now = clock::Now::read();
        let capture = lines.capture.as_ref().map(|capture| (capture.line.envelope.epoch, capture.line.envelope.seq));
        let is_new = capture.is_some() && capture != heard;
        let speaks = lines.capture.as_ref().is_some_and(|capture| capture.is_fresh(now.instant, 2 * WITH_CAPTURE));
        let interval = if speaks { WITH_CAPTURE } else { WITHOUT_CAPTURE };
        let is_due = judged.is_none_or(|at| now.instant.saturating_duration_since(at) >= interval);
        second.tend(now);
        if !is_new && !is_due {
            continue;
        }
        (judged, heard) = (Some(now.instant), capture);
        second.pass(now, &lines, is_new);
        let (line, health) = second.line(now, &mut publisher);
        heartbeat.status(&second.status(&line));
        publisher.publish(&line, health);
        seconds += 1;
        let (used, max) = second.spool();
        let spool = live::heartbeat::Fill { used, max };
        heartbeat.beat(&Progress { done: seconds, spool, ..Progress::default() });
    }
    heartbeat.stopping();
    second.note("notifier.stop", "notifier stops");
    ends.store(true, Ordering::Relaxed);
    second.finish();
    tracing::info!("stopped");
    Ok(())
}

struct EndWhenDropped(Arc<AtomicBool>);

impl Drop for EndWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
