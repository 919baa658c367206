//! The threads: one that hears each role, one that tells what was heard.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use live::{Line, Role, Subscriber};

use super::Feed;
use super::standing::ROLES;
use super::teller::Teller;
use crate::hub::Hub;

/// What tells the time, ns since the epoch.
pub type Clock = fn() -> u64;

/// A line comes each second; who says nothing for so long is connected anew.
const LINE_WAIT: Duration = Duration::from_secs(3);

/// Waits between attempts to connect: the first, and the longest.
const RETRY: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(2)];

/// How often a thread that waits looks whether it shall stop.
const POLL: Duration = Duration::from_millis(100);

/// Staleness and silence are told this often when no line comes.
const TICK: Duration = Duration::from_secs(1);

/// Lines on their way to the teller: two of each role. A thread that finds no room waits; the role does not.
const LINES_MAX: usize = 8;

/// Starts to hear the roles below `run_dir`, and to publish into `hub`.
///
/// # Errors
/// A thread cannot start.
pub fn hear(feed: &Arc<Feed>, run_dir: &Path, hub: &Arc<Hub>, clock: Clock) -> io::Result<()> {
    let (lines, heard) = sync_channel(LINES_MAX);
    for role in ROLES {
        let ear = Ear { run_dir: run_dir.to_path_buf(), role, lines: lines.clone(), stop: Arc::clone(&feed.stop) };
        thread::Builder::new().name(format!("hear-{}", role.name())).spawn(move || ear.run())?;
    }
    let (feed, hub) = (Arc::clone(feed), Arc::clone(hub));
    thread::Builder::new().name("feed".to_owned()).spawn(move || tell(&feed, &hub, &heard, clock))?;
    Ok(())
}

struct Ear {
    run_dir: PathBuf,
    role: Role,
    lines: SyncSender<Line>,
    stop: Arc<AtomicBool>,
}

impl Ear {
    fn run(self) {
        let mut wait = RETRY[0];
        while !self.is_stopped() {
            if self.listen() {
                wait = RETRY[0];
            }
            self.pause(wait);
            wait = (wait * 2).min(RETRY[1]);
        }
    }

    /// Follows one connection to its end; whether something was heard.
    fn listen(&self) -> bool {
        let mut was_heard = false;
        let Ok(mut subscriber) = Subscriber::connect(&self.run_dir, self.role, LINE_WAIT) else { return false };
        while !self.is_stopped() {
            match subscriber.receive() {
                Ok(line) => {
                    was_heard = true;
                    if self.lines.send(line).is_err() {
                        return was_heard;
                    }
                }
                Err(error) => {
                    tracing::debug!(role = self.role.name(), %error, "a role is not heard");
                    return was_heard;
                }
            }
        }
        was_heard
    }

    fn pause(&self, wait: Duration) {
        let mut left = wait;
        while !left.is_zero() && !self.is_stopped() {
            let step = left.min(POLL);
            thread::sleep(step);
            left -= step;
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn tell(feed: &Feed, hub: &Hub, heard: &Receiver<Line>, clock: Clock) {
    let mut teller = Teller::new(clock());
    while !feed.stop.load(Ordering::Relaxed) {
        let now_ns = match heard.recv_timeout(TICK) {
            Ok(line) => {
                let now_ns = clock();
                if let Some(point) = teller.hear(line, now_ns) {
                    feed.history().push(point);
                }
                now_ns
            }
            Err(RecvTimeoutError::Timeout) => clock(),
            Err(RecvTimeoutError::Disconnected) => return,
        };
        // Pages first: who is told that something changed finds it there.
        feed.tell(teller.snapshot(now_ns));
        for message in teller.messages(now_ns, &|| followed(hub)) {
            hub.publish(&[&message.channel], &message.body, now_ns);
        }
    }
}

/// Addresses whose channel somebody reads.
fn followed(hub: &Hub) -> Vec<String> {
    hub.followed("host:")
}
