//! Giving the room of deleted rows back to the disk: the day file is copied without it, and the copy takes its name.
//!
//! The copy is durable before the rename, and the rename is one step: a death leaves the old file or the new one, and
//! perhaps a copy without a name that anybody reads, which the next run removes. Only a file without a log is replaced:
//! a log that is left beside another file's pages would be taken for its own.

use std::fs::File;
use std::path::Path;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::file::{connect_reading, with_suffix};
use super::retention::{free_bytes, size_of, unlink};
use crate::error::StoreError;
use crate::session::{Get, Session};

const DOING: &str = "giving the room of condensed rows back";

/// A file is copied when this share of its pages is free: one of so many.
const FREE_SHARE: u64 = 4;

/// Copies a day file without its free pages, if that pays and the disk has the room; answers the bytes given back. The
/// caller keeps every writer away, and has closed the file.
pub(super) async fn give_back(folder: &Path, path: &Path, disk_free_min: u64) -> Result<u64, StoreError> {
    let copy = with_suffix(path, ".new");
    unlink(&copy)?;
    let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
    if ["-wal", "-shm", "-journal"].iter().any(|suffix| with_suffix(path, suffix).exists()) {
        return Ok(0);
    }
    let before = size_of(path);
    let mut connection = connect_reading(path).await?;
    let sql = SqlStr::from_static(
        "SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count)",
    );
    let rows = connection.rows(sql, Default::default()).await.map_err(failed)?;
    let pages = || rows.first().map_or(Ok((0, 0)), |row| Ok((row.u64(0)?, row.u64(1)?)));
    let (pages, free) = pages().map_err(failed)?;
    let needed = before / pages.max(1) * (pages - free.min(pages));
    if free < pages / FREE_SHARE || free == 0 || free_bytes(folder)? < needed.saturating_add(disk_free_min) {
        return Ok(0);
    }
    let text = format!("VACUUM INTO '{}'", copy.to_string_lossy().replace('\'', "''"));
    let copied = connection.raw(AssertSqlSafe(text).into_sql_str()).await;
    drop(connection);
    if let Err(error) = copied {
        unlink(&copy)?;
        return Err(failed(error));
    }
    faults::pass("db.compact").map_err(StoreError::failpoint(DOING))?;
    let put = || -> std::io::Result<()> {
        let file = File::open(&copy)?;
        // The group may read it, as it may the old one.
        file.set_permissions(std::fs::metadata(path)?.permissions())?;
        file.sync_all()?;
        std::fs::rename(&copy, path)?;
        File::open(folder)?.sync_all()
    };
    put().map_err(|source| StoreError::Folder { path: path.to_owned(), source })?;
    faults::pass("db.compacted").map_err(StoreError::failpoint(DOING))?;
    Ok(before.saturating_sub(size_of(path)))
}
