//! `floodmark script-runner`: runs the programs of `[[notifier.script]]`, outside of notifier.
//!
//! As a unit it serves the one connection that systemd gives it as stdin (`Accept=yes`). Under `floodmark run` it is a
//! child that listens at `RUN/script.sock` until its parent stops it.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use live::Heartbeat;
use live::heartbeat::Progress;
use notifier::channel::script::config::Script;
use notifier::channel::script::{SOCKET, runner};

use super::role::Start;
use crate::cli::{RoleArgs, RunnerArgs};
use crate::config::check::Machine;
use crate::config::load::{Effective, Overrides, Place};
use crate::config::node::Confinement;
use crate::exit::{Exit, Failure, Outcome};
use crate::{confine, logging};

/// Programs that run at once; notifier sends to one script at a time.
const AT_ONCE_MAX: usize = 8;

/// How soon a stop is seen.
const POLL: Duration = Duration::from_millis(50);

/// A request that does not come, or an answer that is not taken.
const PATIENCE: Duration = Duration::from_secs(5);

pub fn run(args: &RunnerArgs) -> Outcome {
    if args.config_from_stdin { listen() } else { serve_one(args) }
}

/// Started by systemd for one connection, which is stdin and stdout.
fn serve_one(args: &RunnerArgs) -> Outcome {
    let effective = Effective::load(args.config.as_deref(), &Overrides::default(), &Machine::read())?;
    logging::start(&effective.config.log, "script-runner");
    check_place(&effective.place)?;
    let config = &effective.config;
    let state_dir = args.state_dir.clone().unwrap_or_else(|| config.node.data_dir.join("script"));
    make(&state_dir)?;
    runner::serve(&config.notifier.script, &state_dir, now_s(), io::stdin(), io::stdout()).map_err(Failure::failed)
}

/// Whoever can change the file can have programs run.
///
/// # Errors
/// Somebody other than root or this user can.
pub fn check_place(place: &Place) -> Outcome {
    let Place::File(path) = place else { return Ok(()) };
    let user = nix::unistd::geteuid().as_raw();
    runner::trusted(path, user).map_err(|told| {
        Failure::new(Exit::BadConfiguration, anyhow::anyhow!("{told}; it names programs in [[notifier.script]]"))
    })
}

/// A child of `floodmark run`.
fn listen() -> Outcome {
    let mut start = Start::new("script-runner", &RoleArgs { config: None, config_from_stdin: true })?;
    if start.config.node.confinement != Confinement::Off {
        // Programs have the user's own rights and no capability: null routes need the unit, or a routing daemon.
        confine::give_up_capabilities()?;
    }
    start.follow()?;
    let state_dir = start.config.node.data_dir.join("script");
    make(&state_dir)?;
    let path = start.config.node.run_dir.join(SOCKET);
    let listener = bind(&path).map_err(|error| {
        Failure::failed(anyhow::anyhow!(
            "cannot listen at {}: {error}; is another floodmark at work there?",
            path.display()
        ))
    })?;
    let mut heartbeat = Heartbeat::from_environment();
    heartbeat.ready();
    let scripts = Arc::new(start.config.notifier.script);
    let running = Arc::<AtomicUsize>::default();
    let mut served = 0;
    while !start.stop.load(Ordering::Relaxed) {
        heartbeat.beat(&Progress { done: served, ..Progress::default() });
        match listener.accept() {
            // One too many finds the connection closed, and tries again.
            Ok((stream, _)) if running.load(Ordering::Relaxed) < AT_ONCE_MAX => {
                served += 1;
                serve(stream, &scripts, &state_dir, &running);
            }
            Ok(_) => tracing::warn!("{AT_ONCE_MAX} scripts run already"),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(POLL),
            Err(error) => {
                tracing::error!(%error, "cannot take a connection");
                thread::sleep(POLL);
            }
        }
    }
    heartbeat.stopping();
    let _ = fs::remove_file(&path);
    Ok(())
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    // `RUN/run.sock` is held by the parent, so what is there is stale.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn serve(stream: UnixStream, scripts: &Arc<Vec<Script>>, state_dir: &Path, running: &Arc<AtomicUsize>) {
    running.fetch_add(1, Ordering::Relaxed);
    let (scripts, state_dir, counted) = (Arc::clone(scripts), state_dir.to_path_buf(), Arc::clone(running));
    let work = move || {
        let prepared = stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_read_timeout(Some(PATIENCE)))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
        let served = prepared.and_then(|()| runner::serve(&scripts, &state_dir, now_s(), &stream, &stream));
        if let Err(error) = served {
            tracing::warn!(%error, "a connection broke");
        }
        counted.fetch_sub(1, Ordering::Relaxed);
    };
    if let Err(error) = thread::Builder::new().name("script".to_owned()).spawn(work) {
        running.fetch_sub(1, Ordering::Relaxed);
        tracing::error!(%error, "no thread can be started");
    }
}

fn make(dir: &Path) -> Outcome {
    fs::create_dir_all(dir).map_err(|error| {
        Failure::failed(anyhow::anyhow!("{}: {error}; name another folder with --state-dir", dir.display()))
    })
}

#[expect(clippy::disallowed_methods, reason = "the runner's clock, for the caps")]
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
