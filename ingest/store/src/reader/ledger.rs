//! The stored terms of the ledger, and the names of interfaces.

use std::collections::BTreeMap;

use super::{FromRow, Reader, Select, Value};
use crate::batch::NOTIFIER_STREAM;
use crate::error::StoreError;
use crate::limits::QUERY_ROWS_MAX;
use crate::rows::{LedgerKind, LedgerRow, Row};
use crate::session::Get;

const KEY: &str = "node_id, epoch, stream, ts, seq";

/// A stored ledger row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Node.
    pub node_id: u16,
    /// Epoch that wrote it.
    pub epoch: u64,
    /// Stream.
    pub stream: u16,
    /// The row.
    pub row: LedgerRow,
}

/// What an interface number means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceName {
    /// Node.
    pub node_id: u16,
    /// Epoch in which the number is used.
    pub epoch: u64,
    /// The number.
    pub interface: u16,
    /// The kernel's name.
    pub name: String,
}

impl FromRow for LedgerEntry {
    fn from_row<G: Get>(row: &G) -> Result<LedgerEntry, sqlx::Error> {
        Ok(LedgerEntry {
            node_id: row.u16(0)?,
            epoch: row.u64(1)?,
            stream: row.u16(2)?,
            row: LedgerRow {
                ts: row.u32(3)?,
                seq: row.u64(4)?,
                kind: kind(row.u8(5)?)?,
                about_epoch: row.u64(6)?,
                kernel_seen: row.u64(7)?,
                kernel_dropped: row.u64(8)?,
                in_ring: row.u64(9)?,
                taken: row.u64(10)?,
                parsed_frames: row.u64(11)?,
                non_ip: row.u64(12)?,
                malformed: row.u64(13)?,
                unsupported: row.u64(14)?,
                coalesced: row.u64(15)?,
                parsed: row.u64(16)?,
                parsed_bytes: row.u64(17)?,
                in_memory: row.u64(18)?,
                in_memory_bytes: row.u64(19)?,
                spooled: row.u64(20)?,
                spooled_bytes: row.u64(21)?,
                coarsened: row.u64(22)?,
                coarsened_bytes: row.u64(23)?,
                shed: row.u64(24)?,
                shed_bytes: row.u64(25)?,
                gap: row.u64(26)?,
                gap_bytes: row.u64(27)?,
                pre_tap: row.i64(28)?,
                blind: row.u64(29)?,
            },
        })
    }
}

fn kind(code: u8) -> Result<LedgerKind, sqlx::Error> {
    match code {
        1 => Ok(LedgerKind::Checkpoint),
        2 => Ok(LedgerKind::Gap),
        3 => Ok(LedgerKind::GapEstimate),
        4 => Ok(LedgerKind::Blind),
        5 => Ok(LedgerKind::Final),
        _ => Err(sqlx::Error::Decode(format!("ledger kind {code} is not known: upgrade floodmark").into())),
    }
}

impl FromRow for InterfaceName {
    fn from_row<G: Get>(row: &G) -> Result<InterfaceName, sqlx::Error> {
        Ok(InterfaceName { node_id: row.u16(0)?, epoch: row.u64(1)?, interface: row.u16(2)?, name: row.text(3)? })
    }
}

impl Reader {
    /// The newest checkpoint of every node and epoch that has written one.
    pub async fn ledger_latest(&mut self) -> Result<Vec<LedgerEntry>, StoreError> {
        // notifier keeps no books, and may have begun many epochs.
        let fences = self.fences().await?;
        let of_capture = fences.iter().filter(|f| f.stream != NOTIFIER_STREAM);
        let mut epochs: Vec<(u16, u64)> = of_capture.map(|f| (f.node_id, f.epoch)).collect();
        epochs.dedup();
        let mut entries = Vec::new();
        for (node_id, epoch) in epochs {
            let text = format!(
                "SELECT {KEY}, {} FROM ledger WHERE node_id = ? AND epoch = ? AND kind IN (1, 5) \
                 ORDER BY node_id DESC, epoch DESC, stream DESC, seq DESC LIMIT 1",
                LedgerRow::COLUMNS.join(", ")
            );
            let values = vec![Value::Number(node_id.into()), Value::Number(epoch)];
            entries.extend(self.select::<LedgerEntry>(Select { doing: "reading the ledger", text, values }).await?);
        }
        Ok(entries)
    }

    /// Gaps and blind times, all epochs; `row.about_epoch` says whose.
    pub async fn ledger_gaps(&mut self) -> Result<Vec<LedgerEntry>, StoreError> {
        let text = format!(
            "SELECT {KEY}, {} FROM ledger WHERE kind IN (2, 3, 4) ORDER BY kind, ts LIMIT {QUERY_ROWS_MAX}",
            LedgerRow::COLUMNS.join(", ")
        );
        self.select(Select { doing: "reading the ledger", text, values: Vec::new() }).await
    }

    /// The newest name of every interface number, ordered by node, epoch and number.
    pub async fn interfaces(&mut self) -> Result<Vec<InterfaceName>, StoreError> {
        let text = "SELECT node_id, epoch, interface, name FROM interfaces ORDER BY node_id, epoch, stream, seq";
        let select = Select { doing: "reading interfaces", text: text.to_owned(), values: Vec::new() };
        let names: Vec<InterfaceName> = self.select(select).await?;
        let newest: BTreeMap<_, _> = names.into_iter().map(|n| ((n.node_id, n.epoch, n.interface), n)).collect();
        Ok(newest.into_values().collect())
    }
}
