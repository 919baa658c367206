//! lines: hears the lines of the other roles, each on a thread of its own, and keeps the newest of each.
//!
//! Bounded: one line of each role. A role that is silent costs nothing and is simply old.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use live::{CaptureLine, IngestLine, Line, PlainLine, Role, RunLine, Subscriber};

/// Between two attempts to connect.
const RETRY: Duration = Duration::from_millis(500);

/// A role says a line a second; one that is silent for longer is asked anew.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// A line, and when it was heard.
#[derive(Clone, Debug)]
pub struct Heard<T> {
    /// The line.
    pub line: Arc<T>,
    /// When it came.
    pub at: Instant,
}

impl<T> Heard<T> {
    /// Whether the role spoke within the last `age`.
    pub fn is_fresh(&self, now: Instant, age: Duration) -> bool {
        now.saturating_duration_since(self.at) <= age
    }
}

/// The newest line of each role; `None` = it has not spoken since this process began.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are the roles'")]
pub struct Lines {
    pub capture: Option<Heard<CaptureLine>>,
    pub ingest: Option<Heard<IngestLine>>,
    pub run: Option<Heard<RunLine>>,
    pub web: Option<Heard<PlainLine>>,
}

#[derive(Default)]
struct Shared {
    lines: Mutex<(u64, Lines)>,
    changed: Condvar,
}

/// The threads that hear.
pub struct Ears {
    shared: Arc<Shared>,
    seen: u64,
}

impl Ears {
    /// Begins to hear; the threads end when `stop` is raised, within `SILENCE_MAX`.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn open(run_dir: &Path, stop: &Arc<AtomicBool>) -> std::io::Result<Ears> {
        let shared = Arc::<Shared>::default();
        for role in [Role::Capture, Role::Ingest, Role::Run, Role::Web] {
            let (shared, stop, run_dir) = (Arc::clone(&shared), Arc::clone(stop), run_dir.to_path_buf());
            thread::Builder::new().name(format!("hear-{}", role.name())).spawn(move || {
                hear(&run_dir, role, &shared, &stop);
            })?;
        }
        Ok(Ears { shared, seen: 0 })
    }

    /// The newest lines; waits up to `timeout` for one that was not seen yet.
    pub fn wait(&mut self, timeout: Duration) -> Lines {
        let lines = self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = self.seen;
        let (lines, _) = self
            .shared
            .changed
            .wait_timeout_while(lines, timeout, |(number, _)| *number == seen)
            .unwrap_or_else(PoisonError::into_inner);
        self.seen = lines.0;
        lines.1.clone()
    }
}

fn hear(run_dir: &Path, role: Role, shared: &Shared, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        // A role that is down is known by its silence: nothing to log.
        if let Ok(mut subscriber) = Subscriber::connect(run_dir, role, SILENCE_MAX) {
            while let Ok(line) = subscriber.receive() {
                keep(line, now(), shared);
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        }
        thread::sleep(RETRY);
    }
}

fn keep(line: Line, at: Instant, shared: &Shared) {
    let mut lines = shared.lines.lock().unwrap_or_else(PoisonError::into_inner);
    match line {
        Line::Capture(line) => lines.1.capture = Some(Heard { line: Arc::from(line), at }),
        Line::Ingest(line) => lines.1.ingest = Some(Heard { line: Arc::from(line), at }),
        Line::Run(line) => lines.1.run = Some(Heard { line: Arc::from(line), at }),
        Line::Plain(line) => lines.1.web = Some(Heard { line: Arc::new(line), at }),
        Line::Notifier(_) => return,
    }
    lines.0 += 1;
    drop(lines);
    shared.changed.notify_all();
}

#[expect(clippy::disallowed_methods, reason = "when a line is heard, is told here")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use live::{PlainLine, Publisher, Role};

    use super::Ears;

    #[test]
    fn the_newest_line_of_a_role_is_kept_and_a_restarted_role_is_heard_again() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let stop = Arc::new(AtomicBool::new(false));
        let mut ears = Ears::open(dir.path(), &stop).expect("threads");
        assert!(ears.wait(Duration::ZERO).web.is_none());
        for epoch in [1, 2] {
            let mut publisher =
                Publisher::bind(dir.path(), Role::Web, "n".to_owned(), epoch, String::new).expect("a free name");
            let line = PlainLine { envelope: publisher.envelope(5) };
            publisher.publish(&line, Ok(()));
            let mut tries = 0..200;
            while ears.wait(Duration::from_millis(100)).web.is_none_or(|web| web.line.envelope.epoch != epoch) {
                assert!(tries.next().is_some(), "epoch {epoch} is heard");
            }
        }
        stop.store(true, Ordering::Relaxed);
    }
}
