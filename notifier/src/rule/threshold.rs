//! Limits that were changed from the page: kept in the state file, with who changed them and when.

use std::collections::BTreeMap;

use live::action::Threshold;
use live::detail::ChangeDetail;
use rusqlite::{Connection, params};

use super::words::cut;

/// Tables of this part in the state file. `thresholds` is what is at work, `threshold_changes` who did what.
pub const MIGRATIONS: &[(&str, &str)] = &[(
    "rule-thresholds",
    "CREATE TABLE thresholds (rule TEXT PRIMARY KEY, limit_level REAL, clear_level REAL, changed_by TEXT NOT NULL, time_ns INTEGER NOT NULL) STRICT;
     CREATE TABLE threshold_changes (number INTEGER PRIMARY KEY, rule TEXT NOT NULL, limit_level REAL, clear_level REAL, changed_by TEXT NOT NULL, time_ns INTEGER NOT NULL) STRICT;",
)];

/// Changes that are remembered; the table of what is at work has one row for each rule.
const CHANGES_MAX: u64 = 1_000;

/// A limit that was changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    /// The limit; `None` = as configured.
    pub limit: Option<f64>,
    /// The level to clear; `None` = as configured, or in proportion.
    pub clear: Option<f64>,
    /// Who changed it.
    pub by: String,
    /// When, ns since the epoch.
    pub time_ns: u64,
}

/// What was changed, by the rule's name.
///
/// # Errors
/// The state file cannot be read.
pub fn load(state: &Connection) -> rusqlite::Result<BTreeMap<String, Changed>> {
    let mut rows = state.prepare("SELECT rule, limit_level, clear_level, changed_by, time_ns FROM thresholds")?;
    let read = |row: &rusqlite::Row<'_>| {
        let time_ns = u64::try_from(row.get::<_, i64>(4)?).unwrap_or_default();
        Ok((row.get(0)?, Changed { limit: row.get(1)?, clear: row.get(2)?, by: row.get(3)?, time_ns }))
    };
    rows.query_map([], read)?.collect()
}

/// The newest changes, the last one first.
///
/// # Errors
/// The state file cannot be read.
pub fn newest(state: &Connection, max: u32) -> rusqlite::Result<Vec<ChangeDetail>> {
    let text = "SELECT rule, limit_level, clear_level, changed_by, time_ns FROM threshold_changes ORDER BY number DESC LIMIT ?1";
    let read = |row: &rusqlite::Row<'_>| {
        let time_ns = u64::try_from(row.get::<_, i64>(4)?).unwrap_or_default();
        Ok(ChangeDetail { rule: row.get(0)?, limit: row.get(1)?, clear: row.get(2)?, by: row.get(3)?, time_ns })
    };
    state.prepare(text)?.query_map([max], read)?.collect()
}

/// Keeps a change; durable when it returns. A change to nothing takes the rule back to its configuration.
///
/// # Errors
/// The state file cannot be written.
pub fn store(state: &mut Connection, now_ns: u64, change: &Threshold) -> rusqlite::Result<()> {
    let (by, time_ns) = (cut(&change.by, 100), i64::try_from(now_ns).unwrap_or(i64::MAX));
    let transaction = state.transaction()?;
    if change.limit.is_none() && change.clear.is_none() {
        transaction.execute("DELETE FROM thresholds WHERE rule = ?1", [&change.rule])?;
    } else {
        let text = "INSERT OR REPLACE INTO thresholds (rule, limit_level, clear_level, changed_by, time_ns) VALUES (?1, ?2, ?3, ?4, ?5)";
        transaction.execute(text, params![change.rule, change.limit, change.clear, by, time_ns])?;
    }
    let text = "INSERT INTO threshold_changes (rule, limit_level, clear_level, changed_by, time_ns) VALUES (?1, ?2, ?3, ?4, ?5)";
    transaction.execute(text, params![change.rule, change.limit, change.clear, by, time_ns])?;
    let old = "DELETE FROM threshold_changes WHERE number <= (SELECT MAX(number) FROM threshold_changes) - ?1";
    transaction.execute(old, [i64::try_from(CHANGES_MAX).unwrap_or(i64::MAX)])?;
    transaction.commit()
}
