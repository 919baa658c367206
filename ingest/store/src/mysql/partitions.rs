//! Time partitions of `flows`: which there are, which to split off, which to drop.

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::day::Day;
use crate::error::{StoreError, mysql_number};
use crate::limits::{DDL_ATTEMPTS, DDL_LOCK_WAIT_SECONDS, PARTITION_DAYS_AHEAD, PARTITIONS_MAX};
use crate::session::{Get, Session};

const SPLITTING: &str = "splitting partitions off";

/// One partition; `end` is the first second after it, `None` = the last one, open to the future.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Partition {
    pub(super) name: String,
    pub(super) end: Option<u32>,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// The partitions in the order of time. Needs any right on the table.
pub(super) async fn list(connection: &mut MySqlConnection) -> Result<Vec<Partition>, sqlx::Error> {
    let sql = SqlStr::from_static(
        "SELECT CONCAT(PARTITION_NAME, ''), CONCAT(PARTITION_DESCRIPTION, ''), CAST(TABLE_ROWS AS UNSIGNED), \
         CAST(DATA_LENGTH + INDEX_LENGTH AS UNSIGNED) FROM information_schema.PARTITIONS \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'flows' AND PARTITION_NAME IS NOT NULL \
         ORDER BY PARTITION_ORDINAL_POSITION",
    );
    let rows = connection.rows(sql, Default::default()).await?;
    rows.iter()
        .map(|row| {
            let (name, end) = (row.text(0)?, row.text(1)?.parse().ok());
            Ok(Partition { name, end, rows: row.u64(2)?, bytes: row.u64(3)? })
        })
        .collect()
}

/// The ends of the partitions to split off ahead of time, in order.
///
/// The first one takes all that is older than its end, so old capture files find a place. A partition is as many days
/// long as keeps their number small; after a pause one partition takes the whole pause.
pub(super) fn plan(existing: &[Partition], now: u32, keep_days: u32) -> Vec<Day> {
    let length = (keep_days / (PARTITIONS_MAX as u32 - 10)).max(1);
    let today = Day::of(now);
    let horizon = today.plus(PARTITION_DAYS_AHEAD);
    let last_end = existing.iter().filter_map(|partition| partition.end).max();
    let mut ends = Vec::new();
    let mut end = match last_end {
        Some(end) if Day::of(end) > today => Day::of(end),
        _ => {
            ends.push(today.plus(1));
            today.plus(1)
        }
    };
    while end <= horizon {
        end = end.plus(length);
        ends.push(end);
    }
    // A time that does not fit into the column, or too many partitions: the last, open one takes the rows.
    ends.retain(|end| end.start() < end.plus(1).start());
    ends.truncate(PARTITIONS_MAX.saturating_sub(existing.len()));
    ends
}

/// The oldest partitions that end before `cutoff`, and further ones until no more than `bytes_max` are left; never
/// the one of today or a later one.
pub(super) fn expired(existing: &[Partition], cutoff: u32, bytes_max: u64, now: u32) -> Vec<Partition> {
    let mut bytes: u64 = existing.iter().map(|partition| partition.bytes).sum();
    let mut gone = Vec::new();
    for partition in existing {
        let Some(end) = partition.end else { break };
        if end > Day::of(now).start() || (end > cutoff && bytes <= bytes_max) {
            break;
        }
        bytes = bytes.saturating_sub(partition.bytes);
        gone.push(partition.clone());
    }
    gone
}

/// Splits partitions off the open one, which must be empty: a server that is stopped, or told to KILL the statement,
/// while it copies rows from one partition into others loses them all (measured on MariaDB 10.11).
pub(super) async fn split(connection: &mut MySqlConnection, ends: &[Day]) -> Result<(), StoreError> {
    if ends.is_empty() {
        return Ok(());
    }
    if !is_open_empty(connection).await.map_err(|error| StoreError::query(SPLITTING, &error))? {
        return Err(StoreError::Query {
            doing: SPLITTING,
            reason:
                "rows of a time to come lie in the last partition (did a clock jump?), and it is not split while it \
                     has any; they are deleted by their age"
                    .to_owned(),
        });
    }
    // A partition is called by the last day in it.
    let parts: Vec<String> = ends
        .iter()
        .map(|end| format!("PARTITION p{} VALUES LESS THAN ({})", Day::of(end.start() - 1).name(), end.start()))
        .collect();
    let sql = format!(
        "ALTER TABLE flows REORGANIZE PARTITION pmax INTO ({}, PARTITION pmax VALUES LESS THAN MAXVALUE)",
        parts.join(", ")
    );
    ddl(connection, SPLITTING, sql).await
}

async fn is_open_empty(connection: &mut MySqlConnection) -> Result<bool, sqlx::Error> {
    let sql = SqlStr::from_static("SELECT CAST(1 AS UNSIGNED) FROM flows PARTITION (pmax) LIMIT 1");
    Ok(connection.rows(sql, Default::default()).await?.is_empty())
}

/// Drops a partition with its rows.
pub(super) async fn drop_one(connection: &mut MySqlConnection, partition: &Partition) -> Result<(), StoreError> {
    // Names come from the catalogue; ours have no character that would need quoting.
    if !partition.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(StoreError::Query {
            doing: "dropping a partition",
            reason: format!("`{}` is not a name of ours", partition.name),
        });
    }
    let sql = format!("ALTER TABLE flows DROP PARTITION {}", partition.name);
    ddl(connection, "dropping a partition", sql).await
}

/// Runs DDL on the table: it waits for running reads for a short time only, because new ones and the writer queue up
/// behind it, and tries again.
async fn ddl(connection: &mut MySqlConnection, doing: &'static str, sql: String) -> Result<(), StoreError> {
    let wait = format!("SET SESSION lock_wait_timeout = {DDL_LOCK_WAIT_SECONDS}");
    let failed = |error: sqlx::Error| StoreError::query(doing, &error);
    connection.raw(AssertSqlSafe(wait).into_sql_str()).await.map_err(failed)?;
    let sql = AssertSqlSafe(sql).into_sql_str();
    let mut attempt = 1;
    loop {
        match connection.raw(sql.clone()).await {
            Ok(_) => return Ok(()),
            Err(error) if mysql_number(&error) == Some(1205) && attempt < DDL_ATTEMPTS => attempt += 1,
            Err(error) => return Err(failed(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u32 = 86_400;
    const NOW: u32 = 20_000 * DAY + 3_600;

    fn partition(end_day: u32) -> Partition {
        Partition { name: format!("p{end_day}"), end: Some(end_day * DAY), rows: 10, bytes: 1_000 }
    }

    fn open() -> Partition {
        Partition { name: "pmax".to_owned(), end: None, rows: 0, bytes: 0 }
    }

    fn ends(existing: &[Partition], keep_days: u32) -> Vec<u32> {
        plan(existing, NOW, keep_days).into_iter().map(|day| day.start() / DAY).collect()
    }

    #[test]
    fn partitions_are_split_off_until_a_week_ahead() {
        assert_eq!(ends(&[open()], 1), (20_001..=20_008).collect::<Vec<_>>());
        assert_eq!(ends(&[partition(20_001), partition(20_007), open()], 1), [20_008]);
        assert!(ends(&[partition(20_008), open()], 1).is_empty());
    }

    #[test]
    fn after_a_pause_one_partition_takes_it_all() {
        assert_eq!(ends(&[partition(19_000), open()], 1), (20_001..=20_008).collect::<Vec<_>>());
    }

    #[test]
    fn long_retention_makes_longer_partitions_not_more() {
        assert_eq!(ends(&[open()], 400), [20_001, 20_011]);
        let many: Vec<Partition> = (19_900..19_951).map(partition).collect();
        assert!(ends(&many, 1).is_empty());
    }

    #[test]
    fn partitions_go_by_age_or_by_bytes_but_never_that_of_today() {
        let all = [partition(19_998), partition(20_000), partition(20_001), partition(20_002), open()];
        let names =
            |cutoff, bytes| -> Vec<String> { expired(&all, cutoff, bytes, NOW).into_iter().map(|p| p.name).collect() };
        assert_eq!(names(19_999 * DAY, u64::MAX), ["p19998"]);
        assert!(names(19_997 * DAY, 4_000).is_empty());
        assert_eq!(names(0, 3_999), ["p19998"]);
        assert_eq!(names(u32::MAX, 0), ["p19998", "p20000"]);
    }
}
