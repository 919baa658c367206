//! Retention: every few minutes the store drops what the policy does not keep, by a time that is believed.

use std::sync::Arc;
use std::time::Duration;

use store::{RetentionPolicy, Store};
use tokio::sync::watch;

use crate::board::{Board, Counters};
use crate::config::Retention;
use crate::limits::RETENTION_INTERVAL;
use crate::role::{now_ns, now_seconds};
use crate::trusted::TrustedClock;

/// The policy that the configuration describes.
pub fn policy(retention: &Retention) -> RetentionPolicy {
    RetentionPolicy {
        flows: retention.flows,
        flows_bytes: retention.flows_bytes.as_u64(),
        traffic_1s: retention.traffic_1s,
        traffic_1m: retention.traffic_1m,
        traffic_1h: retention.traffic_1h,
        talkers_1m: retention.talkers_1m,
        talkers_1h: retention.talkers_1h,
        history: retention.history,
        attack_detail: retention.attack_detail,
        attack_rows_min: retention.attack_rows_min,
        disk_free_min: retention.disk_free_min.as_u64(),
    }
}

/// Runs retention now and then, until `stop`.
pub async fn keep(store: Store, policy: RetentionPolicy, board: Arc<Board>, mut stop: watch::Receiver<bool>) {
    let begun = tokio::time::Instant::now();
    let (mut clock, mut told) = (None::<TrustedClock>, false);
    loop {
        // A database that is away says so by the lanes; its retention waits for it.
        if board.database(now_ns()).is_up {
            let (now, steady) = (now_seconds(), begun.elapsed());
            let clock = clock.get_or_insert_with(|| TrustedClock::new(board.arrivals(), now, steady));
            let believed = clock.look(now, steady);
            let is_news = clock.doubts() && !told;
            told = clock.doubts();
            if is_news {
                tracing::error!(
                    clock = now,
                    believed,
                    "the clock (UNIX seconds) was set, or is far from the last row's: the retention goes on by the time \
                     it believes, and believes the clock after a day; set the clock right if it is wrong"
                );
            }
            run_once(&store, &policy, believed, &board.counters).await;
        }
        let wait = if board.database(now_ns()).is_up { RETENTION_INTERVAL } else { Duration::from_secs(2) };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn run_once(store: &Store, policy: &RetentionPolicy, now: u32, counters: &Counters) {
    match store.retention(policy, now).await {
        Ok(report) => {
            for table in report.tables.iter().filter(|t| t.rows > 0 || t.parts > 0) {
                Counters::add(&counters.rows_removed, table.rows);
                Counters::add(&counters.bytes_removed, table.bytes);
                tracing::info!(
                    table = table.table,
                    rows = table.rows,
                    parts = table.parts,
                    bytes = table.bytes,
                    "retention dropped rows"
                );
            }
            for (table, why) in report.tables.iter().filter_map(|t| t.hindered.as_ref().map(|why| (t.table, why))) {
                tracing::warn!(table, %why, "retention did less than it should");
            }
        }
        Err(error) => tracing::warn!(%error, "retention failed; it is tried again"),
    }
    condense_once(store, policy, now).await;
}

/// After an attack its detail shrinks, by rule: nobody needs to remember it.
async fn condense_once(store: &Store, policy: &RetentionPolicy, now: u32) {
    let report = match store.condense(policy, now).await {
        Ok(report) => report,
        Err(error) => return tracing::warn!(%error, "old rows of attacks were not condensed; it is tried again"),
    };
    if report.from_rows > 0 {
        tracing::info!(
            incidents = report.incidents,
            rows = report.from_rows,
            summaries = report.to_rows,
            bytes = report.bytes,
            is_more = report.is_more,
            "retention condensed flow rows of attacks"
        );
    }
    if let Some(why) = &report.hindered {
        tracing::warn!(%why, "fewer rows of attacks were condensed than should be");
    }
}
