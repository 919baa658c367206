//! The way a search for one address goes through times in which the address is not: by the store's notes.

use std::time::Duration;

use store::{FlowSpan, Noted};
use tokio::time::Instant;

use super::{Stored, StoredError};

/// Time of which notes are asked for at first, seconds.
const WIDTH_FIRST: u32 = 6 * 3_600;

/// And at last: notes are small, and a question for them is short.
const WIDTH_MAX: u32 = 64 * 86_400;

/// A shorter one would be about less than one note.
const WIDTH_MIN: u32 = 600;

/// An answer that came so quickly is followed by a question for more.
const QUICK: Duration = Duration::from_millis(150);

/// What is next below a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Rows may have the address here, and nowhere between here and the time that was asked for.
    At(FlowSpan),
    /// No row has it from this time on; ask again from here.
    Down(u32),
    /// Rows of before are in no notes.
    Unknown,
}

/// Where one address may be, as far as it was asked.
#[derive(Clone, Debug)]
pub(super) struct Notes {
    address: [u8; 16],
    /// Rows of before may be in no note.
    begin: u32,
    known: Noted,
    /// Below this time all that is in `known` counts.
    until: u32,
    width: u32,
}

impl Notes {
    /// `None` where the notes cannot be relied on now.
    pub(super) async fn of(stored: &Stored, address: [u8; 16]) -> Result<Option<Notes>, StoredError> {
        let begin = stored.notes_begin().await?;
        let notes = |begin| Notes { address, begin, known: Noted::default(), until: 0, width: WIDTH_FIRST };
        Ok(begin.map(notes))
    }

    /// What is next from `since` to before `until`.
    pub(super) async fn next(&mut self, stored: &Stored, (since, until): (u32, u32)) -> Result<Next, StoredError> {
        let since = since.max(self.begin);
        if until <= since {
            return Ok(if until <= self.begin { Next::Unknown } else { Next::Down(until) });
        }
        if until <= self.known.from || until > self.until {
            match self.ask(stored, (since, until)).await {
                Ok(()) => {}
                Err(StoredError::TooSlow) if self.width > WIDTH_MIN => {
                    self.width = (self.width / 8).max(WIDTH_MIN);
                    return Ok(Next::Down(until));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(first_below(&self.known, (since, until)))
    }

    async fn ask(&mut self, stored: &Stored, (since, until): (u32, u32)) -> Result<(), StoredError> {
        let low = since.max(until.saturating_sub(self.width));
        let begun = Instant::now();
        self.known = stored.noted(self.address, (low, until)).await?;
        self.until = until;
        if begun.elapsed() < QUICK {
            self.width = self.width.saturating_mul(4).min(WIDTH_MAX);
        }
        Ok(())
    }
}

/// The place nearest to `until`, cut to what is asked for.
fn first_below(known: &Noted, (since, until): (u32, u32)) -> Next {
    // They are in the order of their ends: the first that begins below `until` reaches furthest there.
    let span = known.spans.iter().find(|span| span.oldest < until && span.newest >= since.max(known.from));
    match span {
        Some(span) => {
            Next::At(FlowSpan { oldest: span.oldest.max(since).max(known.from), newest: span.newest.min(until - 1) })
        }
        None => Next::Down(known.from.max(since)),
    }
}

#[cfg(test)]
mod tests {
    use store::{FlowSpan, Noted};

    use super::{Next, first_below};

    #[test]
    fn the_place_that_reaches_furthest_below_a_time_is_next() {
        let span = |oldest, newest| FlowSpan { oldest, newest };
        let known = Noted { spans: vec![span(600, 1_000), span(800, 900), span(100, 110)], from: 50 };
        assert_eq!(first_below(&known, (0, 2_000)), Next::At(span(600, 1_000)));
        assert_eq!(first_below(&known, (0, 950)), Next::At(span(600, 949)));
        assert_eq!(first_below(&known, (850, 2_000)), Next::At(span(850, 1_000)));
        assert_eq!(first_below(&known, (0, 600)), Next::At(span(100, 110)));
        assert_eq!(first_below(&known, (0, 100)), Next::Down(50));
        assert_eq!(first_below(&known, (60, 100)), Next::Down(60));
        assert_eq!(first_below(&Noted { spans: Vec::new(), from: 7 }, (0, 100)), Next::Down(7));
    }
}
