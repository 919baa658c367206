//! The outbox in the state file.

use live::detail::MessageDetail;
use live::incident::Severity;
use rusqlite::{Connection, Row as SqlRow, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::book::{kind_name, state_name};
use super::row::{Row, RowState};
use super::{FINAL_AGE_NS, FINAL_BYTES_MAX, FINAL_MAX};
use crate::incident::lane::{Sent, is_news};

const COLUMNS: &str =
    "id, created_ns, kind, class, severity, receiver, channel, recipient, thread, incidents, notice, state,
    attempts, next_try_ns, expires_ns, is_unsure, is_followed, provider_id, answer, settled_ns";

/// Times fit: i64 holds ns up to the year 2262.
fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn uint(row: &SqlRow<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(|value| u64::try_from(value).unwrap_or(0))
}

/// A unit variant's name.
fn name<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// A row that an older or newer version wrote is read as far as it is understood.
fn named<T: DeserializeOwned + Default>(row: &SqlRow<'_>, at: usize) -> rusqlite::Result<T> {
    let text: String = row.get(at)?;
    Ok(serde_json::from_value(serde_json::Value::String(text)).unwrap_or_default())
}

fn json<T: DeserializeOwned + Default>(row: &SqlRow<'_>, at: usize) -> rusqlite::Result<T> {
    let text: String = row.get(at)?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

fn read(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get(0)?,
        created_ns: uint(row, 1)?,
        kind: named(row, 2)?,
        class: named(row, 3)?,
        severity: named(row, 4)?,
        receiver: row.get(5)?,
        channel: row.get(6)?,
        to: row.get(7)?,
        thread: row.get(8)?,
        incidents: json(row, 9)?,
        notice: json(row, 10)?,
        state: named(row, 11)?,
        attempts: row.get(12)?,
        next_try_ns: uint(row, 13)?,
        expires_ns: uint(row, 14)?,
        is_unsure: row.get(15)?,
        is_followed: row.get(16)?,
        provider_id: row.get(17)?,
        answer: row.get(18)?,
        settled_ns: uint(row, 19)?,
    })
}

/// Writes rows as they are now.
///
/// # Errors
/// SQLite's.
pub fn write<'a>(transaction: &Transaction<'_>, rows: impl Iterator<Item = &'a Row>) -> rusqlite::Result<()> {
    let places: Vec<String> = (1..=20).map(|n| format!("?{n}")).collect();
    let mut statement =
        transaction.prepare(&format!("INSERT OR REPLACE INTO outbox ({COLUMNS}) VALUES ({})", places.join(", ")))?;
    for row in rows {
        statement.execute(params![
            row.id,
            int(row.created_ns),
            name(row.kind),
            name(row.class),
            name(row.severity),
            row.receiver,
            row.channel,
            row.to,
            row.thread,
            serde_json::to_string(&row.incidents).unwrap_or_default(),
            serde_json::to_string(&row.notice).unwrap_or_default(),
            state_name(row.state),
            row.attempts,
            int(row.next_try_ns),
            int(row.expires_ns),
            row.is_unsure,
            row.is_followed,
            row.provider_id,
            row.answer,
            int(row.settled_ns),
        ])?;
    }
    Ok(())
}

/// Rows that are not final.
///
/// # Errors
/// SQLite's.
pub fn live(connection: &Connection) -> rusqlite::Result<Vec<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE state IN ('waiting', 'sending')");
    connection.prepare(&sql)?.query_map([], read)?.collect()
}

/// The newest rows, and those that wait, the last one first.
///
/// # Errors
/// SQLite's.
pub fn newest(connection: &Connection, max: u32) -> rusqlite::Result<Vec<MessageDetail>> {
    let sql =
        format!("SELECT {COLUMNS} FROM outbox ORDER BY state IN ('waiting', 'sending') DESC, created_ns DESC LIMIT ?1");
    let told = |row: &rusqlite::Row<'_>| {
        let row = read(row)?;
        Ok(MessageDetail {
            kind: kind_name(row.kind).to_owned(),
            state: state_name(row.state).to_owned(),
            id: row.id,
            created_ns: row.created_ns,
            severity: row.severity,
            receiver: row.receiver,
            channel: row.channel,
            incidents: row.incidents,
            attempts: row.attempts,
            answer: row.answer,
            settled_ns: row.settled_ns,
            is_unsure: row.is_unsure,
        })
    };
    connection.prepare(&sql)?.query_map([max], told)?.collect()
}

/// Accepted rows whose arrival is not told yet, the newest [`super::FOLLOWED_MAX`].
///
/// # Errors
/// SQLite's.
pub fn followed(connection: &Connection) -> rusqlite::Result<Vec<Row>> {
    let max = super::FOLLOWED_MAX;
    let sql = format!(
        "SELECT * FROM (SELECT {COLUMNS} FROM outbox WHERE state = 'sent' AND is_followed ORDER BY created_ns DESC LIMIT {max}) ORDER BY 2"
    );
    connection.prepare(&sql)?.query_map([], read)?.collect()
}

/// Alerts that did not get through since then: who is told of it next may not know it yet.
///
/// # Errors
/// SQLite's.
pub fn lost(connection: &Connection, since_ns: u64) -> rusqlite::Result<Vec<(String, RowState)>> {
    let sql = "SELECT id, state FROM outbox WHERE state IN ('failed', 'expired') AND settled_ns >= ?1
               AND kind IN ('alert', 'reminder', 'escalation', 'flapping')";
    connection.prepare(sql)?.query_map([int(since_ns)], |row| Ok((row.get(0)?, named(row, 1)?)))?.collect()
}

/// What was made since then, for the caps: receiver, channel, message.
///
/// # Errors
/// SQLite's.
pub fn sent_since(connection: &Connection, since_ns: u64) -> rusqlite::Result<Vec<(String, String, Sent)>> {
    let sql = "SELECT receiver, channel, created_ns, class, severity, kind FROM outbox
               WHERE created_ns >= ?1 AND kind NOT IN ('test', 'status', 'digest') ORDER BY created_ns";
    let read = |row: &SqlRow<'_>| {
        let severity: Severity = named(row, 4)?;
        let sent = Sent { time_ns: uint(row, 2)?, class: named(row, 3)?, severity, is_news: is_news(named(row, 5)?) };
        Ok((row.get(0)?, row.get(1)?, sent))
    };
    connection.prepare(sql)?.query_map([int(since_ns)], read)?.collect()
}

/// Removes the oldest final rows, by age, number and bytes; how many.
///
/// # Errors
/// SQLite's.
pub fn trim(transaction: &Transaction<'_>, now_ns: u64) -> rusqlite::Result<usize> {
    const FINAL: &str = "state NOT IN ('waiting', 'sending')";
    let old = format!("DELETE FROM outbox WHERE {FINAL} AND created_ns < ?1");
    let mut removed = transaction.execute(&old, [int(now_ns.saturating_sub(FINAL_AGE_NS))])?;
    // Running sums from the newest: what is beyond either bound goes.
    let surplus = format!(
        "DELETE FROM outbox WHERE id IN (SELECT id FROM (SELECT id,
           row_number() OVER (ORDER BY created_ns DESC) AS number, sum(length(notice)) OVER (ORDER BY created_ns DESC) AS bytes
         FROM outbox WHERE {FINAL}) WHERE number > ?1 OR bytes > ?2)"
    );
    removed += transaction.execute(&surplus, [int(FINAL_MAX), int(FINAL_BYTES_MAX)])?;
    Ok(removed)
}
