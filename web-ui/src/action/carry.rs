//! Carries actions out: asks the role over contract 4 until it answers or the action is too old.
//!
//! One thread with a runtime of its own: a role that hangs keeps a few blocking threads busy, and no page.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use live::Role;
use live::client::{AskError, ask};
use live::control::Request;
use live::error::LiveError;
use tokio::sync::mpsc;

use super::table::{self, Phase, Record};
use super::{Bells, Kind, UNFINISHED_MAX};
use crate::role::now_ns;
use crate::state::State;
use crate::state::log::{Entry, Log};

/// Roles that are asked at the same time.
const ASKING_MAX: usize = 8;

/// How long each step of one attempt may take: a role answers when it has made the request durable.
const ATTEMPT: Duration = Duration::from_secs(5);

/// Pauses between attempts: the first, and the longest.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(4);

/// An action to carry out.
pub struct Job {
    kind: Kind,
    request: Request,
    record: Record,
    from: Entry,
}

impl Job {
    /// Of a record that is kept.
    pub fn new(kind: Kind, request: Request, record: &Record, from: Entry) -> Job {
        Job { kind, request, record: record.clone(), from }
    }
}

struct Carrier {
    state: State,
    log: Log,
    run_dir: PathBuf,
    bells: Arc<Bells>,
}

/// What one attempt ended with.
enum Attempt {
    /// The role's answer.
    Answered(Result<String, String>),
    /// It was not handed over: the role is away, or says "not now".
    NotTaken(&'static str, String),
    /// It was handed over, or may have been, and no answer came.
    Lost(String),
}

/// Starts the thread, which ends when the sender is dropped.
pub fn start((state, log): (State, Log), run_dir: PathBuf, bells: Arc<Bells>) -> std::io::Result<mpsc::Sender<Job>> {
    let (jobs, mut queue) = mpsc::channel::<Job>(UNFINISHED_MAX);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().max_blocking_threads(ASKING_MAX).thread_name("ask").build()?;
    let carrier = Arc::new(Carrier { state, log, run_dir, bells });
    let work = move || {
        runtime.block_on(async {
            for (mut record, request) in carrier.unfinished().await {
                if record.phase == Phase::Sent {
                    // The page died before it had the answer: the role may have taken it.
                    record.code = "no_answer".to_owned();
                }
                carrier.bells.add(&record.id);
                // Where it came from ended with the process that took it.
                let from = Entry { agent: "before a restart of the page".to_owned(), ..Entry::default() };
                let job = Job { kind: record.kind, request, record, from };
                tokio::spawn(Arc::clone(&carrier).carry_out(job));
            }
            while let Some(job) = queue.recv().await {
                tokio::spawn(Arc::clone(&carrier).carry_out(job));
            }
        });
        // An attempt that hangs ends by its own time-out; nobody waits for it.
        runtime.shutdown_background();
    };
    thread::Builder::new().name("actions".to_owned()).spawn(work)?;
    Ok(jobs)
}

impl Carrier {
    async fn unfinished(&self) -> Vec<(Record, Request)> {
        match self.state.call(|db| table::unfinished(db)).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "actions that were under way cannot be read; they go on at the next start");
                Vec::new()
            }
        }
    }

    async fn carry_out(self: Arc<Carrier>, job: Job) {
        let Job { kind, request, mut record, from } = job;
        let mut pause = PAUSE;
        while !record.phase.is_final() {
            let now = now_ns();
            if now >= record.expires_ns {
                let reason = record.message.clone();
                match record.phase {
                    Phase::Sent => record.go(Phase::Unknown, "no_answer", &reason, now),
                    _ => record.go(Phase::Expired, "away", &reason, now),
                }
                break;
            }
            if record.phase == Phase::Ordered {
                // Kept before it is sent: after a death between the two nobody says that it was never sent.
                let reason = record.message.clone();
                record.go(Phase::Sent, "", &reason, now);
                self.keep(&record).await;
            }
            match self.attempt(kind, &request).await {
                Attempt::Answered(Ok(answer)) => record.go(Phase::Done, "done", &answer, now_ns()),
                Attempt::Answered(Err(reason)) => record.go(Phase::Refused, "refused", &reason, now_ns()),
                Attempt::NotTaken(code, reason) => {
                    // An earlier attempt that was lost may still have been taken.
                    let phase = if record.code == "no_answer" { Phase::Sent } else { Phase::Ordered };
                    let code = if phase == Phase::Sent { "no_answer" } else { code };
                    record.go(phase, code, &reason, now_ns());
                }
                Attempt::Lost(reason) => record.go(Phase::Sent, "no_answer", &reason, now_ns()),
            }
            if !record.phase.is_final() {
                self.keep(&record).await;
                let left = Duration::from_nanos(record.expires_ns.saturating_sub(now_ns()));
                tokio::time::sleep(pause.min(left)).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
        self.keep(&record).await;
        let result = match record.phase {
            Phase::Done => "done".to_owned(),
            phase => format!("{}: {}", phase.name(), record.message),
        };
        let (who, subject) = (record.user.clone(), record.asked.clone());
        let is_refusal = record.phase != Phase::Done;
        self.log.write(Entry { who, action: kind.event(), subject, result, is_refusal, ..from }, now_ns());
        self.bells.remove(&record.id);
        tracing::info!(user = %record.user, action = kind.name(), id = %record.id, state = record.phase.name(), message = %record.message, "an action ended");
    }

    /// Keeps a change and rings. What cannot be written is tried for as long as the action lasts: the role knows the id,
    /// so that asking it again after a restart gives the same answer.
    async fn keep(&self, record: &Record) {
        let mut pause = PAUSE;
        loop {
            let copy = record.clone();
            match self.state.call(move |db| table::update(db, &copy)).await {
                Ok(()) => break,
                Err(error) if !record.phase.is_final() || now_ns() >= record.expires_ns => {
                    tracing::warn!(%error, id = %record.id, "where an action is cannot be kept");
                    break;
                }
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
        self.bells.ring(&record.id);
    }

    async fn attempt(&self, kind: Kind, request: &Request) -> Attempt {
        let (run_dir, request) = (self.run_dir.clone(), request.clone());
        let asked = tokio::task::spawn_blocking(move || attempt(&run_dir, kind, &request)).await;
        asked.unwrap_or_else(|error| Attempt::Lost(error.to_string()))
    }
}

fn attempt(run_dir: &Path, kind: Kind, request: &Request) -> Attempt {
    let told = match request.role {
        // The supervisor first: it tells a restart that was asked for from a failure. Under systemd there is none.
        Some(role) if kind == Kind::Restart => match ask(run_dir, Role::Run, request, ATTEMPT) {
            Err(error) if is_away(&error) => ask(run_dir, role, request, ATTEMPT),
            told => told,
        },
        _ => ask(run_dir, kind.role(), request, ATTEMPT),
    };
    match told {
        Ok(answer) => Attempt::Answered(Ok(answer.state)),
        Err(AskError::Refused(reason)) => Attempt::Answered(Err(reason)),
        Err(AskError::NotNow(reason)) => Attempt::NotTaken("not_now", reason),
        Err(error) if is_away(&error) => Attempt::NotTaken("away", error.to_string()),
        Err(error) => Attempt::Lost(error.to_string()),
    }
}

/// Nobody listens: nothing was handed over.
fn is_away(error: &AskError) -> bool {
    matches!(error, AskError::Socket(LiveError::Socket { operation: "connect to", .. }))
}
