//! When something fires so often that only its calm is worth a message.

use std::collections::VecDeque;

const MINUTE: u64 = 60_000_000_000;

/// So many times within that time is flapping, and is over after so long without a crossing: longer than the gaps that
/// made it flapping.
///
/// Once a minute for an hour: the first fires and resolves, the second is told as flapping, and that is all.
const RULES: [(usize, u64, u64); 3] =
    [(2, 5 * MINUTE, 10 * MINUTE), (3, 30 * MINUTE, 30 * MINUTE), (4, 120 * MINUTE, 60 * MINUTE)];

/// How long a time of firing is remembered.
pub const MEMORY_NS: u64 = 120 * MINUTE;

/// Times of firing that matter.
const FIRES_MAX: usize = 4;

/// The memory of one rule and subject. Times are of the machine's clock, ns.
#[derive(Clone, Debug, Default)]
pub struct Flap {
    fires: VecDeque<u64>,
    crossed: u64,
    calm: u64,
}

impl Flap {
    /// After a restart: when it fired is not known, so it needs the shortest calm.
    pub fn restored(clock: u64) -> Flap {
        Flap { fires: VecDeque::from([clock]), crossed: clock, calm: RULES[0].2 }
    }

    /// It fires; true = that is flapping.
    pub fn fires(&mut self, clock: u64) -> bool {
        self.fires.push_back(clock);
        if self.fires.len() > FIRES_MAX {
            self.fires.pop_front();
        }
        self.crossed = clock;
        let within = |(times, window, _): &&(usize, u64, u64)| {
            let first = self.fires.len().checked_sub(*times).and_then(|at| self.fires.get(at));
            first.is_some_and(|first| clock.saturating_sub(*first) <= *window)
        };
        let rule = RULES.iter().rev().find(within);
        self.calm = rule.map_or(0, |(_, _, calm)| *calm);
        rule.is_some()
    }

    /// It crossed the limit again.
    pub fn crossed(&mut self, clock: u64) {
        self.crossed = clock;
    }

    /// It has not crossed for long enough.
    pub fn is_calm(&self, clock: u64) -> bool {
        clock.saturating_sub(self.crossed) >= self.calm
    }

    /// It fired lately.
    pub fn remembers(&self, clock: u64) -> bool {
        self.fires.back().is_some_and(|last| clock.saturating_sub(*last) < MEMORY_NS)
    }
}
