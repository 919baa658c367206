//! Flow rows, newest first.

use super::{FromRow, Kind, Reader, Select, Value, interruptible};
use crate::error::StoreError;
use crate::limits::QUERY_ROWS_MAX;
use crate::reader::AddressRange;
use crate::rows::{FlowRow, Row};
use crate::session::Get;
use crate::sqlite::{day_files, open_day_for_reading};

const DOING: &str = "reading flows";
const KEY: &str = "node_id, epoch, stream, ts, seq";

/// A row's place in the order in which flow rows are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey {
    /// UNIX seconds.
    pub ts: u32,
    /// Node.
    pub node_id: u16,
    /// Epoch.
    pub epoch: u64,
    /// Stream.
    pub stream: u16,
    /// Number in the stream.
    pub seq: u64,
}

/// Which flow rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowQuery {
    /// From this time on, UNIX seconds.
    pub since: u32,
    /// Before this time, UNIX seconds.
    pub until: u32,
    /// Behind this row in the order of reading: it was the last one read.
    pub before: Option<FlowKey>,
    /// Either end lies in this range.
    pub host: Option<AddressRange>,
    /// Either end has this port.
    pub port: Option<u16>,
    /// IP protocol number.
    pub protocol: Option<u8>,
    /// At most so many rows, never more than [`QUERY_ROWS_MAX`].
    pub limit: u32,
}

/// A stored flow row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Node.
    pub node_id: u16,
    /// Epoch.
    pub epoch: u64,
    /// Stream.
    pub stream: u16,
    /// The row.
    pub row: FlowRow,
}

impl Flow {
    /// Its place in the order of reading.
    pub fn key(&self) -> FlowKey {
        let Flow { node_id, epoch, stream, row } = self;
        FlowKey { ts: row.ts, node_id: *node_id, epoch: *epoch, stream: *stream, seq: row.seq }
    }
}

impl FromRow for Flow {
    fn from_row<G: Get>(row: &G) -> Result<Flow, sqlx::Error> {
        Ok(Flow {
            node_id: row.u16(0)?,
            epoch: row.u64(1)?,
            stream: row.u16(2)?,
            row: FlowRow {
                ts: row.u32(3)?,
                seq: row.u64(4)?,
                interface: row.u16(5)?,
                direction: row.u8(6)?,
                first_ns: row.u64(7)?,
                last_ns: row.u64(8)?,
                protocol: row.u8(9)?,
                src_ip: row.address(10)?,
                src_port: row.u16(11)?,
                dst_ip: row.address(12)?,
                dst_port: row.u16(13)?,
                vlan: row.u16(14)?,
                packets_fwd: row.u64(15)?,
                bytes_fwd: row.u64(16)?,
                packets_rev: row.u64(17)?,
                bytes_rev: row.u64(18)?,
                tcp_flags_fwd: row.u8(19)?,
                tcp_flags_rev: row.u8(20)?,
                end_reason: row.u8(21)?,
                folded_addresses: row.u32(22)?,
            },
        })
    }
}

impl Reader {
    /// Flow rows, newest first. Walks the time range from its end: with a rare host, give a short range.
    pub async fn flows(&mut self, query: &FlowQuery) -> Result<Vec<Flow>, StoreError> {
        let Kind::Sqlite { folder, spans, .. } = &mut self.0 else {
            return self.select(select(query)).await;
        };
        let limit = query.limit.min(QUERY_ROWS_MAX) as usize;
        let mut flows: Vec<Flow> = Vec::new();
        for (_, path) in day_files(folder)?.into_iter().rev() {
            let Some(span) = spans.of(&path).await? else { continue };
            // Files go by the day on which rows arrived, which is nearly, but not quite, the order of their times.
            let needed = flows.len() < limit || flows.last().is_some_and(|oldest| span.newest >= oldest.row.ts);
            if span.newest < query.since || span.oldest >= query.until || !needed {
                continue;
            }
            let Some(mut file) = open_day_for_reading(&path).await? else { continue };
            flows.extend(interruptible::<Flow>(&mut file, &select(query)).await?);
            flows.sort_by_key(|flow| std::cmp::Reverse(flow.key()));
            flows.truncate(limit);
        }
        Ok(flows)
    }
}

fn select(query: &FlowQuery) -> Select {
    let columns = FlowRow::COLUMNS.join(", ");
    let mut text = format!("SELECT {KEY}, {columns} FROM flows WHERE ts >= ? AND ts < ?");
    let until = query.before.map_or(query.until, |key| query.until.min(key.ts.saturating_add(1)));
    let mut values = vec![Value::Number(query.since.into()), Value::Number(until.into())];
    if let Some(FlowKey { ts, node_id, epoch, stream, seq }) = query.before {
        // Comparing rows at once, (a, b) < (c, d), keeps servers from using the index.
        text.push_str(
            " AND (ts < ? OR node_id < ? OR (node_id = ? AND (epoch < ? OR (epoch = ? AND (stream < ? OR \
             (stream = ? AND seq < ?))))))",
        );
        let (node_id, stream) = (u64::from(node_id), u64::from(stream));
        values.extend([u64::from(ts), node_id, node_id, epoch, epoch, stream, stream, seq].map(Value::Number));
    }
    if let Some(AddressRange { low, high }) = query.host {
        text.push_str(" AND (src_ip BETWEEN ? AND ? OR dst_ip BETWEEN ? AND ?)");
        values.extend([low, high, low, high].map(|end| Value::Bytes(end.to_vec())));
    }
    if let Some(port) = query.port {
        text.push_str(" AND (src_port = ? OR dst_port = ?)");
        values.extend([port, port].map(|port| Value::Number(port.into())));
    }
    if let Some(protocol) = query.protocol {
        text.push_str(" AND protocol = ?");
        values.push(Value::Number(protocol.into()));
    }
    let limit = query.limit.min(QUERY_ROWS_MAX);
    text.push_str(&format!(" ORDER BY ts DESC, node_id DESC, epoch DESC, stream DESC, seq DESC LIMIT {limit}"));
    Select { doing: DOING, text, values }
}
