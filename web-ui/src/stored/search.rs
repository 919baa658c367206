//! The search for flows: back in time, slice by slice, each a short query, so that it can be followed, stopped and gone
//! on with.
//!
//! Flow rows lie in the order of time and have no other index: writing 120,000 rows a second pays for one only. So a
//! search reads all rows of a time; how wide a slice is goes by how long the one before took. One for a single address
//! passes over the times in which the store's notes do not have it.

use std::str::FromStr;
use std::time::Duration;

use store::{AddressRange, Flow, FlowKey, FlowQuery, FlowSpan};
use tokio::time::Instant;

use super::noted::{Next, Notes};
use super::{Stored, StoredError};

/// Width of the first slice, seconds.
const WIDTH_FIRST: u32 = 60;

/// Widest slice, seconds.
const WIDTH_MAX: u32 = 32 * 86_400;

/// A slice that was read so quickly is followed by a wider one.
const QUICK: Duration = Duration::from_millis(120);

/// One that took so long, by a narrower one.
const SLOW: Duration = Duration::from_millis(400);

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// From this time on, UNIX seconds; 0 = from the first row.
    pub since: u32,
    /// Before this time, UNIX seconds.
    pub until: u32,
    /// Either end lies in this range.
    pub host: Option<AddressRange>,
    /// Either end has this port.
    pub port: Option<u16>,
    /// IP protocol number.
    pub protocol: Option<u8>,
}

/// Where to go on. Written as `TS` or `TS.NODE.EPOCH.STREAM.SEQ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// All rows from this time (UNIX seconds) on were read.
    Time(u32),
    /// All rows down to this one were read.
    Row(FlowKey),
}

impl Cursor {
    /// Rows from this time on were read, but for some of this very second.
    pub fn time(self) -> u32 {
        match self {
            Cursor::Time(ts) => ts,
            Cursor::Row(key) => key.ts,
        }
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cursor::Time(ts) => write!(f, "{ts}"),
            Cursor::Row(FlowKey { ts, node_id, epoch, stream, seq }) => {
                write!(f, "{ts}.{node_id}.{epoch}.{stream}.{seq}")
            }
        }
    }
}

/// The text is no place to go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no place to go on from: follow the link of a search")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Cursor, NoCursor> {
        fn number<T: FromStr>(text: &str) -> Result<T, NoCursor> {
            text.parse().map_err(|_| NoCursor)
        }
        let parts: Vec<&str> = text.split('.').take(6).collect();
        match parts.as_slice() {
            [ts] => Ok(Cursor::Time(number(ts)?)),
            [ts, node_id, epoch, stream, seq] => Ok(Cursor::Row(FlowKey {
                ts: number(ts)?,
                node_id: number(node_id)?,
                epoch: number(epoch)?,
                stream: number(stream)?,
                seq: number(seq)?,
            })),
            _ => Err(NoCursor),
        }
    }
}

/// A search under way.
#[derive(Clone, Debug)]
pub struct Search {
    wanted: Wanted,
    cursor: Cursor,
    width: u32,
    span: Option<FlowSpan>,
    /// Of a single address, where the store has them.
    notes: Option<Notes>,
    is_done: bool,
}

impl Search {
    /// Begins at the newest row that is wanted, or goes on at a cursor.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn begin(stored: &Stored, wanted: Wanted, cursor: Option<Cursor>) -> Result<Search, StoredError> {
        let cursor = match cursor {
            Some(cursor) if cursor.time() < wanted.until => cursor,
            _ => Cursor::Time(wanted.until),
        };
        let before = match cursor {
            Cursor::Time(ts) => ts,
            Cursor::Row(key) => key.ts.saturating_add(1),
        };
        let span = stored.flow_span(before).await?;
        let is_done = span.is_none_or(|span| span.newest < wanted.since);
        let notes = match wanted.host {
            Some(AddressRange { low, high }) if low == high && !is_done => Notes::of(stored, low).await?,
            _ => None,
        };
        let mut search = Search { wanted, cursor, width: WIDTH_FIRST, span, notes, is_done };
        search.skip_to(span.map(|span| span.newest));
        Ok(search)
    }

    /// Whether all rows that are wanted were read.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// How far it has read, and where to go on.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The time to which it will read: the oldest row, or what is wanted.
    pub fn end(&self) -> u32 {
        self.span.map_or(self.wanted.since, |span| span.oldest.max(self.wanted.since))
    }

    /// Where it began: the newest row, or what is wanted.
    pub fn begin_time(&self) -> u32 {
        self.span.map_or(self.wanted.until, |span| span.newest.min(self.wanted.until))
    }

    /// Reads one slice; gives what it found there, the newest first, `limit` rows at most.
    ///
    /// # Errors
    /// The store does not answer, or holds more rows of one second than can be read in the time of a query.
    pub async fn step(&mut self, stored: &Stored, limit: u32) -> Result<Vec<Flow>, StoredError> {
        if self.is_done {
            return Ok(Vec::new());
        }
        let Some(floor) = self.leap(stored).await? else { return Ok(Vec::new()) };
        let query = self.slice(limit, floor);
        let begun = Instant::now();
        match stored.flows(query.clone()).await {
            Ok(rows) => {
                self.advance(&query, &rows, begun.elapsed());
                // Nothing here and nothing near: on to where there is something.
                if rows.is_empty() && !self.is_done && query.host.is_none() {
                    let next = stored.flow_span(self.cursor.time()).await?;
                    self.is_done = next.is_none_or(|span| span.newest < self.wanted.since);
                    self.skip_to(next.map(|span| span.newest));
                }
                Ok(rows)
            }
            Err(StoredError::TooSlow) if query.until - query.since > 1 => {
                self.width = (self.width / 8).max(1);
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// Moves the cursor down to where the address may be; answers from which time on it may be there. `None` = it was
    /// moved to a place from which to look on.
    async fn leap(&mut self, stored: &Stored) -> Result<Option<u32>, StoredError> {
        let (end, until) = (self.end(), self.until());
        let Some(notes) = &mut self.notes else { return Ok(Some(0)) };
        match notes.next(stored, (end, until)).await? {
            Next::At(span) => {
                if span.newest.saturating_add(1) < until {
                    self.cursor = Cursor::Time(span.newest + 1);
                }
                Ok(Some(span.oldest))
            }
            Next::Down(ts) => {
                if ts < until {
                    self.cursor = Cursor::Time(ts);
                }
                self.is_done = ts <= end;
                Ok(None)
            }
            Next::Unknown => {
                self.notes = None;
                Ok(Some(0))
            }
        }
    }

    /// Before this time the next rows are, the second of the last row included.
    fn until(&self) -> u32 {
        match self.cursor {
            Cursor::Time(ts) => ts,
            Cursor::Row(key) => key.ts.saturating_add(1),
        }
    }

    fn slice(&self, limit: u32, floor: u32) -> FlowQuery {
        let before = match self.cursor {
            Cursor::Time(_) => None,
            Cursor::Row(key) => Some(key),
        };
        let until = self.until();
        FlowQuery {
            since: until.saturating_sub(self.width).max(self.wanted.since).max(floor),
            until,
            before,
            host: self.wanted.host,
            port: self.wanted.port,
            protocol: self.wanted.protocol,
            limit: limit.max(1),
        }
    }

    fn advance(&mut self, query: &FlowQuery, rows: &[Flow], took: Duration) {
        match rows.last() {
            Some(last) if rows.len() >= query.limit as usize => self.cursor = Cursor::Row(last.key()),
            _ => {
                self.cursor = Cursor::Time(query.since);
                self.is_done = query.since <= self.end();
            }
        }
        // A slice that was cut by the limit says nothing about the rows in it.
        if took > SLOW {
            self.width = (self.width / 2).max(1);
        } else if took < QUICK && rows.len() < query.limit as usize {
            self.width = self.width.saturating_mul(if took * 4 < QUICK { 8 } else { 2 }).min(WIDTH_MAX);
        }
    }

    /// Moves the cursor down to just above the newest row, if it is higher.
    fn skip_to(&mut self, newest: Option<u32>) {
        if let (Cursor::Time(ts), Some(newest)) = (self.cursor, newest)
            && newest.saturating_add(1) < ts
        {
            self.cursor = Cursor::Time(newest.saturating_add(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use store::FlowKey;

    use super::Cursor;

    #[test]
    fn a_cursor_is_read_back() {
        let key = FlowKey { ts: 1_700_000_000, node_id: 3, epoch: u64::MAX, stream: 9, seq: 7 };
        for cursor in [Cursor::Time(0), Cursor::Time(u32::MAX), Cursor::Row(key)] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for text in ["", "x", "-1", "1.2", "1.2.3.4", "1.2.3.4.5.6", "4294967296", "1.70000.1.1.1", "1..1.1.1"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
