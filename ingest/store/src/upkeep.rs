//! How long rows stay, what went, and how large the store is.

use std::time::Duration;

/// How long rows stay: by time, by bytes and by free disk, whichever comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Age of flow rows (by the day they belong to: they go up to a day later).
    pub flows: Duration,
    /// Bytes of flow rows.
    pub flows_bytes: u64,
    /// Age of what is kept per second.
    pub traffic_1s: Duration,
    /// Age of what is kept per minute, talkers aside.
    pub traffic_1m: Duration,
    /// Age of what is kept per hour, talkers aside.
    pub traffic_1h: Duration,
    /// Age of per-minute talkers, and of subjects.
    pub talkers_1m: Duration,
    /// Age of per-hour talkers.
    pub talkers_1h: Duration,
    /// Age of incidents, events and the ledger.
    pub history: Duration,
    /// Age from which on the flow rows of an attack's target become summaries; 0 = never.
    pub attack_detail: Duration,
    /// Flow rows of one minute and target below which they keep their detail all the same.
    pub attack_rows_min: u64,
    /// Free bytes on the disk below which the oldest day of flows goes (SQLite only).
    pub disk_free_min: u64,
}

/// Tables that are kept small by deleting rows, all but `flows`.
pub(crate) const SMALL_TABLES: [&str; 14] = [
    "traffic_1s",
    "traffic_1m",
    "traffic_1h",
    "talkers_1m",
    "talkers_1h",
    "host_1s",
    "host_1m",
    "host_1h",
    "processes_1m",
    "subjects_10s",
    "incidents",
    "events",
    "ledger",
    "interfaces",
];

impl RetentionPolicy {
    /// Age of the rows of a table.
    pub(crate) fn age(&self, table: &str) -> Duration {
        match table {
            "traffic_1s" | "host_1s" => self.traffic_1s,
            "traffic_1m" | "host_1m" | "processes_1m" => self.traffic_1m,
            "traffic_1h" | "host_1h" => self.traffic_1h,
            "talkers_1m" | "subjects_10s" => self.talkers_1m,
            "talkers_1h" => self.talkers_1h,
            "flows" => self.flows,
            // Rows of every age use the interfaces' numbers.
            "interfaces" => self.history.max(self.traffic_1h),
            _ => self.history,
        }
    }

    /// The time before which rows of a table go.
    pub(crate) fn cutoff(&self, table: &str, now: u32) -> u32 {
        now.saturating_sub(u32::try_from(self.age(table).as_secs()).unwrap_or(u32::MAX))
    }
}

/// What the retention did to one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableReport {
    /// The table.
    pub table: &'static str,
    /// Rows that went (the server's estimate where a whole partition went).
    pub rows: u64,
    /// Bytes that were given back (partitions and day files; deleted rows leave room for new ones).
    pub bytes: u64,
    /// Partitions or day files that went.
    pub parts: u32,
    /// Why less was done than the policy asks for, with the remedy.
    pub hindered: Option<String>,
}

/// What one run of the retention did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionReport {
    /// One entry for each table.
    pub tables: Vec<TableReport>,
}

impl RetentionReport {
    /// What was done to a table.
    pub fn table(&self, name: &str) -> Option<&TableReport> {
        self.tables.iter().find(|report| report.table == name)
    }
}

/// What one run made summaries of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CondenseReport {
    /// Incidents of which rows were condensed.
    pub incidents: u32,
    /// Flow rows that went.
    pub from_rows: u64,
    /// Summaries that stand for them.
    pub to_rows: u64,
    /// Bytes that were given back to the disk (SQLite; a server uses them again for the same day).
    pub bytes: u64,
    /// Whether there is more to do: the next run goes on.
    pub is_more: bool,
    /// Why less was done than the policy asks for, with the remedy.
    pub hindered: Option<String>,
}

/// How large a table is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableSize {
    /// The table.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// Whether the rows were counted; else they are the server's estimate, or not known (0).
    pub is_exact: bool,
    /// Bytes on disk.
    pub bytes: u64,
    /// Oldest row, UNIX seconds; 0 = empty.
    pub oldest_ts: u32,
    /// Newest row, UNIX seconds; 0 = empty.
    pub newest_ts: u32,
}
