//! The `[spool]` section of floodmark.toml.

use std::time::Duration;

use bytesize::ByteSize;
use serde::{Deserialize, Serialize};

/// The `[spool]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Disk that one writer's spool may take; beyond it rows are shed and counted.
    pub bytes_max: ByteSize,
    /// Size of one segment file; at most an eighth of `bytes_max`.
    pub segment_bytes: ByteSize,
    /// Written frames are made durable at least this often.
    #[serde(with = "humantime_serde")]
    pub commit_interval: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            bytes_max: ByteSize::gib(4),
            segment_bytes: ByteSize::mib(64),
            commit_interval: Duration::from_millis(50),
        }
    }
}
