//! Whether ingest makes progress: each reader and each lane marks that it moved, or that it rightly waits.
//!
//! A database that is away is no fault of this process: a lane that tries again and again moves. What does not move
//! is a deadlock or a call that never returns; ingest then says nothing to its supervisor, and is started anew.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Above the longest time that a transaction, a connection or a migration may take: those end by time-outs of their
/// own, and are then tried again.
const MOVES_WITHIN: Duration = Duration::from_secs(330);

/// Who moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The thread that reads the spools for a lane.
    Reader(usize),
    /// The connection.
    Lane(usize),
}

/// The last move of each part; `None` = it waits for others, as long as it takes.
#[derive(Debug, Default)]
pub struct Pulse {
    moved: Mutex<[Vec<Option<Instant>>; 2]>,
}

#[expect(clippy::disallowed_methods, reason = "silence is time that passed, whatever the wall clock does")]
fn now() -> Instant {
    Instant::now()
}

impl Pulse {
    /// For `lanes` connections; all wait.
    pub fn new(lanes: usize) -> Pulse {
        Pulse { moved: Mutex::new([vec![None; lanes], vec![None; lanes]]) }
    }

    /// The part does something.
    pub fn moves(&self, part: Part) {
        self.mark(part, Some(now()));
    }

    /// The part has nothing to do until another moves.
    pub fn waits(&self, part: Part) {
        self.mark(part, None);
    }

    fn mark(&self, part: Part, at: Option<Instant>) {
        // Every change is one assignment: a part that panicked cannot have left half of one.
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        match part {
            Part::Reader(lane) => moved[0][lane] = at,
            Part::Lane(lane) => moved[1][lane] = at,
        }
    }

    /// Whether every part moves or rightly waits.
    pub fn is_well(&self) -> bool {
        self.is_well_at(now())
    }

    fn is_well_at(&self, now: Instant) -> bool {
        let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        moved.iter().flatten().flatten().all(|at| now.saturating_duration_since(*at) <= MOVES_WITHIN)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{MOVES_WITHIN, Part, Pulse, now};

    #[test]
    fn who_waits_is_well_and_who_stands_still_is_not() {
        let (pulse, second) = (Pulse::new(2), Duration::from_secs(1));
        let later = now() + MOVES_WITHIN + second;
        assert!(pulse.is_well_at(later), "nothing to do is no fault");
        pulse.moves(Part::Lane(1));
        assert!(pulse.is_well_at(later - 2 * second) && !pulse.is_well_at(later + second));
        pulse.waits(Part::Lane(1));
        pulse.moves(Part::Reader(0));
        assert!(!pulse.is_well_at(later + second));
        pulse.waits(Part::Reader(0));
        assert!(pulse.is_well_at(later + second));
    }
}
