//! The role's clocks: the wall clock, by which the kernel stamps frames, and a steady one that tells when it was set.

use std::time::{Duration, Instant};

use crate::limits::CLOCK_STEP_MIN_NS;

/// One thread's view of both clocks.
pub struct Clock {
    begun: Instant,
    steps: Steps,
}

impl Clock {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "the role's steady clock: it tells when the wall clock was set")]
    pub fn start() -> Clock {
        Clock { begun: Instant::now(), steps: Steps::default() }
    }

    /// Time that passed since the start, whatever the wall clock did.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The wall clock in ns, and by how much it was set since the last look, if it was.
    pub fn look(&mut self) -> (u64, Option<i64>) {
        let now = super::now_ns();
        let steady = u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX);
        (now, self.steps.look(now, steady))
    }
}

/// Finds steps: the distance of the two clocks changes at once, not little by little as when the wall clock is slewed.
#[derive(Debug, Default)]
struct Steps {
    offset_ns: Option<i128>,
}

impl Steps {
    fn look(&mut self, wall_ns: u64, steady_ns: u64) -> Option<i64> {
        let offset = i128::from(wall_ns) - i128::from(steady_ns);
        let by = offset - self.offset_ns.replace(offset)?;
        let stepped = by.unsigned_abs() >= u128::from(CLOCK_STEP_MIN_NS);
        stepped.then(|| i64::try_from(by).unwrap_or(if by < 0 { i64::MIN } else { i64::MAX }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SECOND_NS;

    #[test]
    fn a_clock_that_is_set_is_told_from_one_that_is_slewed_and_from_a_thread_that_slept() {
        let mut steps = Steps::default();
        let (mut wall, mut steady) = (1_800_000_000 * SECOND_NS, 0);
        assert_eq!(steps.look(wall, steady), None, "the first look knows no earlier one");
        for _ in 0..10_000 {
            // 500 ppm, the most that an NTP daemon slews.
            (wall, steady) = (wall + 100_050_000, steady + 100_000_000);
            assert_eq!(steps.look(wall, steady), None);
        }
        (wall, steady) = (wall + 3600 * SECOND_NS, steady + 3600 * SECOND_NS);
        assert_eq!(steps.look(wall, steady), None, "an hour in a stopped process is an hour");
        for by in [3600, -3600, 1_000_000_000, -315_360_000] {
            wall = wall.saturating_add_signed(by * SECOND_NS as i64);
            assert_eq!(steps.look(wall, steady), Some(by * SECOND_NS as i64));
            assert_eq!(steps.look(wall, steady), None);
        }
        wall -= SECOND_NS;
        assert_eq!(steps.look(wall, steady), None, "below the bound a step is borne");
    }
}
