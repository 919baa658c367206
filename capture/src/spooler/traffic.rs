//! Closes traffic buckets: workers' seconds become one row a second and interface, then a minute's, then an hour's.

use std::collections::BTreeMap;

use spool::row::{Resolution, TrafficRow};

use crate::telemetry::InterfaceSecond;

/// Seconds kept open behind the newest, for workers that are a little late.
const LATE_SECONDS: u64 = 1;

/// A bucket that begins so much later than now is of a time that the clock was set back from: it will not be added to
/// for as long, so it is closed. A worker is ahead of the cut by a second or two.
const AHEAD_SECONDS: u64 = 10;

/// Buckets that are not closed yet.
#[derive(Default)]
pub struct TrafficRollup {
    seconds: BTreeMap<(u64, u16), InterfaceSecond>,
    dropped: BTreeMap<(u64, u16), u64>,
    minutes: BTreeMap<(u64, u16), TrafficRow>,
    hours: BTreeMap<(u64, u16), TrafficRow>,
    newest: u64,
    bytes: (u64, u64),
}

impl TrafficRollup {
    /// Adds a worker's share of a second.
    pub fn add(&mut self, second: &InterfaceSecond) {
        self.newest = self.newest.max(second.second);
        let row = second.row();
        self.bytes = (self.bytes.0.saturating_add(row.bytes_in), self.bytes.1.saturating_add(row.bytes_out));
        self.seconds.entry((second.second, second.interface)).and_modify(|s| s.merge(second)).or_insert(*second);
    }

    /// Adds frames that the kernel dropped in a second.
    pub fn add_dropped(&mut self, second: u64, interface: u16, frames: u64) {
        if frames > 0 {
            *self.dropped.entry((second, interface)).or_default() += frames;
        }
    }

    /// A second of an interface that is still open.
    pub fn open_second(&self, second: u64, interface: u16) -> Option<&InterfaceSecond> {
        self.seconds.get(&(second, interface))
    }

    /// Rows of the buckets that ended before `now` (UNIX seconds; a file's own time in a replay). Late packets make a
    /// further row of their bucket.
    pub fn close(&mut self, now: u64, rows: &mut Vec<TrafficRow>) {
        let (limit, ahead) = (now.saturating_sub(LATE_SECONDS), now.saturating_add(AHEAD_SECONDS));
        let ended = |second: u64| second < limit || second > ahead;
        // Frames may be dropped in a second of which none was taken.
        for &(second, interface) in self.dropped.keys().filter(|(second, _)| ended(*second)) {
            let empty = InterfaceSecond { second, interface, ..InterfaceSecond::default() };
            self.seconds.entry((second, interface)).or_insert(empty);
        }
        let done: Vec<_> = self.seconds.extract_if(.., |(second, _), _| ended(*second)).collect();
        for (key, counters) in done {
            let mut row = counters.row();
            row.dropped_frames = self.dropped.remove(&key).unwrap_or(0);
            self.roll_up(&row);
            rows.push(row);
        }
        for (buckets, length) in [(&mut self.minutes, 60), (&mut self.hours, 3600)] {
            let over = |ts: u64| ts.saturating_add(length) <= limit || ts > ahead;
            rows.extend(buckets.extract_if(.., |(ts, _), _| over(*ts)).map(|(_, row)| row));
        }
    }

    /// Wire bytes towards the local networks and from them, of all that was added.
    pub fn bytes(&self) -> (u64, u64) {
        self.bytes
    }

    /// The newest second that was added.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    fn roll_up(&mut self, row: &TrafficRow) {
        for (resolution, buckets) in [(Resolution::Minute, &mut self.minutes), (Resolution::Hour, &mut self.hours)] {
            let ts = row.ts / resolution.seconds() * resolution.seconds();
            let bucket = buckets.entry((ts, row.interface)).or_insert_with(|| TrafficRow {
                resolution,
                ts,
                interface: row.interface,
                ..TrafficRow::default()
            });
            bucket.merge(row);
            bucket.seconds += 1;
            bucket.packets_per_second_max = bucket.packets_per_second_max.max(row.packets());
            bucket.bytes_per_second_max = bucket.bytes_per_second_max.max(row.bytes());
        }
    }

    /// Rows of everything that is open: the program ends. A bucket that a later start goes on with gets a second row.
    pub fn finish(&mut self, rows: &mut Vec<TrafficRow>) {
        self.close(u64::MAX, rows);
        rows.extend(std::mem::take(&mut self.minutes).into_values());
        rows.extend(std::mem::take(&mut self.hours).into_values());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spool::row::Direction;

    fn second(second: u64, packets: u64) -> InterfaceSecond {
        let mut counters = InterfaceSecond { second, interface: 1, ..InterfaceSecond::default() };
        counters.directions[Direction::In as usize].by_protocol[1].packets = packets;
        counters
    }

    #[test]
    fn two_workers_make_one_row_and_minutes_and_hours_sum_up() {
        let mut rollup = TrafficRollup::default();
        let mut rows = Vec::new();
        for s in 0..7200 {
            rollup.add(&second(s, 10));
            rollup.add(&second(s, 5));
            rollup.add_dropped(s, 1, 1);
            rollup.close(s, &mut rows);
        }
        rollup.finish(&mut rows);
        let of = |r: Resolution| rows.iter().filter(|row| row.resolution == r).collect::<Vec<_>>();
        assert_eq!(
            (of(Resolution::Second).len(), of(Resolution::Minute).len(), of(Resolution::Hour).len()),
            (7200, 120, 2)
        );
        for resolution in [Resolution::Second, Resolution::Minute, Resolution::Hour] {
            assert_eq!(of(resolution).iter().map(|r| r.packets_in).sum::<u64>(), 7200 * 15);
            assert_eq!(of(resolution).iter().map(|r| r.dropped_frames).sum::<u64>(), 7200);
            assert_eq!(of(resolution).iter().map(|r| r.seconds).sum::<u64>(), 7200);
        }
        assert!(of(Resolution::Hour).iter().all(|r| r.packets_per_second_max == 15));
    }

    #[test]
    fn buckets_of_a_time_that_the_clock_was_set_back_from_are_closed_at_once() {
        let mut rollup = TrafficRollup::default();
        let mut rows = Vec::new();
        rollup.add(&second(7200, 3));
        rollup.add(&second(7201, 4));
        rollup.add_dropped(7201, 1, 2);
        rollup.close(7202, &mut rows);
        rollup.add(&second(3600, 5));
        rollup.close(3601, &mut rows);
        assert_eq!(rows.iter().filter(|r| r.resolution == Resolution::Second).map(|r| r.packets_in).sum::<u64>(), 7);
        for resolution in [Resolution::Minute, Resolution::Hour] {
            let of: Vec<_> = rows.iter().filter(|r| r.resolution == resolution).collect();
            assert_eq!(of.iter().map(|r| (r.ts, r.packets_in, r.dropped_frames)).collect::<Vec<_>>(), [(7200, 7, 2)]);
        }
        assert_eq!((rollup.seconds.len(), rollup.minutes.len(), rollup.hours.len()), (1, 0, 0));
    }

    #[test]
    fn frames_dropped_in_a_second_without_others_do_not_wait_for_the_end() {
        let mut rollup = TrafficRollup::default();
        let mut rows = Vec::new();
        rollup.add_dropped(100, 1, 7);
        rollup.close(110, &mut rows);
        assert_eq!(rows.iter().map(|r| (r.ts, r.interface, r.dropped_frames)).collect::<Vec<_>>(), [(100, 1, 7)]);
        assert!(rollup.dropped.is_empty());
    }

    #[test]
    fn late_packets_make_a_further_row_and_nothing_is_lost() {
        let mut rollup = TrafficRollup::default();
        let mut rows = Vec::new();
        rollup.add(&second(100, 1));
        rollup.close(110, &mut rows);
        rollup.add(&second(100, 2));
        rollup.add(&second(5, 4));
        rollup.finish(&mut rows);
        let seconds: Vec<_> = rows.iter().filter(|r| r.seconds == 1 && r.resolution == Resolution::Second).collect();
        assert_eq!(seconds.iter().map(|r| r.packets_in).sum::<u64>(), 7);
        assert_eq!(rows.iter().filter(|r| r.resolution == Resolution::Minute).map(|r| r.packets_in).sum::<u64>(), 7);
    }
}
