//! Stored rows as snapshots: what a back-test can know.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use live::incident::SubjectKind;
use notifier::metric::Snapshot;
use store::{Reader, Resolution, StoreError, Traffic};

use crate::config::Config;

/// Metrics of the node that stored traffic has.
const NODE: [&str; 10] = [
    "packets_per_second",
    "packets_in_per_second",
    "packets_out_per_second",
    "bits_in_per_second",
    "bits_out_per_second",
    "flows_new_per_second",
    "syn_per_second",
    "syn_without_ack_per_second",
    "fragments_per_second",
    "packets_dropped_per_second",
];

/// The same of each interface.
const INTERFACE: [&str; 9] = [
    "interface_packets_in_per_second",
    "interface_packets_out_per_second",
    "interface_bits_in_per_second",
    "interface_bits_out_per_second",
    "interface_flows_new_per_second",
    "interface_syn_per_second",
    "interface_syn_without_ack_per_second",
    "interface_fragments_per_second",
    "interface_packets_dropped_per_second",
];

/// What is asked for at once, seconds: a few hundred rows of each interface, well below the reader's bound.
const WINDOW: u32 = 600;

/// A query gives at most so many rows; one with more is asked for in halves.
const ROWS_MAX: usize = 10_000;

/// A second without packets has no row; so many of them in a row are taken for silence, more for a time without data.
const SILENCE: u32 = 60;

/// So many empty minutes are fed into a gap: after ten without a value what fires is gone.
const GAP_MINUTES: u32 = 12;

const SECOND_NS: u64 = 1_000_000_000;

/// Names of the metrics that [`feed`] sets.
pub fn metrics() -> BTreeSet<&'static str> {
    NODE.into_iter().chain(INTERFACE).collect()
}

/// What there was.
#[derive(Debug, Default)]
pub struct Seen {
    /// Seconds that rows of a second stand for.
    pub seconds_1s: u64,
    /// The same of a minute.
    pub seconds_1m: u64,
    /// From and to: times without data.
    pub gaps: Vec<(u32, u32)>,
}

/// Sums of one bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    packets: f64,
    of: [f64; INTERFACE.len()],
}

impl Sums {
    fn add(&mut self, traffic: &Traffic) {
        let row = &traffic.row;
        let packets = [row.packets_in, row.packets_out, row.packets_through, row.packets_internal];
        self.packets += packets.iter().map(|packets| *packets as f64).sum::<f64>();
        let values = [
            row.packets_in as f64,
            row.packets_out as f64,
            row.bytes_in as f64 * 8.0,
            row.bytes_out as f64 * 8.0,
            row.flows_new as f64,
            row.syn_packets as f64,
            row.syn_without_ack_packets as f64,
            row.fragment_packets as f64,
            row.dropped_frames as f64,
        ];
        self.of.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
}

/// Feeds what is stored of `since` to `until` (UNIX seconds), in order: each snapshot with the seconds it stands for.
pub async fn feed(
    config: &Config,
    (since, until): (u32, u32),
    mut to: impl FnMut(&Snapshot, u32),
) -> Result<Seen, StoreError> {
    let mut reader = Reader::connect(&config.store, &config.node.data_dir).await?;
    let named = reader.interfaces().await?.into_iter();
    let names: HashMap<_, _> = named.map(|name| ((name.node_id, name.epoch, name.interface), name.name)).collect();
    let mut feeder = Feeder { names, seen: Seen::default(), next: since };
    let mut windows = vec![(since, until)];
    windows = windows
        .drain(..)
        .flat_map(|(from, to)| (from..to).step_by(WINDOW as usize))
        .map(|from| (from, until.min(from + WINDOW)))
        .rev()
        .collect();
    while let Some((from, before)) = windows.pop() {
        let mut resolution = Resolution::Second;
        let mut rows = reader.traffic(resolution, (from, before), None).await?;
        if rows.is_empty() {
            // Seconds are kept for days, minutes for months.
            resolution = Resolution::Minute;
            rows = reader.traffic(resolution, (from, before), None).await?;
        }
        if rows.len() >= ROWS_MAX && before - from > 1 {
            let middle = from + (before - from) / 2;
            windows.extend([(middle, before), (from, middle)]);
            continue;
        }
        feeder.feed(resolution, &rows, &mut to);
    }
    feeder.gap(until, &mut to);
    Ok(feeder.seen)
}

struct Feeder {
    names: HashMap<(u16, u64, u16), String>,
    seen: Seen,
    /// The first second that nothing is known of yet.
    next: u32,
}

impl Feeder {
    fn feed(&mut self, resolution: Resolution, rows: &[Traffic], to: &mut impl FnMut(&Snapshot, u32)) {
        let length = if resolution == Resolution::Second { 1 } else { 60 };
        let mut times: BTreeMap<u32, Vec<&Traffic>> = BTreeMap::new();
        rows.iter().for_each(|row| times.entry(row.row.ts).or_default().push(row));
        for (ts, rows) in times {
            if ts < self.next && ts + length <= self.next {
                continue;
            }
            self.gap(ts, to);
            to(&self.snapshot(ts + length, &rows, f64::from(length)), length);
            let seconds = if length == 1 { &mut self.seen.seconds_1s } else { &mut self.seen.seconds_1m };
            *seconds += u64::from(length);
            self.next = ts + length;
        }
    }

    /// From what is known to `ts`: silence if it is short.
    fn gap(&mut self, ts: u32, to: &mut impl FnMut(&Snapshot, u32)) {
        let gap = ts.saturating_sub(self.next);
        if gap == 0 {
            return;
        }
        if gap <= SILENCE {
            // One moment of it is enough for the machine; it stands for all of them.
            to(&self.snapshot(ts, &[], 1.0), gap);
            self.seen.seconds_1s += u64::from(gap);
        } else {
            for minute in 1..=GAP_MINUTES.min(gap / 60) {
                to(&Snapshot::new(u64::from(self.next + minute * 60) * SECOND_NS), 60);
            }
            self.seen.gaps.push((self.next, ts));
        }
        self.next = ts;
    }

    fn snapshot(&self, end: u32, rows: &[&Traffic], seconds: f64) -> Snapshot {
        let mut snapshot = Snapshot::new(u64::from(end) * SECOND_NS);
        let (mut all, mut interfaces) = (Sums::default(), BTreeMap::<&str, Sums>::new());
        for row in rows {
            all.add(row);
            let name = self.names.get(&(row.node_id, row.epoch, row.row.interface)).map_or("?", String::as_str);
            interfaces.entry(name).or_default().add(row);
        }
        snapshot.set("packets_per_second", all.packets / seconds);
        NODE[1..].iter().zip(all.of).for_each(|(name, value)| snapshot.set(name, value / seconds));
        for (name, sums) in interfaces {
            let mut at = 0;
            let values = INTERFACE.map(|name| {
                at += 1;
                (name, sums.of[at - 1] / seconds)
            });
            snapshot.push(SubjectKind::Interface, name, &values);
        }
        snapshot
    }
}
