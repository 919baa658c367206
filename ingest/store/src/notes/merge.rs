//! Many small notes become one: a quiet network has a batch every quarter of a second, and a search would read as many
//! notes. Each step is one transaction; a note that comes late is one more.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{DOING, Note, hashes_of, insert};
use crate::batch::Key;
use crate::error::StoreError;
use crate::limits::{NOTE_HASHES_MAX, NOTES_MERGE_MAX, NOTES_MERGE_MIN, NOTES_MERGES_MAX};
use crate::rows::Bind;
use crate::session::{Get, Session};

/// Merges the notes of stretches that began before `before` (UNIX seconds), as far as one run goes; `begin` begins a
/// transaction that writes. Answers how many notes became how many. On an error the transaction may be open: the caller
/// drops the connection.
pub(crate) async fn merge<S: Session>(
    session: &mut S,
    begin: &'static str,
    before: u32,
) -> Result<(u64, u64), StoreError> {
    let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
    let text = format!(
        "SELECT ts, node_id, epoch, stream FROM flow_notes WHERE ts < ? GROUP BY ts, node_id, epoch, stream \
         HAVING COUNT(*) >= {NOTES_MERGE_MIN} LIMIT {NOTES_MERGES_MAX}"
    );
    let mut arguments = S::Arguments::default();
    arguments.u32(before);
    let rows = session.rows(AssertSqlSafe(text).into_sql_str(), arguments).await.map_err(failed)?;
    let mut sum = (0, 0);
    for row in &rows {
        let key = || Ok(Key { node_id: row.u16(1)?, epoch: row.u64(2)?, stream: row.u16(3)? });
        let (ts, key) = (row.u32(0).map_err(failed)?, key().map_err(failed)?);
        let (from, to) = one(session, begin, ts, key).await?;
        sum = (sum.0 + from, sum.1 + to);
    }
    Ok(sum)
}

/// Merges notes of one stretch of one stream.
async fn one<S: Session>(session: &mut S, begin: &'static str, ts: u32, key: Key) -> Result<(u64, u64), StoreError> {
    let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
    session.raw(SqlStr::from_static(begin)).await.map_err(failed)?;
    let which = "ts = ? AND node_id = ? AND epoch = ? AND stream = ?";
    let text = format!(
        "SELECT seq, ts_min, ts_max, hashes FROM flow_notes WHERE {which} ORDER BY seq LIMIT {NOTES_MERGE_MAX}"
    );
    let rows = session.rows(AssertSqlSafe(text).into_sql_str(), keyed::<S>(ts, key)).await.map_err(failed)?;
    let note = |row: &S::Row| -> Result<Note, sqlx::Error> {
        Ok(Note { ts, seq: row.u64(0)?, times: (row.u32(1)?, row.u32(2)?), hashes: row.bytes(3)? })
    };
    let notes = rows.iter().map(note).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let merged = union(&notes);
    let (Some(first), Some(last)) = (notes.first(), notes.last()) else { return Ok((0, 0)) };
    let mut arguments = keyed::<S>(ts, key);
    arguments.u64(first.seq);
    arguments.u64(last.seq);
    let text = format!("DELETE FROM flow_notes WHERE {which} AND seq >= ? AND seq <= ?");
    let gone = session.run(AssertSqlSafe(text).into_sql_str(), arguments).await.map_err(failed)?;
    if gone != notes.len() as u64 {
        let reason = format!("{gone} notes were there and {} were read: left as they are", notes.len());
        return Err(StoreError::Transient { doing: DOING, reason });
    }
    insert(session, key, &merged).await?;
    session.raw(SqlStr::from_static("COMMIT")).await.map_err(failed)?;
    Ok((notes.len() as u64, merged.len() as u64))
}

fn keyed<S: Session>(ts: u32, key: Key) -> S::Arguments {
    let mut arguments = S::Arguments::default();
    arguments.u32(ts);
    arguments.u16(key.node_id);
    arguments.u64(key.epoch);
    arguments.u16(key.stream);
    arguments
}

/// The same addresses in as few notes as may be, under the first numbers.
fn union(notes: &[Note]) -> Vec<Note> {
    let mut hashes: Vec<[u8; 4]> = notes.iter().flat_map(|note| hashes_of(&note.hashes)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    let times = notes.iter().fold((u32::MAX, 0), |(low, high), n| (n.times.0.min(low), n.times.1.max(high)));
    let parts = hashes.chunks(NOTE_HASHES_MAX);
    // There are never more parts than there were notes: each of those was no larger.
    parts.zip(notes).map(|(part, note)| Note { times, hashes: part.concat(), ..*note }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(seq: u64, times: (u32, u32), hashes: &[u32]) -> Note {
        Note { ts: 600, seq, times, hashes: hashes.iter().flat_map(|hash| hash.to_be_bytes()).collect() }
    }

    #[test]
    fn a_merged_note_has_every_address_once_and_all_times() {
        let merged = union(&[note(3, (610, 620), &[1, 5]), note(9, (600, 605), &[5, 7]), note(11, (640, 640), &[2])]);
        assert_eq!(merged, [note(3, (600, 640), &[1, 2, 5, 7])]);
        assert!(union(&[]).is_empty());
    }

    #[test]
    fn what_does_not_fit_into_one_note_is_two() {
        let half = NOTE_HASHES_MAX as u32 * 3 / 4;
        let (low, high): (Vec<u32>, Vec<u32>) = ((0..half).collect(), (half..half * 2).collect());
        let merged = union(&[note(1, (600, 601), &low), note(2, (602, 603), &high)]);
        assert_eq!(
            merged.iter().map(|note| (note.seq, note.hashes.len() / 4)).collect::<Vec<_>>(),
            [(1, NOTE_HASHES_MAX), (2, half as usize * 2 - NOTE_HASHES_MAX)]
        );
    }
}
