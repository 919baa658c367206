//! A metric of a host or prefix that is near a limit: what a back-test needs.

use serde::{Deserialize, Serialize};

/// One metric of one subject in ten seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubjectRow {
    /// First of the ten seconds, UNIX time.
    pub ts: u64,
    /// An address (16 bytes, IPv4 as `::ffff:a.b.c.d`); a prefix has its length (of 128) and a 0 behind it, 18 bytes in
    /// all.
    pub subject: Vec<u8>,
    /// The metric's number.
    pub metric: u16,
    /// Its largest value in the ten seconds.
    pub value: f64,
    /// The value divided by the limit that is nearest.
    pub limit_share: f64,
}
