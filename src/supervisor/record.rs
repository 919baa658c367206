//! What the supervisor keeps of one role: its lives, its failures, its work, and where that is going. Bounded.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use live::heartbeat::{Beat, Fill, Progress};
use live::line::{Failure, Forecast, Lives, RoleState};

use super::Now;
use super::trend::Trend;

/// Failures kept with their time and reason.
const FAILURES_KEPT: usize = 8;

/// See the module. Counts are since the supervisor's start.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Times it was started.
    pub starts: u64,
    /// Restarts that were asked for.
    pub planned: u64,
    failures: u64,
    silences: u64,
    started_ns: u64,
    ready_ms: Option<u64>,
    lives: Lives,
    lives_ms: u64,
    recent: VecDeque<Failure>,
    work: Work,
}

/// Of the life that runs.
#[derive(Clone, Debug, Default)]
struct Work {
    heard: Option<Instant>,
    told: Option<Instant>,
    status: String,
    progress: Progress,
    done_per_second: u64,
    queue: Trend,
    spool: Trend,
    lag: Trend,
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Record {
    /// A new life begins.
    pub fn started(&mut self, now: Now) {
        self.starts += 1;
        self.started_ns = now.wall_ns;
        self.ready_ms = None;
        self.work = Work::default();
    }

    /// It is ready, `after` its start.
    pub fn ready(&mut self, after: Duration) {
        self.ready_ms = Some(ms(after));
    }

    /// What it says of itself.
    pub fn heard(&mut self, beat: &Beat, now: Instant) {
        let work = &mut self.work;
        work.heard = Some(now);
        if let Some(status) = &beat.status {
            work.status.clone_from(status);
        }
        let Some(progress) = &beat.progress else { return };
        if let Some(told) = work.told {
            let more = progress.done.saturating_sub(work.progress.done);
            let seconds = now.duration_since(told).as_secs_f64().max(0.001);
            // A float becomes the nearest integer there is.
            work.done_per_second = (more as f64 / seconds) as u64;
        }
        work.told = Some(now);
        work.progress.clone_from(progress);
        work.queue.push(now, progress.queue.used);
        work.spool.push(now, progress.spool.used);
        work.lag.push(now, progress.lag_ms);
    }

    /// A life of this length ended, in whatever way.
    pub fn ended(&mut self, ran: Duration) {
        self.lives_ms = self.lives_ms.saturating_add(ms(ran));
        let lives = &mut self.lives;
        lives.count += 1;
        lives.last_ms = ms(ran);
        lives.max_ms = lives.max_ms.max(ms(ran));
        lives.mean_ms = self.lives_ms / lives.count;
    }

    /// It ended in a way that nobody had asked for.
    pub fn failed(&mut self, why: String, ran: Duration, was_silent: bool, wall_ns: u64) {
        self.failures += 1;
        self.silences += u64::from(was_silent);
        self.recent.push_back(Failure { time_ns: wall_ns, why, ran_ms: ms(ran) });
        if self.recent.len() > FAILURES_KEPT {
            self.recent.pop_front();
        }
    }

    /// Its part of the line; who calls adds name, state and process.
    pub fn state(&self, now: Instant) -> RoleState {
        let work = &self.work;
        let forecast = |fill: Fill, trend: &Trend| Forecast {
            fill,
            seconds_until_full: if fill.max == 0 { None } else { trend.seconds_until(fill.max) },
        };
        RoleState {
            status: work.status.clone(),
            starts: self.starts,
            restarts_planned: self.planned,
            failures: self.failures,
            silences: self.silences,
            started_ns: self.started_ns,
            ready_ms: self.ready_ms,
            heartbeat_ms: work.heard.map(|heard| ms(now.duration_since(heard))),
            lives: self.lives,
            recent_failures: self.recent.iter().cloned().collect(),
            done: work.progress.done,
            done_per_second: work.done_per_second,
            overloaded: work.progress.overloaded.clone().unwrap_or_default(),
            queue: forecast(work.progress.queue, &work.queue),
            spool: forecast(work.progress.spool, &work.spool),
            lag_ms: work.progress.lag_ms,
            lag_rise_ms_per_second: work.lag.per_second().map(|rise| rise as i64),
            ..RoleState::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use live::heartbeat::{Beat, Fill, Progress};

    use super::{FAILURES_KEPT, Record};
    use crate::supervisor::Now;

    #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
    fn now() -> Now {
        Now { instant: Instant::now(), wall_ns: 1_000 }
    }

    fn beat(done: u64, used: u64, lag_ms: u64) -> Beat {
        let fill = Fill { used, max: 1_000 };
        let progress = Progress { done, queue: fill, spool: fill, lag_ms, overloaded: None };
        Beat { alive: true, progress: Some(progress), ..Beat::default() }
    }

    #[test]
    fn work_rate_and_trend_are_of_this_life() {
        let (mut record, begin) = (Record::default(), now());
        record.started(begin);
        for second in 0..20u32 {
            let at = begin.instant + Duration::from_secs(u64::from(second));
            let second = u64::from(second);
            record.heard(&beat(500 * second, 100 + 10 * second, 900 * second), at);
        }
        let end = begin.instant + Duration::from_millis(19_250);
        let state = record.state(end);
        assert_eq!((state.done, state.done_per_second, state.heartbeat_ms), (9_500, 500, Some(250)));
        assert_eq!((state.queue.fill.used, state.queue.seconds_until_full), (290, Some(71)));
        assert_eq!((state.lag_ms, state.lag_rise_ms_per_second), (17_100, Some(900)));
        record.started(now());
        let state = record.state(end);
        assert_eq!((state.starts, state.done, state.queue.seconds_until_full, state.heartbeat_ms), (2, 0, None, None));
    }

    #[test]
    fn lives_and_failures_are_kept_and_bounded() {
        let mut record = Record::default();
        for second in 1..=100 {
            let ran = Duration::from_secs(second);
            record.started(now());
            record.ready(Duration::from_millis(70));
            record.ended(ran);
            record.failed(format!("signal {second}"), ran, second % 2 == 0, second);
        }
        let state = record.state(now().instant);
        assert_eq!((state.lives.count, state.lives.last_ms, state.lives.max_ms), (100, 100_000, 100_000));
        assert_eq!((state.lives.mean_ms, state.failures, state.silences), (50_500, 100, 50));
        assert_eq!(state.recent_failures.len(), FAILURES_KEPT);
        assert_eq!(state.recent_failures[FAILURES_KEPT - 1].why, "signal 100");
        assert_eq!(state.ready_ms, Some(70));
    }
}
