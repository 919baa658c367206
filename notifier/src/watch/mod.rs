//! watch: who watches the watcher; the dead-man ping, and peers that ask for each other's health.
//!
//! One thread with a small runtime: a peer that hangs holds neither the role nor another peer. The newest state of each
//! is a reading for the state machine of the rules; a question and its answer are bounded in time and bytes.

pub mod config;
pub mod failed;
mod probe;
pub mod readings;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::config::{Config, Peer};
use self::probe::Probe;
pub use self::readings::State;
use crate::judgement::Reading;

/// How soon a stop is seen.
const STOP: Duration = Duration::from_millis(200);

/// The ping and the questions at work.
pub struct Watch {
    states: Vec<Arc<Mutex<State>>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins. Pings only while `is_healthy` says so: the other side then notices that nobody would warn. Ends soon
    /// after `stop` is raised.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(
        config: &Config,
        peers: &[Peer],
        is_healthy: &Arc<AtomicBool>,
        stop: &Arc<AtomicBool>,
    ) -> std::io::Result<Watch> {
        let mut probes: Vec<Probe> = peers.iter().map(Probe::peer).collect();
        if !config.url.is_empty() {
            probes.push(Probe::ping(config, Arc::clone(is_healthy)));
        }
        let states = probes.iter().map(Probe::state).collect();
        if probes.is_empty() {
            return Ok(Watch { states, thread: None });
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stop = Arc::clone(stop);
        let watch = move || {
            runtime.block_on(async {
                for probe in probes {
                    tokio::spawn(probe.run());
                }
                while !stop.load(Ordering::Relaxed) {
                    tokio::time::sleep(STOP).await;
                }
            });
            // A name that is being looked up is a thread of the runtime's that nobody can end.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("watch".to_owned()).spawn(watch)?;
        Ok(Watch { states, thread: Some(thread) })
    }

    /// What is known now, one reading for the ping and each peer; never waits.
    pub fn readings(&self) -> Vec<Reading> {
        let read = |state: &Arc<Mutex<State>>| state.lock().unwrap_or_else(PoisonError::into_inner).reading();
        self.states.iter().map(read).collect()
    }

    /// Pings and answers that were well, and that were not, since the start.
    pub fn counts(&self) -> (u64, u64) {
        self.states.iter().fold((0, 0), |(well, failed), state| {
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            (well + state.well, failed + state.failed)
        })
    }

    /// Waits for the thread after `stop` was raised.
    pub fn join(self) {
        if let Some(thread) = self.thread {
            // It panicked: the log has it.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
