//! A month's five-minute values, of which the 95th percentile and the total are made: read day by day, and days that
//! are over are remembered.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use store::{Point, Resolution, SeriesQuery, Split};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{Stored, StoredError};

/// Seconds of one value, as carriers bill.
pub const VALUE_SECONDS: u32 = 300;

const DAY: u32 = 86_400;

/// How long a day may still get rows after its end: buckets close a little late, and are then stored.
const LATE: u32 = 900;

/// How long a page waits for the days; what is missing is read on meanwhile.
const PATIENCE: Duration = Duration::from_millis(100);

/// Days that are remembered, 4.6 kB each: a month of the whole machine, and of some interfaces.
const DAYS_MAX: usize = 256;

/// Bytes in and out by value of a day.
type Day = Vec<[u64; 2]>;

/// Whose day, all interfaces or one, and its begin.
type Key = (Option<String>, u32);

/// The days that are over.
#[derive(Default)]
pub(super) struct Days {
    known: std::sync::Mutex<BTreeMap<Key, Arc<Day>>>,
    /// Held by the one that reads.
    reading: Arc<Mutex<()>>,
}

/// A month so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Month {
    /// Days that could not be read yet; the figures are not true before this is 0.
    pub days_missing: u32,
    /// Bytes to the local networks.
    pub bytes_in: u64,
    /// Bytes from them.
    pub bytes_out: u64,
    /// 95th percentile of the five-minute values, bits a second, in; since the month's first value.
    pub percentile_in: f64,
    /// The same, out.
    pub percentile_out: f64,
}

impl Stored {
    /// The month from `since` to `now` (UNIX seconds), of one interface or all. Answers in time; days that are not
    /// read yet are read on in the background, and are there when it is asked again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn month(
        self: &Arc<Self>,
        since: u32,
        now: u32,
        interface: Option<String>,
    ) -> Result<Month, StoredError> {
        let stored = Arc::clone(self);
        let (of, to) = (interface.clone(), now);
        let read = tokio::spawn(async move { stored.read_days(since, to, of).await });
        if let Ok(Ok(Err(error))) = timeout(PATIENCE, read).await {
            return Err(error);
        }
        let known = self.month.known.lock().unwrap_or_else(PoisonError::into_inner);
        let days: Vec<_> = starts(since, now).map(|start| known.get(&(interface.clone(), start)).cloned()).collect();
        Ok(month(&days))
    }

    /// Reads the days that are not known, and today's; one at a time, for whoever asks.
    async fn read_days(&self, since: u32, now: u32, interface: Option<String>) -> Result<(), StoredError> {
        let Ok(_alone) = self.month.reading.try_lock() else {
            // Somebody reads; what that one has found is seen after it.
            drop(self.month.reading.lock().await);
            return Ok(());
        };
        for start in starts(since, now) {
            let key = (interface.clone(), start);
            let is_over = start.saturating_add(DAY + LATE) < now;
            if is_over && self.month.known.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&key) {
                continue;
            }
            let query = SeriesQuery {
                resolution: Resolution::Minute,
                since: start,
                until: start.saturating_add(DAY),
                step: VALUE_SECONDS,
                interface: interface.clone(),
                by_interface: false,
                split: Split::Direction,
            };
            let day = day(start, &self.series(query).await?);
            let mut known = self.month.known.lock().unwrap_or_else(PoisonError::into_inner);
            while known.len() >= DAYS_MAX && known.pop_first().is_some() {}
            known.insert(key, Arc::new(day));
        }
        Ok(())
    }
}

/// Begins of the days, in steps of 24 hours.
fn starts(since: u32, now: u32) -> impl Iterator<Item = u32> {
    (since..now.max(since)).step_by(DAY as usize)
}

fn day(start: u32, points: &[Point]) -> Day {
    let mut values = vec![[0; 2]; (DAY / VALUE_SECONDS) as usize];
    for point in points {
        if let Some(value) = values.get_mut((point.start.saturating_sub(start) / VALUE_SECONDS) as usize) {
            *value = [point.bytes[0], point.bytes[1]];
        }
    }
    values
}

/// The figures of a month; days in order, `None` = not read.
fn month(days: &[Option<Arc<Day>>]) -> Month {
    let days_missing = days.iter().filter(|day| day.is_none()).count() as u32;
    let values: Vec<[u64; 2]> = days.iter().flatten().flat_map(|day| day.iter().copied()).collect();
    // Neither the time before Floodmark watched nor the future counts as silence.
    let is_any = |value: &[u64; 2]| *value != [0, 0];
    let begin = values.iter().position(is_any).unwrap_or(values.len());
    let end = values.iter().rposition(is_any).map_or(begin, |last| last + 1);
    let watched = &values[begin..end];
    let of = |direction: usize| percentile(watched.iter().map(|value| value[direction]).collect());
    Month {
        days_missing,
        bytes_in: values.iter().map(|value| value[0]).sum(),
        bytes_out: values.iter().map(|value| value[1]).sum(),
        percentile_in: of(0),
        percentile_out: of(1),
    }
}

/// The 95th percentile as bits a second: the largest value after the highest 5 % are put aside.
fn percentile(mut values: Vec<u64>) -> f64 {
    values.sort_unstable();
    let place = (values.len() * 95).div_ceil(100).saturating_sub(1);
    values.get(place).map_or(0.0, |&bytes| bytes as f64 * 8.0 / f64::from(VALUE_SECONDS))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use store::Point;

    use super::{DAY, day, month, percentile};

    #[test]
    fn five_percent_are_put_aside() {
        let check = |values: Vec<u64>, expect: u64| {
            assert_eq!(percentile(values), expect as f64 * 8.0 / 300.0);
        };
        check((1..=100).collect(), 95);
        check((1..=20).rev().collect(), 19);
        check(vec![7], 7);
        check(vec![], 0);
    }

    #[test]
    fn time_before_the_first_value_is_not_silence() {
        let point = |start, bytes| Point { start, bytes: [bytes, 2 * bytes, 5, 5], ..Point::default() };
        let points: Vec<Point> = (0..40).map(|n| point(DAY + 60_000 + n * 300, 300)).collect();
        let days = [Some(Arc::new(day(0, &[]))), Some(Arc::new(day(DAY, &points)))];
        let found = month(&days);
        assert_eq!((found.bytes_in, found.bytes_out, found.days_missing), (12_000, 24_000, 0));
        assert_eq!((found.percentile_in, found.percentile_out), (8.0, 16.0));
        assert_eq!(month(&[None, None]).days_missing, 2);
        // A point of another day is nobody's.
        assert_eq!(day(0, &[point(DAY, 1)]).iter().flatten().sum::<u64>(), 0);
    }
}
