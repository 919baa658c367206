//! Incidents and events on their way into the spool: rows of `state.db` until they are durable there.
//!
//! A row is put here in the transaction that decides about the incident. Then it is appended to the spool, its number is
//! noted here, and only then may the spool begin to write it; once it is durable it goes from here. So after a kill at any
//! step it is known of each row whether the spool has it: what has no number was never written, and what has one is
//! looked for. Each row reaches the spool exactly once.

use rusqlite::{Connection, params};
use spool::FrameKind;

/// Tables of this part.
pub const MIGRATIONS: &[(&str, &str)] = &[(
    "record_0001",
    "CREATE TABLE record_journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind INTEGER NOT NULL,
        row BLOB NOT NULL,
        epoch INTEGER NOT NULL DEFAULT 0,
        seq INTEGER NOT NULL DEFAULT 0
    ) STRICT;",
)];

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// An incident row.
    Incident = 1,
    /// An event row.
    Event = 2,
}

impl Kind {
    /// As a frame has it.
    pub const fn frame(self) -> FrameKind {
        match self {
            Kind::Incident => FrameKind::Incident,
            Kind::Event => FrameKind::Event,
        }
    }
}

/// Rows of one kind that are to be one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What they are.
    pub kind: Kind,
    /// Their ids here, rising.
    pub ids: Vec<i64>,
    /// The rows, a line each.
    pub payload: Vec<u8>,
}

/// Puts a row; `line` is its JSON and a line end.
pub fn put(state: &Connection, kind: Kind, line: &[u8]) -> rusqlite::Result<()> {
    let mut statement = state.prepare("INSERT INTO record_journal (kind, row) VALUES (?1, ?2)")?;
    statement.execute(params![kind as u8, line]).map(drop)
}

/// How many rows are here.
pub fn len(state: &Connection) -> rusqlite::Result<u64> {
    state.query_row("SELECT COUNT(*) FROM record_journal", [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

/// The oldest rows without a number that make one frame of at most `rows_max` rows and about `bytes` bytes.
pub fn next(state: &Connection, rows_max: usize, bytes: usize) -> rusqlite::Result<Option<Frame>> {
    let mut statement = state.prepare("SELECT id, kind, row FROM record_journal WHERE seq = 0 ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut frame: Option<Frame> = None;
    while let Some(row) = rows.next()? {
        let (id, kind): (i64, u8) = (row.get(0)?, row.get(1)?);
        let kind = if kind == Kind::Incident as u8 { Kind::Incident } else { Kind::Event };
        let frame = frame.get_or_insert(Frame { kind, ids: Vec::new(), payload: Vec::new() });
        if frame.kind != kind || frame.ids.len() == rows_max || frame.payload.len() >= bytes {
            break;
        }
        frame.ids.push(id);
        frame.payload.extend_from_slice(row.get_ref(2)?.as_blob()?);
    }
    Ok(frame)
}

/// Notes the numbers of a frame's rows, of which the last has `last_seq`, and forgets the rows of `epoch` up to `durable`.
pub fn advance(state: &Connection, frame: Option<(&Frame, u64)>, epoch: u64, durable: u64) -> rusqlite::Result<()> {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let transaction = state.unchecked_transaction()?;
    if let Some((frame, last_seq)) = frame {
        let first = (last_seq + 1).saturating_sub(frame.ids.len() as u64);
        let mut statement = transaction.prepare("UPDATE record_journal SET epoch = ?2, seq = ?3 WHERE id = ?1")?;
        for (id, seq) in frame.ids.iter().zip(first..) {
            statement.execute(params![id, signed(epoch), signed(seq)])?;
        }
    }
    transaction
        .prepare("DELETE FROM record_journal WHERE epoch = ?1 AND seq BETWEEN 1 AND ?2")?
        .execute(params![signed(epoch), signed(durable)])?;
    transaction.commit()
}

/// After a start: rows that an earlier epoch's spool holds go, the others are to be appended again. `held` tells how far
/// the spool holds an epoch.
pub fn settle(state: &Connection, held: impl Fn(u64) -> u64) -> rusqlite::Result<()> {
    let epochs: Vec<i64> = state
        .prepare("SELECT DISTINCT epoch FROM record_journal WHERE seq > 0")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let transaction = state.unchecked_transaction()?;
    for epoch in epochs {
        let held = i64::try_from(held(epoch.unsigned_abs())).unwrap_or(i64::MAX);
        transaction
            .execute("DELETE FROM record_journal WHERE epoch = ?1 AND seq BETWEEN 1 AND ?2", params![epoch, held])?;
        transaction.execute("UPDATE record_journal SET epoch = 0, seq = 0 WHERE epoch = ?1", params![epoch])?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{Kind, MIGRATIONS, advance, len, next, put, settle};

    fn state() -> Connection {
        let state = Connection::open_in_memory().expect("memory");
        state.execute_batch(MIGRATIONS[0].1).expect("a table");
        state
    }

    #[test]
    fn rows_go_in_their_order_and_only_when_they_are_durable() {
        let state = state();
        for line in ["a\n", "b\n", "c\n"] {
            put(&state, Kind::Incident, line.as_bytes()).expect("put");
        }
        put(&state, Kind::Event, b"e\n").expect("put");
        let frame = next(&state, 2, 1000).expect("read").expect("rows");
        assert_eq!((frame.kind, frame.payload.as_slice(), frame.ids.len()), (Kind::Incident, &b"a\nb\n"[..], 2));
        advance(&state, Some((&frame, 12)), 7, 0).expect("noted");
        assert_eq!(next(&state, 9, 1000).expect("read").expect("rows").payload, b"c\n", "kinds do not mix");
        assert_eq!(len(&state).expect("counted"), 4);
        advance(&state, None, 7, 11).expect("noted");
        assert_eq!(len(&state).expect("counted"), 3, "of two rows one is durable");
        advance(&state, None, 8, 100).expect("noted");
        assert_eq!(len(&state).expect("counted"), 3, "another epoch's numbers");
    }

    #[test]
    fn after_a_start_the_spool_tells_which_rows_it_has() {
        let state = state();
        for line in ["a\n", "b\n", "c\n"] {
            put(&state, Kind::Event, line.as_bytes()).expect("put");
        }
        let frame = next(&state, 2, 1000).expect("read").expect("rows");
        advance(&state, Some((&frame, 2)), 7, 0).expect("noted");
        settle(&state, |epoch| if epoch == 7 { 1 } else { 0 }).expect("settled");
        assert_eq!(next(&state, 9, 1000).expect("read").expect("rows").payload, b"b\nc\n");
        settle(&state, |_| u64::MAX).expect("settled");
        assert_eq!(len(&state).expect("counted"), 2, "what has no number was never written");
    }
}
