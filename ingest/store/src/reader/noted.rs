//! Where an address may be: the notes that were stored with the flow rows.

use super::{FromRow, Kind, Reader, Select, Value, interruptible};
use crate::error::StoreError;
use crate::limits::{NOTE_SECONDS, NOTES_READ_MAX};
use crate::notes;
use crate::reader::FlowSpan;
use crate::session::Get;
use crate::sqlite::{day_files, open_day_for_reading};

const DOING: &str = "reading notes of addresses";

/// The times at which flow rows may have an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// Stretches of ten minutes at most, the one that reaches furthest first; they may overlap.
    pub spans: Vec<FlowSpan>,
    /// From this time on (UNIX seconds) these are all; what is older was not asked for.
    pub from: u32,
}

/// A note's begin of its stretch, and the times of its rows.
struct Found(u32, FlowSpan);

impl FromRow for Found {
    fn from_row<G: Get>(row: &G) -> Result<Found, sqlx::Error> {
        Ok(Found(row.u32(0)?, FlowSpan { oldest: row.u32(1)?, newest: row.u32(2)? }))
    }
}

/// Since when, and how many rows were without notes then.
struct Begun(u32, u64);

impl FromRow for Begun {
    fn from_row<G: Get>(row: &G) -> Result<Begun, sqlx::Error> {
        Ok(Begun(row.u32(0)?, row.u64(1)?))
    }
}

impl Reader {
    /// From which time on (UNIX seconds) all flow rows are in notes; `None` = not known: a program of an earlier version
    /// has stored rows since, and the retention of this version has not looked yet.
    pub async fn notes_begin(&mut self) -> Result<Option<u32>, StoreError> {
        let text = "SELECT ts, unnoted_rows FROM flow_notes_begin WHERE id = 1".to_owned();
        let begun: Option<Begun> = self.select(Select { doing: DOING, text, values: Vec::new() }).await?.pop();
        let Some(Begun(ts, known)) = begun else { return Ok(None) };
        // After it: rows that come without notes meanwhile make the two differ.
        let unnoted = notes::unnoted(&self.fences().await?);
        Ok((unnoted == known).then_some(ts))
    }

    /// At which times from `since` to before `until` (UNIX seconds) flow rows may have an address, as far back as one
    /// short question goes. Means something only from [`Reader::notes_begin`] on.
    pub async fn noted(&mut self, address: [u8; 16], (since, until): (u32, u32)) -> Result<Noted, StoreError> {
        let select = || select(address, (since, until));
        let Kind::Sqlite { folder, spans, .. } = &mut self.0 else {
            return Ok(together([self.select(select()).await?], since, until));
        };
        let mut parts = Vec::new();
        for (_, path) in day_files(folder)? {
            let Some(span) = spans.of(&path).await? else { continue };
            if span.newest < since || span.oldest >= until {
                continue;
            }
            let Some(mut file) = open_day_for_reading(&path).await? else { continue };
            parts.push(interruptible::<Found>(&mut file, &select()).await?);
        }
        Ok(together(parts, since, until))
    }
}

/// The answers of several files: complete as far as each of them is.
fn together(parts: impl IntoIterator<Item = Vec<Found>>, since: u32, until: u32) -> Noted {
    let mut noted = Noted { spans: Vec::new(), from: since };
    for part in parts {
        if part.len() >= NOTES_READ_MAX as usize {
            // Cut off: of the last stretch there may be more, and it may reach further than what was read of it.
            let last = part.last().map_or(since, |found| found.0);
            let is_one = part.iter().all(|found| found.0 == last);
            let from = if is_one { last } else { last.saturating_add(NOTE_SECONDS) };
            noted.from = noted.from.max(from.min(until));
            if is_one {
                noted.spans.push(FlowSpan { oldest: last, newest: last.saturating_add(NOTE_SECONDS - 1) });
            }
        }
        noted.spans.extend(part.into_iter().map(|found| found.1));
    }
    noted.spans.retain(|span| span.newest >= noted.from.max(since) && span.oldest < until);
    noted.spans.sort_by_key(|span| std::cmp::Reverse((span.newest, span.oldest)));
    noted
}

fn select(address: [u8; 16], (since, until): (u32, u32)) -> Select {
    let text = format!(
        "SELECT ts, ts_min, ts_max FROM flow_notes WHERE ts >= ? AND ts < ? AND ts_min < ? AND ts_max >= ? \
         AND INSTR(hashes, ?) > 0 ORDER BY ts DESC LIMIT {NOTES_READ_MAX}"
    );
    let numbers = [notes::stretch(since), until, until, since].map(|number| Value::Number(number.into()));
    let values = numbers.into_iter().chain([Value::Bytes(notes::hash(&address).to_vec())]).collect();
    Select { doing: DOING, text, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ts: u32, oldest: u32, newest: u32) -> Found {
        Found(ts, FlowSpan { oldest, newest })
    }

    #[test]
    fn what_was_cut_off_is_not_taken_for_all() {
        let few = together([vec![found(600, 610, 620), found(0, 5, 7)]], 0, 1_200);
        assert_eq!((few.from, few.spans.len()), (0, 2));
        let many: Vec<Found> = (0..NOTES_READ_MAX).map(|n| found(6_000 - n / 10 * 600, 6_000, 6_010)).collect();
        let last = many.last().map_or(0, |found| found.0);
        assert_eq!(together([many], 0, 7_000).from, last + 600);
        let one: Vec<Found> = (0..NOTES_READ_MAX).map(|n| found(600, 700 + n, 710 + n)).collect();
        let one = together([one], 0, 7_000);
        assert_eq!(one.from, 600);
        assert_eq!(one.spans[0], FlowSpan { oldest: 600, newest: 1_199 });
    }

    #[test]
    fn spans_are_told_from_the_one_that_reaches_furthest() {
        let noted = together([vec![found(600, 610, 1_000)], vec![found(600, 800, 900), found(0, 1, 2)]], 100, 1_200);
        let spans: Vec<(u32, u32)> = noted.spans.iter().map(|span| (span.oldest, span.newest)).collect();
        assert_eq!(spans, [(610, 1_000), (800, 900)]);
    }
}
