//! The publishing end: a role's socket and the threads that serve its peers.

use std::fs;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Serialize;

use crate::control::{Control, Execute, restart_by};
use crate::error::LiveError;
use crate::limits::PEERS_MAX;
use crate::line::{Envelope, Role};
use crate::peer;
use crate::usage::Usage;

/// Longest path of a Unix socket (`sun_path` less its terminator).
const SOCKET_PATH_MAX: usize = 107;

/// The accepting thread is woken at the end; should that fail, it looks for itself this often.
const STOP_LOOK_MS: u8 = 250;

/// What a role says of its own health beside being heard: `Err` is one sentence for `/healthz`.
pub type Health = Result<(), String>;

type MetricsText = Box<dyn Fn() -> String + Send + Sync>;

/// What the accepting thread and the peers share.
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    stop: AtomicBool,
    peers: AtomicUsize,
    pub(crate) role: Role,
    pub(crate) metrics: MetricsText,
    pub(crate) control: OnceLock<Control>,
    pub(crate) details: OnceLock<Vec<Detail>>,
}

/// A longer answer than a line has room for: the path it is asked by, and who writes it.
pub type Detail = (&'static str, Box<dyn Fn() -> String + Send + Sync>);

struct State {
    number: u64,
    line: Arc<[u8]>,
    published: Instant,
    health: Health,
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A peer's thread that panicked cannot have left the state half-written: every change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest line after number `seen`, waited for; `None` when the role stops.
    pub(crate) fn next_line(&self, seen: u64) -> Option<(u64, Arc<[u8]>)> {
        let mut state = self.lock();
        loop {
            if self.stop.load(Ordering::Acquire) {
                return None;
            }
            if state.number > seen {
                return Some((state.number, state.line.clone()));
            }
            let (next, _) =
                self.changed.wait_timeout(state, Duration::from_millis(500)).unwrap_or_else(PoisonError::into_inner);
            state = next;
        }
    }

    pub(crate) fn health(&self, stale_after: Duration) -> Health {
        let state = self.lock();
        let age = state.published.elapsed();
        if age > stale_after {
            return Err(format!("nothing published for {} s", age.as_secs()));
        }
        state.health.clone()
    }
}

/// A role's live socket. Dropping it removes the socket and lets the peers go.
pub struct Publisher {
    path: PathBuf,
    shared: Arc<Shared>,
    template: Envelope,
    thread: Option<thread::JoinHandle<()>>,
}

impl Publisher {
    /// Binds `run_dir/<role>.sock` (mode 0660) and serves it; `metrics` renders the role's metrics text when asked.
    ///
    /// # Errors
    /// The directory cannot be made, the path is too long, or a running role serves it already.
    #[expect(clippy::disallowed_methods, reason = "health is the age of the last line: the publisher reads the clock")]
    pub fn bind(
        run_dir: &Path,
        role: Role,
        node: String,
        epoch: u64,
        metrics: impl Fn() -> String + Send + Sync + 'static,
    ) -> Result<Publisher, LiveError> {
        let path = run_dir.join(format!("{}.sock", role.name()));
        let fault = |operation: &'static str| {
            let path = path.clone();
            move |source| LiveError::Socket { operation, path, source }
        };
        if path.as_os_str().len() > SOCKET_PATH_MAX {
            return Err(LiveError::PathTooLong { path, max: SOCKET_PATH_MAX });
        }
        fs::create_dir_all(run_dir).map_err(fault("create the directory of"))?;
        if UnixStream::connect(&path).is_ok() {
            return Err(LiveError::InUse { path, role: role.name() });
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(fault("remove the stale")(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(fault("bind"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).map_err(fault("set the mode of"))?;
        listener.set_nonblocking(true).map_err(fault("prepare"))?;
        let state = State { number: 0, line: Arc::from([]), published: Instant::now(), health: Ok(()) };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
            peers: AtomicUsize::new(0),
            role,
            metrics: Box::new(metrics),
            control: OnceLock::new(),
            details: OnceLock::new(),
        });
        let accepting = shared.clone();
        let thread = thread::Builder::new().name("live".into()).spawn(move || accept(&listener, &accepting));
        let thread = thread.map_err(fault("start the thread of"))?;
        let template = Envelope {
            node,
            epoch,
            seq: 0,
            role,
            time_ns: 0,
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            usage: Usage::default(),
        };
        Ok(Publisher { path, shared, template, thread: Some(thread) })
    }

    /// Serves control requests by `execute`, from now on; the first call counts.
    pub fn obey(&self, execute: Execute) {
        let path = self.path.with_extension("control");
        if self.shared.control.set(Control::new(path, execute)).is_err() {
            tracing::debug!("control is served already");
        }
    }

    /// Answers `GET PATH` by each detail's JSON, from now on; the first call counts. Who may connect may read.
    pub fn tell(&self, details: Vec<Detail>) {
        if self.shared.details.set(details).is_err() {
            tracing::debug!("details are told already");
        }
    }

    /// Serves the control request "restart": raises `stop`.
    pub fn restart_by(&self, stop: &Arc<AtomicBool>) {
        self.obey(restart_by(self.template.role, Arc::clone(stop)));
    }

    /// The envelope of the line to publish at `time_ns`.
    pub fn envelope(&mut self, time_ns: u64) -> Envelope {
        self.template.seq += 1;
        self.template.time_ns = time_ns;
        self.template.usage = Usage::of_this_process();
        self.template.clone()
    }

    /// Publishes one line and the role's own health. Never waits for a peer.
    #[expect(clippy::disallowed_methods, reason = "health is the age of the last line: the publisher reads the clock")]
    pub fn publish<T: Serialize>(&self, line: &T, health: Health) {
        let mut bytes = serde_json::to_vec(line).unwrap_or_else(|error| {
            tracing::error!(%error, "a live line cannot be written as JSON");
            b"{}".to_vec()
        });
        bytes.push(b'\n');
        let mut state = self.shared.lock();
        state.number += 1;
        state.line = bytes.into();
        state.published = Instant::now();
        state.health = health;
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // Wakes the accepting thread, which then sees that it is over.
            let _ = UnixStream::connect(&self.path);
            let _ = thread.join();
        }
        let _ = fs::remove_file(&self.path);
    }
}

fn accept(listener: &UnixListener, shared: &Arc<Shared>) {
    loop {
        let mut polled = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
        let waited = poll(&mut polled, PollTimeout::from(STOP_LOOK_MS));
        if shared.stop.load(Ordering::Acquire) {
            return;
        }
        match listener.accept() {
            Ok((stream, _)) => admit(stream, shared),
            Err(error) if error.kind() == ErrorKind::WouldBlock && waited.is_ok() => {}
            // Descriptors are short: look again soon.
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}

fn admit(stream: UnixStream, shared: &Arc<Shared>) {
    if shared.peers.fetch_add(1, Ordering::AcqRel) >= PEERS_MAX {
        shared.peers.fetch_sub(1, Ordering::AcqRel);
        return;
    }
    let owned = shared.clone();
    let spawned = thread::Builder::new().name("live-peer".into()).spawn(move || {
        let _ = stream.set_nonblocking(false);
        // An error here is the peer's going or being too slow: both end the connection and nothing else.
        let _ = peer::serve(stream, &owned);
        owned.peers.fetch_sub(1, Ordering::AcqRel);
    });
    if spawned.is_err() {
        shared.peers.fetch_sub(1, Ordering::AcqRel);
    }
}
