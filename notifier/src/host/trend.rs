//! When a disk will be full, if the last hour goes on.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A point is kept every so often; between them the newest stands alone.
const STEP: Duration = Duration::from_secs(60);

/// Points of an hour.
const POINTS_MAX: usize = 61;

/// Less than this says nothing of a trend.
const SPAN_MIN: Duration = Duration::from_secs(15 * 60);

/// Beyond a month it does not fill: one hour does not tell so far ahead.
const HOURS_MAX: f64 = 30.0 * 24.0;

/// What was free at points of the last hour.
#[derive(Clone, Debug, Default)]
pub struct Trend {
    points: VecDeque<(Instant, u64)>,
}

impl Trend {
    /// Adds what is free now.
    pub fn add(&mut self, at: Instant, available: u64) {
        let is_near = |(last, _): &(Instant, u64)| at.saturating_duration_since(*last) < STEP;
        if self.points.back().is_some_and(is_near) {
            return;
        }
        self.points.push_back((at, available));
        if self.points.len() > POINTS_MAX {
            self.points.pop_front();
        }
    }

    /// Hours until nothing is free, by the straight line that fits best; `None` = it does not fill, or too little is
    /// known.
    pub fn hours_left(&self) -> Option<f64> {
        let ((first, _), (last, available)) = (*self.points.front()?, *self.points.back()?);
        if last.saturating_duration_since(first) < SPAN_MIN {
            return None;
        }
        let count = self.points.len() as f64;
        let hours = |at: Instant| at.saturating_duration_since(first).as_secs_f64() / 3600.0;
        let mean_x = self.points.iter().map(|(at, _)| hours(*at)).sum::<f64>() / count;
        let mean_y = self.points.iter().map(|(_, y)| *y as f64).sum::<f64>() / count;
        let (mut xy, mut xx) = (0.0, 0.0);
        for (at, y) in &self.points {
            let x = hours(*at) - mean_x;
            xy += x * (*y as f64 - mean_y);
            xx += x * x;
        }
        let per_hour = xy / xx;
        let left = available as f64 / -per_hour;
        (per_hour < 0.0 && left.is_finite() && left <= HOURS_MAX).then_some(left)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests give the clock that a caller would")]
mod tests {
    use std::time::{Duration, Instant};

    use super::{POINTS_MAX, Trend};

    fn after(minutes: u64, available: impl Fn(u64) -> u64) -> Option<f64> {
        let (start, mut trend) = (Instant::now(), Trend::default());
        for tick in 0..minutes * 6 {
            trend.add(start + Duration::from_secs(tick * 10), available(tick / 6));
        }
        assert!(trend.points.len() <= POINTS_MAX);
        trend.hours_left()
    }

    #[test]
    fn hours_left_follow_the_last_hour() {
        let check = |minutes, available: fn(u64) -> u64, expect: Option<f64>| {
            let found = after(minutes, available);
            let near = match (found, expect) {
                (Some(a), Some(b)) => (a - b).abs() <= 0.05 * b,
                (a, b) => a == b,
            };
            assert!(near, "{found:?}, not {expect:?}");
        };
        check(60, |minute| 120_000 - minute * 1_000, Some(1.0));
        check(10, |minute| 120_000 - minute * 1_000, None);
        check(60, |_| 120_000, None);
        check(60, |minute| 1_000 + minute, None);
        check(60, |minute| u64::MAX - minute, None);
        // Three hours of calm, then an hour of writing: the last hour counts.
        check(240, |minute| 200_000 - minute.saturating_sub(180) * 1_000, Some(141_000.0 / 60_000.0));
        check(60, |minute| if minute > 20 { 0 } else { 100_000 - minute * 5_000 }, Some(0.0));
    }
}
