//! The table of a run.

use serde::Serialize;

use crate::books::Trips;

/// One row.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub server: String,
    pub transport: String,
    pub condition: String,
    pub connections: usize,
    /// How long until all subscriptions stood, s.
    pub opened_s: f64,
    /// Memory of the server before and with all subscribers, and at the end, bytes.
    pub memory_before: u64,
    pub memory_open: u64,
    pub memory_end: u64,
    /// The most of the last two above the first, for each connection, KiB.
    pub kib_per_connection: f64,
    pub trips: Trips,
    pub received_percent: f64,
    pub missed: u64,
    pub doubled: u64,
    pub resumed: u64,
    pub lost: u64,
    /// What the clients read during the messages, bytes a second.
    pub bytes_per_second: u64,
}

/// The rows as text.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| server | transport | condition | connections | opened in, s | RSS, MiB | KiB each | mean trip, ms | p99 | max \
         | received, % | doubled | resumed | lost | kB/s |\n\
         |---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for row in rows {
        let Trips { mean_ms, p99_ms, max_ms } = row.trips;
        text.push_str(&format!(
            "| {} | {} | {} | {} | {:.1} | {:.0} | {:.1} | {mean_ms:.0} | {p99_ms:.0} | {max_ms:.0} | {:.3} | {} | {} | {} | {} |\n",
            row.server,
            row.transport,
            row.condition,
            row.connections,
            row.opened_s,
            row.memory_open.max(row.memory_end) as f64 / f64::from(1 << 20),
            row.kib_per_connection,
            row.received_percent,
            row.doubled,
            row.resumed,
            row.lost,
            row.bytes_per_second / 1_000,
        ));
    }
    text
}
