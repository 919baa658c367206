//! ingest's metrics, read from the board when somebody asks.

use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, IntGauge, Registry, TextEncoder};

use crate::board::{Board, Counters};
use crate::role::now_ns;

/// Name and meaning of each counter, in the order of `values`.
pub const COUNTERS: [(&str, &str); 8] = [
    ("floodmark_ingest_rows_stored_total", "Rows committed in the store."),
    ("floodmark_ingest_commits_total", "Transactions committed."),
    ("floodmark_ingest_retries_total", "Transactions or connections tried again."),
    ("floodmark_ingest_rows_parked_total", "Rows that are not understood or refused, kept in the dead-letter file."),
    ("floodmark_ingest_rows_gap_total", "Rows that the spool lost."),
    ("floodmark_ingest_packets_gap_total", "Wire packets of those rows, as far as they are known."),
    ("floodmark_ingest_setbacks_total", "Times that the database had less than it had acknowledged."),
    ("floodmark_ingest_damaged_bytes_total", "Spool bytes stepped over as damaged."),
];

/// Name and meaning of the gauge.
pub const CONNECTED: (&str, &str) = ("floodmark_ingest_database_connected", "1 = every connection takes rows.");

struct BoardCollector {
    board: Arc<Board>,
    counters: Vec<IntCounter>,
    connected: IntGauge,
}

impl BoardCollector {
    fn values(&self) -> [u64; 8] {
        let c = &self.board.counters;
        [
            &c.rows_stored,
            &c.commits,
            &c.retries,
            &c.rows_parked,
            &c.rows_gap,
            &c.packets_gap,
            &c.setbacks,
            &c.damaged_bytes,
        ]
        .map(Counters::get)
    }
}

impl Collector for BoardCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.counters.iter().flat_map(Collector::desc).chain(self.connected.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        for (counter, value) in self.counters.iter().zip(self.values()) {
            counter.inc_by(value.saturating_sub(counter.get()));
        }
        self.connected.set(i64::from(self.board.database(now_ns()).is_up));
        self.counters.iter().flat_map(Collector::collect).chain(self.connected.collect()).collect()
    }
}

/// A function that renders the metrics text.
pub fn renderer(board: Arc<Board>) -> impl Fn() -> String + Send + Sync + 'static {
    let counters = COUNTERS.map(|(name, help)| IntCounter::new(name, help).expect("the names are literals and valid"));
    let connected = IntGauge::new(CONNECTED.0, CONNECTED.1).expect("the name is a literal and valid");
    let registry = Registry::new();
    let collector = BoardCollector { board, counters: counters.into(), connected };
    registry.register(Box::new(collector)).expect("the registry is new: no name is taken");
    move || TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_default()
}
