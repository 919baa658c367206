//! action: what a visitor asks of a role, as a durable object: ordered once by its id, carried out by the role that it
//! is for, waited for by its id over any connection, gone on with after a restart of the page.
//!
//! The life of an action: `route` takes it from a form or from JSON; `wanted` knows what may be asked for, by whom
//! and how long; `table` keeps it before anything is sent; `carry` sends it over contract 4 with its own id until the
//! role answers or it is too old; the role executes an id once, also over its own restart. States:
//!
//! | state | meaning | next |
//! |---|---|---|
//! | ordered | kept, not with its role yet | sent, expired |
//! | sent | handed over, the answer is awaited | done, refused, ordered (it was not taken), unknown |
//! | done, refused | the role's answer | |
//! | expired | the role never had it | |
//! | unknown | the role may have had it, and did not answer in time | |

mod carry;
mod form;
mod notice;
mod route;
pub(crate) mod table;
#[cfg(test)]
mod tests;
mod wanted;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Map, Value};
use tokio::sync::{mpsc, watch};

pub use notice::Notice;
pub use route::routes;
pub(crate) use route::{answer, problem, refused};
pub use table::{MIGRATIONS, Phase, Record};
pub use wanted::{Kind, is_id};

use crate::guard::{Standing, Visitor};
use crate::state::log::{Entry, Log};
use crate::state::{State, StateError};

/// Actions that are under way at once; each is a task and a row, and a role executes one at a time.
const UNFINISHED_MAX: usize = 64;

/// How often an action without a bell is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// What is ordered.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Made by the client: 1 to 64 letters, digits, `-`, `_`, `.`, `:`.
    pub id: String,
    /// The action's name.
    pub action: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

/// An order is not taken.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The id cannot be used.
    #[error("the id must have 1 to 64 letters, digits, `-`, `_`, `.` or `:`")]
    Id,
    /// Nobody knows the action.
    #[error("the action {0:?} is not known; known are {known}", known = Kind::ALL.map(Kind::name).join(", "))]
    Unknown(String),
    /// Its arguments are wrong.
    #[error("{0}")]
    Arguments(String),
    /// The visitor may not.
    #[error("{action} needs the right of {needed}", action = .0.name(), needed = .1.name())]
    Right(Kind, Standing),
    /// The id was used for something else.
    #[error("the id {0:?} was used for another order; make a new id")]
    Conflict(String),
    /// Too often.
    #[error("{0}; wait a little")]
    TooOften(&'static str),
    /// Too much is under way.
    #[error("{UNFINISHED_MAX} actions are under way already; wait until one is done")]
    Busy,
    /// It cannot be kept, so it is not sent.
    #[error("the order cannot be kept, so it is not carried out: {0}")]
    State(#[from] StateError),
}

impl OrderError {
    /// Status of HTTP.
    pub fn status(&self) -> StatusCode {
        match self {
            OrderError::Id | OrderError::Unknown(_) | OrderError::Arguments(_) => StatusCode::BAD_REQUEST,
            OrderError::Right(..) => StatusCode::FORBIDDEN,
            OrderError::Conflict(_) => StatusCode::CONFLICT,
            OrderError::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            OrderError::Busy | OrderError::State(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Those that are under way, each with a bell that rings at every change.
#[derive(Default)]
pub(crate) struct Bells(Mutex<HashMap<String, watch::Sender<()>>>);

impl Bells {
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, watch::Sender<()>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, id: &str) {
        self.with(|bells| drop(bells.insert(id.to_owned(), watch::Sender::new(()))));
    }

    fn hear(&self, id: &str) -> Option<watch::Receiver<()>> {
        self.with(|bells| bells.get(id).map(watch::Sender::subscribe))
    }

    fn ring(&self, id: &str) {
        self.with(|bells| bells.get(id).map(|bell| bell.send_replace(())));
    }

    fn remove(&self, id: &str) {
        self.with(|bells| bells.remove(id));
    }

    fn len(&self) -> usize {
        self.with(|bells| bells.len())
    }
}

/// The actions; one for the process.
pub struct Actions {
    state: State,
    bells: Arc<Bells>,
    jobs: mpsc::Sender<carry::Job>,
}

impl Actions {
    /// Goes on with what was under way, on a thread of its own, which ends with the last handle. `run_dir` has the
    /// roles' sockets.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn open(state: State, log: Log, run_dir: PathBuf) -> std::io::Result<Actions> {
        let bells = Arc::<Bells>::default();
        let jobs = carry::start((state.clone(), log), run_dir, Arc::clone(&bells))?;
        Ok(Actions { state, bells, jobs })
    }

    /// Keeps an order and has it carried out; the same order again is the same action. `now_ns` = the time.
    ///
    /// # Errors
    /// It is not taken; nothing was sent then.
    pub async fn order(&self, visitor: &Visitor, order: Order, now_ns: u64) -> Result<Record, OrderError> {
        self.order_from(visitor, Entry::default(), order, now_ns).await
    }

    /// The same; `from` says where it came from, for the log, which is written when the action is finished.
    ///
    /// # Errors
    /// As [`Actions::order`].
    pub async fn order_from(
        &self,
        visitor: &Visitor,
        from: Entry,
        order: Order,
        now_ns: u64,
    ) -> Result<Record, OrderError> {
        let kind = Kind::named(&order.action).ok_or_else(|| OrderError::Unknown(short(&order.action)))?;
        if !is_id(&order.id) {
            return Err(OrderError::Id);
        }
        if visitor.standing < kind.needs() {
            return Err(OrderError::Right(kind, kind.needs()));
        }
        let request = wanted::request(kind, &order, &visitor.user, now_ns).map_err(OrderError::Arguments)?;
        let record = Record::new(kind, &order, &visitor.user, now_ns);
        let (wanted, sent) = (record.clone(), request.clone());
        let room = self.bells.len() < UNFINISHED_MAX;
        let placed = self.state.call(move |db| table::place(db, &wanted, &sent, room)).await?;
        match placed {
            table::Placed::Known(known) if known.is_same(&record) => Ok(*known),
            table::Placed::Known(_) => Err(OrderError::Conflict(order.id)),
            table::Placed::TooOften(what) => Err(OrderError::TooOften(what)),
            table::Placed::Full => Err(OrderError::Busy),
            table::Placed::New => {
                self.bells.add(&record.id);
                tracing::info!(user = %record.user, action = kind.name(), id = %record.id, "an action is ordered");
                let job = carry::Job::new(kind, request, &record, from);
                if self.jobs.try_send(job).is_err() {
                    // It is kept: the next start of the page goes on with it, or lets it expire.
                    self.bells.remove(&record.id);
                    return Err(OrderError::Busy);
                }
                Ok(record)
            }
        }
    }

    /// The action, if `visitor` may see it: its own, or as an administrator.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn get(&self, visitor: &Visitor, id: &str) -> Result<Option<Record>, StateError> {
        let wanted = id.to_owned();
        let found = self.state.call(move |db| table::get(db, &wanted)).await?;
        Ok(found.filter(|record| record.user == visitor.user || visitor.standing == Standing::Admin))
    }

    /// The same when it is finished, or after `patience`.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn wait(&self, visitor: &Visitor, id: &str, patience: Duration) -> Result<Option<Record>, StateError> {
        let until = tokio::time::Instant::now() + patience;
        loop {
            // Heard before it is read: what changes in between rings.
            let bell = self.bells.hear(id);
            let record = self.get(visitor, id).await?;
            if record.as_ref().is_none_or(|record| record.phase.is_final()) {
                return Ok(record);
            }
            let is_over = match bell {
                Some(mut bell) => tokio::time::timeout_at(until, bell.changed()).await.is_err(),
                // Just after a start of the page: it is kept, and about to be gone on with.
                None => {
                    tokio::time::sleep_until(until.min(tokio::time::Instant::now() + LOOK)).await;
                    tokio::time::Instant::now() >= until
                }
            };
            if is_over {
                return Ok(record);
            }
        }
    }

    /// The newest actions of these kinds, the newest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn recent(&self, kinds: &'static [Kind], max: u32) -> Result<Vec<Record>, StateError> {
        self.state.call(move |db| table::recent(db, kinds, max)).await
    }
}

/// A fresh id for a form: 32 hexadecimal digits that nobody can guess.
pub fn new_id() -> String {
    crate::random::hex::<16>()
}

fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
