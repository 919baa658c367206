//! The files of a store: names, permissions, opening, schema versions.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqlSafeStr, SqlStr};
use tokio::time::{sleep, timeout};

use crate::day::Day;
use crate::error::StoreError;
use crate::limits::{MIGRATE_LOCK_SECONDS, MIGRATE_TIMEOUT, STATEMENTS_MAX};
use crate::migrations::{KNOWN, SQLITE_DAY, SQLITE_MAIN, SUPPORT, SUPPORT_FROM, Support, statements};
use crate::rows::Bind;
use crate::schema::{Access, Schema, support};
use crate::session::{Get, Session};

const DOING: &str = "opening the store";
/// Pages of 8 KiB hold about 70 flow rows: half as many page headers and splits as with 4 KiB.
const PAGE_BYTES: u32 = 8192;
/// The log is moved into the file after so many pages (32 MiB); each move costs two fsyncs.
const CHECKPOINT_PAGES: &str = "4096";
/// Page cache of a writing connection, in KiB (negative = KiB).
const CACHE_KIB: &str = "-16384";
/// How long SQLite waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a process looks whether the one that makes the files is done.
const LOCK_POLL: Duration = Duration::from_millis(10);

/// The file of everything but flow rows.
pub(crate) fn main_file(folder: &Path) -> PathBuf {
    folder.join("main.db")
}

/// The file of the flow rows that arrive on a day.
pub(crate) fn day_file(folder: &Path, day: Day) -> PathBuf {
    folder.join(format!("flows-{}.db", day.name()))
}

/// The day files that exist, oldest first.
pub(crate) fn day_files(folder: &Path) -> Result<Vec<(Day, PathBuf)>, StoreError> {
    let failed = |source| StoreError::Folder { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let day = name.strip_prefix("flows-").and_then(|rest| rest.strip_suffix(".db")).and_then(Day::from_name);
        if let Some(day) = day {
            files.push((day, path));
        }
    }
    files.sort();
    Ok(files)
}

/// Makes a folder that the group may enter and read.
pub(super) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(folder)
        .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })
}

/// Opens or makes a file that the group may read, whatever the umask; SQLite gives its log the same mode.
pub(super) fn create(path: &Path) -> Result<File, StoreError> {
    let failed = |source| StoreError::Folder { path: path.to_owned(), source };
    match OpenOptions::new().write(true).create_new(true).mode(0o640).open(path) {
        Ok(file) => {
            file.set_permissions(Permissions::from_mode(0o640)).map_err(failed)?;
            Ok(file)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            OpenOptions::new().write(true).open(path).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}

pub(super) async fn open_main(folder: &Path) -> Result<SqliteConnection, StoreError> {
    open(folder, &main_file(folder), &SQLITE_MAIN).await
}

pub(super) async fn open_day(folder: &Path, day: Day) -> Result<SqliteConnection, StoreError> {
    open(folder, &day_file(folder, day), &SQLITE_DAY).await
}

/// Opens a file for writing, makes it and its tables if need be.
async fn open(folder: &Path, path: &Path, migrations: &[&'static str]) -> Result<SqliteConnection, StoreError> {
    // One process at a time: switching a new file to WAL needs it alone, and SQLite's own wait does not cover that.
    let _lock = migration_lock(folder).await?;
    create(path)?;
    let opening = async {
        let mut connection = options(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .page_size(PAGE_BYTES)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .pragma("cache_size", CACHE_KIB)
            .connect()
            .await
            .map_err(|error| StoreError::query(DOING, &error))?;
        migrate(&mut connection, migrations).await?;
        Ok(connection)
    };
    match timeout(MIGRATE_TIMEOUT, opening).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Timeout { doing: DOING, after: MIGRATE_TIMEOUT }),
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(false)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENTS_MAX)
        .disable_statement_logging()
}

async fn migration_lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("migrate.lock");
    let file = create(&path)?;
    let waited = Duration::from_secs(u64::from(MIGRATE_LOCK_SECONDS));
    let locking = async {
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => sleep(LOCK_POLL).await,
                Err(TryLockError::Error(source)) => return Err(StoreError::Folder { path: path.clone(), source }),
            }
        }
    };
    match timeout(waited, locking).await {
        Ok(result) => result.map(|()| file),
        Err(_) => Err(StoreError::MigrationLock { waited }),
    }
}

/// Brings a file to this program's version. The version lies in the file's header and changes with the tables, in one
/// transaction.
async fn migrate(connection: &mut SqliteConnection, migrations: &[&'static str]) -> Result<(), StoreError> {
    if is_migrated(connection).await? {
        return Ok(());
    }
    let failed = |error: sqlx::Error| StoreError::query("migrating the store", &error);
    connection.raw(SqlStr::from_static("BEGIN IMMEDIATE")).await.map_err(failed)?;
    let found = schema(connection).await?.version;
    for (number, text) in (1..).zip(migrations).skip(found as usize) {
        for statement in statements(text) {
            connection.raw(SqlStr::from_static(statement)).await.map_err(failed)?;
        }
        write_support(connection, number).await.map_err(failed)?;
    }
    let version = AssertSqlSafe(format!("PRAGMA user_version = {KNOWN}")).into_sql_str();
    connection.raw(version).await.map_err(failed)?;
    connection.raw(SqlStr::from_static("COMMIT")).await.map_err(failed)?;
    Ok(())
}

/// Whether a file may be written to as it is; an error if it is newer and does not allow it.
async fn is_migrated(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    match schema(connection).await?.allows(Access::Write) {
        Ok(()) => Ok(true),
        Err(StoreError::NotMigrated { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes down which programs may use a file of a version.
async fn write_support(connection: &mut SqliteConnection, version: u32) -> Result<(), sqlx::Error> {
    if version < SUPPORT_FROM {
        return Ok(());
    }
    let Support { min_reader, min_writer } = SUPPORT[version as usize - 1];
    let mut arguments = sqlx::sqlite::SqliteArguments::default();
    for number in [version, min_reader, min_writer] {
        arguments.u32(number);
    }
    let sql = "INSERT INTO schema_versions (version, applied, min_reader, min_writer) VALUES (?, unixepoch(), ?, ?)";
    connection.run(SqlStr::from_static(sql), arguments).await.map(drop)
}

/// The version of a file, and of a newer one what it allows.
async fn schema(connection: &mut SqliteConnection) -> Result<Schema, StoreError> {
    let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
    let rows = connection.rows(SqlStr::from_static("PRAGMA user_version"), Default::default()).await.map_err(failed)?;
    let version = rows.first().map_or(Ok(0), |row| row.u32(0)).map_err(failed)?;
    if version <= KNOWN {
        return Ok(Schema { version, support: Support::default() });
    }
    let support = support(connection, version).await.map_err(failed)?;
    Ok(Schema { version, support })
}

/// The files of a store and their versions; none where there is no store.
pub(crate) async fn schemas(folder: &Path) -> Result<Vec<(String, Schema)>, StoreError> {
    let mut found = Vec::new();
    if !main_file(folder).exists() {
        return Ok(found);
    }
    let days = day_files(folder)?.into_iter().map(|(_, path)| path);
    for path in std::iter::once(main_file(folder)).chain(days) {
        let mut connection = connect_reading(&path).await?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.push((name, schema(&mut connection).await?));
    }
    Ok(found)
}

/// Closes a connection and waits until its log is in the file.
pub(super) async fn close(mut connection: SqliteConnection) {
    // Closing does this by itself only for the last connection: a reader that is just going would prevent it.
    if let Err(error) = connection.raw(SqlStr::from_static("PRAGMA wal_checkpoint(TRUNCATE)")).await {
        tracing::debug!(%error, "a log of the store stays; it is read at the next start");
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "closing a file of the store");
    }
}

/// Closes a day file that is complete: without WAL a reader that may not write into the folder can open it.
///
/// Answers whether it is so: while somebody reads the file it stays in WAL mode until the next start.
pub(super) async fn finish(mut connection: SqliteConnection) -> bool {
    let left = connection.raw(SqlStr::from_static("PRAGMA journal_mode = DELETE")).await;
    if let Err(error) = &left {
        tracing::debug!(%error, "a day file stays in WAL mode");
    }
    close(connection).await;
    left.is_ok()
}

/// Opens a file of ours for reading only.
pub(crate) async fn open_for_reading(path: &Path) -> Result<SqliteConnection, StoreError> {
    let mut connection = connect_reading(path).await?;
    schema(&mut connection).await?.allows(Access::Read)?;
    Ok(connection)
}

/// Opens a file for reading only, whatever its version.
pub(super) async fn connect_reading(path: &Path) -> Result<SqliteConnection, StoreError> {
    let attempt = options(path).read_only(true).busy_timeout(Duration::from_secs(1));
    let failed = |error: sqlx::Error| StoreError::query("opening the store for reading", &error);
    let opening = async {
        let mut connection = attempt.clone().connect().await.map_err(failed)?;
        schema(&mut connection).await?;
        Ok(connection)
    };
    match opening.await {
        // A file in WAL mode whose writer is gone cannot be opened by who may not write into its folder. Without a
        // log the file itself is complete, and nobody writes to it.
        Err(StoreError::Transient { .. } | StoreError::Forbidden { .. }) if !log_of(path).exists() => {
            attempt.immutable(true).connect().await.map_err(failed)
        }
        other => other,
    }
}

/// Opens a day file; `None` if it is only being made (it has no rows yet), or the retention threw it away meanwhile.
pub(crate) async fn open_day_for_reading(path: &Path) -> Result<Option<SqliteConnection>, StoreError> {
    match open_for_reading(path).await {
        Ok(connection) => Ok(Some(connection)),
        Err(StoreError::NotMigrated { found: 0, .. }) => Ok(None),
        Err(_) if !path.exists() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The log of a database.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    with_suffix(path, "-wal")
}

/// A file that SQLite keeps beside a database.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
