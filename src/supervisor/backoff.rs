//! How long a role that died waits for its next start.

use std::time::Duration;

/// The waiting times of a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// After the first failure; doubled at each that follows.
    pub first: Duration,
    /// Never more than this.
    pub longest: Duration,
    /// A role that ran this long is healthy: its next failure counts as the first.
    pub steady: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { first: Duration::from_secs(1), longest: Duration::from_secs(60), steady: Duration::from_secs(60) }
    }
}

/// The failures in a row of one role.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    pace: Pace,
    failures: u32,
}

impl Backoff {
    /// Without failures.
    pub const fn new(pace: Pace) -> Backoff {
        Backoff { pace, failures: 0 }
    }

    /// Counts a failure of a role that `ran` this long, and says how long to wait: up to a quarter more than the
    /// doubled time, by `random`, so that roles that died together do not come back together.
    pub fn after_failure(&mut self, ran: Duration, random: u64) -> Duration {
        if ran >= self.pace.steady {
            self.failures = 0;
        }
        let doubled = self.pace.first.saturating_mul(1 << self.failures.min(16)).min(self.pace.longest);
        self.failures = self.failures.saturating_add(1);
        let quarter_ms = u64::try_from(doubled.as_millis() / 4).unwrap_or(u64::MAX).max(1);
        (doubled + Duration::from_millis(random % quarter_ms)).min(self.pace.longest)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Backoff, Pace};

    const AT_ONCE: Duration = Duration::ZERO;

    #[test]
    fn waits_double_up_to_a_minute() {
        let mut backoff = Backoff::new(Pace::default());
        let waits: Vec<u64> = (0..9).map(|_| backoff.after_failure(AT_ONCE, 0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_healthy_run_forgives() {
        let mut backoff = Backoff::new(Pace::default());
        for _ in 0..1_000 {
            backoff.after_failure(AT_ONCE, 0);
        }
        assert_eq!(backoff.after_failure(Duration::from_secs(60), 0), Duration::from_secs(1));
    }

    #[test]
    fn jitter_stays_within_a_quarter_and_the_bound() {
        for random in [0, 1, 249, 250, 12_345_678_901, u64::MAX] {
            let mut backoff = Backoff::new(Pace::default());
            let first = backoff.after_failure(AT_ONCE, random);
            assert!((1_000..1_250).contains(&first.as_millis()), "{first:?}");
            let longest = (0..10).map(|_| backoff.after_failure(AT_ONCE, random)).max();
            assert_eq!(longest, Some(Duration::from_secs(60)));
        }
    }
}
