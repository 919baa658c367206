//! Talkers summed over time, and the summary that `floodmark top` shows.

use super::{FromRow, Reader, Select, TrafficTotal, Value};
use crate::error::StoreError;
use crate::limits::QUERY_ROWS_MAX;
use crate::rows::{Resolution, TalkerKind};
use crate::session::Get;

/// One key, summed over a time range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talker {
    /// See [`TalkerKind`]; empty = all others together.
    pub key_bytes: Vec<u8>,
    /// Packets to it.
    pub packets_in: u64,
    /// Bytes to it.
    pub bytes_in: u64,
    /// Packets from it.
    pub packets_out: u64,
    /// Bytes from it.
    pub bytes_out: u64,
    /// Flow records.
    pub flows: u64,
}

/// A time range at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Top {
    /// All interfaces together.
    pub traffic: TrafficTotal,
    /// Local hosts by bytes.
    pub local_hosts: Vec<Talker>,
    /// Remote addresses by bytes.
    pub remote_addresses: Vec<Talker>,
    /// Ports by bytes.
    pub ports: Vec<Talker>,
    /// Protocols by bytes.
    pub protocols: Vec<Talker>,
}

impl FromRow for Talker {
    fn from_row<G: Get>(row: &G) -> Result<Talker, sqlx::Error> {
        Ok(Talker {
            key_bytes: row.bytes(0)?,
            packets_in: row.u64(1)?,
            bytes_in: row.u64(2)?,
            packets_out: row.u64(3)?,
            bytes_out: row.u64(4)?,
            flows: row.u64(5)?,
        })
    }
}

/// A local host in one minute in which it was among the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostMinute {
    /// Begin of the minute, UNIX seconds.
    pub ts: u32,
    /// Packets to it.
    pub packets_in: u64,
    /// Bytes to it.
    pub bytes_in: u64,
    /// Packets from it.
    pub packets_out: u64,
    /// Bytes from it.
    pub bytes_out: u64,
}

impl FromRow for HostMinute {
    fn from_row<G: Get>(row: &G) -> Result<HostMinute, sqlx::Error> {
        Ok(HostMinute {
            ts: row.u32(0)?,
            packets_in: row.u64(1)?,
            bytes_in: row.u64(2)?,
            packets_out: row.u64(3)?,
            bytes_out: row.u64(4)?,
        })
    }
}

impl Reader {
    /// The minutes from `since` to before `until` (UNIX seconds) in which a local host was among the largest, oldest
    /// first: a minute that is absent had less than those that were written down, not nothing.
    pub async fn host_minutes(
        &mut self,
        address: [u8; 16],
        (since, until): (u32, u32),
    ) -> Result<Vec<HostMinute>, StoreError> {
        let sum = |column: &str| format!("CAST(SUM({column}) AS UNSIGNED)");
        let sums = ["packets_in", "bytes_in", "packets_out", "bytes_out"].map(sum).join(", ");
        let text = format!(
            "SELECT ts, {sums} FROM talkers_1m WHERE ts >= ? AND ts < ? AND kind = {} AND key_bytes = ? \
             GROUP BY ts ORDER BY ts LIMIT {QUERY_ROWS_MAX}",
            TalkerKind::LocalHost as u8
        );
        let values = vec![Value::Number(since.into()), Value::Number(until.into()), Value::Bytes(address.to_vec())];
        self.select(Select { doing: "reading talkers", text, values }).await
    }

    /// The largest keys of a kind by bytes, summed from `since` to before `until` (UNIX seconds).
    pub async fn talkers(
        &mut self,
        resolution: Resolution,
        (since, until): (u32, u32),
        kind: TalkerKind,
        limit: u32,
    ) -> Result<Vec<Talker>, StoreError> {
        let table = if resolution == Resolution::Hour { "talkers_1h" } else { "talkers_1m" };
        let sum = |column: &str| format!("CAST(SUM({column}) AS UNSIGNED)");
        let sums = ["packets_in", "bytes_in", "packets_out", "bytes_out", "flows"].map(sum).join(", ");
        let limit = limit.min(QUERY_ROWS_MAX);
        let text = format!(
            "SELECT key_bytes, {sums} FROM {table} WHERE ts >= ? AND ts < ? AND kind = ? GROUP BY key_bytes \
             ORDER BY SUM(bytes_in) + SUM(bytes_out) DESC, key_bytes LIMIT {limit}"
        );
        let values = [u64::from(since), u64::from(until), kind as u64].map(Value::Number).into();
        self.select(Select { doing: "reading talkers", text, values }).await
    }

    /// What passed from `since` to before `until` (UNIX seconds), by the per-minute tables.
    pub async fn top(&mut self, (since, until): (u32, u32), limit: u32) -> Result<Top, StoreError> {
        let range = (since, until);
        let minute = Resolution::Minute;
        Ok(Top {
            traffic: self.traffic_total(minute, range).await?,
            local_hosts: self.talkers(minute, range, TalkerKind::LocalHost, limit).await?,
            remote_addresses: self.talkers(minute, range, TalkerKind::RemoteAddress, limit).await?,
            ports: self.talkers(minute, range, TalkerKind::Port, limit).await?,
            protocols: self.talkers(minute, range, TalkerKind::Protocol, limit).await?,
        })
    }
}
