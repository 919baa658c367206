//! `floodmark store size`: what each table costs, when its oldest rows go and by which rule, when the disk is full.

use std::fmt::Write;

use bytesize::ByteSize;
use serde_json::json;
use store::forecast::{Forecast, Outlook};

use crate::commands::print;

/// For people.
pub fn table(forecast: &Forecast) -> String {
    let mut out = format!(
        "{:<16} {:>15} {:>11} {:>11}  {:<20}  {:<20}  {:<20}  by\n",
        "table", "rows", "size", "a day", "oldest", "newest", "oldest goes"
    );
    for of in &forecast.tables {
        let rows = match (of.size.rows, of.size.is_exact) {
            (rows, true) => rows.to_string(),
            (rows, false) => format!("~{rows}"),
        };
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "{:<16} {rows:>15} {:>11} {:>11}  {:<20}  {:<20}  {:<20}  {}",
            of.size.table,
            bytes(of.size.bytes),
            of.bytes_per_day.map_or_else(|| "-".to_owned(), bytes),
            time(Some(of.size.oldest_ts)),
            time(Some(of.size.newest_ts)),
            time(of.goes_ts),
            of.rule.key(&of.size.table),
        );
    }
    let _ = writeln!(out, "{:<16} {:>15} {:>11}", "all", "", bytes(forecast.bytes));
    out + &outlook(forecast)
}

/// What will become of the disk.
fn outlook(forecast: &Forecast) -> String {
    let growth = bytes(forecast.growth_per_day);
    let rows = "~ = the server's estimate of rows. \"by\" = the key in [ingest.retention] by which they go.\n";
    let disk = match (forecast.disk_free, forecast.disk_full_ts) {
        (None, _) => {
            format!("The tables grow by {growth} a day; how much room the server's disk has is not known here.\n")
        }
        (Some(free), None) => format!("The disk has {} free; the tables do not grow.\n", bytes(free)),
        (Some(free), Some(full)) => format!(
            "The disk has {} free; the tables grow by {growth} a day, so it would be full at {}; from {} on the oldest \
             flows go (disk_free_min).\n",
            bytes(free),
            time(Some(full)),
            time(forecast.disk_low_ts),
        ),
    };
    if forecast.tables.iter().all(|of| of.size.is_exact) { disk } else { rows.to_owned() + &disk }
}

/// For programs: an object for each table, and one for the whole.
pub fn json_lines(forecast: &Forecast) -> String {
    let one = |of: &Outlook| {
        json!({
            "table": of.size.table,
            "rows": of.size.rows,
            "rows_exact": of.size.is_exact,
            "bytes": of.size.bytes,
            "bytes_per_day": of.bytes_per_day,
            "oldest_ts": of.size.oldest_ts,
            "newest_ts": of.size.newest_ts,
            "goes_ts": of.goes_ts,
            "rule": of.rule.key(&of.size.table),
        })
    };
    let whole = json!({
        "table": "all",
        "bytes": forecast.bytes,
        "growth_per_day": forecast.growth_per_day,
        "disk_free": forecast.disk_free,
        "disk_full_ts": forecast.disk_full_ts,
        "disk_low_ts": forecast.disk_low_ts,
    });
    forecast.tables.iter().map(one).chain([whole]).map(|line| line.to_string() + "\n").collect()
}

fn bytes(bytes: u64) -> String {
    ByteSize(bytes).to_string()
}

/// 0 and nothing are no times.
fn time(ts: Option<u32>) -> String {
    ts.filter(|ts| *ts > 0).map_or_else(|| "-".to_owned(), print::seconds)
}

#[cfg(test)]
mod tests {
    use store::TableSize;
    use store::forecast::{Forecast, Outlook, Rule};

    use super::{json_lines, table};

    fn sample() -> Forecast {
        let size = |table: &str, rows, bytes, oldest_ts, is_exact| TableSize {
            table: table.to_owned(),
            rows,
            is_exact,
            bytes,
            oldest_ts,
            newest_ts: oldest_ts,
        };
        Forecast {
            tables: vec![
                Outlook {
                    size: size("flows", 12, 2048, 1_700_000_000, true),
                    bytes_per_day: Some(1024),
                    goes_ts: Some(1_700_100_000),
                    rule: Rule::Bytes,
                },
                Outlook { size: size("nodes", 1, 0, 0, false), bytes_per_day: None, goes_ts: None, rule: Rule::None },
            ],
            bytes: 2048,
            growth_per_day: 1024,
            disk_free: Some(1 << 20),
            disk_full_ts: Some(1_788_473_600),
            disk_low_ts: Some(1_780_000_000),
        }
    }

    #[test]
    fn sizes_are_shown_for_people_with_what_will_become_of_them() {
        let shown = table(&sample());
        for part in ["2.0 KiB", "2023-11-14", "flows_bytes", "~1", "stays", "grow by 1.0 KiB a day", "disk_free_min"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let server = Forecast { disk_free: None, disk_full_ts: None, disk_low_ts: None, ..sample() };
        assert!(table(&server).contains("not known here"));
    }

    #[test]
    fn sizes_are_shown_for_programs() {
        let lines: Vec<serde_json::Value> =
            json_lines(&sample()).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(
            lines[0],
            serde_json::json!({
                "table": "flows", "rows": 12, "rows_exact": true, "bytes": 2048, "bytes_per_day": 1024,
                "oldest_ts": 1_700_000_000, "newest_ts": 1_700_000_000, "goes_ts": 1_700_100_000, "rule": "flows_bytes"
            })
        );
        assert_eq!((&lines[1]["rule"], &lines[1]["goes_ts"]), (&"stays".into(), &serde_json::Value::Null));
        assert_eq!(lines[2]["disk_free"], 1 << 20);
    }
}
