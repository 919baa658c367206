//! state: the page's own file, `DATA/web/web.db`, a SQLite database that only this process opens: users, sessions,
//! actions, tokens, log. One thread owns it; all others ask it by [`State::call`], in a bounded queue. A lock beside the
//! file keeps a second process out, such as `floodmark user` while web runs.

mod lock;
pub mod log;

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

/// Its name in the state folder.
pub(crate) const FILE: &str = "web.db";

/// How long a lock is waited for: nobody else should have it, a backup may.
const BUSY: Duration = Duration::from_secs(2);

/// Jobs that wait for the thread; each takes about a millisecond of disk, so the last waits some 0.2 s.
const JOBS_MAX: usize = 256;

/// How long a caller waits for its job.
const PATIENCE: Duration = Duration::from_secs(5);

/// Each part's tables: a name that never changes, and the statements. Never edited, only added to.
const MIGRATIONS: [&[(&str, &str)]; 5] = [
    log::MIGRATIONS,
    crate::sign_in::MIGRATIONS,
    crate::action::MIGRATIONS,
    crate::push::MIGRATIONS,
    crate::labels::MIGRATIONS,
];

/// The state cannot be kept, or asked.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The folder or the file.
    #[error("{0}: {1}; web must be able to write there")]
    File(PathBuf, std::io::Error),
    /// The database in it.
    #[error("{0}: {1}")]
    Database(PathBuf, rusqlite::Error),
    /// Another process has it.
    #[error("{0} is in use by another process; a running web must be asked, not its file")]
    InUse(PathBuf),
    /// A statement of a job.
    #[error("the page's state: {0}")]
    Statement(#[from] rusqlite::Error),
    /// Its thread cannot start.
    #[error("the thread of the page's state cannot start: {0}")]
    Thread(std::io::Error),
    /// Too many ask at once, or the disk is slow.
    #[error("the page's state is busy; try again")]
    Busy,
    /// Its thread has ended.
    #[error("the page's state has ended; the process is started again by its supervisor")]
    Ended,
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The handle; cheap to clone.
#[derive(Clone)]
pub struct State {
    jobs: SyncSender<Job>,
}

impl State {
    /// Opens the state in `dir`, makes what is missing, and starts the thread that owns it, which ends with the last
    /// handle.
    ///
    /// # Errors
    /// The folder cannot be written, or another process has the file.
    pub fn open(dir: &Path) -> Result<State, StateError> {
        let file = |error| StateError::File(dir.to_path_buf(), error);
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(file)?;
        let lock = lock::Lock::take(dir)?;
        let mut connection = open(dir)?;
        let (jobs, queue) = sync_channel::<Job>(JOBS_MAX);
        let work = move || {
            queue.into_iter().for_each(|job| job(&mut connection));
            drop(connection);
            drop(lock);
        };
        thread::Builder::new().name("state".to_owned()).spawn(work).map_err(StateError::Thread)?;
        Ok(State { jobs })
    }

    /// Does `job` on the thread that owns the database, and waits for what it gives, 5 s at most. A job that a caller
    /// no longer waits for is done all the same.
    ///
    /// # Errors
    /// What the job says; too many wait; the database does not answer.
    pub async fn call<T, F>(&self, job: F) -> Result<T, StateError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.tell(move |connection| {
            let _ = answer.send(job(connection));
        })?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(result)) => Ok(result?),
            Ok(Err(_)) => Err(StateError::Ended),
            Err(_) => Err(StateError::Busy),
        }
    }

    /// As [`State::call`], for threads of their own: at start, and where a peer's request is obeyed.
    ///
    /// # Errors
    /// As for [`State::call`].
    pub fn wait<T, F>(&self, job: F) -> Result<T, StateError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = sync_channel(1);
        self.tell(move |connection| {
            let _ = answer.send(job(connection));
        })?;
        match answered.recv_timeout(PATIENCE) {
            Ok(result) => Ok(result?),
            Err(RecvTimeoutError::Timeout) => Err(StateError::Busy),
            Err(RecvTimeoutError::Disconnected) => Err(StateError::Ended),
        }
    }

    /// Has `job` done some time soon, and waits for nothing.
    ///
    /// # Errors
    /// Too many wait.
    pub fn tell<F>(&self, job: F) -> Result<(), StateError>
    where
        F: FnOnce(&mut Connection) + Send + 'static,
    {
        self.jobs.try_send(Box::new(job)).map_err(|error| match error {
            TrySendError::Full(_) => StateError::Busy,
            TrySendError::Disconnected(_) => StateError::Ended,
        })
    }
}

fn open(dir: &Path) -> Result<Connection, StateError> {
    let path = dir.join(FILE);
    match try_open(&path) {
        Err(error) if is_damaged(&error) => {
            let aside = dir.join(format!("{FILE}.damaged"));
            tracing::error!(%error, aside = %aside.display(), "the page's state is damaged; it is put aside and begun anew: users must be added again");
            for suffix in ["", "-wal", "-shm"] {
                let (from, to) = (dir.join(format!("{FILE}{suffix}")), dir.join(format!("{FILE}.damaged{suffix}")));
                if let Err(error) = fs::rename(&from, &to)
                    && error.kind() != std::io::ErrorKind::NotFound
                {
                    return Err(StateError::File(from, error));
                }
            }
            try_open(&path).map_err(|error| StateError::Database(path, error))
        }
        other => other.map_err(|error| StateError::Database(path, error)),
    }
}

fn is_damaged(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn try_open(path: &Path) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open(path)?;
    // Hashes of passwords and sessions.
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) STRICT")?;
    for (name, statements) in MIGRATIONS.into_iter().flatten() {
        if transaction.execute("INSERT OR IGNORE INTO migrations (name) VALUES (?1)", [name])? == 1 {
            transaction.execute_batch(statements)?;
        }
    }
    transaction.commit()?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{FILE, State};

    #[tokio::test]
    async fn it_is_made_opened_again_and_begun_anew_when_damaged() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let folder = dir.path().join("web");
        let state = State::open(&folder).expect("made");
        state.call(|db| db.execute_batch("CREATE TABLE t (n INTEGER)")).await.expect("a table");
        assert!(state.call(|db| db.execute_batch("no statement")).await.is_err());
        let count = state.call(|db| db.query_row("SELECT COUNT(*) FROM t", [], |row| row.get::<_, i64>(0))).await;
        assert_eq!(count.expect("a count"), 0);
        drop(state);
        fs::write(dir.path().join("damaged"), vec![0x55; 8192]).expect("it is ours");
        let other = dir.path().join("other");
        fs::create_dir(&other).expect("it is ours");
        fs::rename(dir.path().join("damaged"), other.join(FILE)).expect("it is ours");
        drop(State::open(&other).expect("begun anew"));
        assert_eq!(fs::metadata(other.join("web.db.damaged")).expect("put aside").len(), 8192);
    }
}
