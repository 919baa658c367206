//! The role: says once a second that it lives, until it is told to stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use live::heartbeat::Progress;
use live::line::NotifierLine;
use live::{Heartbeat, Publisher, Role};

use crate::config::Config;
use crate::error::NotifierError;
use crate::watch;

/// How soon a stop is seen.
const POLL: Duration = Duration::from_millis(100);

/// Looks at the stop flag for each line: one line a second.
const POLLS_PER_LINE: u32 = 10;

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
/// The live socket cannot be made.
pub fn run(options: &Options, stop: &Arc<AtomicBool>) -> Result<(), NotifierError> {
    let mut heartbeat = Heartbeat::from_environment();
    let epoch = now_ns() / 1_000;
    let metrics = String::new;
    let mut publisher = Publisher::bind(&options.run_dir, Role::Notifier, options.node.clone(), epoch, metrics)?;
    tracing::info!("started; this version has no rules and sends no warnings");
    publisher.restart_by(stop);
    heartbeat.ready();
    let (mut polls, mut lines) = (0u32, 0u64);
    while !stop.load(Ordering::Relaxed) {
        if polls.is_multiple_of(POLLS_PER_LINE) {
            let line = NotifierLine {
                envelope: publisher.envelope(now_ns()),
                mode: "normal".to_owned(),
                host: Default::default(),
                incidents: Vec::new(),
                incidents_open: 0,
                outbox: Default::default(),
                rules: Default::default(),
            };
            publisher.publish(&line, Ok(()));
            lines += 1;
        }
        heartbeat.beat(&Progress { done: lines, ..Progress::default() });
        polls = polls.wrapping_add(1);
        thread::sleep(POLL);
    }
    heartbeat.stopping();
    tracing::info!("stopped");
    Ok(())
}

/// Nanoseconds since the epoch now.
#[expect(clippy::disallowed_methods, reason = "the role's clock: the times of its lines come from here")]
fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use live::{Line, Role, Subscriber};

    use super::{Options, run};
    use crate::config::Config;

    #[test]
    fn it_says_that_it_lives_until_it_is_told_to_stop() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let options = Options {
            config: Config::default(),
            peers: Vec::new(),
            spool: Default::default(),
            config_file: None,
            parser: crate::config::reload::Parser::new(|_| Err("there is no file".to_owned())),
            state_dir: dir.path().join("notifier"),
            spool_dir: dir.path().join("spool/notifier"),
            node_name: "n".to_owned(),
            public_url: String::new(),
            run_dir: dir.path().to_path_buf(),
            node: "n".to_owned(),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let role = thread::spawn(move || run(&options, &flag));
        let connect = || Subscriber::connect(dir.path(), Role::Notifier, Duration::from_secs(10));
        let mut tries = 0..1_000;
        let mut subscriber = loop {
            match connect() {
                Ok(subscriber) => break subscriber,
                Err(error) => assert!(tries.next().is_some(), "the role opens its socket: {error}"),
            }
            thread::sleep(Duration::from_millis(10));
        };
        let mut seq = || match subscriber.receive().expect("a line a second") {
            Line::Notifier(line) => line.envelope.seq,
            other => panic!("{other:?}"),
        };
        let first = seq();
        assert!(seq() > first, "lines go on");
        stop.store(true, Ordering::Relaxed);
        role.join().expect("no panic").expect("no failure");
        assert!(!dir.path().join("notifier.sock").exists(), "the socket is removed");
    }
}
