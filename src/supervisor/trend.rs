//! Where a number is going: a straight line through its last minute.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How far back is looked.
const WINDOW: Duration = Duration::from_secs(60);

/// Samples kept, at most; heartbeats come once a second.
const SAMPLES_MAX: usize = 128;

/// Fewer samples, or over a shorter time, show no trend.
const SAMPLES_MIN: usize = 8;

/// See [`SAMPLES_MIN`].
const SPAN_MIN: Duration = Duration::from_secs(8);

/// The line must explain this share of what the samples do (r²); otherwise they only jump about.
const EXPLAINED_MIN: f64 = 0.8;

/// The samples of one number.
#[derive(Clone, Debug, Default)]
pub struct Trend {
    samples: VecDeque<(Instant, f64)>,
}

impl Trend {
    /// Adds a sample and forgets those that are too old.
    pub fn push(&mut self, now: Instant, value: u64) {
        self.samples.push_back((now, value as f64));
        while self.samples.len() > SAMPLES_MAX
            || self.samples.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW)
        {
            self.samples.pop_front();
        }
    }

    /// How much it grows a second; `None` = there is no trend.
    pub fn per_second(&self) -> Option<f64> {
        let ((begin, _), (end, _)) = (self.samples.front()?, self.samples.back()?);
        if self.samples.len() < SAMPLES_MIN || end.duration_since(*begin) < SPAN_MIN {
            return None;
        }
        let count = self.samples.len() as f64;
        let seconds = |at: &Instant| at.duration_since(*begin).as_secs_f64();
        let mean_x = self.samples.iter().map(|(at, _)| seconds(at)).sum::<f64>() / count;
        let mean_y = self.samples.iter().map(|(_, value)| value).sum::<f64>() / count;
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (at, value) in &self.samples {
            let (x, y) = (seconds(at) - mean_x, value - mean_y);
            xx += x * x;
            xy += x * y;
            yy += y * y;
        }
        // All equal: it grows by nothing, and surely so.
        let explained = if yy > 0.0 { xy * xy / (xx * yy) } else { 1.0 };
        (explained >= EXPLAINED_MIN).then(|| xy / xx)
    }

    /// Seconds until it reaches `max` if it goes on like that; `None` when it does not grow. 0 = it is there.
    pub fn seconds_until(&self, max: u64) -> Option<u64> {
        let (_, now) = self.samples.back()?;
        let left = max as f64 - now;
        if left <= 0.0 {
            return Some(0);
        }
        let growth = self.per_second()?;
        // A float becomes the nearest integer there is; a century and more is never.
        (growth > 0.0).then(|| (left / growth) as u64).filter(|seconds| *seconds < 100 * 365 * 86_400)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{SAMPLES_MAX, Trend};

    #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
    fn trend(values: impl Iterator<Item = u64>) -> Trend {
        let (mut trend, begin) = (Trend::default(), Instant::now());
        values.zip(0..).for_each(|(value, at)| trend.push(begin + Duration::from_secs(at), value));
        trend
    }

    #[test]
    fn what_grows_steadily_is_foreseen() {
        let grows = trend((0..30).map(|second| 1_000 + 10 * second));
        assert!(grows.per_second().is_some_and(|rate| (rate - 10.0).abs() < 1e-6));
        assert_eq!(grows.seconds_until(1_000 + 290 + 500), Some(50));
        assert_eq!(grows.seconds_until(1_290), Some(0));
    }

    #[test]
    fn a_little_noise_does_not_hide_it() {
        let noisy = trend((0..60).map(|second| 10_000 + 100 * second + (second * 7919) % 97));
        let seconds = noisy.seconds_until(10_000 + 5_900 + 10_000).expect("a trend");
        assert!((95..=105).contains(&seconds), "{seconds}");
    }

    #[test]
    fn what_shrinks_stands_or_jumps_is_never_full() {
        assert_eq!(trend((0..60).map(|second| 1_000 - 10 * second)).seconds_until(2_000), None);
        assert_eq!(trend((0..60).map(|_| 500)).seconds_until(2_000), None);
        assert_eq!(trend((0..60).map(|second| second % 2 * 900)).seconds_until(2_000), None);
    }

    #[test]
    fn a_few_seconds_show_nothing() {
        assert_eq!(trend((0..7).map(|second| 100 * second)).seconds_until(2_000), None);
    }

    #[test]
    fn only_the_last_minute_counts_and_memory_is_bounded() {
        let turned = trend((0..100).map(|second| if second < 38 { second * 1_000 } else { 50_000 }));
        assert_eq!(turned.per_second(), Some(0.0));
        let long = trend(0..10_000);
        assert!(long.samples.len() <= SAMPLES_MAX);
    }
}
