//! Traffic buckets.

use super::{FromRow, Reader, Select, Value};
use crate::error::StoreError;
use crate::limits::QUERY_ROWS_MAX;
use crate::rows::{Resolution, Row, TrafficRow};
use crate::session::Get;

const DOING: &str = "reading traffic";

/// A stored traffic bucket. A restart inside a bucket makes two of them for one time: add them up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Node.
    pub node_id: u16,
    /// Epoch: `row.interface` is its number.
    pub epoch: u64,
    /// Stream.
    pub stream: u16,
    /// The row.
    pub row: TrafficRow,
}

/// Traffic of a time range, all interfaces together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrafficTotal {
    /// Packets to local hosts.
    pub packets_in: u64,
    /// Bytes to local hosts.
    pub bytes_in: u64,
    /// Packets from local hosts.
    pub packets_out: u64,
    /// Bytes from local hosts.
    pub bytes_out: u64,
    /// Packets between hosts that are not local.
    pub packets_through: u64,
    /// Bytes between hosts that are not local.
    pub bytes_through: u64,
    /// Packets between local hosts.
    pub packets_internal: u64,
    /// Bytes between local hosts.
    pub bytes_internal: u64,
    /// Frames that the kernel dropped.
    pub dropped_frames: u64,
    /// Flows that began.
    pub flows_new: u64,
    /// Largest second of one interface, packets.
    pub packets_per_second_max: u64,
    /// Largest second of one interface, bytes.
    pub bytes_per_second_max: u64,
}

/// A row whose resolution is added by who asked.
struct Bucket(Traffic);

impl FromRow for Bucket {
    fn from_row<G: Get>(row: &G) -> Result<Bucket, sqlx::Error> {
        Ok(Bucket(Traffic {
            node_id: row.u16(0)?,
            epoch: row.u64(1)?,
            stream: row.u16(2)?,
            row: TrafficRow {
                ts: row.u32(3)?,
                seq: row.u64(4)?,
                resolution: Resolution::Second,
                interface: row.u16(5)?,
                packets_in: row.u64(6)?,
                bytes_in: row.u64(7)?,
                packets_out: row.u64(8)?,
                bytes_out: row.u64(9)?,
                packets_through: row.u64(10)?,
                bytes_through: row.u64(11)?,
                packets_internal: row.u64(12)?,
                bytes_internal: row.u64(13)?,
                tcp_packets: row.u64(14)?,
                tcp_bytes: row.u64(15)?,
                udp_packets: row.u64(16)?,
                udp_bytes: row.u64(17)?,
                icmp_packets: row.u64(18)?,
                icmp_bytes: row.u64(19)?,
                other_packets: row.u64(20)?,
                other_bytes: row.u64(21)?,
                syn_packets: row.u64(22)?,
                syn_without_ack_packets: row.u64(23)?,
                fragment_packets: row.u64(24)?,
                non_ip_frames: row.u64(25)?,
                malformed_frames: row.u64(26)?,
                unsupported_frames: row.u64(27)?,
                dropped_frames: row.u64(28)?,
                flows_new: row.u64(29)?,
                seconds: row.u32(30)?,
                packets_per_second_max: row.u64(31)?,
                bytes_per_second_max: row.u64(32)?,
            },
        }))
    }
}

impl FromRow for TrafficTotal {
    fn from_row<G: Get>(row: &G) -> Result<TrafficTotal, sqlx::Error> {
        Ok(TrafficTotal {
            packets_in: row.u64(0)?,
            bytes_in: row.u64(1)?,
            packets_out: row.u64(2)?,
            bytes_out: row.u64(3)?,
            packets_through: row.u64(4)?,
            bytes_through: row.u64(5)?,
            packets_internal: row.u64(6)?,
            bytes_internal: row.u64(7)?,
            dropped_frames: row.u64(8)?,
            flows_new: row.u64(9)?,
            packets_per_second_max: row.u64(10)?,
            bytes_per_second_max: row.u64(11)?,
        })
    }
}

pub(super) fn table(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Second => "traffic_1s",
        Resolution::Minute => "traffic_1m",
        Resolution::Hour => "traffic_1h",
    }
}

impl Reader {
    /// Buckets from `since` to before `until` (UNIX seconds) by time, the newest [`QUERY_ROWS_MAX`]; of one interface
    /// name, or of all.
    pub async fn traffic(
        &mut self,
        resolution: Resolution,
        (since, until): (u32, u32),
        interface: Option<&str>,
    ) -> Result<Vec<Traffic>, StoreError> {
        let mut text = format!(
            "SELECT t.node_id, t.epoch, t.stream, t.ts, t.seq, t.{} FROM {} t WHERE t.ts >= ? AND t.ts < ?",
            TrafficRow::COLUMNS.join(", t."),
            table(resolution)
        );
        let mut values = vec![Value::Number(since.into()), Value::Number(until.into())];
        if let Some(name) = interface {
            text.push_str(
                " AND EXISTS (SELECT 1 FROM interfaces i WHERE i.node_id = t.node_id AND i.epoch = t.epoch \
                 AND i.interface = t.interface AND i.name = ?)",
            );
            values.push(Value::Text(name.to_owned()));
        }
        text.push_str(&format!(" ORDER BY t.ts DESC LIMIT {QUERY_ROWS_MAX}"));
        let buckets: Vec<Bucket> = self.select(Select { doing: DOING, text, values }).await?;
        let with_resolution = |Bucket(mut traffic): Bucket| {
            traffic.row.resolution = resolution;
            traffic
        };
        Ok(buckets.into_iter().rev().map(with_resolution).collect())
    }

    /// All interfaces together, from `since` to before `until` (UNIX seconds).
    pub async fn traffic_total(
        &mut self,
        resolution: Resolution,
        (since, until): (u32, u32),
    ) -> Result<TrafficTotal, StoreError> {
        let sums = [
            "packets_in",
            "bytes_in",
            "packets_out",
            "bytes_out",
            "packets_through",
            "bytes_through",
            "packets_internal",
            "bytes_internal",
            "dropped_frames",
            "flows_new",
        ]
        .map(|column| format!("CAST(COALESCE(SUM({column}), 0) AS UNSIGNED)"))
        .join(", ");
        let text = format!(
            "SELECT {sums}, CAST(COALESCE(MAX(packets_per_second_max), 0) AS UNSIGNED), \
             CAST(COALESCE(MAX(bytes_per_second_max), 0) AS UNSIGNED) FROM {} WHERE ts >= ? AND ts < ?",
            table(resolution)
        );
        let values = vec![Value::Number(since.into()), Value::Number(until.into())];
        let totals: Vec<TrafficTotal> = self.select(Select { doing: DOING, text, values }).await?;
        Ok(totals.first().copied().unwrap_or_default())
    }
}
