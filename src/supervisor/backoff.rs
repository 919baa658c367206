//! How long a role that died waits for its next start.

use std::time::Duration;

/// The waiting times of a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// After the second failure in a row; doubled at each that follows. After the first a role starts at once.
    pub first: Duration,
    /// Never more than this.
    pub longest: Duration,
    /// Nor this, for a role that had become ready: each second that it works is worth a start.
    pub longest_of_working: Duration,
    /// A role that ran this long is healthy: its next failure counts as the first.
    pub steady: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            longest_of_working: Duration::from_secs(8),
            steady: Duration::from_secs(60),
        }
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

    /// Failures in a row.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// A role that has been ready for this long is healthy: earlier failures are forgiven. Tells whether there were any.
    pub fn held(&mut self, ran: Duration) -> bool {
        ran >= self.pace.steady && std::mem::take(&mut self.failures) > 0
    }

    /// Counts a failure of a role that `had_worked` or had never become ready, and says how long to wait: after the
    /// first up to a fifth of `first`, later up to a quarter more than the doubled time, by `random`, so that roles
    /// that died together do not come back together.
    pub fn after_failure(&mut self, had_worked: bool, random: u64) -> Duration {
        let pace = self.pace;
        let longest = if had_worked { pace.longest_of_working } else { pace.longest };
        let doubled = match self.failures {
            0 => Duration::ZERO,
            again => pace.first.saturating_mul(1 << (again - 1).min(16)).min(longest),
        };
        self.failures = self.failures.saturating_add(1);
        let spread = if doubled.is_zero() { pace.first / 5 } else { doubled / 4 };
        let spread_ms = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX).max(1);
        (doubled + Duration::from_millis(random % spread_ms)).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Backoff, Pace};

    #[test]
    fn the_first_start_comes_at_once_and_waits_double_up_to_a_minute() {
        let mut backoff = Backoff::new(Pace::default());
        let waits: Vec<u64> = (0..9).map(|_| backoff.after_failure(false, 0).as_secs()).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn a_role_that_works_for_a_while_is_not_kept_waiting_for_long() {
        let mut backoff = Backoff::new(Pace::default());
        let waits: Vec<u64> = (0..7).map(|_| backoff.after_failure(true, 0).as_secs()).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 8, 8]);
    }

    #[test]
    fn a_healthy_run_forgives() {
        let mut backoff = Backoff::new(Pace::default());
        for _ in 0..1_000 {
            backoff.after_failure(false, 0);
        }
        assert!(!backoff.held(Duration::from_secs(59)) && backoff.failures() == 1_000);
        assert!(backoff.held(Duration::from_secs(60)));
        assert!(!backoff.held(Duration::from_secs(61)), "there is nothing more to forgive");
        assert_eq!(backoff.after_failure(false, 0), Duration::ZERO);
    }

    #[test]
    fn jitter_stays_within_its_bounds() {
        for random in [0, 1, 199, 200, 249, 250, 12_345_678_901, u64::MAX] {
            let mut backoff = Backoff::new(Pace::default());
            let (first, second) = (backoff.after_failure(false, random), backoff.after_failure(false, random));
            assert!(first.as_millis() < 200, "{first:?}");
            assert!((1_000..1_250).contains(&second.as_millis()), "{second:?}");
            let longest = (0..10).map(|_| backoff.after_failure(false, random)).max();
            assert_eq!(longest, Some(Duration::from_secs(60)));
        }
    }
}
