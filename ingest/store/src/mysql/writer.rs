//! One dedicated connection that stores batches on a server: fence and rows in one transaction.

use std::collections::HashSet;

use sqlx::mysql::{MySqlArguments, MySqlConnection};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use tokio::time::timeout;

use super::Server;
use crate::batch::{Advance, Batch, CommitOutcome, Fence, Key, RefusedRow, is_low_rate};
use crate::error::{StoreError, mysql_number};
use crate::fence;
use crate::insert::{self, OnRefused, Statements};
use crate::limits::COMMIT_TIMEOUT;
use crate::node::{self, NodeIdentity};
use crate::notes;
use crate::rows::Bind;
use crate::schema::Access;
use crate::session::{Get, Session};
use crate::writer::Park;

const FENCE: &str = "advancing the fence";
const COMMIT: &str = "committing a batch";
const OPENING: &str = "opening a connection for writing";

/// Writes over one connection, which it opens when there is none and closes whenever its state is not known.
pub(crate) struct Writer {
    server: Server,
    node: NodeIdentity,
    node_id: u16,
    /// UNIX seconds, as last told.
    now: u32,
    statements: Statements,
    /// Taken out while a transaction runs: a call that fails, times out or is dropped takes it along.
    connection: Option<MySqlConnection>,
    /// The server's number of the connection that is, or was, in use.
    id: Option<u64>,
    /// Streams whose fence row exists.
    fenced: HashSet<Key>,
}

impl Writer {
    /// Connects, checks the schema, registers the node.
    pub(crate) async fn open(server: Server, node: &NodeIdentity, now: u32) -> Result<Writer, StoreError> {
        let mut writer = Writer {
            server,
            node: node.clone(),
            node_id: 0,
            now,
            statements: Statements::default(),
            connection: None,
            id: None,
            fenced: HashSet::new(),
        };
        let connection = writer.take().await?;
        writer.connection = Some(connection);
        Ok(writer)
    }

    pub(crate) fn node_id(&self) -> u16 {
        self.node_id
    }

    /// The connection, or a new one. Behind the same address may be another server by then, or the same with another
    /// state: schema, node and limits are asked for again.
    async fn take(&mut self) -> Result<MySqlConnection, StoreError> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let mut connection = self.server.connect().await?;
        let opening = async {
            // The server may not know yet that the old connection is gone, and its transaction may hold the fence.
            // Everybody may end connections of his own account; that it is gone already is the usual answer.
            if let Some(id) = self.id.take() {
                let _ = connection.raw(AssertSqlSafe(format!("KILL {id}")).into_sql_str()).await;
            }
            Server::check_version(&mut connection, Access::Write).await?;
            let node_id = node::register(&mut connection, &self.node, self.now).await?;
            Ok::<_, StoreError>((node_id, limits(&mut connection).await.map_err(|e| StoreError::query(OPENING, &e))?))
        };
        let (node_id, (id, packet_bytes)) = timeout(COMMIT_TIMEOUT, opening)
            .await
            .map_err(|_| StoreError::Timeout { doing: OPENING, after: COMMIT_TIMEOUT })??;
        self.statements.limit_packets(packet_bytes);
        self.fenced.clear();
        (self.id, self.node_id) = (Some(id), node_id);
        Ok(connection)
    }

    /// Every fence of this node.
    pub(crate) async fn fences(&mut self) -> Result<Vec<Fence>, StoreError> {
        let mut connection = self.take().await?;
        let fences = match timeout(COMMIT_TIMEOUT, fence::all(&mut connection)).await {
            Ok(Ok(fences)) => fences,
            Ok(Err(error)) => return Err(StoreError::query("reading the fences", &error)),
            Err(_) => return Err(StoreError::Timeout { doing: "reading the fences", after: COMMIT_TIMEOUT }),
        };
        self.connection = Some(connection);
        let node_id = self.node_id;
        Ok(fences.into_iter().filter(|fence| fence.node_id == node_id).collect())
    }

    /// Stores a batch, see [`crate::Writer::commit`].
    pub(crate) async fn commit(
        &mut self,
        batch: &Batch,
        park: Option<&mut Park<'_>>,
    ) -> Result<CommitOutcome, StoreError> {
        self.now = batch.arrived;
        let mut connection = self.take().await?;
        let work = async {
            let result = self.transaction(&mut connection, batch, park).await;
            // Only these two leave the connection in a state that a ROLLBACK makes known.
            if matches!(&result, Err(StoreError::Row { .. } | StoreError::Park { .. })) {
                connection.raw(SqlStr::from_static("ROLLBACK")).await.map_err(|e| StoreError::query(COMMIT, &e))?;
            }
            result
        };
        let Ok(result) = timeout(COMMIT_TIMEOUT, work).await else {
            return Err(StoreError::Timeout { doing: COMMIT, after: COMMIT_TIMEOUT });
        };
        if matches!(&result, Ok(_) | Err(StoreError::Row { .. } | StoreError::Park { .. })) {
            self.connection = Some(connection);
        }
        result
    }

    async fn transaction(
        &mut self,
        connection: &mut MySqlConnection,
        batch: &Batch,
        park: Option<&mut Park<'_>>,
    ) -> Result<CommitOutcome, StoreError> {
        let key = Key { node_id: self.node_id, epoch: batch.epoch, stream: batch.stream };
        let notes = notes::of(batch);
        if !self.fenced.contains(&key) {
            begin_stream(connection, key, batch.arrived).await.map_err(|e| StoreError::query(FENCE, &e))?;
            self.fenced.insert(key);
        }
        faults::pass("db.begin").map_err(StoreError::failpoint(FENCE))?;
        connection.raw(SqlStr::from_static("BEGIN")).await.map_err(|e| StoreError::query(FENCE, &e))?;
        faults::pass("db.fence").map_err(StoreError::failpoint(FENCE))?;
        if !advance(connection, key, batch).await.map_err(|e| StoreError::query(FENCE, &e))? {
            let last_seq = last_seq(connection, key).await.map_err(|e| StoreError::query(FENCE, &e))?;
            connection.raw(SqlStr::from_static("ROLLBACK")).await.map_err(|e| StoreError::query(FENCE, &e))?;
            return Ok(CommitOutcome::refused(batch, last_seq));
        }
        let mut refused = Vec::new();
        let mut on_refused = if park.is_some() { OnRefused::Collect(&mut refused) } else { OnRefused::Fail };
        faults::pass("db.rows").map_err(StoreError::failpoint("storing rows"))?;
        insert::batch(connection, &mut self.statements, self.node_id, batch, &mut on_refused).await?;
        notes::insert(connection, key, &notes).await?;
        if let (false, Some(park)) = (refused.is_empty(), park) {
            park(&refused).map_err(|source| StoreError::Park { source })?;
            set_aside(connection, key, batch, &refused).await.map_err(|e| StoreError::query(FENCE, &e))?;
        }
        faults::pass("db.commit").map_err(StoreError::failpoint(COMMIT))?;
        // From here on an error leaves the outcome unknown: the fence tells, on a new connection.
        connection.raw(SqlStr::from_static("COMMIT")).await.map_err(|error| StoreError::Transient {
            doing: COMMIT,
            reason: format!("{error}; whether it was committed stands in the fence"),
        })?;
        faults::pass("db.committed").map_err(StoreError::failpoint(COMMIT))?;
        Ok(CommitOutcome::Stored { parked: refused.len() as u64 })
    }
}

/// The server's number of this connection, and the bytes of a packet that it takes.
async fn limits(connection: &mut MySqlConnection) -> Result<(u64, usize), sqlx::Error> {
    let sql = SqlStr::from_static("SELECT CAST(CONNECTION_ID() AS UNSIGNED), CAST(@@max_allowed_packet AS UNSIGNED)");
    match connection.rows(sql, MySqlArguments::default()).await?.first() {
        Some(row) => Ok((row.u64(0)?, usize::try_from(row.u64(1)?).unwrap_or(usize::MAX))),
        None => Err(sqlx::Error::RowNotFound),
    }
}

/// Makes the fence row of a stream at its first use, outside of the transaction: a locked gap would make two streams
/// that begin at once wait for each other.
async fn begin_stream(connection: &mut MySqlConnection, key: Key, now: u32) -> Result<(), sqlx::Error> {
    let sql = SqlStr::from_static("SELECT last_seq FROM ingest_fences WHERE node_id = ? AND epoch = ? AND stream = ?");
    if !connection.rows(sql, keyed(MySqlArguments::default(), key)).await?.is_empty() {
        return Ok(());
    }
    let mut arguments = keyed(MySqlArguments::default(), key);
    arguments.u32(now);
    let sql = SqlStr::from_static(
        "INSERT INTO ingest_fences (node_id, epoch, stream, last_seq, rows_total, packets, bytes, parked_rows, \
         parked_packets, parked_bytes, gap_rows, gap_packets, gap_bytes, noted_rows, updated) \
         VALUES (?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?)",
    );
    match connection.run(sql, arguments).await {
        // Another connection began it at the same moment.
        Err(error) if mysql_number(&error) == Some(1062) => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Advances the fence over the batch; false if it does not stand just before it. sqlx asks the server to count the
/// rows that match, so 1 means ours even where no number changes.
async fn advance(connection: &mut MySqlConnection, key: Key, batch: &Batch) -> Result<bool, sqlx::Error> {
    let Advance { stored, parked, gap } = Advance::of(batch, &[]);
    let mut arguments = MySqlArguments::default();
    arguments.u64(batch.last_seq);
    for counts in [stored, parked, gap] {
        for number in [counts.rows, counts.packets, counts.bytes] {
            arguments.u64(number);
        }
    }
    arguments.u64(noted(key, stored.rows));
    arguments.u32(batch.arrived);
    let mut arguments = keyed(arguments, key);
    arguments.u64(batch.first_seq - 1);
    let sql = SqlStr::from_static(
        "UPDATE ingest_fences SET last_seq = ?, rows_total = rows_total + ?, packets = packets + ?, \
         bytes = bytes + ?, parked_rows = parked_rows + ?, parked_packets = parked_packets + ?, \
         parked_bytes = parked_bytes + ?, gap_rows = gap_rows + ?, gap_packets = gap_packets + ?, \
         gap_bytes = gap_bytes + ?, noted_rows = noted_rows + ?, updated = ? \
         WHERE node_id = ? AND epoch = ? AND stream = ? AND last_seq = ?",
    );
    Ok(connection.run(sql, arguments).await? == 1)
}

/// Moves refused rows from stored to parked, within the transaction that advanced the fence over them.
async fn set_aside(
    connection: &mut MySqlConnection,
    key: Key,
    batch: &Batch,
    refused: &[RefusedRow],
) -> Result<(), sqlx::Error> {
    let (all, less) = (Advance::of(batch, &[]), Advance::of(batch, refused));
    let mut arguments = MySqlArguments::default();
    arguments.u64(noted(key, all.stored.rows - less.stored.rows));
    arguments.u64(all.stored.rows - less.stored.rows);
    arguments.u64(all.stored.packets - less.stored.packets);
    arguments.u64(all.stored.bytes - less.stored.bytes);
    arguments.u64(less.parked.rows - all.parked.rows);
    arguments.u64(less.parked.packets - all.parked.packets);
    arguments.u64(less.parked.bytes - all.parked.bytes);
    let sql = SqlStr::from_static(
        "UPDATE ingest_fences SET noted_rows = noted_rows - ?, rows_total = rows_total - ?, packets = packets - ?, bytes = bytes - ?, \
         parked_rows = parked_rows + ?, parked_packets = parked_packets + ?, parked_bytes = parked_bytes + ? \
         WHERE node_id = ? AND epoch = ? AND stream = ?",
    );
    connection.run(sql, keyed(arguments, key)).await?;
    Ok(())
}

/// How many of so many stored rows are in notes: flow rows are.
fn noted(key: Key, rows: u64) -> u64 {
    if is_low_rate(key.stream) { 0 } else { rows }
}

async fn last_seq(connection: &mut MySqlConnection, key: Key) -> Result<u64, sqlx::Error> {
    let sql = SqlStr::from_static("SELECT last_seq FROM ingest_fences WHERE node_id = ? AND epoch = ? AND stream = ?");
    match connection.rows(sql, keyed(MySqlArguments::default(), key)).await?.first() {
        Some(row) => row.u64(0),
        None => Ok(0),
    }
}

fn keyed(mut arguments: MySqlArguments, key: Key) -> MySqlArguments {
    arguments.u16(key.node_id);
    arguments.u64(key.epoch);
    arguments.u16(key.stream);
    arguments
}
