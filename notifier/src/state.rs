//! state: notifier's own file, `DATA/notifier/state.db`, a SQLite database that only this process opens.
//!
//! It holds what must survive without the store: the outbox, open incidents, silences, changed limits, the month's
//! traffic. Every commit is on the disk before it counts (WAL, synchronous FULL). A damaged file is put aside under
//! another name, aloud, and a new one is begun: a notifier that does not start warns nobody.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use crate::{attack, incident, outbox, record, rule};

/// Its name in the state folder.
pub(crate) const FILE: &str = "state.db";

/// How long a lock is waited for: nobody else should have it, a backup may.
const BUSY_MS: u64 = 2_000;

/// Each part's tables: a name that never changes, and the statements. Never edited, only added to.
const MIGRATIONS: [&[(&str, &str)]; 5] =
    [incident::MIGRATIONS, outbox::MIGRATIONS, record::MIGRATIONS, rule::MIGRATIONS, attack::MIGRATIONS];

/// The state cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The folder or the file.
    #[error("{0}: {1}; notifier must be able to write there")]
    File(PathBuf, std::io::Error),
    /// The database in it.
    #[error("{0}: {1}")]
    Database(PathBuf, rusqlite::Error),
}

/// Opens the state in `dir`, and makes what is missing.
///
/// # Errors
/// The folder cannot be written, or another process has the file.
pub fn open(dir: &Path) -> Result<Connection, StateError> {
    let file = |error| StateError::File(dir.to_path_buf(), error);
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(file)?;
    let path = dir.join(FILE);
    match try_open(&path) {
        Err(error) if is_damaged(&error) => {
            let aside = dir.join(format!("{FILE}.damaged"));
            tracing::error!(%error, aside = %aside.display(), "the notifier's state is damaged; it is put aside and begun anew");
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
    // Texts in it name hosts and people.
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS))?;
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

    use super::{FILE, open};

    #[test]
    fn it_is_made_opened_again_and_begun_anew_when_damaged() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let state = dir.path().join("notifier");
        let mode = open(&state).expect("made").pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
        assert_eq!(mode.expect("a mode"), "wal");
        drop(open(&state).expect("opened again"));
        fs::write(state.join(FILE), vec![0x55; 8192]).expect("it is ours");
        drop(open(&state).expect("begun anew"));
        assert_eq!(fs::metadata(state.join("state.db.damaged")).expect("put aside").len(), 8192);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let taken = dir.path().join("file");
        fs::write(&taken, b"x").expect("a file");
        let error = open(&taken.join("notifier")).expect_err("no folder").to_string();
        assert!(error.contains("must be able to write"), "{error}");
    }
}
