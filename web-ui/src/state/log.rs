//! The log: who did what, from where, when, and whether it was done. Rows are only added, and the oldest leave.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, params};

use super::State;

/// Its table. Refusals are counted apart, so that a flood of them pushes out no deed.
pub(crate) const MIGRATIONS: &[(&str, &str)] = &[(
    "log-1",
    "CREATE TABLE log (
        number INTEGER PRIMARY KEY AUTOINCREMENT, time_ns INTEGER NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL,
        agent TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, result TEXT NOT NULL,
        is_refusal INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX log_by_refusal ON log (is_refusal, number);",
)];

/// Rows of what was done: some years of a busy team; about 10 MB.
const DEEDS_MAX: i64 = 50_000;

/// Rows of what was refused: the newest of an attack tell what the older told.
const REFUSALS_MAX: i64 = 10_000;

/// The oldest leave at each such insertion.
const TRIM_EVERY: u64 = 64;

/// Characters of each text.
const TEXT_CHARS_MAX: usize = 200;

/// One row, before it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Name of the user, or what asked.
    pub who: String,
    /// Where from; `None` = from this machine's command line.
    pub address: Option<IpAddr>,
    /// What the browser calls itself.
    pub agent: String,
    /// Dotted, such as `user.add`.
    pub action: &'static str,
    /// With whom or what.
    pub subject: String,
    /// `done`, or why not.
    pub result: String,
    /// It was not done.
    pub is_refusal: bool,
}

/// One row, as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub number: u64,
    /// When, ns since the epoch.
    pub time_ns: u64,
    /// What is in it.
    pub who: String,
    /// Where from; empty = this machine's command line.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
    /// Dotted.
    pub action: String,
    /// With whom or what.
    pub subject: String,
    /// `done`, or why not.
    pub result: String,
    /// It was not done.
    pub is_refusal: bool,
}

/// The handle; cheap to clone.
#[derive(Clone)]
pub struct Log {
    state: State,
    written: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
}

impl Log {
    /// The log in `state`.
    pub fn new(state: State) -> Log {
        Log { state, written: Arc::default(), lost: Arc::default() }
    }

    /// Rows that could not be written since the start, for the metrics.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Adds a row; waits for nothing. A row that cannot be written is counted and stands in the journal instead.
    pub fn write(&self, entry: Entry, now_ns: u64) {
        let trims = self.written.fetch_add(1, Ordering::Relaxed).is_multiple_of(TRIM_EVERY);
        let lost = Arc::clone(&self.lost);
        let job = move |db: &mut Connection| {
            let added = add(db, &entry, now_ns).and_then(|()| if trims { trim(db) } else { Ok(()) });
            if let Err(error) = added {
                lost.fetch_add(1, Ordering::Relaxed);
                let Entry { who, action, subject, result, .. } = &entry;
                tracing::error!(%error, who = clean(who), action, subject = clean(subject), result = clean(result), "not in the page's log");
            }
        };
        if let Err(error) = self.state.tell(job) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(%error, "a row is not in the page's log");
        }
    }
}

/// Adds a row, in the caller's transaction if there is one.
///
/// # Errors
/// The statement.
pub fn add(db: &Connection, entry: &Entry, now_ns: u64) -> rusqlite::Result<()> {
    let address = entry.address.map(|address| address.to_string()).unwrap_or_default();
    let text = "INSERT INTO log (time_ns, who, address, agent, action, subject, result, is_refusal)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (who, agent, subject, result) =
        (clean(&entry.who), clean(&entry.agent), clean(&entry.subject), clean(&entry.result));
    let time = i64::try_from(now_ns).unwrap_or(i64::MAX);
    db.prepare(text)?.execute(params![time, who, address, agent, entry.action, subject, result, entry.is_refusal])?;
    Ok(())
}

fn trim(db: &Connection) -> rusqlite::Result<()> {
    for (is_refusal, max) in [(false, DEEDS_MAX), (true, REFUSALS_MAX)] {
        db.execute(
            "DELETE FROM log WHERE is_refusal = ?1 AND number <=
             (SELECT number FROM log WHERE is_refusal = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
            params![is_refusal, max],
        )?;
    }
    Ok(())
}

/// Rows before number `before`, the newest first, at most `limit`.
///
/// # Errors
/// The statement.
pub fn read(db: &Connection, before: u64, limit: u32) -> rusqlite::Result<Vec<Row>> {
    let mut statement = db.prepare(
        "SELECT number, time_ns, who, address, agent, action, subject, result, is_refusal
         FROM log WHERE number < ?1 ORDER BY number DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![i64::try_from(before).unwrap_or(i64::MAX), limit], |row| {
        Ok(Row {
            number: row.get::<_, i64>(0)?.unsigned_abs(),
            time_ns: row.get::<_, i64>(1)?.unsigned_abs(),
            who: row.get(2)?,
            address: row.get(3)?,
            agent: row.get(4)?,
            action: row.get(5)?,
            subject: row.get(6)?,
            result: row.get(7)?,
            is_refusal: row.get(8)?,
        })
    })?;
    rows.collect()
}

/// Text of anybody for one line that people read: no control character, nothing that turns the direction of writing.
pub fn clean(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    text.chars().take(TEXT_CHARS_MAX).map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{DEEDS_MAX, Entry, Log, REFUSALS_MAX, clean, read, trim};
    use crate::state::State;

    #[tokio::test]
    async fn rows_are_read_newest_first_and_hostile_text_is_one_line() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let state = State::open(dir.path()).expect("made");
        let log = Log::new(state.clone());
        let hostile = "a\n2026 anna signed in\r\u{202e}\u{0}";
        let entry = |who: &str| Entry { who: who.to_owned(), action: "sign_in", ..Entry::default() };
        log.write(entry(hostile), 5);
        log.write(entry("b"), 6);
        let rows = state.call(|db| read(db, u64::MAX, 10)).await.expect("rows");
        assert_eq!((rows[0].who.as_str(), rows[0].time_ns, rows.len()), ("b", 6, 2));
        assert_eq!(rows[1].who, "a 2026 anna signed in   ");
        let number = rows[0].number;
        let older = state.call(move |db| read(db, number, 10)).await.expect("rows");
        assert_eq!(older, rows[1..]);
        assert_eq!((clean(&"x".repeat(1_000)).len(), log.lost()), (200, 0));
    }

    #[tokio::test]
    async fn it_is_bounded_and_a_flood_of_refusals_pushes_out_no_deed() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let state = State::open(dir.path()).expect("made");
        let counts = state.call(|db| {
            db.execute_batch(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
                 INSERT INTO log (time_ns, who, address, agent, action, subject, result, is_refusal)
                 SELECT i, '', '', '', 'x', '', '', i > 10 FROM n",
            )?;
            trim(db)?;
            db.query_row("SELECT SUM(is_refusal), SUM(1 - is_refusal), MIN(number) FROM log", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
            })
        });
        assert_eq!(counts.await.expect("counts"), (REFUSALS_MAX, 10, 1));
        const { assert!(DEEDS_MAX > REFUSALS_MAX) };
    }
}
