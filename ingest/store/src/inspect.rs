//! Looking at a store from outside: what the server is and how it is set up. Reads only, and makes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio::time::timeout;

use crate::config::Config;
use crate::error::StoreError;
use crate::limits::READ_TIMEOUT;
use crate::mysql::Server;
use crate::sqlite;
use crate::target::Target;

/// What a store is, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inspection {
    /// A server that answered.
    Server {
        /// Whether it is MariaDB; else MySQL, or something that speaks its language.
        mariadb: bool,
        /// Its version, as it writes it.
        version: String,
        /// Its global variables of [`SETTINGS`]; what it does not know, or does not show this account, is absent.
        settings: BTreeMap<String, String>,
        /// What concerns this database and this account alone.
        own: Own,
    },
    /// A folder of SQLite files.
    Sqlite {
        /// The folder; it need not be there yet.
        folder: PathBuf,
        /// Version of the library in this program.
        version: String,
        /// How `main.db` is written: `wal` as it should be, else `rollback`; `None` = there is no store yet.
        journal_mode: Option<&'static str>,
        /// Bytes that this account may still write on the folder's disk; `None` if the folder is not there.
        free_bytes: Option<u64>,
    },
}

/// A database, and what the account that asks may do; what the server does not show is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Its name.
    pub database: String,
    /// Its character set for new tables.
    pub character_set: String,
    /// Tables whose texts are not `utf8mb4`, with their collation.
    pub narrow_tables: Vec<(String, String)>,
    /// `sql_mode` of our own connections.
    pub session_mode: String,
    /// What `SHOW GRANTS` tells.
    pub grants: Vec<String>,
}

/// The server's variables that are asked for.
pub const SETTINGS: [&str; 12] = [
    "version",
    "version_comment",
    "innodb_flush_log_at_trx_commit",
    "innodb_buffer_pool_size",
    "innodb_log_file_size",
    "innodb_redo_log_capacity",
    "max_allowed_packet",
    "max_connections",
    "log_bin",
    "read_only",
    "super_read_only",
    "sql_mode",
];

/// Asks the store that the configuration names; an empty URL means SQLite in `data_dir`. Answers within
/// [`READ_TIMEOUT`], the connection included; a caller that must not wait for a folder on a dead network file system
/// either gives this a thread of its own.
///
/// # Errors
/// Whatever keeps a role from using the store: URL, password file, server, user, database.
pub async fn inspect(config: &Config, data_dir: &Path) -> Result<Inspection, StoreError> {
    let asking = async {
        match Target::of(config, data_dir)? {
            Target::MySql(address) => Server::new(*address).inspect().await,
            Target::Sqlite(folder) => sqlite::inspect(folder).await,
        }
    };
    match timeout(READ_TIMEOUT, asking).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Timeout { doing: "asking the store for its settings", after: READ_TIMEOUT }),
    }
}
