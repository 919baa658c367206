//! Schema versions on MySQL and MariaDB.

use sqlx::SqlStr;
use sqlx::mysql::MySqlConnection;
use tokio::time::timeout;

use super::Server;
use crate::error::{Class, StoreError, classify, mysql_number};
use crate::limits::{MIGRATE_LOCK_SECONDS, MIGRATE_TIMEOUT};
use crate::migrations::{COLUMN_IS_THERE, KNOWN, MYSQL, SUPPORT, SUPPORT_FROM, Support, statements};
use crate::notes;
use crate::rows::Bind;
use crate::schema::{Access, Schema, support};
use crate::session::{Get, Session};

const DOING: &str = "migrating the store";

impl Server {
    /// Brings the tables to this program's version; does nothing if they are there. Any number of processes may do
    /// this at once: one works, the others wait.
    ///
    /// DDL commits by itself on these servers, so a crash can leave a migration half done; each of its statements
    /// does nothing where its work is done, and the version is written last.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        let mut connection = self.connect().await?;
        match timeout(MIGRATE_TIMEOUT, migrate(&mut connection)).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::Timeout { doing: DOING, after: MIGRATE_TIMEOUT }),
        }
    }

    /// Whether this program may use the tables. Needs SELECT on `schema_versions` only.
    pub(crate) async fn check_version(connection: &mut MySqlConnection, access: Access) -> Result<(), StoreError> {
        schema(connection).await?.allows(access)
    }

    /// The database and its version.
    pub(crate) async fn schema(&self) -> Result<(String, Schema), StoreError> {
        let mut connection = self.connect().await?;
        Ok((self.address.database.clone(), schema(&mut connection).await?))
    }
}

/// The version in the database; what a newer one supports is asked for where it matters.
async fn schema(connection: &mut MySqlConnection) -> Result<Schema, StoreError> {
    let version = version(connection).await?;
    if version <= KNOWN {
        return Ok(Schema { version, support: Support::default() });
    }
    let support = support(connection, version).await.map_err(|error| StoreError::query(DOING, &error))?;
    Ok(Schema { version, support })
}

/// The version in the database, 0 without tables. An account that may not see the table cannot tell the two apart.
async fn version(connection: &mut MySqlConnection) -> Result<u32, StoreError> {
    let sql = SqlStr::from_static("SELECT CAST(COALESCE(MAX(version), 0) AS UNSIGNED) FROM schema_versions");
    match connection.rows(sql, Default::default()).await {
        Ok(rows) => match rows.first() {
            Some(row) => row.u32(0).map_err(|error| StoreError::query(DOING, &error)),
            None => Ok(0),
        },
        Err(error) if matches!(mysql_number(&error), Some(1146 | 1142)) => Ok(0),
        Err(error) => Err(StoreError::query(DOING, &error)),
    }
}

async fn migrate(connection: &mut MySqlConnection) -> Result<(), StoreError> {
    match Server::check_version(connection, Access::Write).await {
        Err(StoreError::NotMigrated { .. }) => {}
        other => return other,
    }
    // A negative time-out, which waits for ever on MySQL, fails on MariaDB: hence a number, and a look at the answer.
    let mut arguments = sqlx::mysql::MySqlArguments::default();
    arguments.u32(MIGRATE_LOCK_SECONDS);
    let lock = SqlStr::from_static("SELECT COALESCE(GET_LOCK(CONCAT('floodmark.', MD5(DATABASE())), ?), 0)");
    let rows = connection.rows(lock, arguments).await.map_err(|error| StoreError::query(DOING, &error))?;
    let locked = match rows.first() {
        Some(row) => row.i64(0).map_err(|error| StoreError::query(DOING, &error))? == 1,
        None => false,
    };
    if !locked {
        return Err(StoreError::MigrationLock {
            waited: std::time::Duration::from_secs(u64::from(MIGRATE_LOCK_SECONDS)),
        });
    }
    // The lock ends with the connection, which the caller drops whatever happens here.
    let found = version(connection).await?;
    for (number, text) in (1..).zip(MYSQL).skip(found as usize) {
        apply(connection, number, text).await.map_err(|error| match classify(&error) {
            Class::Forbidden => StoreError::NotMigrated { found, needed: KNOWN },
            _ => StoreError::query(DOING, &error),
        })?;
        tracing::info!(version = number, "store migrated");
    }
    // Before the first row of this version: all of it will be in notes.
    notes::begin_on_server(connection).await
}

async fn apply(connection: &mut MySqlConnection, number: u32, text: &'static str) -> Result<(), sqlx::Error> {
    connection
        .raw(SqlStr::from_static(
            "CREATE TABLE IF NOT EXISTS schema_versions (version INT UNSIGNED NOT NULL PRIMARY KEY, \
             applied INT UNSIGNED NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        ))
        .await?;
    for statement in statements(text) {
        match connection.raw(SqlStr::from_static(statement)).await {
            Err(error) if mysql_number(&error) == Some(COLUMN_IS_THERE) => {}
            other => drop(other?),
        }
    }
    let mut arguments = sqlx::mysql::MySqlArguments::default();
    arguments.u32(number);
    if number < SUPPORT_FROM {
        let done = SqlStr::from_static("INSERT INTO schema_versions (version, applied) VALUES (?, UNIX_TIMESTAMP())");
        return connection.run(done, arguments).await.map(drop);
    }
    let Support { min_reader, min_writer } = SUPPORT[number as usize - 1];
    arguments.u32(min_reader);
    arguments.u32(min_writer);
    let done = SqlStr::from_static(
        "INSERT INTO schema_versions (version, applied, min_reader, min_writer) VALUES (?, UNIX_TIMESTAMP(), ?, ?)",
    );
    connection.run(done, arguments).await.map(drop)
}
