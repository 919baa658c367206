//! Stored rows as snapshots: what a back-test can know.

use std::collections::BTreeSet;
use std::time::Instant;

use notifier::metric::Snapshot;
use notifier::rule::backtest::Step;
use store::{Reader, Resolution, StoreError};

use super::timeline::{Seen, Timeline};
use super::{host, traffic};
use crate::config::Config;

/// What is asked for at once, seconds: a few hundred rows of each interface, well below the reader's bound.
const WINDOW: u32 = 600;

/// The same where nothing is found.
const WINDOW_MAX: u32 = 86_400;

/// A query gives at most so many rows; one with more is asked for in halves.
const ROWS_MAX: usize = 10_000;

/// Names of the metrics that [`feed`] sets.
pub fn metrics() -> BTreeSet<&'static str> {
    traffic::NODE.into_iter().chain(traffic::INTERFACE).chain(host::metrics()).collect()
}

/// The rows of one time range.
struct Rows {
    traffic: (Resolution, Vec<store::Traffic>),
    hosts: (Resolution, Vec<store::Host>),
    processes: Vec<store::Process>,
    subjects: Vec<store::Subject>,
}

impl Rows {
    async fn read(reader: &mut Reader, range: (u32, u32)) -> Result<Rows, StoreError> {
        // Seconds are kept for days, minutes for months.
        let (second, minute) = (Resolution::Second, Resolution::Minute);
        let mut traffic = (second, reader.traffic(second, range, None).await?);
        if traffic.1.is_empty() {
            traffic = (minute, reader.traffic(minute, range, None).await?);
        }
        let mut hosts = (second, reader.hosts(second, range).await?);
        if hosts.1.is_empty() {
            hosts = (minute, reader.hosts(minute, range).await?);
        }
        let (processes, subjects) = (reader.processes(range).await?, reader.subjects(range).await?);
        Ok(Rows { traffic, hosts, processes, subjects })
    }

    fn largest(&self) -> usize {
        let (traffic, hosts) = (self.traffic.1.len(), self.hosts.1.len());
        traffic.max(hosts).max(self.processes.len()).max(self.subjects.len())
    }
}

/// Feeds what is stored of `since` to `until` (UNIX seconds), in order: each snapshot with the times that it stands for.
/// Where several nodes share a store, notifier's rows are those of one: hosts cannot be added up as traffic can.
pub async fn feed(
    config: &Config,
    (since, until): (u32, u32),
    mut to: impl FnMut(&Snapshot, Step),
    began: Instant,
) -> Result<Seen, StoreError> {
    let mut reader = Reader::connect(&config.store, &config.node.data_dir).await?;
    let named = reader.interfaces().await?.into_iter();
    let names = named.map(|name| ((name.node_id, name.epoch, name.interface), name.name)).collect();
    let mut timeline = Timeline::new(names, since, began);
    let (mut from, mut width, mut node) = (since, WINDOW, None);
    while from < until {
        let before = until.min(from.saturating_add(width));
        let mut rows = Rows::read(&mut reader, (from, before)).await?;
        let largest = rows.largest();
        if largest >= ROWS_MAX && width > 1 {
            width /= 2;
            continue;
        }
        let of_host = rows.hosts.1.iter().map(|row| row.node_id);
        let mut nodes = of_host.chain(rows.processes.iter().map(|row| row.node_id));
        node = node.or_else(|| nodes.next()).or_else(|| rows.subjects.first().map(|row| row.node_id));
        let is_its = |of: u16| node.is_none_or(|node| node == of);
        rows.hosts.1.retain(|row| is_its(row.node_id));
        timeline.traffic(rows.traffic.0, &rows.traffic.1);
        timeline.hosts(rows.hosts.0, &rows.hosts.1);
        timeline.processes(rows.processes.into_iter().filter(|row| is_its(row.node_id)).map(|row| row.row));
        timeline.targets(rows.subjects.into_iter().filter(|row| is_its(row.node_id)).map(|row| row.row));
        timeline.feed(before, &mut to);
        width = if largest == 0 { (width * 2).min(WINDOW_MAX) } else { width.min(WINDOW) };
        from = before;
    }
    Ok(timeline.finish(until, &mut to))
}

#[cfg(test)]
mod tests;
