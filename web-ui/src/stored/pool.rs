//! A few readers, lent in the order in which they were asked for.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use store::config::Config;
use store::{Reader, StoreError};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::StoredError;

/// Readers: one is busy with a search, others answer pages. Each is a connection, and on SQLite a thread.
const READERS_MAX: usize = 3;

/// Questions that wait for a reader; each waits 3 × 2 s at most for those before it, so the last gives up in any case.
const WAITING_MAX: usize = 32;

/// How long a question waits for its turn, and how long for the connection and the answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long a store that was not reached is not tried again: the next question is answered at once by the same words.
const REST: Duration = Duration::from_secs(2);

/// Since when, and when last, the store was not reached.
#[derive(Clone, Copy)]
struct Trouble {
    since: Instant,
    last: Instant,
}

/// The readers.
pub(super) struct Pool {
    config: Config,
    data_dir: PathBuf,
    turns: Semaphore,
    waiting: Semaphore,
    /// Readers that nobody uses.
    idle: Mutex<Vec<Reader>>,
    trouble: Mutex<Option<Trouble>>,
}

impl Pool {
    pub(super) fn new(config: Config, data_dir: &Path) -> Pool {
        Pool {
            config,
            data_dir: data_dir.to_path_buf(),
            turns: Semaphore::new(READERS_MAX),
            waiting: Semaphore::new(WAITING_MAX),
            idle: Mutex::default(),
            trouble: Mutex::default(),
        }
    }

    /// Asks the store. Dropping the future ends the query and gives the place to the next.
    pub(super) async fn ask<T>(
        &self,
        question: impl AsyncFn(&mut Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoredError> {
        self.may_be_tried()?;
        let waits = self.waiting.try_acquire().map_err(|_| StoredError::Busy)?;
        let turn = timeout(PATIENCE, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| StoredError::Busy)?.expect("the semaphore is never closed");
        drop(waits);
        self.may_be_tried()?;
        let answered = timeout(PATIENCE, self.answer(question)).await;
        answered.unwrap_or_else(|_| Err(self.away()))
    }

    async fn answer<T>(&self, question: impl AsyncFn(&mut Reader) -> Result<T, StoreError>) -> Result<T, StoredError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(mut reader) = idle {
            match question(&mut reader).await {
                Ok(answer) => return Ok(self.answered(reader, answer)),
                // A server ends connections that are silent for long, and restarts: a new one may do.
                Err(error) if !matches!(StoredError::of(&error, Duration::ZERO), StoredError::Away(_)) => {
                    return Err(self.failed(&error));
                }
                Err(_) => {}
            }
        }
        let fresh = Reader::connect(&self.config, &self.data_dir).await;
        let mut reader = fresh.map_err(|error| self.failed(&error))?;
        let answer = question(&mut reader).await.map_err(|error| self.failed(&error))?;
        Ok(self.answered(reader, answer))
    }

    /// Keeps the reader for the next question. One that failed is not kept: its connection's state is not known.
    fn answered<T>(&self, reader: Reader, answer: T) -> T {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        answer
    }

    /// Whether the last failure is long enough ago.
    fn may_be_tried(&self) -> Result<(), StoredError> {
        let now = Instant::now();
        match *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(trouble) if now.duration_since(trouble.last) < REST => {
                Err(StoredError::Away(now.duration_since(trouble.since)))
            }
            _ => Ok(()),
        }
    }

    /// Notes that the store was not reached.
    fn away(&self) -> StoredError {
        let now = Instant::now();
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let since = trouble.map_or(now, |trouble| trouble.since);
        *trouble = Some(Trouble { since, last: now });
        StoredError::Away(now.duration_since(since))
    }

    fn failed(&self, error: &StoreError) -> StoredError {
        let state = StoredError::of(error, Duration::ZERO);
        match state {
            // Connections of before the trouble are as dead as the one that failed.
            StoredError::Away(_) => {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
                let away = self.away();
                if away == StoredError::Away(Duration::ZERO) {
                    tracing::warn!(%error, "the page cannot read the store; live values go on");
                }
                away
            }
            StoredError::Failed => {
                tracing::error!(%error, "the page cannot read the store");
                state
            }
            _ => state,
        }
    }
}
