//! Copies of SQLite files while others write to them.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqlSafeStr};
use tokio::time::timeout;

use crate::error::StoreError;
use crate::limits::{BACKUP_TIMEOUT, READ_TIMEOUT};
use crate::session::Session;
use crate::sqlite::{day_files, main_file};

const DOING: &str = "copying a file of the store";

/// Copies a SQLite file as it stands at one moment to `to`, which must not be there yet, and makes it durable. Writers
/// are not held up.
///
/// # Errors
/// The file cannot be read, the copy cannot be written (it is removed then), or it takes longer than
/// [`BACKUP_TIMEOUT`].
pub async fn backup_file(from: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Folder { path: to.to_owned(), source };
    // Made before: nobody but its owner may read the copy of a file with secrets, whatever the umask.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(failed)?;
    let copying = async {
        let options = SqliteConnectOptions::new()
            .filename(from)
            .create_if_missing(false)
            .read_only(true)
            .busy_timeout(READ_TIMEOUT * 5)
            .disable_statement_logging();
        let mut connection = options.connect().await.map_err(|error| StoreError::query(DOING, &error))?;
        // An empty file is taken for an empty database: the copy goes into it.
        let text = format!("VACUUM INTO '{}'", to.to_string_lossy().replace('\'', "''"));
        let copied = connection.raw(AssertSqlSafe(text).into_sql_str()).await;
        copied.map_err(|error| StoreError::query(DOING, &error))?;
        connection.close().await.map_err(|error| StoreError::query(DOING, &error))
    };
    let copied = timeout(BACKUP_TIMEOUT, copying).await;
    let copied = copied.unwrap_or(Err(StoreError::Timeout { doing: DOING, after: BACKUP_TIMEOUT }));
    if copied.is_err() {
        // What is there is no copy of anything.
        let _ = std::fs::remove_file(to);
        return copied;
    }
    File::open(to).and_then(|file| file.sync_all()).map_err(failed)
}

/// Copies all files of the SQLite store in `folder` to `to`, which is made, while ingest writes; answers their names.
///
/// Each file is of one moment, rows and fences together. A stream's newest rows and its furthest fence are in its newest
/// file: so the newest is copied first, and no copy's fence is ahead of the rows of the other copies. `main.db` is the
/// last: the fences of a file that the retention throws away meanwhile are in it.
///
/// # Errors
/// As [`backup_file`]; a day file that the retention threw away meanwhile is none.
pub async fn backup_folder(folder: &Path, to: &Path) -> Result<Vec<String>, StoreError> {
    std::fs::create_dir_all(to).map_err(|source| StoreError::Folder { path: to.to_owned(), source })?;
    let mut names = Vec::new();
    let newest_first = day_files(folder)?.into_iter().rev().map(|(_, path)| path);
    for path in newest_first.chain([main_file(folder)]) {
        let name = path.file_name().unwrap_or_default();
        match backup_file(&path, &to.join(name)).await {
            Ok(()) => names.push(name.to_string_lossy().into_owned()),
            Err(_) if !path.exists() && path != main_file(folder) => {}
            Err(error) => return Err(error),
        }
    }
    let sync = File::open(to).and_then(|folder| folder.sync_all());
    sync.map_err(|source| StoreError::Folder { path: to.to_owned(), source })?;
    Ok(names)
}
