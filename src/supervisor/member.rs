//! One role under supervision: its process, what it says, and what follows from both.
//!
//! There is one road out of a life: the process is gone and reaped. Who is asked to stop, is too slow, is silent or
//! crashes takes it, and the next start comes after it, because a process that is not gone may hold its locks.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use live::line::RoleState;

use super::backoff::{Backoff, Pace};
use super::child::Child;
use super::inbox::Heard;
use super::kept::Kept;
use super::record::Record;
use super::{Now, Role, Watchdog};
use crate::exit::{Exit, Failure, Outcome};

/// A role may ask for a planned restart this often; more would be a loop.
const REQUEST_INTERVAL: Duration = Duration::from_secs(60);

/// Between two planned starts of a role.
const PLANNED_INTERVAL: Duration = Duration::from_secs(1);

/// After a kill: a process that is still there waits for a disk.
const REAP_PATIENCE: Duration = Duration::from_secs(5);

/// See the module.
pub struct Member {
    pub role: Role,
    state: State,
    backoff: Backoff,
    record: Record,
    watchdog: Watchdog,
    requested: Option<Instant>,
    last_pid: Option<u32>,
    kept: Kept,
}

enum State {
    Running(Life),
    Waiting {
        until: Instant,
    },
    /// It ended in a way that a restart cannot mend.
    Ended(Exit),
}

struct Life {
    child: Child,
    ready: Option<Instant>,
    /// When it last showed that it makes progress; its start counts.
    sign: Instant,
    ending: Option<Ending>,
}

/// A life that is coming to its end.
struct Ending {
    since: Instant,
    cause: Cause,
    killed: Option<Instant>,
    told: bool,
}

enum Cause {
    /// The supervisor stops.
    Stop,
    /// Somebody wants it started anew.
    Planned,
    /// It said that it stops.
    Own,
    /// It showed no progress for this long.
    Silence(Duration),
}

impl Life {
    fn kill(&mut self, cause: Cause, now: Instant) {
        self.child.kill();
        let since = self.ending.as_ref().map_or(now, |ending| ending.since);
        self.ending = Some(Ending { since, cause, killed: Some(now), told: false });
    }

    fn ask_to_stop(&mut self, cause: Cause, now: Instant) {
        self.child.ask_to_stop(matches!(cause, Cause::Planned));
        match &mut self.ending {
            Some(ending) if ending.killed.is_none() => ending.cause = cause,
            // A kill stays a kill.
            Some(_) => {}
            None => self.ending = Some(Ending { since: now, cause, killed: None, told: false }),
        }
    }
}

impl Member {
    /// A role that is to be started now.
    pub fn new(role: Role, pace: Pace, watchdog: Watchdog, now: Instant) -> Member {
        let state = State::Waiting { until: now };
        let (backoff, record, kept) = (Backoff::new(pace), Record::default(), Kept::default());
        Member { role, state, backoff, record, watchdog, requested: None, last_pid: None, kept }
    }

    /// How it ended, if it cannot be started again.
    pub fn final_exit(&self) -> Option<Exit> {
        match self.state {
            State::Ended(exit) => Some(exit),
            State::Running(_) | State::Waiting { .. } => None,
        }
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        match &self.state {
            State::Running(life) => Some(life.child.id()),
            State::Waiting { .. } | State::Ended(_) => None,
        }
    }

    /// The process of its newest life, which may have ended.
    pub fn last_pid(&self) -> Option<u32> {
        self.last_pid
    }

    /// A heartbeat of its process.
    pub fn hear(&mut self, heard: Heard, now: Instant) {
        let (name, beat) = (self.role.name, heard.beat);
        match &beat.store {
            Some(order) => self.kept.obey(name, order, heard.descriptors),
            // They came for nothing that is known, and are closed.
            None => drop(heard.descriptors),
        }
        let State::Running(life) = &mut self.state else { return };
        if beat.alive || beat.stopping {
            life.sign = now;
        }
        self.record.heard(&beat, now);
        if beat.ready && life.ready.is_none() {
            let after = now.duration_since(life.child.started);
            life.ready = Some(now);
            self.record.ready(after);
            tracing::info!("{name} is ready after {} ms (start {})", after.as_millis(), self.record.starts);
        }
        if beat.stopping && life.ending.is_none() {
            tracing::info!("{name} stops by itself");
            life.ending = Some(Ending { since: now, cause: Cause::Own, killed: None, told: false });
        }
        if let Some(reason) = &beat.restart {
            let again = self.requested.is_none_or(|asked| now.duration_since(asked) >= REQUEST_INTERVAL);
            if again && life.ending.is_none() {
                self.requested = Some(now);
                self.restart(&format!("it asks for it: {reason}"), now);
            }
        }
    }

    /// Stops it in order and starts it again; also one that waits, or has ended.
    pub fn restart(&mut self, why: &str, now: Instant) {
        tracing::info!("{} is started anew; {why}", self.role.name);
        match &mut self.state {
            State::Running(life) => life.ask_to_stop(Cause::Planned, now),
            State::Waiting { .. } | State::Ended(_) => self.state = State::Waiting { until: now },
        }
    }

    /// Starts it if it is due, looks whether it has died, is silent, or is late in stopping.
    ///
    /// # Errors
    /// An essential role could not begin.
    pub fn step(&mut self, handover: &str, notify: &Path, now: Now) -> Outcome {
        match &mut self.state {
            State::Waiting { until } if *until <= now.instant => {
                self.start(handover, notify, now);
                Ok(())
            }
            State::Waiting { .. } | State::Ended(_) => Ok(()),
            State::Running(life) => match life.child.ended() {
                Some(status) => self.after_end(status, now),
                None => {
                    self.watch(now.instant);
                    Ok(())
                }
            },
        }
    }

    fn start(&mut self, handover: &str, notify: &Path, now: Now) {
        self.record.started(now);
        let starts = self.record.starts;
        let lent = self.kept.lend();
        let started = Child::start(&self.role, handover, (notify, self.watchdog.silence), &lent.list(), now.instant);
        drop(lent);
        self.state = match started {
            Ok(child) => {
                self.last_pid = Some(child.id());
                tracing::info!("{} started (pid {}, start {starts})", self.role.name, child.id());
                State::Running(Life { child, ready: None, sign: now.instant, ending: None })
            }
            Err(error) => {
                let why = format!("cannot start {}: {error}", self.role.program.display());
                let wait = self.failed(why.clone(), Duration::ZERO, false, false, now);
                tracing::error!("{}: {why}; next try in {wait:.1?}", self.role.name);
                State::Waiting { until: now.instant + wait }
            }
        };
    }

    /// A process that is there: is it silent, or late?
    fn watch(&mut self, now: Instant) {
        let name = self.role.name;
        let State::Running(life) = &mut self.state else { return };
        if let Some(ready) = life.ready
            && self.backoff.held(now.duration_since(ready))
        {
            tracing::info!("{name}: the restart held (start {})", self.record.starts);
        }
        let Some(ending) = &mut life.ending else {
            let silence = now.duration_since(life.sign);
            let patience = if life.ready.is_some() { self.watchdog.silence } else { self.watchdog.start };
            if silence > patience {
                tracing::error!("{name} shows no progress for {silence:.1?} and is killed");
                life.kill(Cause::Silence(silence), now);
            }
            return;
        };
        match ending.killed {
            None if now.duration_since(ending.since) > self.role.patience => {
                tracing::error!("{name} did not stop within {:?} and is killed", self.role.patience);
                let cause = std::mem::replace(&mut ending.cause, Cause::Own);
                life.kill(cause, now);
            }
            Some(killed) if !ending.told && now.duration_since(killed) > REAP_PATIENCE => {
                ending.told = true;
                tracing::error!("{name} is killed and not gone: a disk or a driver holds it; it is started after that");
            }
            None | Some(_) => {}
        }
    }

    fn after_end(&mut self, status: ExitStatus, now: Now) -> Outcome {
        let State::Running(life) = std::mem::replace(&mut self.state, State::Waiting { until: now.instant }) else {
            return Ok(());
        };
        let (name, starts) = (self.role.name, self.record.starts);
        let ran = now.instant.duration_since(life.child.started);
        self.record.ended(ran);
        if let Some(exit) = status.code().and_then(Exit::is_final) {
            self.state = State::Ended(exit);
            self.kept.clear();
            self.record.failed(status.to_string(), ran, false, now.wall_ns);
            tracing::error!("{name} ended with {status}; a restart cannot mend that, its reason is told above");
            if self.role.essential && starts == 1 {
                return Err(Failure::new(exit, anyhow::anyhow!("{name} cannot run, see its message above")));
            }
            return Ok(());
        }
        let asked = life.ending.as_ref().is_some_and(|ending| matches!(ending.cause, Cause::Planned));
        let was_ready = life.ready.is_some();
        if status.success() && (asked || was_ready) {
            let wait = PLANNED_INTERVAL.saturating_sub(ran);
            self.record.planned += 1;
            tracing::info!("{name} ended in order after {ran:.1?} (start {starts}); starts again");
            self.state = State::Waiting { until: now.instant + wait };
            return Ok(());
        }
        let (why, was_silent) = match life.ending.as_ref().map(|ending| (&ending.cause, ending.killed)) {
            Some((Cause::Silence(silence), _)) => (format!("no progress for {silence:.1?}, killed"), true),
            Some((_, Some(_))) => (format!("did not stop within {:?}, killed", self.role.patience), false),
            _ if status.success() => ("ended by itself before it was ready".to_owned(), false),
            _ => (status.to_string(), false),
        };
        let wait = self.failed(why.clone(), ran, was_ready, was_silent, now);
        tracing::warn!("{name} ended: {why}, after {ran:.1?} (start {starts}); starts again in {wait:.1?}");
        self.state = State::Waiting { until: now.instant + wait };
        Ok(())
    }

    fn failed(&mut self, why: String, ran: Duration, was_ready: bool, was_silent: bool, now: Now) -> Duration {
        self.record.failed(why, ran, was_silent, now.wall_ns);
        self.backoff.after_failure(was_ready, random())
    }

    /// Lets it stop for good.
    pub fn ask_to_stop(&mut self, now: Instant) {
        self.kept.clear();
        match &mut self.state {
            State::Running(life) => {
                let killed = life.ending.as_ref().and_then(|ending| ending.killed);
                life.ask_to_stop(Cause::Stop, now);
                // Its patience begins now, whatever it was doing.
                life.ending = Some(Ending { since: now, cause: Cause::Stop, killed, told: false });
            }
            State::Waiting { .. } | State::Ended(_) => {}
        }
    }

    /// Whether it is gone after it was asked to stop; kills it when its patience is over.
    pub fn has_stopped(&mut self, now: Instant) -> bool {
        let State::Running(life) = &mut self.state else { return true };
        match life.child.ended() {
            Some(status) if status.success() => tracing::info!("{} stopped", self.role.name),
            Some(status) => tracing::warn!("{} stopped with {status}", self.role.name),
            None => {
                self.watch(now);
                let State::Running(life) = &self.state else { return true };
                // The one that a disk holds is left behind: it is dead when the disk lets it go.
                return life.ending.as_ref().is_some_and(|ending| ending.killed.is_some() && ending.told);
            }
        }
        self.state = State::Waiting { until: now };
        true
    }

    /// How it stands, for the line; and how long its process has lived, ms.
    pub fn view(&self, now: Instant) -> (RoleState, u64) {
        let mut view = self.record.state(now);
        let (state, started) = match &self.state {
            State::Waiting { .. } => ("waiting", now),
            State::Ended(_) => ("ended", now),
            State::Running(life) => {
                let state = match (&life.ending, life.ready) {
                    (Some(ending), _) if ending.killed.is_some() => "killed",
                    (Some(_), _) => "stopping",
                    (None, None) => "starting",
                    (None, Some(_)) if view.overloaded.is_empty() => "ready",
                    (None, Some(_)) => "overloaded",
                };
                (state, life.child.started)
            }
        };
        view.role = self.role.name.to_owned();
        view.state = state.to_owned();
        view.pid = self.pid().unwrap_or(0);
        view.failures_in_row = u64::from(self.backoff.failures());
        let alive_ms = u64::try_from(now.duration_since(started).as_millis()).unwrap_or(u64::MAX);
        (view, alive_ms)
    }
}

/// Enough randomness for jitter: the standard library seeds each hasher from the system.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
