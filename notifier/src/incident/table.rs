//! Incidents, silences, tokens and the month in the state file.

use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::book::Book;
use super::id::Ids;
use super::open::Open;
use super::settings::ns;
use crate::outbox;

/// For the caps.
const HOUR_NS: u64 = 3_600 * 1_000_000_000;

/// How far back lost alerts are looked for, ns.
const LOST_NS: u64 = 24 * HOUR_NS;

fn bodies<T: DeserializeOwned>(connection: &Connection, table: &str, key: &str) -> rusqlite::Result<Vec<(String, T)>> {
    let mut statement = connection.prepare(&format!("SELECT {key}, body FROM {table}"))?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut read = Vec::new();
    for row in rows {
        let (id, body) = row?;
        match serde_json::from_str(&body) {
            Ok(value) => read.push((id, value)),
            Err(error) => {
                tracing::error!(table, id, %error, "an entry of the state file is not understood and is left out")
            }
        }
    }
    Ok(read)
}

/// Open incidents, as they were written last.
pub(super) fn opens(connection: &Connection) -> rusqlite::Result<Vec<Open>> {
    Ok(bodies(connection, "incidents", "id")?.into_iter().map(|(_, open)| open).collect())
}

/// Everything that the state file has.
pub(super) fn load(connection: &Connection, ids: Ids, now_ns: u64) -> rusqlite::Result<(Book, outbox::Outbox)> {
    let mut book = Book::new(ids, now_ns);
    opens(connection)?.into_iter().for_each(|open| book.restore(open));
    book.silences = bodies(connection, "silences", "id")?.into_iter().collect();
    book.tokens = bodies(connection, "tokens", "hash")?.into_iter().collect();
    let value = |key: &str| {
        let sql = "SELECT value FROM pipeline WHERE key = ?1";
        connection.query_row(sql, [key], |row| row.get::<_, String>(0)).optional()
    };
    book.month = value("month")?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    book.tally = value("tally")?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    book.journal = value("journal")?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    for (receiver, channel, sent) in outbox::table::sent_since(connection, now_ns.saturating_sub(HOUR_NS))? {
        book.recall(receiver, channel, sent);
    }
    let lost = outbox::table::lost(connection, now_ns.saturating_sub(LOST_NS))?;
    let outbox =
        outbox::Outbox::restore(outbox::table::live(connection)?, outbox::table::followed(connection)?, lost, now_ns);
    Ok((book, outbox))
}

/// Writes what changed.
pub(super) fn write(transaction: &Transaction<'_>, book: &Book) -> rusqlite::Result<()> {
    let dirty = &book.dirty;
    put(transaction, "incidents", "id", dirty.opens.iter().map(|id| (id, book.opens.get(id))))?;
    put(transaction, "silences", "id", dirty.silences.iter().map(|id| (id, book.silences.get(id))))?;
    put(transaction, "tokens", "hash", dirty.tokens.iter().map(|hash| (hash, book.tokens.get(hash))))?;
    if dirty.pipeline {
        let [month, tally] = [serde_json::to_string(&book.month), serde_json::to_string(&book.tally)];
        let journal = serde_json::to_string(&book.journal);
        for (key, value) in [("month", month), ("tally", tally), ("journal", journal)] {
            let value = value.unwrap_or_default();
            transaction.execute("INSERT OR REPLACE INTO pipeline (key, value) VALUES (?1, ?2)", [key, &value])?;
        }
    }
    Ok(())
}

fn put<'a, T: Serialize + 'a>(
    transaction: &Transaction<'_>,
    table: &str,
    key: &str,
    entries: impl Iterator<Item = (&'a String, Option<&'a T>)>,
) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare(&format!("INSERT OR REPLACE INTO {table} ({key}, body) VALUES (?1, ?2)"))?;
    let mut delete = transaction.prepare(&format!("DELETE FROM {table} WHERE {key} = ?1"))?;
    for (id, entry) in entries {
        match entry {
            Some(entry) => insert.execute([id, &serde_json::to_string(entry).unwrap_or_default()])?,
            None => delete.execute([id])?,
        };
    }
    Ok(())
}

/// How late a critical message may be, ns.
pub(super) fn late_ns(settings: &super::Settings) -> u64 {
    ns(settings.pipeline.late_after)
}
