//! What the tables will become: how fast they grow, when the oldest rows go and by which rule, when the disk is full.

use std::time::Duration;

use crate::day::Day;
use crate::limits::DAY_SECONDS;
use crate::upkeep::{RetentionPolicy, SMALL_TABLES, TableSize};

/// A shorter span says nothing about a day.
const SPAN_MIN: u32 = 3_600;

/// What makes rows go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// They are older than their table keeps.
    Age,
    /// Flow rows take more bytes than they may.
    Bytes,
    /// The disk has less room than must be left.
    DiskFree,
    /// They go with the flow rows that they belong to.
    WithFlows,
    /// Nothing does: the table stays small by itself.
    None,
}

impl Rule {
    /// Its key in `[ingest.retention]`, or what stands for it; `table` has an age of its own.
    pub fn key(self, table: &str) -> &'static str {
        match self {
            Rule::Age => age_key(table),
            Rule::Bytes => "flows_bytes",
            Rule::DiskFree => "disk_free_min",
            Rule::WithFlows => "with flows",
            Rule::None => "stays",
        }
    }
}

/// The key of the age of a table's rows.
fn age_key(table: &str) -> &'static str {
    match table {
        "flows" => "flows",
        "traffic_1s" | "host_1s" => "traffic_1s",
        "traffic_1m" | "host_1m" | "processes_1m" => "traffic_1m",
        "traffic_1h" | "host_1h" => "traffic_1h",
        "talkers_1m" | "subjects_10s" => "talkers_1m",
        "talkers_1h" => "talkers_1h",
        _ => "history",
    }
}

/// A table, and what will become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// As it is.
    pub size: TableSize,
    /// Bytes that a day of rows takes; `None` = there is not an hour of rows yet.
    pub bytes_per_day: Option<u64>,
    /// When its oldest rows go, UNIX seconds; `None` = it has none, or they stay.
    pub goes_ts: Option<u32>,
    /// By which rule.
    pub rule: Rule,
}

/// The whole store, and what will become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Each table.
    pub tables: Vec<Outlook>,
    /// Bytes of all tables.
    pub bytes: u64,
    /// Bytes that a day adds, of the tables from which nothing goes yet.
    pub growth_per_day: u64,
    /// Bytes that may still be written on the store's disk; `None` = it is a server's.
    pub disk_free: Option<u64>,
    /// When the disk would be full at that rate if nothing was thrown away, UNIX seconds; `None` = not known, or never.
    pub disk_full_ts: Option<u32>,
    /// When flow rows begin to go because the disk has less than `disk_free_min`.
    pub disk_low_ts: Option<u32>,
}

/// Looks ahead from `now` (UNIX seconds), at the rate of the rows that are there.
pub fn forecast(sizes: Vec<TableSize>, policy: &RetentionPolicy, disk_free: Option<u64>, now: u32) -> Forecast {
    let bytes = sizes.iter().map(|size| size.bytes).sum();
    let growth_per_day = sizes
        .iter()
        .filter(|size| still_grows(size, policy, now))
        .fold(0, |sum: u64, size| sum.saturating_add(per_day(size).unwrap_or(0)));
    let disk_full_ts = disk_free.and_then(|free| after(free, growth_per_day, now));
    let disk_low_ts = disk_free.and_then(|free| after(free.saturating_sub(policy.disk_free_min), growth_per_day, now));
    let tables = sizes.into_iter().map(|size| outlook(size, policy, disk_low_ts, now)).collect();
    Forecast { tables, bytes, growth_per_day, disk_free, disk_full_ts, disk_low_ts }
}

fn outlook(size: TableSize, policy: &RetentionPolicy, disk_low_ts: Option<u32>, now: u32) -> Outlook {
    let bytes_per_day = per_day(&size);
    let mut goes = match size.table.as_str() {
        _ if size.oldest_ts == 0 => Vec::new(),
        // A day goes as a whole, when its last row is too old.
        "flows" => vec![(Day::of(size.oldest_ts).end().saturating_add(seconds(policy.flows)), Rule::Age)],
        "flow_notes" => vec![(Day::of(size.oldest_ts).end().saturating_add(seconds(policy.flows)), Rule::WithFlows)],
        table if is_aged(table) => vec![(size.oldest_ts.saturating_add(seconds(policy.age(table))), Rule::Age)],
        _ => Vec::new(),
    };
    if size.table == "flows" && size.oldest_ts > 0 {
        let room = policy.flows_bytes.saturating_sub(size.bytes);
        goes.extend(after(room, bytes_per_day.unwrap_or(0), now).map(|ts| (ts, Rule::Bytes)));
        goes.extend(disk_low_ts.map(|ts| (ts, Rule::DiskFree)));
    }
    let first = goes.into_iter().min_by_key(|(ts, _)| *ts);
    let rule = match first {
        Some((_, rule)) => rule,
        None if size.table == "flow_notes" => Rule::WithFlows,
        None if size.table == "flows" || is_aged(&size.table) => Rule::Age,
        None => Rule::None,
    };
    // What is over its limit goes at the next run.
    Outlook { size, bytes_per_day, goes_ts: first.map(|(ts, _)| ts.max(now)), rule }
}

fn is_aged(table: &str) -> bool {
    SMALL_TABLES.contains(&table)
}

/// Whether nothing goes from a table yet, so that each day adds to it.
fn still_grows(size: &TableSize, policy: &RetentionPolicy, now: u32) -> bool {
    let age = policy.age(if size.table == "flow_notes" { "flows" } else { &size.table });
    size.oldest_ts > 0 && size.oldest_ts.saturating_add(seconds(age)) > now
}

fn per_day(size: &TableSize) -> Option<u64> {
    let span = size.newest_ts.saturating_sub(size.oldest_ts);
    (size.oldest_ts > 0 && span >= SPAN_MIN)
        .then(|| u64::try_from(u128::from(size.bytes) * u128::from(DAY_SECONDS) / u128::from(span)).unwrap_or(u64::MAX))
}

/// When so many bytes are written at a rate; `None` = never, or beyond what the tables' times can say.
fn after(bytes: u64, per_day: u64, now: u32) -> Option<u32> {
    if per_day == 0 {
        return None;
    }
    let wait = u128::from(bytes) * u128::from(DAY_SECONDS) / u128::from(per_day);
    u32::try_from(u128::from(now) + wait).ok()
}

fn seconds(age: Duration) -> u32 {
    u32::try_from(age.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u32 = DAY_SECONDS;
    const NOW: u32 = 20_000 * DAY + 3_600;

    fn policy() -> RetentionPolicy {
        let days = |days: u64| Duration::from_secs(days * u64::from(DAY));
        RetentionPolicy {
            flows: days(3),
            flows_bytes: 10_000,
            traffic_1s: days(7),
            traffic_1m: days(90),
            traffic_1h: days(1_000),
            talkers_1m: days(14),
            talkers_1h: days(400),
            history: days(400),
            attack_detail: days(1),
            attack_rows_min: 1_000,
            disk_free_min: 500,
        }
    }

    fn size(table: &str, bytes: u64, oldest_ts: u32) -> TableSize {
        TableSize { table: table.to_owned(), rows: 1, is_exact: true, bytes, oldest_ts, newest_ts: NOW }
    }

    fn flows(bytes: u64, days: u32, free: Option<u64>) -> Outlook {
        forecast(vec![size("flows", bytes, NOW - days * DAY)], &policy(), free, NOW).tables.remove(0)
    }

    #[test]
    fn the_first_rule_that_strikes_is_told() {
        let by_age = flows(1_000, 2, None);
        assert_eq!((by_age.rule, by_age.bytes_per_day), (Rule::Age, Some(500)));
        assert_eq!(by_age.goes_ts, Some(Day::of(NOW - 2 * DAY).end() + 3 * DAY), "a whole day, at its end");
        let by_bytes = flows(9_000, 2, None);
        assert_eq!((by_bytes.rule, by_bytes.goes_ts), (Rule::Bytes, Some(NOW + DAY * 2 / 9)));
        let by_disk = flows(1_000, 2, Some(600));
        assert_eq!((by_disk.rule, by_disk.goes_ts), (Rule::DiskFree, Some(NOW + DAY / 5)));
        let over = flows(20_000, 2, None);
        assert_eq!((over.rule, over.goes_ts), (Rule::Bytes, Some(NOW)));
    }

    #[test]
    fn small_tables_go_by_their_own_age_and_others_stay() {
        let sizes = vec![size("traffic_1s", 700, NOW - DAY), size("nodes", 1, 0), size("events", 0, 0)];
        let tables = forecast(sizes, &policy(), None, NOW).tables;
        assert_eq!((tables[0].goes_ts, tables[0].rule.key("traffic_1s")), (Some(NOW + 6 * DAY), "traffic_1s"));
        assert_eq!((tables[1].goes_ts, tables[1].rule), (None, Rule::None));
        assert_eq!((tables[2].goes_ts, tables[2].rule.key("events")), (None, "history"));
    }

    #[test]
    fn the_disk_is_full_when_what_still_grows_has_filled_it() {
        let old = size("traffic_1s", 7_000, NOW - 7 * DAY);
        let young = size("traffic_1m", 1_000, NOW - DAY);
        let all = forecast(vec![old, young], &policy(), Some(10_000), NOW);
        assert_eq!((all.growth_per_day, all.bytes), (1_000, 8_000));
        assert_eq!((all.disk_full_ts, all.disk_low_ts), (Some(NOW + 10 * DAY), Some(NOW + 9 * DAY + DAY / 2)));
        let unknown = forecast(vec![size("traffic_1m", 1_000, NOW - DAY)], &policy(), None, NOW);
        assert_eq!(unknown.disk_full_ts, None);
        assert_eq!(per_day(&size("flows", 100, NOW - 60)), None, "a minute says nothing about a day");
    }
}
