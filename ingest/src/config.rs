//! The `[ingest]` section of floodmark.toml.

use std::time::Duration;

use bytesize::ByteSize;
use serde::{Deserialize, Serialize};

/// The `[ingest]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Connections that write at once (MySQL/MariaDB; SQLite always has one).
    pub connections: usize,
    /// Rows of one transaction.
    pub batch_rows_max: usize,
    /// Age at which a transaction that is not full is committed.
    #[serde(with = "humantime_serde")]
    pub batch_age_max: Duration,
    /// How long what is stored stays.
    pub retention: Retention,
}

/// The `[ingest.retention]` section: by time, by bytes and by free disk, whichever comes first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Age of flow rows.
    #[serde(with = "humantime_serde")]
    pub flows: Duration,
    /// Bytes of flow rows.
    pub flows_bytes: ByteSize,
    /// Age of per-second traffic rows.
    #[serde(with = "humantime_serde")]
    pub traffic_1s: Duration,
    /// Age of per-minute traffic rows.
    #[serde(with = "humantime_serde")]
    pub traffic_1m: Duration,
    /// Age of per-hour traffic rows.
    #[serde(with = "humantime_serde")]
    pub traffic_1h: Duration,
    /// Age of per-minute talker rows.
    #[serde(with = "humantime_serde")]
    pub talkers_1m: Duration,
    /// Age of per-hour talker rows.
    #[serde(with = "humantime_serde")]
    pub talkers_1h: Duration,
    /// Age of incident, event and ledger rows.
    #[serde(with = "humantime_serde")]
    pub history: Duration,
    /// Age from which on the flow rows of an attack's target become summaries; 0 = never.
    #[serde(with = "humantime_serde")]
    pub attack_detail: Duration,
    /// Rows of one minute and target below which they keep their detail all the same.
    pub attack_rows_min: u64,
    /// Free disk below which the oldest detail goes first (SQLite; for MySQL use `flows_bytes`).
    pub disk_free_min: ByteSize,
}

const DAY: u64 = 86_400;

impl Default for Config {
    fn default() -> Config {
        Config {
            connections: 2,
            batch_rows_max: 10_240,
            batch_age_max: Duration::from_millis(250),
            retention: Retention::default(),
        }
    }
}

impl Default for Retention {
    fn default() -> Retention {
        let days = |n: u64| Duration::from_secs(n * DAY);
        Retention {
            flows: days(1),
            flows_bytes: ByteSize::gib(20),
            traffic_1s: days(7),
            traffic_1m: days(90),
            traffic_1h: days(5 * 365),
            talkers_1m: days(14),
            talkers_1h: days(400),
            history: days(400),
            attack_detail: days(1),
            attack_rows_min: 1_000,
            disk_free_min: ByteSize::gib(2),
        }
    }
}
