//! The time that retention believes. A clock that was set wrong (an empty battery, a bad time server) must not cost a
//! year of rows: a sudden change is believed only after it has stood for a day.

use std::time::Duration;

use crate::limits::{CLOCK_CONFIRM, CLOCK_GAP_MAX, CLOCK_TOLERANCE};

/// UNIX seconds of a machine's clock, and the steady time at which they were read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    wall: u32,
    steady: Duration,
}

impl Reading {
    /// What the clock shows at `steady` if nobody sets it.
    fn at(self, steady: Duration) -> u32 {
        let passed = steady.saturating_sub(self.steady).as_secs();
        u32::try_from(u64::from(self.wall) + passed).unwrap_or(u32::MAX)
    }

    fn agrees(self, other: Reading) -> bool {
        u64::from(self.at(other.steady).abs_diff(other.wall)) <= CLOCK_TOLERANCE.as_secs()
    }
}

/// See the module. Pure: both clocks are arguments.
#[derive(Debug)]
pub struct TrustedClock {
    /// When rows arrived in earlier lives, sorted.
    arrivals: Vec<u32>,
    believed: Reading,
    /// A clock that is not believed: when it was first seen, and the last reading of it.
    doubted: Option<(Duration, Reading)>,
}

impl TrustedClock {
    /// `arrivals` = times at which rows were stored so far, which say what this machine's clock once was.
    pub fn new(mut arrivals: Vec<u32>, now: u32, steady: Duration) -> TrustedClock {
        arrivals.sort_unstable();
        let reading = Reading { wall: now, steady };
        let mut clock = TrustedClock { arrivals, believed: reading, doubted: None };
        if let Some(before) = clock.before_gap(now) {
            clock.believed.wall = before;
            clock.doubted = Some((steady, reading));
        }
        clock
    }

    /// The last arrival before the time that the clock shows now began, when that time is new: it lies far behind all
    /// that was stored before, and rows arrived in it for less than a day.
    fn before_gap(&self, now: u32) -> Option<u32> {
        let mut later = now;
        for &arrival in self.arrivals.iter().rev().filter(|arrival| **arrival <= now) {
            if u64::from(now - later) >= CLOCK_CONFIRM.as_secs() {
                return None;
            }
            if u64::from(later - arrival) > CLOCK_GAP_MAX.as_secs() {
                return Some(arrival);
            }
            later = arrival;
        }
        None
    }

    /// Whether the clock was behind what is stored, and `now` is a time just after it: it was set right.
    fn is_mended(&self, now: u32) -> bool {
        let newest = self.arrivals.iter().rev().find(|arrival| **arrival <= now);
        newest.is_some_and(|newest| self.believed.wall < *newest && self.before_gap(now).is_none())
    }

    /// Takes a reading of both clocks and answers the time to believe, in UNIX seconds; [`TrustedClock::doubts`] tells
    /// whether it is the clock's.
    pub fn look(&mut self, now: u32, steady: Duration) -> u32 {
        let reading = Reading { wall: now, steady };
        if self.believed.agrees(reading) || self.is_mended(now) {
            (self.believed, self.doubted) = (reading, None);
            return now;
        }
        let since = match self.doubted {
            Some((since, last)) if last.agrees(reading) => since,
            _ => steady,
        };
        if steady.saturating_sub(since) >= CLOCK_CONFIRM {
            (self.believed, self.doubted) = (reading, None);
            return now;
        }
        self.doubted = Some((since, reading));
        self.believed.at(steady)
    }

    /// The clock is not believed now.
    pub fn doubts(&self) -> bool {
        self.doubted.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u32 = 1_795_305_600;
    const DAY: u32 = 86_400;
    const HOUR: u32 = 3_600;

    fn secs(seconds: u32) -> Duration {
        Duration::from_secs(u64::from(seconds))
    }

    /// Arrivals of the last days, as a service that ran has them.
    fn history() -> Vec<u32> {
        (0..30).map(|days| NOW - days * DAY).collect()
    }

    #[test]
    fn a_clock_that_runs_is_believed() {
        let mut clock = TrustedClock::new(history(), NOW, secs(0));
        for hours in 1..100 {
            assert_eq!(clock.look(NOW + hours * HOUR, secs(hours * HOUR)), NOW + hours * HOUR);
            assert!(!clock.doubts());
        }
        let mut first = TrustedClock::new(Vec::new(), NOW, secs(0));
        assert_eq!(first.look(NOW, secs(0)), NOW, "nothing is stored: there is nothing to lose");
    }

    #[test]
    fn a_clock_that_is_set_is_believed_only_after_a_day() {
        for set_to in [NOW + 40 * DAY, u32::MAX - 2 * DAY, NOW - 10 * 365 * DAY, NOW + DAY, 1] {
            let mut clock = TrustedClock::new(history(), NOW, secs(0));
            assert_eq!(clock.look(NOW + 600, secs(600)), NOW + 600);
            for hours in 1..24 {
                let steady = 600 + hours * HOUR;
                assert_eq!(clock.look(set_to + hours * HOUR, secs(steady)), NOW + steady, "to {set_to}, {hours} h");
                assert!(clock.doubts());
            }
            let later = set_to + 26 * HOUR;
            assert_eq!(clock.look(later, secs(600 + 26 * HOUR)), later);
            assert!(!clock.doubts());
        }
    }

    #[test]
    fn a_clock_that_comes_back_is_believed_at_once_and_one_that_wanders_never() {
        let mut clock = TrustedClock::new(history(), NOW, secs(0));
        assert_eq!(clock.look(u32::MAX, secs(HOUR)), NOW + HOUR);
        assert_eq!(clock.look(NOW + 2 * HOUR, secs(2 * HOUR)), NOW + 2 * HOUR);
        assert!(!clock.doubts());
        for hours in 3..60 {
            let wandering = NOW + hours * 90 * DAY;
            assert_eq!(clock.look(wandering, secs(hours * HOUR)), NOW + hours * HOUR);
        }
    }

    #[test]
    fn a_start_far_behind_all_that_is_stored_is_doubted_also_again_and_again() {
        let wrong = u32::MAX - 30 * DAY;
        let mut clock = TrustedClock::new(history(), wrong, secs(0));
        assert_eq!(clock.look(wrong + 300, secs(300)), NOW + 300);
        // Rows arrived in the wrong time; the next start knows them, and those before.
        let mut poisoned = history();
        poisoned.extend([wrong, wrong + 300, wrong + 7 * HOUR]);
        let mut clock = TrustedClock::new(poisoned.clone(), wrong + 8 * HOUR, secs(0));
        assert!(clock.doubts());
        assert_eq!(clock.look(wrong + 9 * HOUR, secs(HOUR)), NOW + HOUR);
        // Set right again, they are the future's and say nothing.
        let mut clock = TrustedClock::new(poisoned.clone(), NOW + 9 * HOUR, secs(0));
        assert_eq!((clock.look(NOW + 10 * HOUR, secs(HOUR)), clock.doubts()), (NOW + 10 * HOUR, false));
        // A machine that was off for long and has run for more than a day since.
        poisoned.push(wrong + 2 * DAY);
        assert!(!TrustedClock::new(poisoned, wrong + 2 * DAY, secs(0)).doubts());
    }

    #[test]
    fn a_machine_that_starts_without_a_clock_is_believed_once_it_has_one() {
        let mut clock = TrustedClock::new(history(), 5, secs(0));
        assert_eq!(clock.look(65, secs(60)), 65, "of 1970 nothing is too old");
        assert_eq!(clock.look(NOW + DAY, secs(90)), NOW + DAY);
        assert!(!clock.doubts());
    }
}
