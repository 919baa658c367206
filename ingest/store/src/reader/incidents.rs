//! Incidents as they stood last, and events.

use std::collections::HashMap;

use super::host::{KEY, between};
use super::{FromRow, Reader, Select, Value};
use crate::error::StoreError;
use crate::limits::QUERY_ROWS_MAX;
use crate::rows::{EventRow, IncidentRow, Row};
use crate::session::Get;

const DOING: &str = "reading incidents";

/// A stored incident row.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Node.
    pub node_id: u16,
    /// Epoch of notifier.
    pub epoch: u64,
    /// The row.
    pub row: IncidentRow,
}

/// A stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Node.
    pub node_id: u16,
    /// Epoch of its writer.
    pub epoch: u64,
    /// The row.
    pub row: EventRow,
}

impl FromRow for Incident {
    fn from_row<G: Get>(row: &G) -> Result<Incident, sqlx::Error> {
        Ok(Incident {
            node_id: row.u16(0)?,
            epoch: row.u64(1)?,
            row: IncidentRow {
                ts: row.u32(2)?,
                seq: row.u64(3)?,
                incident: row.address(4)?,
                state: row.u8(5)?,
                severity: row.u8(6)?,
                rule: row.text(7)?,
                subject: row.text(8)?,
                opened: row.u32(9)?,
                closed: row.u32(10)?,
                value: row.f64(11)?,
                limit: row.f64(12)?,
                peak: row.f64(13)?,
                text: row.text(14)?,
                detail: row.text(15)?,
            },
        })
    }
}

impl FromRow for Event {
    fn from_row<G: Get>(row: &G) -> Result<Event, sqlx::Error> {
        Ok(Event {
            node_id: row.u16(0)?,
            epoch: row.u64(1)?,
            row: EventRow {
                ts: row.u32(2)?,
                seq: row.u64(3)?,
                kind: row.text(4)?,
                severity: row.u8(5)?,
                subject: row.text(6)?,
                text: row.text(7)?,
                detail: row.text(8)?,
            },
        })
    }
}

impl Reader {
    /// Incidents that changed from `since` to before `until` (UNIX seconds), each as it stood last in that time, the
    /// newest change first. Looks at [`QUERY_ROWS_MAX`] rows, the newest.
    pub async fn incidents(&mut self, (since, until): (u32, u32)) -> Result<Vec<Incident>, StoreError> {
        let text = format!(
            "SELECT {KEY}, {} FROM incidents WHERE ts >= ? AND ts < ? \
             ORDER BY ts DESC, node_id DESC, epoch DESC, stream DESC, seq DESC LIMIT {QUERY_ROWS_MAX}",
            IncidentRow::COLUMNS.join(", ")
        );
        let values = vec![Value::Number(since.into()), Value::Number(until.into())];
        let mut rows: Vec<Incident> = self.select(Select { doing: DOING, text, values }).await?;
        let mut seen = HashMap::new();
        rows.retain(|row| seen.insert((row.node_id, row.row.incident), ()).is_none());
        Ok(rows)
    }

    /// Every stored row of one incident's life, the oldest first; at most [`QUERY_ROWS_MAX`]. `opened` is when it
    /// began (UNIX seconds): nothing of it is older.
    pub async fn incident(&mut self, id: [u8; 16], opened: u32) -> Result<Vec<Incident>, StoreError> {
        let text = format!(
            "SELECT {KEY}, {} FROM incidents WHERE ts >= ? AND incident = ? \
             ORDER BY ts, node_id, epoch, stream, seq LIMIT {QUERY_ROWS_MAX}",
            IncidentRow::COLUMNS.join(", ")
        );
        let values = vec![Value::Number(opened.into()), Value::Bytes(id.to_vec())];
        self.select(Select { doing: DOING, text, values }).await
    }

    /// Events from `since` to before `until` (UNIX seconds), oldest first; at most [`QUERY_ROWS_MAX`].
    pub async fn events(&mut self, range: (u32, u32)) -> Result<Vec<Event>, StoreError> {
        self.select(between("reading events", "events", EventRow::COLUMNS, range)).await
    }
}
