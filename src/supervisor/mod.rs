//! `floodmark run`: starts the roles, restarts those that die, stops them in order.
//!
//! A role is a child process of the same program. It dies with this process: the pipe on its stdin closes. Bounds: one
//! process for each role, at least a second between two starts of one.

mod backoff;
mod child;

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use backoff::Backoff;
pub use backoff::Pace;
use child::Child;

use crate::exit::{Exit, Failure, Outcome};

/// How often the children are looked at.
const POLL: Duration = Duration::from_millis(50);

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

/// The roles and their states.
pub struct Supervisor {
    members: Vec<Member>,
    handover: String,
}

struct Member {
    role: Role,
    state: State,
    backoff: Backoff,
    starts: u64,
}

enum State {
    Running(Child),
    Waiting {
        until: Instant,
    },
    /// It ended in a way that a restart cannot mend.
    Ended(Exit),
}

impl Supervisor {
    /// Nothing is started yet; `handover` is what each child reads.
    pub fn new(roles: Vec<Role>, handover: String, pace: Pace, now: Instant) -> Supervisor {
        let member =
            |role| Member { role, state: State::Waiting { until: now }, backoff: Backoff::new(pace), starts: 0 };
        Supervisor { members: roles.into_iter().map(member).collect(), handover }
    }

    /// Runs until `stop` is raised, then stops all roles in order.
    ///
    /// # Errors
    /// The exit code of an essential role that could not begin, or of the last role when none can run.
    pub fn run(mut self, stop: &AtomicBool, clock: impl Fn() -> Instant) -> Outcome {
        let outcome = loop {
            if stop.swap(false, Ordering::Relaxed) {
                tracing::info!("stopping");
                break Ok(());
            }
            if let Err(failure) = self.step(&clock) {
                break Err(failure);
            }
            thread::sleep(POLL);
        };
        self.stop(stop, &clock);
        outcome
    }

    fn step(&mut self, clock: &impl Fn() -> Instant) -> Outcome {
        for member in &mut self.members {
            member.step(&self.handover, clock())?;
        }
        let final_exit = |member: &Member| match member.state {
            State::Ended(exit) => Some(exit),
            State::Running(_) | State::Waiting { .. } => None,
        };
        match self.members.iter().map(final_exit).collect::<Option<Vec<Exit>>>() {
            Some(exits) if !exits.is_empty() => {
                let error = anyhow::anyhow!("no role can run; each has told its reason above");
                Err(Failure::new(exits[exits.len() - 1], error))
            }
            _ => Ok(()),
        }
    }

    /// Stops the roles, those with the lowest `stop_order` first. A second signal meanwhile is only told.
    fn stop(&mut self, signal: &AtomicBool, clock: &impl Fn() -> Instant) {
        let mut orders: Vec<u8> = self.members.iter().map(|member| member.role.stop_order).collect();
        orders.sort_unstable();
        orders.dedup();
        for order in orders {
            let mut stopping: Vec<&mut Member> =
                self.members.iter_mut().filter(|member| member.role.stop_order == order).collect();
            for member in &mut stopping {
                member.ask_to_stop();
            }
            let since = clock();
            while !stopping.is_empty() {
                if signal.swap(false, Ordering::Relaxed) {
                    let names: Vec<&str> = stopping.iter().map(|member| member.role.name).collect();
                    tracing::info!("already stopping; waiting for {}", names.join(", "));
                }
                stopping.retain_mut(|member| !member.has_stopped(clock().duration_since(since)));
                thread::sleep(POLL);
            }
        }
    }
}

impl Member {
    /// Starts it if it is due, looks whether it has died.
    fn step(&mut self, handover: &str, now: Instant) -> Outcome {
        match &mut self.state {
            State::Waiting { until } if *until <= now => {
                self.start(handover, now);
                Ok(())
            }
            State::Waiting { .. } | State::Ended(_) => Ok(()),
            State::Running(child) => match child.ended() {
                None => Ok(()),
                Some(status) => {
                    let ran = now.duration_since(child.started);
                    self.after_end(status, ran, now)
                }
            },
        }
    }

    fn start(&mut self, handover: &str, now: Instant) {
        self.starts += 1;
        self.state = match Child::start(&self.role, handover, now) {
            Ok(child) => {
                tracing::info!("{} started (pid {}, start {})", self.role.name, child.id(), self.starts);
                State::Running(child)
            }
            Err(error) => {
                let wait = self.backoff.after_failure(Duration::ZERO, random());
                let program = self.role.program.display();
                tracing::error!("cannot start {} ({program}): {error}; next try in {wait:.1?}", self.role.name);
                State::Waiting { until: now + wait }
            }
        };
    }

    fn after_end(&mut self, status: ExitStatus, ran: Duration, now: Instant) -> Outcome {
        let name = self.role.name;
        if let Some(exit) = status.code().and_then(Exit::is_final) {
            self.state = State::Ended(exit);
            tracing::error!("{name} ended with {status}; a restart cannot mend that, its reason is told above");
            if self.role.essential && self.starts == 1 {
                return Err(Failure::new(exit, anyhow::anyhow!("{name} cannot run, see its message above")));
            }
            return Ok(());
        }
        let wait = self.backoff.after_failure(ran, random());
        let starts = self.starts;
        tracing::warn!("{name} ended with {status} after {ran:.1?} (start {starts}); starts again in {wait:.1?}");
        self.state = State::Waiting { until: now + wait };
        Ok(())
    }

    fn ask_to_stop(&mut self) {
        match &mut self.state {
            State::Running(child) => child.ask_to_stop(),
            State::Waiting { .. } | State::Ended(_) => {}
        }
    }

    /// Whether it is gone, `waited` after it was asked to; kills it when its patience is over.
    fn has_stopped(&mut self, waited: Duration) -> bool {
        let State::Running(child) = &mut self.state else { return true };
        match child.ended() {
            Some(status) if status.success() => tracing::info!("{} stopped", self.role.name),
            Some(status) => tracing::warn!("{} stopped with {status}", self.role.name),
            None if waited > self.role.patience => {
                tracing::error!("{} did not stop within {:?} and is killed", self.role.name, self.role.patience);
                child.kill();
            }
            None => return false,
        }
        true
    }
}

/// Enough randomness for jitter: the standard library seeds each hasher from the system.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests;
