//! Retention on a server: drops partitions of `flows`, deletes old rows of the small tables in chunks.

use std::time::Duration;

use sqlx::mysql::{MySqlArguments, MySqlConnection};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use tokio::time::timeout;

use super::{Server, partitions};
use crate::error::StoreError;
use crate::limits::{DAY_SECONDS, DELETE_CHUNK_ROWS, NOTES_MERGE_AGE, UPKEEP_TIMEOUT};
use crate::notes;
use crate::rows::Bind;
use crate::schema::Access;
use crate::session::{Get, Session};
use crate::upkeep::{RetentionPolicy, RetentionReport, SMALL_TABLES, TableReport};

/// Chunks of one table in one run: the rest goes in the next one, so that no table holds up the others.
const CHUNKS_MAX: u32 = 200;

impl Server {
    /// Splits off partitions ahead, drops what the policy does not keep. What the account may not do, or a long read
    /// prevents, is said in the report; the rest is done.
    pub(crate) async fn retention(&self, policy: &RetentionPolicy, now: u32) -> Result<RetentionReport, StoreError> {
        let mut connection = self.connect().await?;
        bounded(Server::check_version(&mut connection, Access::Write)).await?;
        faults::pass("db.upkeep").map_err(StoreError::failpoint("retention"))?;
        let mut report = RetentionReport { tables: vec![flows(&mut connection, policy, now).await?] };
        for table in SMALL_TABLES {
            report.tables.push(delete_old(&mut connection, table, policy.cutoff(table, now)).await?);
        }
        report.tables.push(tend_notes(&mut connection, policy.cutoff("flows", now), now).await?);
        Ok(report)
    }

    /// Splits off the partitions of the days to come, as far as the account may.
    pub(crate) async fn prepare(&self, flows_kept: Duration, now: u32) -> Result<(), StoreError> {
        let mut connection = self.connect().await?;
        bounded(Server::check_version(&mut connection, Access::Write)).await?;
        split_ahead(&mut connection, flows_kept, now).await.map(drop)
    }
}

/// Splits off the partitions of the days to come; answers those that there were before.
async fn split_ahead(
    connection: &mut MySqlConnection,
    flows_kept: Duration,
    now: u32,
) -> Result<Vec<partitions::Partition>, StoreError> {
    let keep_days = u32::try_from(flows_kept.as_secs() / u64::from(DAY_SECONDS)).unwrap_or(u32::MAX);
    let existing = step(partitions::list(connection)).await?;
    let ends = partitions::plan(&existing, now, keep_days);
    bounded(partitions::split(connection, &ends)).await?;
    Ok(existing)
}

async fn flows(
    connection: &mut MySqlConnection,
    policy: &RetentionPolicy,
    now: u32,
) -> Result<TableReport, StoreError> {
    let mut report = TableReport { table: "flows", ..TableReport::default() };
    let cutoff = policy.cutoff("flows", now);
    // What lies in the open partition, by clocks that were wrong, goes as in the small tables.
    let open = delete_old(connection, "flows PARTITION (pmax)", cutoff).await?;
    (report.rows, report.hindered) = (open.rows, open.hindered);
    let split = split_ahead(connection, policy.flows, now).await.map(drop);
    hinders(&mut report, split)?;
    let existing = step(partitions::list(connection)).await?;
    for partition in partitions::expired(&existing, cutoff, policy.flows_bytes, now) {
        if !hinders(&mut report, bounded(partitions::drop_one(connection, &partition)).await)? {
            break;
        }
        report.rows += partition.rows;
        report.bytes += partition.bytes;
        report.parts += 1;
    }
    Ok(report)
}

/// Notes go after the rows that they are about; where rows came without, they begin anew; many small ones become one.
async fn tend_notes(connection: &mut MySqlConnection, cutoff: u32, now: u32) -> Result<TableReport, StoreError> {
    let sql = SqlStr::from_static("SELECT CAST(COALESCE(MIN(ts), 4294967295) AS UNSIGNED) FROM flows");
    let mut hindered = TableReport { table: "flow_notes", ..TableReport::default() };
    let mut oldest = Ok(u32::MAX);
    let asked = step(connection.rows(sql, MySqlArguments::default())).await;
    let asked = asked.map(|rows| oldest = rows.first().map_or(Ok(u32::MAX), |row| row.u32(0)));
    if !hinders(&mut hindered, asked)? {
        return Ok(hindered);
    }
    let oldest = oldest.map_err(|error| StoreError::query("retention", &error))?;
    let mut report = delete_old(connection, "flow_notes", cutoff.min(notes::stretch(oldest))).await?;
    let begun = bounded(notes::begin_on_server(connection)).await;
    hinders(&mut report, begun)?;
    // The last thing that this connection does: an error may leave its transaction open.
    let merged = bounded(notes::merge(connection, "BEGIN", now.saturating_sub(NOTES_MERGE_AGE))).await;
    hinders(&mut report, merged.map(drop))?;
    Ok(report)
}

async fn delete_old(
    connection: &mut MySqlConnection,
    table: &'static str,
    cutoff: u32,
) -> Result<TableReport, StoreError> {
    let mut report = TableReport { table, ..TableReport::default() };
    let text = format!("DELETE FROM {table} WHERE ts < ? ORDER BY ts LIMIT {DELETE_CHUNK_ROWS}");
    for _ in 0..CHUNKS_MAX {
        let mut arguments = MySqlArguments::default();
        arguments.u32(cutoff);
        let sql = AssertSqlSafe(text.as_str()).into_sql_str();
        let mut deleted = 0;
        let result = step(connection.run(sql, arguments)).await.map(|rows| deleted = rows);
        if !hinders(&mut report, result)? {
            break;
        }
        report.rows += deleted;
        if deleted < DELETE_CHUNK_ROWS {
            break;
        }
    }
    Ok(report)
}

/// Whether the step was done; a step that may not or cannot be done now is noted, a lost connection ends the run.
fn hinders(report: &mut TableReport, result: Result<(), StoreError>) -> Result<bool, StoreError> {
    match result {
        Ok(()) => Ok(true),
        Err(error @ (StoreError::Forbidden { .. } | StoreError::Transient { .. } | StoreError::Query { .. })) => {
            report.hindered = Some(error.to_string());
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

async fn step<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    bounded(async { work.await.map_err(|error| StoreError::query("retention", &error)) }).await
}

async fn bounded<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match timeout(UPKEEP_TIMEOUT, work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Timeout { doing: "retention", after: UPKEEP_TIMEOUT }),
    }
}
