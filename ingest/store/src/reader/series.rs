//! Traffic as a chart needs it: buckets added up to a few hundred points.

use super::traffic::table;
use super::{FromRow, Reader, Select, Value};
use crate::error::StoreError;
use crate::limits::QUERY_ROWS_MAX;
use crate::rows::Resolution;
use crate::session::Get;

/// What a point's four parts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// In, out, through, internal.
    Direction,
    /// TCP, UDP, ICMP with ICMPv6, any other IP protocol.
    Protocol,
}

impl Split {
    /// Columns of packets, columns of bytes.
    const fn columns(self) -> ([&'static str; 4], [&'static str; 4]) {
        match self {
            Split::Direction => (
                ["packets_in", "packets_out", "packets_through", "packets_internal"],
                ["bytes_in", "bytes_out", "bytes_through", "bytes_internal"],
            ),
            Split::Protocol => (
                ["tcp_packets", "udp_packets", "icmp_packets", "other_packets"],
                ["tcp_bytes", "udp_bytes", "icmp_bytes", "other_bytes"],
            ),
        }
    }
}

/// Which points.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeriesQuery {
    /// Which table.
    pub resolution: Resolution,
    /// Begin of the first point, UNIX seconds; a multiple of the resolution.
    pub since: u32,
    /// Before this time, UNIX seconds.
    pub until: u32,
    /// Seconds of a point, a multiple of the resolution; 0 counts as 1.
    pub step: u32,
    /// One interface by its name, or all.
    pub interface: Option<String>,
    /// Each interface apart, or all added up.
    pub by_interface: bool,
    /// What the parts are.
    pub split: Split,
}

/// Buckets added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// Its begin, UNIX seconds.
    pub start: u32,
    /// Node, epoch, number of the interface; zeros if all are added up.
    pub interface: (u16, u64, u16),
    /// Packets of each part of the [`Split`].
    pub packets: [u64; 4],
    /// Bytes of each part.
    pub bytes: [u64; 4],
    /// Largest second of one interface, packets.
    pub packets_per_second_max: u64,
    /// Largest second of one interface, bytes.
    pub bytes_per_second_max: u64,
}

impl FromRow for Point {
    fn from_row<G: Get>(row: &G) -> Result<Point, sqlx::Error> {
        let four = |from: usize| -> Result<[u64; 4], sqlx::Error> {
            Ok([row.u64(from)?, row.u64(from + 1)?, row.u64(from + 2)?, row.u64(from + 3)?])
        };
        Ok(Point {
            start: row.u32(0)?,
            interface: (row.u16(1)?, row.u64(2)?, row.u16(3)?),
            packets: four(4)?,
            bytes: four(8)?,
            packets_per_second_max: row.u64(12)?,
            bytes_per_second_max: row.u64(13)?,
        })
    }
}

impl Reader {
    /// Points that have traffic, by time, at most [`QUERY_ROWS_MAX`]: a second in which nothing passed has no bucket.
    pub async fn series(&mut self, query: &SeriesQuery) -> Result<Vec<Point>, StoreError> {
        let mut points: Vec<Point> = self.select(select(query)).await?;
        points.sort_unstable_by_key(|point| (point.start, point.interface));
        Ok(points)
    }
}

fn select(query: &SeriesQuery) -> Select {
    let (packets, bytes) = query.split.columns();
    let sum = |column: &str| format!("CAST(SUM(t.{column}) AS UNSIGNED)");
    let sums: Vec<String> = packets.into_iter().chain(bytes).map(sum).collect();
    // Both dialects divide integers differently; the remainder is the same.
    let (which, group) = if query.by_interface {
        ("t.node_id, t.epoch, t.interface", ", t.node_id, t.epoch, t.interface")
    } else {
        ("0, 0, 0", "")
    };
    let mut text = format!(
        "SELECT CAST(t.ts - (t.ts - ?) % ? AS UNSIGNED) AS begins, {which}, {}, MAX(t.packets_per_second_max), \
         MAX(t.bytes_per_second_max) FROM {} t WHERE t.ts >= ? AND t.ts < ?",
        sums.join(", "),
        table(query.resolution)
    );
    let mut values: Vec<Value> =
        [query.since, query.step.max(1), query.since, query.until].map(|n| Value::Number(n.into())).into();
    if let Some(name) = &query.interface {
        text.push_str(
            " AND EXISTS (SELECT 1 FROM interfaces i WHERE i.node_id = t.node_id AND i.epoch = t.epoch \
             AND i.interface = t.interface AND i.name = ?)",
        );
        values.push(Value::Text(name.clone()));
    }
    text.push_str(&format!(" GROUP BY begins{group} LIMIT {QUERY_ROWS_MAX}"));
    Select { doing: "reading traffic", text, values }
}
