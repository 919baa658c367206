//! Notes: which addresses the flow rows of a batch have, so that a search for one address reads only where it may be.
//!
//! Flow rows lie in the order of time and have no other index: an index by address costs more than twice the time of a
//! row (measured: facts of the storage study). A note is written in the transaction of its batch, for the rows of each
//! ten minutes: 4 bytes for each address; later several become one (`merge`). It may name an address that is not there (one in many
//! thousand), never the other way round.
//!
//! A program that knows no notes may store rows too, before an upgrade or after a downgrade. So the fence counts the
//! rows that are in notes, and `flow_notes_begin` keeps how many were not when its time was noted: while that number
//! stands, all rows from that time on are in notes.

mod merge;

pub(crate) use merge::merge;

use sqlx::SqlStr;
use sqlx::mysql::MySqlConnection;
use sqlx::sqlite::SqliteConnection;

use crate::batch::{Batch, Fence, Key, is_low_rate};
use crate::error::{Class, StoreError, classify};
use crate::limits::{NOTE_HASHES_MAX, NOTE_SECONDS};
use crate::rows::Bind;
use crate::session::{Get, Session};

const DOING: &str = "storing notes of addresses";

/// The addresses of the rows of one batch in one stretch of [`NOTE_SECONDS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Begin of the stretch, UNIX seconds.
    ts: u32,
    /// Number within (node, epoch, stream): one of the batch's rows, each note another.
    seq: u64,
    /// Smallest and largest time of the rows.
    times: (u32, u32),
    /// Hashes, sorted, each once.
    hashes: Vec<u8>,
}

/// The four bytes that stand for an address. Never to be changed: they are in the tables.
pub(crate) fn hash(address: &[u8; 16]) -> [u8; 4] {
    let bits = u128::from_be_bytes(*address);
    let (high, low) = ((bits >> 64) as u64, bits as u64);
    let mixed = (high.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ low).wrapping_mul(0xd6e8_feb8_6659_fd93);
    ((mixed >> 32) as u32).to_be_bytes()
}

/// The hashes of a note.
fn hashes_of(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> + '_ {
    let (hashes, _) = bytes.as_chunks();
    hashes.iter().copied()
}

/// The begin of the stretch that a time lies in.
pub(crate) fn stretch(ts: u32) -> u32 {
    ts - ts % NOTE_SECONDS
}

/// The notes of a batch's flow rows.
pub(crate) fn of(batch: &Batch) -> Vec<Note> {
    let mut rows: Vec<(u32, [u8; 4])> = Vec::with_capacity(batch.flows.len() * 2);
    for row in &batch.flows {
        rows.extend([(row.ts, hash(&row.src_ip)), (row.ts, hash(&row.dst_ip))]);
    }
    rows.sort_unstable_by_key(|&(ts, hash)| (stretch(ts), hash));
    let mut notes = Vec::new();
    for rows in rows.chunk_by(|one, other| stretch(one.0) == stretch(other.0)) {
        let times = rows.iter().fold((u32::MAX, 0), |(low, high), &(ts, _)| (low.min(ts), high.max(ts)));
        let mut hashes: Vec<[u8; 4]> = rows.iter().map(|&(_, hash)| hash).collect();
        hashes.dedup();
        for part in hashes.chunks(NOTE_HASHES_MAX) {
            let seq = batch.first_seq + notes.len() as u64;
            notes.push(Note { ts: stretch(times.0), seq, times, hashes: part.concat() });
        }
    }
    notes
}

/// Numbers that a note may have beside its own, where that is taken: by rows of a database that somebody set back by hand.
const NUMBERS: u64 = 64;

/// Writes the notes of a batch, within the transaction that stores its rows.
pub(crate) async fn insert<S: Session>(session: &mut S, key: Key, notes: &[Note]) -> Result<(), StoreError> {
    for note in notes {
        let mut number = 0;
        while let Err(error) = insert_one(session, key, note, number).await {
            number += 1;
            // A refused statement leaves the rest of the transaction as it is, in both dialects.
            if classify(&error) != Class::Row || number >= NUMBERS {
                return Err(StoreError::query(DOING, &error));
            }
        }
    }
    Ok(())
}

async fn insert_one<S: Session>(session: &mut S, key: Key, note: &Note, number: u64) -> Result<(), sqlx::Error> {
    let mut arguments = S::Arguments::default();
    arguments.u32(note.ts);
    arguments.u16(key.node_id);
    arguments.u64(key.epoch);
    arguments.u16(key.stream);
    // Rows are never numbered so high.
    arguments.u64(note.seq | number << 56);
    arguments.u32(note.times.0);
    arguments.u32(note.times.1);
    arguments.bytes(&note.hashes);
    let sql = SqlStr::from_static(
        "INSERT INTO flow_notes (ts, node_id, epoch, stream, seq, ts_min, ts_max, hashes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    session.run(sql, arguments).await.map(drop)
}

/// Flow rows that are in no note.
pub(crate) fn unnoted<'f>(fences: impl IntoIterator<Item = &'f Fence>) -> u64 {
    let of_flows = fences.into_iter().filter(|fence| !is_low_rate(fence.stream));
    of_flows.fold(0, |sum, fence| sum.saturating_add(fence.stored.rows.saturating_sub(fence.noted_rows)))
}

/// Since when all rows are in notes, and how many were in none then.
pub(crate) async fn begun<S: Session>(session: &mut S) -> Result<Option<(u32, u64)>, sqlx::Error> {
    let sql = SqlStr::from_static("SELECT ts, unnoted_rows FROM flow_notes_begin WHERE id = 1");
    match session.rows(sql, S::Arguments::default()).await?.first() {
        Some(row) => Ok(Some((row.u32(0)?, row.u64(1)?))),
        None => Ok(None),
    }
}

/// Begins anew with notes where rows came without them.
pub(crate) async fn begin_on_server(connection: &mut MySqlConnection) -> Result<(), StoreError> {
    let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
    // The count first: a row that comes without a note meanwhile makes the two differ, and all is looked at again.
    let unnoted = unnoted(&crate::fence::all(connection).await.map_err(failed)?);
    if begun(connection).await.map_err(failed)?.is_some_and(|(_, known)| known == unnoted) {
        return Ok(());
    }
    let newest = SqlStr::from_static("SELECT CAST(COALESCE(MAX(ts), 0) AS UNSIGNED) FROM flows");
    let rows = connection.rows(newest, Default::default()).await.map_err(failed)?;
    let newest = rows.first().map_or(Ok(0), |row| row.u32(0)).map_err(failed)?;
    begin(connection, newest, unnoted).await.map_err(failed)
}

/// The same for SQLite: `newest` is the time of the newest row of any day file, `fences` are the furthest ones.
pub(crate) async fn begin_in_main<'f>(
    main: &mut SqliteConnection,
    newest: u32,
    fences: impl IntoIterator<Item = &'f Fence>,
) -> Result<(), sqlx::Error> {
    let unnoted = unnoted(fences);
    if begun(main).await?.is_some_and(|(_, known)| known == unnoted) {
        return Ok(());
    }
    begin(main, newest, unnoted).await
}

/// Needs the rights to insert and to delete, as the retention has them.
async fn begin<S: Session>(session: &mut S, newest: u32, unnoted: u64) -> Result<(), sqlx::Error> {
    let mut arguments = S::Arguments::default();
    arguments.u32(if newest == 0 { 0 } else { newest.saturating_add(1) });
    arguments.u64(unnoted);
    let sql = SqlStr::from_static("REPLACE INTO flow_notes_begin (id, ts, unnoted_rows) VALUES (1, ?, ?)");
    session.run(sql, arguments).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::FlowRow;

    fn row(seq: u64, ts: u32, last: u8) -> FlowRow {
        let address = |last| [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, last];
        FlowRow { seq, ts, src_ip: address(last), dst_ip: address(1), ..FlowRow::default() }
    }

    #[test]
    fn the_hash_of_an_address_stays_what_is_in_the_tables() {
        let v4 = row(1, 0, 7).src_ip;
        assert_eq!(hash(&v4), hash(&v4));
        assert_ne!(hash(&v4), hash(&row(1, 0, 8).src_ip));
        let mut distinct: Vec<[u8; 4]> = (0..=255).map(|last| hash(&row(1, 0, last).src_ip)).collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 256);
        // Written down when the notes began.
        assert_eq!(hash(&[0; 16]), [0; 4]);
        assert_eq!(hash(&v4), KNOWN_HASH);
    }

    const KNOWN_HASH: [u8; 4] = [150, 88, 232, 114];

    #[test]
    fn a_batch_has_a_note_for_each_ten_minutes_with_each_address_once() {
        let flows = vec![row(5, 1_199, 7), row(6, 600, 7), row(7, 1_200, 8), row(8, 1_201, 8)];
        let notes = of(&Batch { first_seq: 5, last_seq: 8, flows, ..Batch::default() });
        assert_eq!(notes.len(), 2);
        assert_eq!((notes[0].ts, notes[0].seq, notes[0].times), (600, 5, (600, 1_199)));
        assert_eq!((notes[1].ts, notes[1].seq, notes[1].times), (1_200, 6, (1_200, 1_201)));
        for (note, last) in notes.iter().zip([7, 8]) {
            assert_eq!(note.hashes.len(), 8);
            let has = |last| note.hashes.chunks(4).any(|part| part == hash(&row(1, 0, last).src_ip));
            assert!(has(last) && has(1) && !has(9));
        }
    }

    #[test]
    fn a_large_note_is_cut_so_that_every_server_takes_it() {
        let rows = NOTE_HASHES_MAX as u64 + 10;
        let flow = |seq: u64| {
            let mut row = row(seq, 0, 1);
            row.src_ip[8..].copy_from_slice(&seq.to_be_bytes());
            row
        };
        let batch = Batch { first_seq: 1, last_seq: rows, flows: (1..=rows).map(flow).collect(), ..Batch::default() };
        let notes = of(&batch);
        assert_eq!(notes.len(), 2);
        assert!(notes.iter().all(|note| note.hashes.len() < 65_536), "a BLOB of MySQL");
        assert_ne!(notes[0].seq, notes[1].seq);
    }

    #[test]
    fn rows_without_notes_are_counted_on_the_streams_of_flows() {
        let fence = |stream, rows, noted_rows| Fence {
            stream,
            noted_rows,
            stored: crate::batch::Counts { rows, ..Default::default() },
            ..Fence::default()
        };
        assert_eq!(unnoted(&[fence(0, 100, 0), fence(1, 50, 20), fence(2, 7, 7), fence(16, 9, 0)]), 30);
    }
}
