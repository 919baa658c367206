//! The `[spool]` section of floodmark.toml.

use std::path::Path;
use std::time::Duration;

use bytesize::ByteSize;
use serde::{Deserialize, Serialize};

use crate::disk::Backend;
use crate::limits::{BYTES_MAX_DEFAULT, SEGMENT_BYTES_MIN, SEGMENTS_MIN};

/// The `[spool]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Disk that one writer's spool may take; beyond it rows are shed and counted. 0 = [`BYTES_MAX_DEFAULT`], or a tenth
    /// of the disk if that is less.
    pub bytes_max: ByteSize,
    /// Size of one segment file; an eighth of `bytes_max` if that is less.
    pub segment_bytes: ByteSize,
    /// Accepted frames are made durable at least this often.
    #[serde(with = "humantime_serde")]
    pub commit_interval: Duration,
    /// How the bytes go to the disk.
    pub backend: Backend,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            bytes_max: ByteSize(0),
            segment_bytes: ByteSize::mib(64),
            commit_interval: Duration::from_millis(50),
            backend: Backend::Auto,
        }
    }
}

/// The sizes of one writer's spool, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Of all segments.
    pub bytes_max: u64,
    /// Of one.
    pub segment_bytes: u64,
}

impl Config {
    /// The sizes on the disk that holds `dir` or what of its path is there.
    pub fn sizes(&self, dir: &Path) -> Sizes {
        let disk = dir.ancestors().find_map(|path| {
            let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
            rustix::fs::statvfs(path).ok()
        });
        self.sizes_on(disk.map(|stat| stat.f_blocks.saturating_mul(stat.f_frsize)))
    }

    fn sizes_on(&self, disk_bytes: Option<u64>) -> Sizes {
        let bytes_max = match self.bytes_max.as_u64() {
            0 => disk_bytes.map_or(BYTES_MAX_DEFAULT, |bytes| (bytes / 10).min(BYTES_MAX_DEFAULT)),
            configured => configured,
        };
        let bytes_max = bytes_max.max(SEGMENTS_MIN * SEGMENT_BYTES_MIN);
        let segment_bytes = self.segment_bytes.as_u64().min(bytes_max / SEGMENTS_MIN).max(SEGMENT_BYTES_MIN);
        Sizes { bytes_max, segment_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::{ByteSize, Config, Sizes};

    #[test]
    fn the_default_is_a_tenth_of_a_small_disk_and_a_segment_an_eighth() {
        let check = |configured: u64, disk: Option<u64>, bytes_max: u64, segment_bytes: u64| {
            let config = Config { bytes_max: ByteSize(configured), ..Config::default() };
            assert_eq!(config.sizes_on(disk), Sizes { bytes_max, segment_bytes }, "{configured} on {disk:?}");
        };
        check(0, None, 4 << 30, 64 << 20);
        check(0, Some(1 << 40), 4 << 30, 64 << 20);
        check(0, Some(10 << 30), 1 << 30, 64 << 20);
        check(0, Some(1 << 20), 8 << 20, 1 << 20);
        check(16 << 20, Some(16 << 20), 16 << 20, 2 << 20);
        check(8 << 30, Some(10 << 30), 8 << 30, 64 << 20);
    }
}
