//! Closes talker tables: workers' minutes become rows, minutes become hours; who is not named is in the row "other".

use std::collections::{BTreeMap, HashMap};

use spool::row::{Resolution, TalkerKind, TalkerRow};

use crate::limits::{TALKERS_PER_HOUR, TALKERS_PER_MINUTE};
use crate::telemetry::{MinuteTalkers, TopCounts, TopKey};

/// Keys that an hour remembers per kind; a stranger beyond them is in "other".
const HOUR_KEYS_MAX: usize = 16 * TALKERS_PER_HOUR;

/// A bucket that begins so much later than now is of a time that the clock was set back from.
const AHEAD_SECONDS: u64 = 60;

/// One kind in one bucket: named keys and everybody's total.
#[derive(Default)]
struct Kind {
    named: HashMap<TopKey, TopCounts>,
    total: TopCounts,
}

#[derive(Default)]
struct Bucket {
    kinds: [Kind; 4],
}

/// Buckets that are not closed yet.
#[derive(Default)]
pub struct TalkerRollup {
    minutes: BTreeMap<u64, Bucket>,
    hours: BTreeMap<u64, Bucket>,
}

impl TalkerRollup {
    /// Adds a worker's share of a minute.
    pub fn add(&mut self, talkers: &MinuteTalkers) {
        let bucket = self.minutes.entry(talkers.minute).or_default();
        let tables = [&talkers.hosts, &talkers.remotes, &talkers.ports];
        for (kind, table) in bucket.kinds.iter_mut().zip(tables) {
            kind.total.add(&table.total());
            for entry in table.list(4 * TALKERS_PER_MINUTE) {
                kind.named.entry(entry.key).or_default().add(&entry.counts);
            }
        }
        let protocols = &mut bucket.kinds[3];
        for (number, counts) in talkers.protocols.iter().enumerate().filter(|(_, c)| c.packets() > 0) {
            protocols.total.add(counts);
            let mut key = [0u8; 16];
            key[0] = number as u8;
            protocols.named.entry(key).or_default().add(counts);
        }
    }

    /// Rows of the buckets that ended some seconds before `now`, or lie in a time that the clock was set back from.
    pub fn close(&mut self, now: u64, rows: &mut Vec<TalkerRow>) {
        let over = |ts: u64, length: u64| ts.saturating_add(length) <= now || ts > now.saturating_add(AHEAD_SECONDS);
        let minutes: Vec<_> = self.minutes.extract_if(.., |minute, _| over(*minute, 60 + 3)).collect();
        for (minute, bucket) in minutes {
            self.close_minute(minute, bucket, rows);
        }
        for (hour, bucket) in self.hours.extract_if(.., |hour, _| over(*hour, 3600 + 63)) {
            bucket.rows(Resolution::Hour, hour, TALKERS_PER_HOUR, rows);
        }
    }

    fn close_minute(&mut self, minute: u64, bucket: Bucket, rows: &mut Vec<TalkerRow>) {
        let hour = self.hours.entry(minute / 3600 * 3600).or_default();
        for (sum, kind) in hour.kinds.iter_mut().zip(&bucket.kinds) {
            sum.total.add(&kind.total);
            for (key, counts) in &kind.named {
                if sum.named.len() < HOUR_KEYS_MAX || sum.named.contains_key(key) {
                    sum.named.entry(*key).or_default().add(counts);
                }
            }
        }
        bucket.rows(Resolution::Minute, minute, TALKERS_PER_MINUTE, rows);
    }

    /// Rows of everything that is open.
    pub fn finish(&mut self, rows: &mut Vec<TalkerRow>) {
        self.close(u64::MAX, rows);
        for (minute, bucket) in std::mem::take(&mut self.minutes) {
            self.close_minute(minute, bucket, rows);
        }
        for (hour, bucket) in std::mem::take(&mut self.hours) {
            bucket.rows(Resolution::Hour, hour, TALKERS_PER_HOUR, rows);
        }
    }
}

impl Bucket {
    fn rows(self, resolution: Resolution, ts: u64, max: usize, rows: &mut Vec<TalkerRow>) {
        for (kind, of) in self.kinds.into_iter().zip(TalkerKind::ALL) {
            let mut named: Vec<(TopKey, TopCounts)> = kind.named.into_iter().collect();
            named.sort_unstable_by_key(|(key, counts)| (std::cmp::Reverse(counts.packets()), *key));
            named.truncate(max);
            let mut sum = TopCounts::default();
            for (key, counts) in &named {
                sum.add(counts);
                rows.push(row(resolution, ts, of, key_bytes(of, key), counts));
            }
            let other = kind.total.without(&sum);
            if other.packets() > 0 {
                rows.push(row(resolution, ts, of, Vec::new(), &other));
            }
        }
    }
}

fn key_bytes(kind: TalkerKind, key: &TopKey) -> Vec<u8> {
    let length = match kind {
        TalkerKind::LocalHost | TalkerKind::Remote => 16,
        TalkerKind::Port => 3,
        TalkerKind::Protocol => 1,
    };
    key[..length].to_vec()
}

fn row(resolution: Resolution, ts: u64, kind: TalkerKind, key: Vec<u8>, counts: &TopCounts) -> TalkerRow {
    TalkerRow {
        resolution,
        ts,
        kind,
        key,
        packets_in: counts.packets_in,
        bytes_in: counts.bytes_in,
        packets_out: counts.packets_out,
        bytes_out: counts.bytes_out,
        flows: counts.flows,
    }
}
