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

/// The same where nothing is found.
const WINDOW_MAX: u32 = 86_400;

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
    let (mut from, mut width) = (since, WINDOW);
    while from < until {
        let before = until.min(from.saturating_add(width));
        let mut resolution = Resolution::Second;
        let mut rows = reader.traffic(resolution, (from, before), None).await?;
        if rows.is_empty() {
            // Seconds are kept for days, minutes for months.
            resolution = Resolution::Minute;
            rows = reader.traffic(resolution, (from, before), None).await?;
        }
        if rows.len() >= ROWS_MAX && width > 1 {
            width /= 2;
            continue;
        }
        feeder.feed(resolution, &rows, &mut to);
        width = if rows.is_empty() { (width * 2).min(WINDOW_MAX) } else { width.min(WINDOW) };
        from = before;
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
            let minutes = GAP_MINUTES.min(gap / 60);
            for minute in 1..=minutes {
                // The last one stands for the rest.
                let seconds = if minute == minutes { gap - (minutes - 1) * 60 } else { 60 };
                to(&Snapshot::new(u64::from(self.next + minute * 60) * SECOND_NS), seconds);
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use store::{Resolution, Traffic, TrafficRow};

    use super::{Feeder, Seen};

    fn row(ts: u32, interface: u16, packets: u64, resolution: Resolution) -> Traffic {
        let row = TrafficRow {
            ts,
            seq: 1,
            resolution,
            interface,
            packets_in: packets,
            bytes_in: packets * 100,
            packets_out: 0,
            bytes_out: 0,
            packets_through: packets,
            bytes_through: 0,
            packets_internal: 0,
            bytes_internal: 0,
            tcp_packets: 0,
            tcp_bytes: 0,
            udp_packets: 0,
            udp_bytes: 0,
            icmp_packets: 0,
            icmp_bytes: 0,
            other_packets: 0,
            other_bytes: 0,
            syn_packets: 0,
            syn_without_ack_packets: 0,
            fragment_packets: 0,
            non_ip_frames: 0,
            malformed_frames: 0,
            unsupported_frames: 0,
            dropped_frames: 0,
            flows_new: 0,
            seconds: 1,
            packets_per_second_max: 0,
            bytes_per_second_max: 0,
        };
        Traffic { node_id: 1, epoch: 7, stream: 1, row }
    }

    #[test]
    fn rows_are_added_up_by_time_and_gaps_are_silence_or_ignorance() {
        let names = HashMap::from([((1, 7, 0), "eth0".to_owned()), ((1, 7, 1), "eth1".to_owned())]);
        let mut feeder = Feeder { names, seen: Seen::default(), next: 990 };
        let mut fed = Vec::new();
        let mut take = |snapshot: &notifier::metric::Snapshot, seconds: u32| {
            let names: Vec<String> = snapshot
                .table(live::incident::SubjectKind::Interface)
                .rows()
                .map(|row| row.subject.name.clone())
                .collect();
            fed.push((
                snapshot.time_ns / 1_000_000_000,
                seconds,
                snapshot.get("packets_per_second"),
                snapshot.get("bits_in_per_second"),
                names.len(),
            ));
        };
        let seconds = [
            row(1_000, 0, 10, Resolution::Second),
            row(1_000, 1, 5, Resolution::Second),
            row(1_000, 1, 1, Resolution::Second),
        ];
        feeder.feed(Resolution::Second, &seconds, &mut take);
        feeder.feed(Resolution::Minute, &[row(1_140, 0, 600, Resolution::Minute)], &mut take);
        feeder.gap(1_200, &mut take);
        let expect = [
            (1_000, 10, Some(0.0), Some(0.0), 0),
            (1_001, 1, Some(32.0), Some(12_800.0), 2),
            (1_061, 60, None, None, 0),
            (1_121, 79, None, None, 0),
            (1_200, 60, Some(20.0), Some(8_000.0), 1),
        ];
        assert_eq!(fed, expect);
        let seen = feeder.seen;
        assert_eq!((seen.seconds_1s, seen.seconds_1m, seen.gaps), (11, 60, vec![(1_001, 1_140)]));
    }
}
