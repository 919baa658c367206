//! Retention on SQLite: throws whole day files away, deletes old rows of `main.db` in chunks.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, SqlSafeStr};
use tokio::time::timeout;

use super::Files;
use super::file::{self, day_files, with_suffix};
use super::open::Open;
use super::writer::write_fence;
use crate::condense::{self, Mark};
use crate::day::Day;
use crate::error::StoreError;
use crate::fence;
use crate::limits::{DELETE_CHUNK_ROWS, NOTES_MERGE_AGE, UPKEEP_TIMEOUT};
use crate::notes;
use crate::rows::Bind;
use crate::session::{Get, Session};
use crate::upkeep::{RetentionPolicy, RetentionReport, SMALL_TABLES, TableReport};

const DOING: &str = "retention";
/// Chunks of one table in one run: the writer waits while they are deleted.
const CHUNKS_MAX: u32 = 40;

impl Files {
    /// Drops what the policy does not keep. The writer of this process waits for it; that of another process refuses
    /// it ([`StoreError::Locked`]).
    pub(crate) async fn retention(&self, policy: &RetentionPolicy, now: u32) -> Result<RetentionReport, StoreError> {
        let mut state = self.state.lock().await;
        let mut open = state.take(&self.folder).await?;
        let work = async {
            faults::pass("db.upkeep").map_err(StoreError::failpoint(DOING))?;
            let mut report = RetentionReport { tables: vec![flows(&mut open, &self.folder, policy, now).await?] };
            for table in SMALL_TABLES {
                report.tables.push(delete_old(&mut open, table, policy.cutoff(table, now)).await?);
            }
            if let Some((_, day)) = &mut open.day {
                notes::merge(day, "BEGIN IMMEDIATE", now.saturating_sub(NOTES_MERGE_AGE)).await?;
            }
            Ok(report)
        };
        match timeout(UPKEEP_TIMEOUT, work).await {
            Ok(Ok(report)) => {
                state.open = Some(open);
                Ok(report)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StoreError::Timeout { doing: DOING, after: UPKEEP_TIMEOUT }),
        }
    }
}

/// Throws day files away, oldest first, while they are too old, too large together, or the disk is too full; never
/// the one of today.
async fn flows(open: &mut Open, folder: &Path, policy: &RetentionPolicy, now: u32) -> Result<TableReport, StoreError> {
    let mut report = TableReport { table: "flows", ..TableReport::default() };
    let files = day_files(folder)?;
    let mut bytes: u64 = files.iter().map(|(_, path)| size_of(path)).sum();
    let cutoff = policy.cutoff("flows", now);
    for (day, path) in files {
        if day >= Day::of(now) {
            break;
        }
        if day.end() > cutoff && bytes <= policy.flows_bytes && free_bytes(folder)? >= policy.disk_free_min {
            break;
        }
        let size = size_of(&path);
        report.rows += throw_away(open, folder, day, &path).await?;
        report.bytes += size;
        report.parts += 1;
        bytes = bytes.saturating_sub(size);
    }
    if bytes > policy.flows_bytes || free_bytes(folder)? < policy.disk_free_min {
        report.hindered = Some("only the rows of today are left: make room on the disk or lower the limits".to_owned());
    }
    Ok(report)
}

/// Copies the fences of a day file to `main.db`, then unlinks it. A crash in between leaves a file whose fences stand
/// in both, which is right as well. Returns the rows that went.
async fn throw_away(open: &mut Open, folder: &Path, day: Day, path: &Path) -> Result<u64, StoreError> {
    let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
    if open.day.as_ref().is_some_and(|(current, _)| *current == day) {
        open.close_day().await;
    }
    let mut connection = file::open_day(folder, day).await?;
    let fences = fence::all(&mut connection).await.map_err(failed)?;
    let count = sqlx::SqlStr::from_static("SELECT COALESCE(MAX(flow_rows), 0) FROM span");
    let rows = connection.rows(count, SqliteArguments::default()).await.map_err(failed)?;
    let rows = rows.first().map_or(Ok(0), |row| row.u64(0)).map_err(failed)?;
    let condensed = condense::marks(&mut connection).await.map_err(failed)?;
    file::close(connection).await;
    let begin = sqlx::SqlStr::from_static("BEGIN IMMEDIATE");
    open.main.raw(begin).await.map_err(failed)?;
    for fence in fences {
        write_fence(&mut open.main, fence).await.map_err(failed)?;
    }
    keep_marks(&mut open.main, condensed).await.map_err(failed)?;
    open.main.raw(sqlx::SqlStr::from_static("COMMIT")).await.map_err(failed)?;
    unlink(path)?;
    for suffix in ["-wal", "-shm", "-journal"] {
        unlink(&with_suffix(path, suffix))?;
    }
    let sync = File::open(folder).and_then(|folder| folder.sync_all());
    sync.map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
    Ok(rows)
}

/// What was condensed in a file that goes is added to what `main.db` knows. A file that is thrown away again after a
/// death in between would be added twice: then the larger one of two numbers counts.
async fn keep_marks(main: &mut SqliteConnection, marks: BTreeMap<Vec<u8>, Mark>) -> Result<(), sqlx::Error> {
    let known = condense::marks(main).await?;
    for (incident, mark) in marks {
        let before = known.get(&incident).copied().unwrap_or_default();
        let is_new = mark.until > before.until;
        let sum = |one: u64, other: u64| if is_new { one.saturating_add(other) } else { one.max(other) };
        let both = Mark {
            until: before.until.max(mark.until),
            from_rows: sum(before.from_rows, mark.from_rows),
            to_rows: sum(before.to_rows, mark.to_rows),
        };
        condense::write_mark(main, &incident, both, both.until).await?;
    }
    Ok(())
}

pub(super) fn unlink(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(StoreError::Folder { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Bytes of a database and its log.
pub(crate) fn size_of(path: &Path) -> u64 {
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    length(path) + length(&with_suffix(path, "-wal"))
}

/// Bytes that an ordinary account may still write on the disk of `folder`.
pub(super) fn free_bytes(folder: &Path) -> Result<u64, StoreError> {
    let stat = nix::sys::statvfs::statvfs(folder)
        .map_err(|error| StoreError::Folder { path: folder.to_owned(), source: error.into() })?;
    Ok(stat.blocks_available().saturating_mul(stat.fragment_size()))
}

async fn delete_old(open: &mut Open, table: &'static str, cutoff: u32) -> Result<TableReport, StoreError> {
    let mut report = TableReport { table, ..TableReport::default() };
    let text = format!(
        "DELETE FROM {table} WHERE (ts, node_id, epoch, stream, seq) IN \
         (SELECT ts, node_id, epoch, stream, seq FROM {table} WHERE ts < ? LIMIT {DELETE_CHUNK_ROWS})"
    );
    for _ in 0..CHUNKS_MAX {
        let mut arguments = SqliteArguments::default();
        arguments.u32(cutoff);
        let sql = AssertSqlSafe(text.as_str()).into_sql_str();
        let deleted = open.main.run(sql, arguments).await.map_err(|error| StoreError::query(DOING, &error))?;
        report.rows += deleted;
        if deleted < DELETE_CHUNK_ROWS {
            break;
        }
    }
    Ok(report)
}
