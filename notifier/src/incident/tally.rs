//! What was lost, by the roles' own counters, added up over their restarts and this process's, so that an incident's
//! report can say what was lost while it went on.

use serde::{Deserialize, Serialize};

use crate::notice::Losses;

/// Between two times that it is made durable for the sake of values that moved, ns.
const SAVE_NS: u64 = 60 * 1_000_000_000;

/// One role's counters, cumulative in its epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Life of the role.
    pub epoch: u64,
    /// Those that it does not tell are 0.
    pub losses: Losses,
}

/// The counters as the roles told them last; `None` = it does not speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// capture's.
    pub capture: Option<Counters>,
    /// ingest's.
    pub ingest: Option<Counters>,
}

/// The sum since the state file began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    sum: Losses,
    capture: Option<Counters>,
    ingest: Option<Counters>,
    #[serde(skip)]
    saved_ns: u64,
}

impl Tally {
    /// Takes what the roles tell; `true` = it should be made durable.
    ///
    /// A new epoch counts from its start: all of it is new. What an epoch counted after the last look is not seen.
    pub fn observe(&mut self, told: &Told, now_ns: u64) -> bool {
        let before = (self.sum, self.capture.map(|last| last.epoch), self.ingest.map(|last| last.epoch));
        for (last, told) in [(&mut self.capture, told.capture), (&mut self.ingest, told.ingest)] {
            let Some(told) = told else { continue };
            match last {
                // What was lost before anybody looked belongs to no incident.
                None => {}
                Some(last) if last.epoch == told.epoch => self.sum.add(&told.losses.since(&last.losses)),
                Some(_) => self.sum.add(&told.losses),
            }
            *last = Some(told);
        }
        let after = (self.sum, self.capture.map(|last| last.epoch), self.ingest.map(|last| last.epoch));
        let is_due = before != after && now_ns.saturating_sub(self.saved_ns) >= SAVE_NS;
        if is_due {
            self.saved_ns = now_ns;
        }
        is_due
    }

    /// All that was lost since the state file began; `None` = no role has ever told.
    pub fn sum(&self) -> Option<Losses> {
        (self.capture.is_some() || self.ingest.is_some()).then_some(self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::{Counters, Tally, Told};
    use crate::notice::Losses;

    fn capture(epoch: u64, dropped: u64, pre_tap: i64) -> Told {
        let losses = Losses { dropped, pre_tap, ..Losses::default() };
        Told { capture: Some(Counters { epoch, losses }), ingest: None }
    }

    #[test]
    fn losses_add_up_over_epochs_and_restarts() {
        let mut tally = Tally::default();
        assert_eq!(tally.sum(), None);
        tally.observe(&capture(1, 100, 5), 1);
        assert_eq!(tally.sum(), Some(Losses::default()), "what was before belongs to no incident");
        tally.observe(&capture(1, 130, 3), 2);
        tally.observe(&Told::default(), 3);
        let json = serde_json::to_string(&tally).expect("JSON");
        let mut again: Tally = serde_json::from_str(&json).expect("as written");
        again.observe(&capture(1, 140, 4), 4);
        again.observe(&capture(2, 7, 1), 5);
        let parked = Losses { rows_parked: 2, ..Losses::default() };
        let ingest = |losses| Told { capture: None, ingest: Some(Counters { epoch: 1, losses }) };
        again.observe(&ingest(Losses::default()), 6);
        again.observe(&ingest(parked), 7);
        let expect = Losses { dropped: 47, pre_tap: 0, rows_parked: 2, ..Losses::default() };
        assert_eq!(again.sum(), Some(expect));
    }

    #[test]
    fn a_second_without_news_is_not_written() {
        let mut tally = Tally::default();
        assert!(tally.observe(&capture(1, 0, 0), super::SAVE_NS));
        assert!(!tally.observe(&capture(1, 0, 0), 3 * super::SAVE_NS));
        assert!(tally.observe(&capture(1, 1, 0), 4 * super::SAVE_NS));
        assert!(!tally.observe(&capture(1, 2, 0), 4 * super::SAVE_NS + 1), "once a minute");
    }
}
