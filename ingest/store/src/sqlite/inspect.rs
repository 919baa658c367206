//! What a SQLite store is, without opening its database: a connection would make files beside it.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqlStr};

use super::file::main_file;
use super::retention::free_bytes;
use crate::error::StoreError;
use crate::inspect::Inspection;
use crate::session::{Get, Session};

/// Where a database's header says how it is read: 1 = rollback journal, 2 = WAL (SQLite file format, 1.3.3).
const READ_VERSION_AT: usize = 19;
/// The header begins with this.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Journal mode and free disk of the store in `folder`.
pub(crate) async fn inspect(folder: PathBuf) -> Result<Inspection, StoreError> {
    let failed = |error: sqlx::Error| StoreError::query("asking SQLite for its version", &error);
    // Without a file name SQLite opens a database in memory.
    let mut connection = SqliteConnectOptions::new().connect().await.map_err(failed)?;
    let sql = SqlStr::from_static("SELECT sqlite_version()");
    let rows = connection.rows(sql, Default::default()).await.map_err(failed)?;
    let version = rows.first().map_or_else(|| Ok(String::new()), |row| row.text(0)).map_err(failed)?;
    let journal_mode = journal_mode(&main_file(&folder))?;
    let free_bytes = if folder.is_dir() { Some(free_bytes(&folder)?) } else { None };
    Ok(Inspection::Sqlite { folder, version, journal_mode, free_bytes })
}

fn journal_mode(path: &Path) -> Result<Option<&'static str>, StoreError> {
    let failed = |source| StoreError::Folder { path: path.to_owned(), source };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut header = [0; READ_VERSION_AT + 1];
    match file.read_exact(&mut header) {
        // A file that was just made is empty until its first table.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other.map_err(failed)?,
    }
    if !header.starts_with(MAGIC) {
        let reason = "is no SQLite database; move it away, or give store.url another folder";
        return Err(failed(std::io::Error::new(ErrorKind::InvalidData, reason)));
    }
    Ok(Some(if header[READ_VERSION_AT] == 2 { "wal" } else { "rollback" }))
}
