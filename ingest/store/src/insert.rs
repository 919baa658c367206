//! Multi-row INSERTs in a few fixed shapes, and the halving that finds a refused row.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::batch::{Batch, Key, RefusedRow, refused_row};
use crate::error::{Class, StoreError, classify};
use crate::limits::{STATEMENT_BYTES_MAX, STATEMENT_ROWS};
use crate::rows::{Bind, FlowRow, KEY_COLUMNS, Resolution, Row, bind_row};
use crate::session::Session;

const DOING: &str = "storing rows";

/// The texts of the INSERT statements, made once per writer and shared with the driver.
#[derive(Debug, Default)]
pub(crate) struct Statements {
    texts: HashMap<(&'static str, usize), Arc<str>>,
    /// Bytes that the server takes at once; `None` = as many as we like.
    packet_bytes: Option<usize>,
}

impl Statements {
    /// The server takes no more than `bytes` at once.
    pub(crate) fn limit_packets(&mut self, bytes: usize) {
        self.packet_bytes = Some(self.packet_bytes.map_or(bytes, |known| known.min(bytes)));
    }

    /// Estimated bytes of one statement, at most.
    fn bytes_max(&self) -> usize {
        self.packet_bytes.map_or(STATEMENT_BYTES_MAX, |packet| STATEMENT_BYTES_MAX.min(packet / 2))
    }

    /// Why a row cannot be sent at all, if so. Estimates are generous: between half and all of a packet it is tried.
    fn cannot_send<R: Row>(&self, row: &R) -> Option<String> {
        let (bytes, packet) = (row.statement_bytes(), self.packet_bytes?);
        (bytes > packet).then(|| format!("the row is {bytes} bytes, the server takes packets of {packet}"))
    }

    /// The statement that inserts `rows` rows into the table of `R`'s row.
    fn insert<R: Row>(&mut self, table: &'static str, rows: usize) -> SqlStr {
        let text = self.texts.entry((table, rows)).or_insert_with(|| insert_text(table, R::COLUMNS, rows).into());
        AssertSqlSafe(Arc::clone(text)).into_sql_str()
    }
}

fn insert_text(table: &str, columns: &[&str], rows: usize) -> String {
    let names: Vec<&str> = KEY_COLUMNS.iter().chain(columns).copied().collect();
    let row = format!("({})", vec!["?"; names.len()].join(","));
    format!("INSERT INTO {table} ({}) VALUES {}", names.join(","), vec![row.as_str(); rows].join(","))
}

/// What to do with a refused row.
pub(crate) enum OnRefused<'a> {
    /// End with an error; the caller rolls back.
    Fail,
    /// Leave it out and note it here.
    Collect(&'a mut Vec<RefusedRow>),
}

/// Inserts all rows of a batch, within the transaction that the caller has open.
pub(crate) async fn batch<S: Session>(
    session: &mut S,
    statements: &mut Statements,
    node_id: u16,
    batch: &Batch,
    on_refused: &mut OnRefused<'_>,
) -> Result<(), StoreError> {
    let key = Key { node_id, epoch: batch.epoch, stream: batch.stream };
    let mut insert = Insert { session, statements, key, on_refused };
    // Rows go in the order of the primary key: inserting at the right edge of the tree is what makes it fast.
    let mut flows: Vec<&FlowRow> = batch.flows.iter().collect();
    flows.sort_by_key(|row| (row.ts, row.seq));
    insert.rows(&flows).await?;
    for resolution in [Resolution::Second, Resolution::Minute, Resolution::Hour] {
        let traffic: Vec<_> = batch.traffic.iter().filter(|row| row.resolution == resolution).collect();
        insert.rows(&traffic).await?;
        let hosts: Vec<_> = batch.hosts.iter().filter(|row| row.resolution == resolution).collect();
        insert.rows(&hosts).await?;
    }
    let (minute, hour): (Vec<_>, Vec<_>) = batch.talkers.iter().partition(|row| row.resolution != Resolution::Hour);
    insert.rows(&minute).await?;
    insert.rows(&hour).await?;
    insert.rows(&batch.ledger.iter().collect::<Vec<_>>()).await?;
    insert.rows(&batch.interfaces.iter().collect::<Vec<_>>()).await?;
    insert.rows(&batch.processes.iter().collect::<Vec<_>>()).await?;
    insert.rows(&batch.subjects.iter().collect::<Vec<_>>()).await?;
    insert.rows(&batch.incidents.iter().collect::<Vec<_>>()).await?;
    insert.rows(&batch.events.iter().collect::<Vec<_>>()).await
}

/// Inserts flow rows of one stream that are no batch: summaries that the retention made of rows that it deleted.
pub(crate) async fn summaries<S: Session>(
    session: &mut S,
    statements: &mut Statements,
    key: Key,
    rows: &[&FlowRow],
) -> Result<(), StoreError> {
    let mut insert = Insert { session, statements, key, on_refused: &mut OnRefused::Fail };
    insert.rows(rows).await
}

struct Insert<'a, 'b, S: Session> {
    session: &'a mut S,
    statements: &'a mut Statements,
    key: Key,
    on_refused: &'a mut OnRefused<'b>,
}

impl<S: Session> Insert<'_, '_, S> {
    /// Inserts rows of one table. While the database works on one statement, the next one is encoded.
    async fn rows<R: Row>(&mut self, rows: &[&R]) -> Result<(), StoreError> {
        let (mut chunk, mut rest) = cut(rows, self.statements.bytes_max());
        let mut arguments = encode::<R, S::Arguments>(chunk, self.key);
        while !chunk.is_empty() {
            let (next, after) = cut(rest, self.statements.bytes_max());
            if self.too_large(chunk)? {
                (chunk, rest, arguments) = (next, after, encode::<R, S::Arguments>(next, self.key));
                continue;
            }
            let sql = self.statements.insert::<R>(chunk[0].table(), chunk.len());
            let key = self.key;
            let (result, encoded) =
                tokio::join!(self.session.run(sql, arguments), async { encode::<R, S::Arguments>(next, key) });
            if let Err(error) = result {
                self.refused(chunk, &error)?;
                self.halve(chunk).await?;
            }
            (chunk, rest, arguments) = (next, after, encoded);
        }
        Ok(())
    }

    /// Whether the chunk is one row that is larger than the server takes: then it is refused here.
    fn too_large<R: Row>(&mut self, chunk: &[&R]) -> Result<bool, StoreError> {
        let &[row] = chunk else { return Ok(false) };
        let Some(reason) = self.statements.cannot_send(row) else { return Ok(false) };
        match self.on_refused {
            OnRefused::Collect(refused) => refused.push(refused_row(row, reason)),
            OnRefused::Fail => return Err(StoreError::Row { table: row.table(), reason }),
        }
        Ok(true)
    }

    /// Whether to go on after this error.
    fn refused<R: Row>(&mut self, chunk: &[&R], error: &sqlx::Error) -> Result<(), StoreError> {
        if classify(error) == Class::TooLarge {
            // The server takes less than it said; it has closed the connection.
            self.statements.limit_packets(chunk.iter().map(|row| row.statement_bytes()).sum::<usize>() - 1);
        }
        match (classify(error), &self.on_refused) {
            (Class::Row, OnRefused::Collect(_)) => Ok(()),
            (Class::Row, OnRefused::Fail) => {
                Err(StoreError::Row { table: chunk[0].table(), reason: error.to_string() })
            }
            _ => Err(StoreError::query(DOING, error)),
        }
    }

    /// Inserts what can be inserted of a chunk that was refused as a whole; notes the rows that cannot.
    async fn halve<R: Row>(&mut self, chunk: &[&R]) -> Result<(), StoreError> {
        let (left, right) = chunk.split_at(chunk.len() / 2);
        let mut todo = vec![right, left];
        while let Some(part) = todo.pop() {
            let (now, later) = cut(part, self.statements.bytes_max());
            if now.is_empty() {
                continue;
            }
            todo.push(later);
            if self.too_large(now)? {
                continue;
            }
            let sql = self.statements.insert::<R>(now[0].table(), now.len());
            let Err(error) = self.session.run(sql, encode::<R, S::Arguments>(now, self.key)).await else {
                continue;
            };
            self.refused(now, &error)?;
            if let [row] = now {
                if let OnRefused::Collect(refused) = self.on_refused {
                    refused.push(refused_row(*row, error.to_string()));
                }
            } else {
                let (left, right) = now.split_at(now.len() / 2);
                todo.extend([right, left]);
            }
        }
        Ok(())
    }
}

/// The largest shape that the rows fill within `bytes_max`, and what is left; a single row goes whatever its size.
fn cut<'r, R: Row>(rows: &'r [&'r R], bytes_max: usize) -> (&'r [&'r R], &'r [&'r R]) {
    let fits =
        |shape: usize| shape == 1 || rows[..shape].iter().map(|row| row.statement_bytes()).sum::<usize>() <= bytes_max;
    let shape = STATEMENT_ROWS.into_iter().find(|shape| *shape <= rows.len() && fits(*shape)).unwrap_or(0);
    rows.split_at(shape)
}

fn encode<R: Row, B: Bind>(rows: &[&R], key: Key) -> B {
    let mut arguments = B::default();
    arguments.reserve_rows(rows.len(), KEY_COLUMNS.len() + R::COLUMNS.len());
    for row in rows {
        bind_row(*row, key, &mut arguments);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::COLUMNS_MAX;
    use crate::rows::{EventRow, HostRow, IncidentRow, LedgerRow, TalkerRow, TrafficRow};

    #[test]
    fn a_statement_has_a_placeholder_for_each_column_of_each_row() {
        let text = insert_text("events", EventRow::COLUMNS, 8);
        assert_eq!(text.matches('?').count(), 8 * (5 + EventRow::COLUMNS.len()));
        assert!(text.starts_with("INSERT INTO events (ts,node_id,epoch,stream,seq,kind,"));
    }

    #[test]
    fn no_table_is_wider_than_a_statement_can_be() {
        let tables = [FlowRow::COLUMNS, TrafficRow::COLUMNS, TalkerRow::COLUMNS, LedgerRow::COLUMNS];
        for columns in tables.into_iter().chain([HostRow::COLUMNS, IncidentRow::COLUMNS]) {
            assert!(columns.len() + KEY_COLUMNS.len() <= COLUMNS_MAX);
        }
    }

    #[test]
    fn rows_are_cut_into_shapes_that_are_prepared_once() {
        let rows = vec![FlowRow::default(); 600];
        let refs: Vec<&FlowRow> = rows.iter().collect();
        let shapes = |bytes_max: usize| {
            let (mut shapes, mut rest) = (Vec::new(), &refs[..]);
            while !rest.is_empty() {
                let (now, later) = cut(rest, bytes_max);
                shapes.push(now.len());
                rest = later;
            }
            shapes
        };
        assert_eq!(shapes(STATEMENT_BYTES_MAX), [512, 64, 8, 8, 8]);
        assert_eq!(shapes(100_000)[..3], [64, 64, 64], "a statement fits into what the server takes");
        assert_eq!(shapes(10), [1; 600]);
    }
}
