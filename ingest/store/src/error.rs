//! What can go wrong in the store, what to do about it, and which of it is worth another try.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::mysql::MySqlDatabaseError;
use sqlx::sqlite::SqliteError;

/// A failure of the store, named by what was being done. No message holds a password.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL of the store cannot be used.
    #[error("store.url: {reason}; write sqlite://FOLDER or mysql://USER@HOST:PORT/DATABASE[?socket=/PATH]")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// The scheme of the URL is not one of ours.
    #[error("store.url: `{scheme}://` is not known; use sqlite:// or mysql:// (for MariaDB too)")]
    UnknownScheme {
        /// What stands before `://`.
        scheme: String,
    },
    /// The password file cannot be used.
    #[error("password file {path}: {reason}")]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and the remedy.
        reason: String,
    },
    /// The server cannot be reached.
    #[error("cannot reach {target}: {reason}; is the server running, and is store.url right?")]
    Unreachable {
        /// Address or socket, without user and password.
        target: String,
        /// What the operating system or driver says.
        reason: String,
    },
    /// The server refuses this user or password.
    #[error("{target} refuses user `{user}`: {reason}; check the user in store.url and store.password_file")]
    AccessDenied {
        /// Address or socket.
        target: String,
        /// The user.
        user: String,
        /// What the server says.
        reason: String,
    },
    /// The database does not exist.
    #[error(
        "{target} has no database `{database}`: run `CREATE DATABASE {database}` there as an administrator, then `floodmark store migrate`"
    )]
    UnknownDatabase {
        /// Address or socket.
        target: String,
        /// Its name.
        database: String,
    },
    /// The tables are absent or older than this program, and this user may not make them.
    #[error(
        "the store has schema version {found}, this program needs {needed}: run `floodmark store migrate` with an account that may CREATE and ALTER"
    )]
    NotMigrated {
        /// Version in the database, 0 = no tables.
        found: u32,
        /// Version of this program.
        needed: u32,
    },
    /// The tables are newer than this program.
    #[error(
        "the store has schema version {found}, this program knows {known}: upgrade floodmark (tables are never changed back)"
    )]
    NewerSchema {
        /// Version in the database.
        found: u32,
        /// Version of this program.
        known: u32,
    },
    /// Another process migrates, and did not finish in time.
    #[error("another process has been migrating the store for {waited:?}: see what it does, then start again")]
    MigrationLock {
        /// How long this process waited.
        waited: Duration,
    },
    /// Another process writes to this SQLite store.
    #[error("{path}: another process writes to this store; stop it, or give --data-dir another folder")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A folder or file of the SQLite store.
    #[error("{path}: {source}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A batch that cannot be right: an error of the caller.
    #[error("batch of epoch {epoch}, stream {stream}: {reason}")]
    Batch {
        /// Its epoch.
        epoch: u64,
        /// Its stream.
        stream: u16,
        /// What does not fit.
        reason: String,
    },
    /// The database refuses a row; nothing of the batch is stored.
    #[error("table {table} refuses a row: {reason}")]
    Row {
        /// The table.
        table: &'static str,
        /// What the database says.
        reason: String,
    },
    /// What was sent is larger than the server takes; nothing of the batch is stored.
    #[error("{reason}; fewer rows are sent at once (the server's max_allowed_packet could be larger)")]
    TooLarge {
        /// What the database says.
        reason: String,
    },
    /// The caller could not park the refused rows; nothing of the batch is stored.
    #[error("refused rows could not be parked: {source}")]
    Park {
        /// What the operating system says.
        source: std::io::Error,
    },
    /// An operation did not end in time; its connection is closed.
    #[error("{doing}: no answer for {after:?}; the connection was closed")]
    Timeout {
        /// What was being done.
        doing: &'static str,
        /// The bound.
        after: Duration,
    },
    /// This account may not do it.
    #[error("{doing}: not allowed: {reason}; `floodmark store grants` prints the statements that allow it")]
    Forbidden {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        reason: String,
    },
    /// A failure that another try may pass: connection lost, deadlock, disk full, server shutting down.
    #[error("{doing}: {reason}")]
    Transient {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        reason: String,
    },
    /// Any other failure of the database.
    #[error("{doing}: {reason}")]
    Query {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        reason: String,
    },
}

impl StoreError {
    /// Whether the same call may succeed later, on a new connection, without anybody doing anything here.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            StoreError::Unreachable { .. }
                | StoreError::Timeout { .. }
                | StoreError::Transient { .. }
                | StoreError::TooLarge { .. }
                | StoreError::MigrationLock { .. }
        )
    }

    /// Whether a row of the batch is refused: the caller commits with halving.
    pub fn is_row_error(&self) -> bool {
        matches!(self, StoreError::Row { .. })
    }

    /// Whether fewer rows at once may pass where this many did not: the packet was too large, or the time too short.
    pub fn asks_for_less(&self) -> bool {
        matches!(self, StoreError::TooLarge { .. } | StoreError::Timeout { .. })
    }

    /// A failure point's error is one that another try passes.
    pub(crate) fn failpoint(doing: &'static str) -> impl FnOnce(std::io::Error) -> StoreError {
        move |error| StoreError::Transient { doing, reason: error.to_string() }
    }

    pub(crate) fn query(doing: &'static str, error: &sqlx::Error) -> StoreError {
        let reason = error.to_string();
        match classify(error) {
            Class::Transient => StoreError::Transient { doing, reason },
            Class::Forbidden => StoreError::Forbidden { doing, reason },
            Class::TooLarge => StoreError::TooLarge { reason },
            Class::Damaged => StoreError::Query {
                doing,
                reason: format!(
                    "{reason}: the file is damaged; stop floodmark, repair it (sqlite3 FILE .recover) or move it away, \
                     start again: rows wait in the spool"
                ),
            },
            Class::Row | Class::Other => StoreError::Query { doing, reason },
        }
    }
}

/// What a driver's error means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Worth another try.
    Transient,
    /// The row is refused.
    Row,
    /// The account lacks a right.
    Forbidden,
    /// Fewer rows at once may pass.
    TooLarge,
    /// A person must repair a file.
    Damaged,
    /// None of these.
    Other,
}

/// Sorts a driver's error. Numbers: MySQL and MariaDB server error reference; SQLite result codes.
pub(crate) fn classify(error: &sqlx::Error) -> Class {
    match error {
        sqlx::Error::Database(database) => {
            if let Some(mysql) = database.try_downcast_ref::<MySqlDatabaseError>() {
                classify_mysql(mysql.number())
            } else if let Some(code) =
                database.try_downcast_ref::<SqliteError>().and_then(|_| database.code()?.parse::<i32>().ok())
            {
                classify_sqlite(code)
            } else {
                Class::Other
            }
        }
        // A protocol error means that the stream of bytes broke off or went out of step: the connection is gone.
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => Class::Transient,
        _ => Class::Other,
    }
}

/// The number of a MySQL or MariaDB error.
pub(crate) fn mysql_number(error: &sqlx::Error) -> Option<u16> {
    match error {
        sqlx::Error::Database(database) => database.try_downcast_ref::<MySqlDatabaseError>().map(|e| e.number()),
        _ => None,
    }
}

fn classify_mysql(number: u16) -> Class {
    match number {
        // Lock wait, deadlock, snapshot too old, statement or connection ended by the server, time limits.
        1020 | 1205 | 1206 | 1213 | 1053 | 1317 | 1412 | 1927 | 1969 | 3024 | 3168 | 3169 | 4031 => Class::Transient,
        // Too many connections, threads, transactions or statements; packets lost, late or out of order; connection gone.
        1040 | 1203 | 1226 | 1129 | 1135 | 1461 | 1637 | 1152 | 1156..=1161 | 1184 => Class::Transient,
        2002 | 2003 | 2006 | 2013 | 2055 => Class::Transient,
        // Disk or table full, out of memory, an error of the engine, error at COMMIT.
        1021 | 1026 | 1030 | 1037 | 1038 | 1041 | 1114 | 1180 | 1296 => Class::Transient,
        // Read-only, or not ready, or another server behind the same address, during a fail-over.
        1047 | 1243 | 1290 | 1615 | 1792 | 1836 | 1874 => Class::Transient,
        1153 => Class::TooLarge,
        // Cannot be null, duplicate key, range, truncation, partition, wrong value, length, reference, check.
        1048 | 1062 | 1264 | 1265 | 1292 | 1364 | 1366 | 1406 | 1411 | 1452 | 1526 | 1586 | 1690 | 3819 | 4025 => {
            Class::Row
        }
        1044 | 1045 | 1142 | 1143 | 1227 | 1370 | 1410 | 1698 => Class::Forbidden,
        _ => Class::Other,
    }
}

fn classify_sqlite(code: i32) -> Class {
    // The low byte is the primary code: NOMEM 7, BUSY 5, LOCKED 6, INTERRUPT 9, IOERR 10, FULL 13, CANTOPEN 14,
    // PROTOCOL 15; READONLY 8 (a disk that the kernel made read-only); TOOBIG 18, CONSTRAINT 19, MISMATCH 20; PERM 3,
    // AUTH 23; CORRUPT 11, NOTADB 26.
    match code & 0xff {
        5..=10 | 13..=15 => Class::Transient,
        18..=20 => Class::Row,
        3 | 23 => Class::Forbidden,
        11 | 26 => Class::Damaged,
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_errors_are_sorted_by_what_the_caller_can_do() {
        for number in [1205, 1213, 1040, 1053, 1290, 1317, 1836, 1927, 2006, 2013, 4031, 1114, 1030, 1047] {
            assert_eq!(classify_mysql(number), Class::Transient, "{number}");
        }
        for number in [1264, 1406, 1526, 1366, 1062] {
            assert_eq!(classify_mysql(number), Class::Row, "{number}");
        }
        assert_eq!(classify_mysql(1153), Class::TooLarge);
        assert_eq!(classify_mysql(1142), Class::Forbidden);
        assert_eq!(classify_mysql(1146), Class::Other);
    }

    #[test]
    fn extended_sqlite_codes_are_sorted_by_their_primary_code() {
        assert_eq!(classify_sqlite(5), Class::Transient);
        assert_eq!(classify_sqlite(5 | 2 << 8), Class::Transient);
        assert_eq!(classify_sqlite(1555), Class::Row);
        assert_eq!(classify_sqlite(3091), Class::Row);
        for code in [8, 10 | 4 << 8, 13] {
            assert_eq!(classify_sqlite(code), Class::Transient);
        }
        assert_eq!(classify_sqlite(11), Class::Damaged);
        assert_eq!(classify_sqlite(1), Class::Other);
    }
}
