//! Storing batches in SQLite files: fence and rows in one transaction of one file.

use std::path::Path;
use std::sync::Arc;

use sqlx::SqlStr;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use tokio::time::timeout;

use super::Files;
use super::open::Open;
use crate::batch::{Advance, Batch, CommitOutcome, Fence, Key, is_low_rate};
use crate::error::StoreError;
use crate::insert::{self, OnRefused, Statements};
use crate::limits::COMMIT_TIMEOUT;
use crate::node::{self, NodeIdentity};
use crate::notes;
use crate::rows::Bind;
use crate::session::{Get, Session};
use crate::writer::Park;

const FENCE: &str = "advancing the fence";
const COMMIT: &str = "committing a batch";

/// Writes through the files that this process has open.
pub(crate) struct Writer {
    files: Arc<Files>,
    node_id: u16,
}

impl Writer {
    /// Becomes the store's only writing process, registers the node.
    pub(crate) async fn open(files: Arc<Files>, node: &NodeIdentity, now: u32) -> Result<Writer, StoreError> {
        let mut state = files.state.lock().await;
        let mut open = state.take(&files.folder).await?;
        let node_id = node::register(&mut open.main, node, now).await?;
        state.open = Some(open);
        drop(state);
        Ok(Writer { files, node_id })
    }

    pub(crate) fn node_id(&self) -> u16 {
        self.node_id
    }

    /// Every fence of this node.
    pub(crate) async fn fences(&mut self) -> Result<Vec<Fence>, StoreError> {
        let mut state = self.files.state.lock().await;
        let open = state.take(&self.files.folder).await?;
        let mut fences: Vec<Fence> = open.fences.values().filter(|f| f.node_id == self.node_id).copied().collect();
        fences.sort_by_key(|fence| (fence.epoch, fence.stream));
        state.open = Some(open);
        Ok(fences)
    }

    /// Stores a batch, see [`crate::Writer::commit`].
    pub(crate) async fn commit(
        &mut self,
        batch: &Batch,
        park: Option<&mut Park<'_>>,
    ) -> Result<CommitOutcome, StoreError> {
        let files = Arc::clone(&self.files);
        let node_id = self.node_id;
        let work = async {
            let mut state = files.state.lock().await;
            let mut open = state.take(&files.folder).await?;
            let result = transaction(&mut open, &files.folder, node_id, batch, park, &mut state.in_doubt).await;
            // Only these leave what is open in a state that is known.
            if matches!(&result, Ok(_) | Err(StoreError::Row { .. } | StoreError::Park { .. })) {
                state.open = Some(open);
                state.in_doubt.clear();
            }
            result
        };
        match timeout(COMMIT_TIMEOUT, work).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::Timeout { doing: COMMIT, after: COMMIT_TIMEOUT }),
        }
    }
}

async fn transaction(
    open: &mut Open,
    folder: &Path,
    node_id: u16,
    batch: &Batch,
    park: Option<&mut Park<'_>>,
    in_doubt: &mut Vec<std::path::PathBuf>,
) -> Result<CommitOutcome, StoreError> {
    let key = Key { node_id, epoch: batch.epoch, stream: batch.stream };
    let known = open.fences.get(&key).copied().unwrap_or(Fence {
        node_id,
        epoch: batch.epoch,
        stream: batch.stream,
        ..Fence::default()
    });
    if known.last_seq != batch.first_seq - 1 {
        return Ok(CommitOutcome::refused(batch, known.last_seq));
    }
    let mut statements = std::mem::take(&mut open.statements);
    let (connection, path) = open.choose(folder, !is_low_rate(batch.stream), batch.arrived).await?;
    in_doubt.push(path);
    faults::pass("db.begin").map_err(StoreError::failpoint(FENCE))?;
    connection.raw(SqlStr::from_static("BEGIN IMMEDIATE")).await.map_err(|e| StoreError::query(FENCE, &e))?;
    let result = store(connection, &mut statements, known, batch, park).await;
    let known_state = matches!(&result, Ok(_) | Err(StoreError::Row { .. } | StoreError::Park { .. }));
    if known_state {
        faults::pass("db.commit").map_err(StoreError::failpoint(COMMIT))?;
        let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
        connection.raw(SqlStr::from_static(end)).await.map_err(|error| StoreError::query(COMMIT, &error))?;
    }
    faults::pass("db.committed").map_err(StoreError::failpoint(COMMIT))?;
    // In any other state the caller drops the connection, which rolls back.
    open.statements = statements;
    let (fence, parked) = result?;
    open.fences.insert(key, fence);
    Ok(CommitOutcome::Stored { parked })
}

/// Rows, fence and span, within the caller's transaction; returns the fence and the number of parked rows.
async fn store(
    connection: &mut SqliteConnection,
    statements: &mut Statements,
    known: Fence,
    batch: &Batch,
    park: Option<&mut Park<'_>>,
) -> Result<(Fence, u64), StoreError> {
    let failed = |error: sqlx::Error| StoreError::query(FENCE, &error);
    if last_seq(connection, known).await.map_err(failed)? > known.last_seq {
        return Err(StoreError::Transient { doing: FENCE, reason: "it moved; reading it again".to_owned() });
    }
    let mut refused = Vec::new();
    let mut on_refused = if park.is_some() { OnRefused::Collect(&mut refused) } else { OnRefused::Fail };
    faults::pass("db.rows").map_err(StoreError::failpoint("storing rows"))?;
    insert::batch(connection, statements, known.node_id, batch, &mut on_refused).await?;
    if !batch.flows.is_empty() {
        let key = Key { node_id: known.node_id, epoch: known.epoch, stream: known.stream };
        notes::insert(connection, key, &notes::of(batch)).await?;
    }
    if let (false, Some(park)) = (refused.is_empty(), park) {
        park(&refused).map_err(|source| StoreError::Park { source })?;
    }
    faults::pass("db.fence").map_err(StoreError::failpoint(FENCE))?;
    let advance = Advance::of(batch, &refused);
    let mut fence = known;
    fence.last_seq = batch.last_seq;
    fence.stored = fence.stored.plus(advance.stored);
    fence.parked = fence.parked.plus(advance.parked);
    fence.gap = fence.gap.plus(advance.gap);
    if !is_low_rate(batch.stream) {
        fence.noted_rows += advance.stored.rows;
    }
    fence.updated = batch.arrived;
    write_fence(connection, fence).await.map_err(failed)?;
    if let Some((low, high)) = batch.flow_span() {
        write_span(connection, low, high, advance.stored.rows).await.map_err(failed)?;
    }
    Ok((fence, refused.len() as u64))
}

async fn last_seq(connection: &mut SqliteConnection, of: Fence) -> Result<u64, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    arguments.u16(of.node_id);
    arguments.u64(of.epoch);
    arguments.u16(of.stream);
    let sql = SqlStr::from_static("SELECT last_seq FROM ingest_fences WHERE node_id = ? AND epoch = ? AND stream = ?");
    match connection.rows(sql, arguments).await?.first() {
        Some(row) => row.u64(0),
        None => Ok(0),
    }
}

/// Writes a fence with absolute values; an older one never replaces a newer one.
pub(super) async fn write_fence(connection: &mut SqliteConnection, fence: Fence) -> Result<(), sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    arguments.u16(fence.node_id);
    arguments.u64(fence.epoch);
    arguments.u16(fence.stream);
    arguments.u64(fence.last_seq);
    // A parked row may hold any number; the sums stick at the largest one that SQLite has.
    for counts in [fence.stored, fence.parked, fence.gap] {
        for sum in [counts.rows, counts.packets, counts.bytes] {
            arguments.u64(sum.min(i64::MAX as u64));
        }
    }
    arguments.u64(fence.noted_rows);
    arguments.u32(fence.updated);
    let sql = SqlStr::from_static(
        "INSERT INTO ingest_fences (node_id, epoch, stream, last_seq, rows_total, packets, bytes, parked_rows, \
         parked_packets, parked_bytes, gap_rows, gap_packets, gap_bytes, noted_rows, updated) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (node_id, epoch, stream) DO UPDATE SET last_seq = excluded.last_seq, \
         rows_total = excluded.rows_total, packets = excluded.packets, bytes = excluded.bytes, \
         parked_rows = excluded.parked_rows, parked_packets = excluded.parked_packets, \
         parked_bytes = excluded.parked_bytes, gap_rows = excluded.gap_rows, gap_packets = excluded.gap_packets, \
         gap_bytes = excluded.gap_bytes, noted_rows = excluded.noted_rows, updated = excluded.updated \
         WHERE excluded.last_seq > ingest_fences.last_seq",
    );
    connection.run(sql, arguments).await?;
    Ok(())
}

async fn write_span(connection: &mut SqliteConnection, low: u32, high: u32, rows: u64) -> Result<(), sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    arguments.u32(low);
    arguments.u32(high);
    arguments.u64(rows);
    let sql = SqlStr::from_static(
        "INSERT INTO span (id, min_ts, max_ts, flow_rows) VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET \
         min_ts = MIN(span.min_ts, excluded.min_ts), max_ts = MAX(span.max_ts, excluded.max_ts), \
         flow_rows = span.flow_rows + excluded.flow_rows",
    );
    connection.run(sql, arguments).await?;
    Ok(())
}
