//! From counters that only grow to what they did in a second, a minute, ten minutes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How far back "recently" goes.
const RECENT: Duration = Duration::from_secs(600);

/// Steps of [`Recent`] that are told apart: one each 10 s.
const RECENT_STEP: Duration = Duration::from_secs(10);

/// What "it does not fill" is as a time, seconds: ten years, so that it can be compared.
pub const NEVER_S: f64 = 315_360_000.0;

/// Growth of a counter a second, between the two newest lines.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    before: Option<(u64, u64, i64)>,
    rate: f64,
}

impl Rate {
    /// The counter's value in the line of `epoch` and `time_ns`. NaN until there are two lines of one epoch. A counter
    /// that falls gives a rate below 0.
    pub fn update(&mut self, epoch: u64, time_ns: u64, value: i64) -> f64 {
        match self.before {
            // The same line again.
            Some((_, before_ns, _)) if before_ns == time_ns => return self.rate,
            Some((of, before_ns, before)) if of == epoch && time_ns > before_ns => {
                let seconds = (time_ns - before_ns) as f64 / 1e9;
                self.rate = value.saturating_sub(before) as f64 / seconds;
            }
            _ => self.rate = f64::NAN,
        }
        self.before = Some((epoch, time_ns, value));
        self.rate
    }
}

/// How much a counter grew in the last ten minutes. What it had before it was seen first does not count.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    before: Option<(u64, u64)>,
    steps: VecDeque<(Instant, u64)>,
}

impl Recent {
    /// The counter's value now; `life` changes when it begins anew from 0.
    pub fn update(&mut self, now: Instant, life: u64, value: u64) -> f64 {
        let grown = match self.before {
            None => 0,
            Some((of, before)) if of == life => value.saturating_sub(before),
            Some(_) => value,
        };
        self.before = Some((life, value));
        self.add(now, grown)
    }

    /// So many more.
    pub fn add(&mut self, now: Instant, grown: u64) -> f64 {
        while self.steps.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) >= RECENT) {
            self.steps.pop_front();
        }
        match self.steps.back_mut() {
            Some((at, sum)) if now.saturating_duration_since(*at) < RECENT_STEP => *sum += grown,
            _ if grown > 0 => self.steps.push_back((now, grown)),
            _ => {}
        }
        self.steps.iter().map(|(_, sum)| *sum).sum::<u64>() as f64
    }
}

/// How a size grew over the last minute, and when it reaches its bound if that goes on.
#[derive(Clone, Debug, Default)]
pub struct Trend {
    points: VecDeque<(Instant, u64)>,
}

impl Trend {
    /// What the trend looks back at.
    const SPAN: Duration = Duration::from_secs(60);
    /// Less than that is no trend.
    const SPAN_MIN: Duration = Duration::from_secs(10);

    /// Bytes a second, and seconds until `max`, at most [`NEVER_S`]; NaN while there is no trend yet.
    pub fn update(&mut self, now: Instant, size: u64, max: u64) -> (f64, f64) {
        while self.points.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > Self::SPAN) {
            self.points.pop_front();
        }
        if self.points.back().is_none_or(|(at, _)| now.saturating_duration_since(*at) >= Duration::from_millis(900)) {
            self.points.push_back((now, size));
        }
        let Some((first, before)) = self.points.front().copied() else { return (f64::NAN, f64::NAN) };
        let span = now.saturating_duration_since(first);
        if span < Self::SPAN_MIN {
            return (f64::NAN, f64::NAN);
        }
        let growth = (size as f64 - before as f64) / span.as_secs_f64();
        let left = if growth > 0.0 { max.saturating_sub(size) as f64 / growth } else { NEVER_S };
        (growth, left.min(NEVER_S))
    }
}
