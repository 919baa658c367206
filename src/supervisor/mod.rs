//! `floodmark run`: starts the roles, watches that they make progress, restarts those that die or do not, stops them
//! in order, and tells on `RUN/run.sock` how that goes.
//!
//! A role is a child process of the same program. It dies with this process: the pipe on its stdin closes. It tells its
//! progress by heartbeats (`live::heartbeat`), as it would tell systemd. Bounds: one process for each role, two starts
//! of one at once and then a second and more between them; what is kept of a role does not grow.

mod alerts;
mod backoff;
mod child;
mod inbox;
mod kept;
mod member;
pub mod metrics;
mod record;
mod trend;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use live::control::{ControlError, Execute};
use live::heartbeat::Progress;
use live::{Heartbeat, LiveError, Publisher, RunLine};

use alerts::Alerts;
pub use backoff::Pace;
use inbox::Inbox;
use member::Member;
use metrics::Latest;

use crate::exit::{Exit, Failure, Outcome};

/// How often the children are looked at.
const POLL: Duration = Duration::from_millis(50);

/// A line a second.
const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// Control requests that wait for the next look.
const REQUESTS_MAX: usize = 16;

/// A moment, on both clocks: what lasts is measured by the first, what people read is told by the second.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Never jumps.
    pub instant: Instant,
    /// Nanoseconds since the epoch, UTC.
    pub wall_ns: u64,
}

/// A role as the supervisor sees it.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name in messages.
    pub name: &'static str,
    /// The program to start.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Roles stop in rising order; those with the same number together.
    pub stop_order: u8,
    /// How long it may take to stop before it is killed.
    pub patience: Duration,
    /// If its very first process cannot run until a person changes something, nothing else is kept running.
    pub essential: bool,
}

/// How long a role may show no progress before it is killed and started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watchdog {
    /// Once it is ready.
    pub silence: Duration,
    /// Before: a start may have to read a spool, or wait for a lock.
    pub start: Duration,
}

impl Default for Watchdog {
    fn default() -> Watchdog {
        Watchdog { silence: Duration::from_secs(10), start: Duration::from_secs(60) }
    }
}

/// Times of the supervisor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Between starts.
    pub pace: Pace,
    /// Of silence.
    pub watchdog: Watchdog,
}

/// The roles and their states.
pub struct Supervisor {
    members: Vec<Member>,
    handover: String,
    inbox: Inbox,
    publisher: Publisher,
    latest: Latest,
    alerts: Alerts,
    requests: Receiver<String>,
    /// To a service manager above this process.
    heartbeat: Heartbeat,
    told: Option<Instant>,
    looks: u64,
}

impl Supervisor {
    /// Takes the sockets in `run_dir`; no role is started yet. `handover` is what each child reads, `node` who we are.
    ///
    /// # Errors
    /// Another `floodmark run` has this directory, or the sockets cannot be made there.
    pub fn new(
        roles: Vec<Role>,
        handover: String,
        times: Times,
        run_dir: &Path,
        node: &str,
        now: Now,
    ) -> Result<Supervisor, LiveError> {
        let latest = Latest::default();
        let render = metrics::renderer(latest.clone());
        let publisher = Publisher::bind(run_dir, live::Role::Run, node.to_owned(), now.wall_ns / 1_000, render)?;
        let inbox = Inbox::bind(run_dir)?;
        let (execute, requests) = accept_restarts(roles.iter().map(|role| role.name).collect());
        publisher.obey(execute);
        let member = |role| Member::new(role, times.pace, times.watchdog, now.instant);
        Ok(Supervisor {
            members: roles.into_iter().map(member).collect(),
            handover,
            inbox,
            publisher,
            latest,
            alerts: Alerts::default(),
            requests,
            heartbeat: Heartbeat::from_environment(),
            told: None,
            looks: 0,
        })
    }

    /// Runs until `stop` is raised, then stops all roles in order.
    ///
    /// # Errors
    /// The exit code of an essential role that could not begin, or of the last role when none can run.
    pub fn run(mut self, stop: &AtomicBool, clock: impl Fn() -> Now) -> Outcome {
        let outcome = loop {
            if stop.swap(false, Ordering::Relaxed) {
                tracing::info!("stopping");
                break Ok(());
            }
            if let Err(failure) = self.step(clock()) {
                break Err(failure);
            }
            self.heartbeat.ready();
            thread::sleep(POLL);
        };
        self.heartbeat.stopping();
        self.stop(stop, &clock);
        outcome
    }

    fn step(&mut self, now: Now) -> Outcome {
        self.listen(now);
        while let Ok(name) = self.requests.try_recv() {
            for member in self.members.iter_mut().filter(|member| member.role.name == name) {
                member.restart("a control request asks for it", now.instant);
            }
        }
        for member in &mut self.members {
            member.step(&self.handover, self.inbox.path(), now)?;
        }
        self.tell(now);
        match self.members.iter().map(Member::final_exit).collect::<Option<Vec<Exit>>>() {
            Some(exits) if !exits.is_empty() => {
                let error = anyhow::anyhow!("no role can run; each has told its reason above");
                Err(Failure::new(exits[exits.len() - 1], error))
            }
            _ => Ok(()),
        }
    }

    /// Takes the heartbeats. Before silence is judged: this process may have stood still itself.
    fn listen(&mut self, now: Now) {
        for heard in self.inbox.take() {
            let sender = heard.sender;
            let running = self.members.iter().position(|member| member.pid() == Some(sender));
            // What a process left at its end may be heard after it was reaped.
            match running.or_else(|| self.members.iter().position(|member| member.last_pid() == Some(sender))) {
                Some(at) => self.members[at].hear(heard, now.instant),
                None => tracing::debug!(sender, "a heartbeat of no role"),
            }
        }
    }

    /// Publishes the line, once a second.
    fn tell(&mut self, now: Now) {
        self.looks += 1;
        self.heartbeat.beat(&Progress { done: self.looks, ..Progress::default() });
        if self.told.is_some_and(|told| now.instant.duration_since(told) < LINE_INTERVAL) {
            return;
        }
        // A line late by one look does not make all later ones late.
        self.told = Some(match self.told {
            Some(told) if now.instant.duration_since(told) < 2 * LINE_INTERVAL => told + LINE_INTERVAL,
            _ => now.instant,
        });
        let mut roles = Vec::new();
        for member in &self.members {
            let (view, alive_ms) = member.view(now.instant);
            self.alerts.judge(&view, alive_ms, now.wall_ns);
            roles.push(view);
        }
        let is_ready = |state: &str| state == "ready" || state == "overloaded";
        let health = match roles.iter().find(|role| !is_ready(&role.state)) {
            Some(role) => Err(format!("{} is {}", role.role, role.state)),
            None => Ok(()),
        };
        let envelope = self.publisher.envelope(now.wall_ns);
        let line = RunLine { envelope, roles, alerts: self.alerts.standing().to_vec() };
        self.publisher.publish(&line, health);
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
    }

    /// Stops the roles, those with the lowest `stop_order` first. A second signal meanwhile is only told.
    fn stop(&mut self, signal: &AtomicBool, clock: &impl Fn() -> Now) {
        let mut orders: Vec<u8> = self.members.iter().map(|member| member.role.stop_order).collect();
        orders.sort_unstable();
        orders.dedup();
        for order in orders {
            let begin = clock();
            for member in self.members.iter_mut().filter(|member| member.role.stop_order == order) {
                member.ask_to_stop(begin.instant);
            }
            loop {
                let now = clock();
                self.listen(now);
                let mut waited_for = Vec::new();
                for member in self.members.iter_mut().filter(|member| member.role.stop_order == order) {
                    if !member.has_stopped(now.instant) {
                        waited_for.push(member.role.name);
                    }
                }
                self.tell(now);
                if waited_for.is_empty() {
                    break;
                }
                if signal.swap(false, Ordering::Relaxed) {
                    tracing::info!("already stopping; waiting for {}", waited_for.join(", "));
                }
                thread::sleep(POLL);
            }
        }
    }
}

/// What a control request does, and where the names of the roles to start anew come out.
fn accept_restarts(names: Vec<&'static str>) -> (Execute, Receiver<String>) {
    let (sender, requests) = sync_channel(REQUESTS_MAX);
    let execute = Box::new(move |request: &live::control::Request| {
        if request.action != live::action::Action::Restart {
            return Err(ControlError::Role("ask the role itself, at its own socket".to_owned()));
        }
        let named = request.role.map(live::Role::name).filter(|name| names.contains(name));
        let Some(name) = named else {
            return Err(ControlError::Role(format!("name the role to restart: {}", names.join(", "))));
        };
        tracing::info!(id = %request.id, role = name, "a restart is asked for");
        let full = || ControlError::NotNow("too many requests wait".to_owned());
        sender.try_send(name.to_owned()).map_err(|_| full())?;
        Ok("accepted".to_owned())
    });
    (execute, requests)
}

#[cfg(test)]
mod tests;
