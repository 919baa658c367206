//! Samples the host on a thread of its own, and keeps the newest sample.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use live::host::HostState;

use super::clock::Now;
use crate::host::config::Config;
use crate::host::{Roots, Sampler};

/// How often the thread looks whether a sample is due.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Default)]
struct Shared {
    newest: Mutex<Arc<HostState>>,
    wanted: Mutex<Wanted>,
    is_firing: AtomicBool,
}

#[derive(Clone, Default)]
struct Wanted {
    captured: Vec<String>,
    config: Option<Config>,
}

/// The newest sample, and what the sampler must know.
pub struct Host {
    shared: Arc<Shared>,
}

impl Host {
    /// Begins to sample; ends when `stop` is raised.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn open(config: &Config, stop: &Arc<AtomicBool>) -> std::io::Result<Host> {
        let shared = Arc::<Shared>::default();
        let mut sampler = Sampler::new(Roots::default(), config.clone());
        let (kept, stop) = (Arc::clone(&shared), Arc::clone(stop));
        thread::Builder::new().name("sampler".to_owned()).spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let now = Now::read();
                let wanted = std::mem::take(&mut *kept.wanted.lock().unwrap_or_else(PoisonError::into_inner));
                if !wanted.captured.is_empty() {
                    sampler.set_captured(&wanted.captured);
                }
                if let Some(config) = &wanted.config {
                    sampler.set_config(config);
                }
                if sampler.is_due(now.instant, kept.is_firing.load(Ordering::Relaxed)) {
                    let sample = Arc::new(sampler.sample(now.ns, now.instant));
                    *kept.newest.lock().unwrap_or_else(PoisonError::into_inner) = sample;
                }
                thread::sleep(LOOK);
            }
        })?;
        Ok(Host { shared })
    }

    /// The newest sample; its time is 0 while there is none.
    pub fn newest(&self) -> Arc<HostState> {
        Arc::clone(&self.shared.newest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// While something fires it samples more often.
    pub fn set_firing(&self, is_firing: bool) {
        self.shared.is_firing.store(is_firing, Ordering::Relaxed);
    }

    /// Interfaces that are captured.
    pub fn set_captured(&self, names: Vec<String>) {
        self.shared.wanted.lock().unwrap_or_else(PoisonError::into_inner).captured = names;
    }

    /// Another configuration from now on.
    pub fn configure(&self, config: &Config) {
        self.shared.wanted.lock().unwrap_or_else(PoisonError::into_inner).config = Some(config.clone());
    }
}
