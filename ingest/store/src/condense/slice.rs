//! One slice of time: sums under locks, rows out, summaries in, all in one transaction.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{Attack, CONDENSED, Mark, Way, write_mark};
use crate::batch::Key;
use crate::error::StoreError;
use crate::insert::{self, Statements};
use crate::limits::CONDENSE_ROWS_MAX;
use crate::reader::{Flow, FromRow};
use crate::rows::{Bind, FlowRow, Row as _};
use crate::session::{Get, Session};

const DOING: &str = "condensing flow rows";

/// Rows that must become one, at least, or their detail is worth more.
const GAIN_MIN: u64 = 8;

/// What differs between the dialects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// Begins a transaction that writes.
    pub(crate) begin: &'static str,
    /// Ends a SELECT whose rows, and the places between them, stay as they are until the transaction ends.
    pub(crate) lock: &'static str,
}

/// How many rows a slice has, and how they differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    rows: u64,
    ports: u64,
    targets: u64,
}

/// What keys the summaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    TargetAndPort,
    Target,
}

/// The finest key that makes few summaries of many rows; `None` = none does.
fn finest(count: Count) -> Option<By> {
    let gains = |summaries: u64| summaries.saturating_mul(GAIN_MIN) <= count.rows;
    if gains(count.targets.saturating_mul(count.ports)) {
        Some(By::TargetAndPort)
    } else if gains(count.targets) {
        Some(By::Target)
    } else {
        None
    }
}

/// A summary and how many rows it stands for.
struct Summary {
    flow: Flow,
    rows: u64,
}

impl FromRow for Summary {
    fn from_row<G: Get>(row: &G) -> Result<Summary, sqlx::Error> {
        Ok(Summary { flow: Flow::from_row(row)?, rows: row.u64(5 + FlowRow::COLUMNS.len())? })
    }
}

/// What is to be done with a minute of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Minute {
    /// Nothing: it has few rows, or they are all different.
    Keep,
    /// All of it at once.
    Whole,
    /// Second by second: it has too many rows for one transaction.
    Seconds,
}

/// Where the work of one attack is done.
pub(crate) struct Slicer<'a, S: Session> {
    pub(crate) session: &'a mut S,
    pub(crate) statements: &'a mut Statements,
    pub(crate) dialect: Dialect,
    pub(crate) attack: &'a Attack,
    pub(crate) now: u32,
}

impl<S: Session> Slicer<'_, S> {
    /// Looks at the minute from `since` on.
    pub(crate) async fn look(&mut self, since: u32, rows_min: u64) -> Result<Minute, StoreError> {
        let count = self.count((since, since.saturating_add(60))).await?;
        Ok(match finest(count) {
            None => Minute::Keep,
            Some(_) if count.rows < rows_min.max(GAIN_MIN) => Minute::Keep,
            Some(_) if count.rows <= CONDENSE_ROWS_MAX => Minute::Whole,
            Some(_) => Minute::Seconds,
        })
    }

    /// Condenses the rows of a range of time, and notes the mark with what it did added. On an error the transaction may
    /// be open: the caller drops the connection.
    pub(crate) async fn condense(&mut self, range: (u32, u32), mark: Mark) -> Result<Mark, StoreError> {
        let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
        let count = self.count(range).await?;
        let mut mark = Mark { until: range.1, ..mark };
        self.raw(self.dialect.begin).await?;
        if let Some(by) = finest(count) {
            let summaries = self.summaries(range, by).await?;
            faults::pass("db.condense").map_err(StoreError::failpoint(DOING))?;
            let gone = self.delete(range).await?;
            let stands_for: u64 = summaries.iter().map(|summary| summary.rows).sum();
            if gone != stands_for {
                // Locks should make this impossible; whatever it was, nothing is changed.
                let reason = format!("{gone} rows were there and {stands_for} were summed: left as they are");
                return Err(StoreError::Transient { doing: DOING, reason });
            }
            faults::pass("db.condensed").map_err(StoreError::failpoint(DOING))?;
            self.insert(&summaries).await?;
            mark.from_rows += gone;
            mark.to_rows += summaries.len() as u64;
        }
        write_mark(self.session, &self.attack.incident, mark, self.now).await.map_err(failed)?;
        faults::pass("db.condense.commit").map_err(StoreError::failpoint(DOING))?;
        self.raw("COMMIT").await?;
        Ok(mark)
    }

    /// Notes how far the attack is done, where nothing was to be condensed.
    pub(crate) async fn note(&mut self, mark: Mark) -> Result<(), StoreError> {
        let noted = write_mark(self.session, &self.attack.incident, mark, self.now).await;
        noted.map_err(|error| StoreError::query(DOING, &error))
    }

    async fn raw(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let done = self.session.raw(SqlStr::from_static(sql)).await;
        done.map(drop).map_err(|error| StoreError::query(DOING, &error))
    }

    /// The rows of a range that are no summaries of ours yet: a WHERE, and its arguments.
    fn rows_of(&self, (since, until): (u32, u32)) -> (String, S::Arguments) {
        let (target, _) = self.attack.way.columns();
        let text = format!("ts >= ? AND ts < ? AND {target} BETWEEN ? AND ? AND end_reason <> {CONDENSED}");
        let mut arguments = S::Arguments::default();
        arguments.u32(since);
        arguments.u32(until);
        arguments.bytes(&self.attack.target.low);
        arguments.bytes(&self.attack.target.high);
        (text, arguments)
    }

    async fn count(&mut self, range: (u32, u32)) -> Result<Count, StoreError> {
        let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
        let (target, _) = self.attack.way.columns();
        let (which, arguments) = self.rows_of(range);
        let sql =
            format!("SELECT COUNT(*), COUNT(DISTINCT dst_port), COUNT(DISTINCT {target}) FROM flows WHERE {which}");
        let rows = self.session.rows(AssertSqlSafe(sql).into_sql_str(), arguments).await.map_err(failed)?;
        let Some(row) = rows.first() else { return Ok(Count::default()) };
        let count = || Ok(Count { rows: row.u64(0)?, ports: row.u64(1)?, targets: row.u64(2)? });
        count().map_err(failed)
    }

    async fn summaries(&mut self, range: (u32, u32), by: By) -> Result<Vec<Summary>, StoreError> {
        let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
        let (which, arguments) = self.rows_of(range);
        let text = format!(
            "{} WHERE {which} {} {}",
            select(self.attack.way, by),
            group(self.attack.way, by),
            self.dialect.lock
        );
        let rows = self.session.rows(AssertSqlSafe(text).into_sql_str(), arguments).await.map_err(failed)?;
        rows.iter().map(Summary::from_row).collect::<Result<_, _>>().map_err(failed)
    }

    async fn delete(&mut self, range: (u32, u32)) -> Result<u64, StoreError> {
        let (which, arguments) = self.rows_of(range);
        let sql = AssertSqlSafe(format!("DELETE FROM flows WHERE {which}")).into_sql_str();
        self.session.run(sql, arguments).await.map_err(|error| StoreError::query(DOING, &error))
    }

    async fn insert(&mut self, summaries: &[Summary]) -> Result<(), StoreError> {
        let mut streams: BTreeMap<Key, Vec<&FlowRow>> = BTreeMap::new();
        for Summary { flow, .. } in summaries {
            let key = Key { node_id: flow.node_id, epoch: flow.epoch, stream: flow.stream };
            streams.entry(key).or_default().push(&flow.row);
        }
        for (key, rows) in streams {
            insert::summaries(self.session, self.statements, key, &rows).await?;
        }
        Ok(())
    }
}

/// Sixteen zero bytes: the address of many, as capture folds them.
const MANY: &str = "x'00000000000000000000000000000000'";

/// The columns of a [`Flow`] in its order, summed, and the number of rows.
fn select(way: Way, by: By) -> String {
    let sum = |column: &str| format!("CAST(SUM({column}) AS UNSIGNED)");
    // Only one of the dialects has an aggregate for OR.
    let or = |column: &str| {
        let bits: Vec<String> = (0..8).map(|bit| format!("MAX({column} & {})", 1 << bit)).collect();
        format!("CAST({} AS UNSIGNED)", bits.join(" | "))
    };
    let (src, dst) = if way == Way::In { (MANY, "dst_ip") } else { ("src_ip", MANY) };
    let port = if by == By::TargetAndPort { "dst_port" } else { "0" };
    let (_, other) = way.columns();
    // What capture had folded is added: an estimate, and never less than one.
    let addresses = format!(
        "CAST(CASE WHEN COUNT(DISTINCT {other}) + SUM(folded_addresses) > 4294967295 THEN 4294967295 \
         ELSE COUNT(DISTINCT {other}) + SUM(folded_addresses) END AS UNSIGNED)"
    );
    format!(
        "SELECT node_id, epoch, stream, MAX(ts), MIN(seq), interface, direction, MIN(first_ns), MAX(last_ns), protocol, \
         {src}, 0, {dst}, {port}, vlan, {}, {}, {}, {}, {}, {}, {CONDENSED}, {addresses}, COUNT(*) FROM flows",
        sum("packets_fwd"),
        sum("bytes_fwd"),
        sum("packets_rev"),
        sum("bytes_rev"),
        or("tcp_flags_fwd"),
        or("tcp_flags_rev"),
    )
}

fn group(way: Way, by: By) -> String {
    let (target, _) = way.columns();
    let port = if by == By::TargetAndPort { ", dst_port" } else { "" };
    format!("GROUP BY node_id, epoch, stream, interface, direction, protocol, vlan, {target}{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_as_fine_as_pays() {
        let check = |rows, ports, targets, expect| assert_eq!(finest(Count { rows, ports, targets }), expect);
        check(1_000, 3, 1, Some(By::TargetAndPort));
        check(1_000, 900, 1, Some(By::Target));
        check(100_000, 30_000, 256, Some(By::Target));
        check(1_000, 900, 900, None);
        check(0, 0, 0, Some(By::TargetAndPort));
    }

    #[test]
    fn a_summary_has_the_columns_of_a_flow_row() {
        for (way, by) in [(Way::In, By::TargetAndPort), (Way::Out, By::Target)] {
            let text = select(way, by);
            let (mut depth, mut columns) = (0, 1);
            for c in text.chars() {
                match c {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    ',' if depth == 0 => columns += 1,
                    _ => {}
                }
            }
            assert_eq!(columns, 5 + FlowRow::COLUMNS.len() + 1, "{text}");
        }
    }
}
