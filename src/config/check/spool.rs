//! Ranges of `[spool]`.

use std::time::Duration;

use bytesize::ByteSize;
use spool::config::Config;
use spool::limits::{SEGMENT_BYTES_MIN, SEGMENTS_MIN};

use super::Report;

const SEGMENT_BYTES_MAX: u64 = 4 << 30;

/// The least that a spool can be.
const BYTES_MIN: u64 = SEGMENTS_MIN * SEGMENT_BYTES_MIN;

pub fn check(config: &Config, report: &mut Report) {
    let segment = config.segment_bytes.as_u64();
    let total = config.bytes_max.as_u64();
    if !(SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&segment) {
        report.problem(
            "spool.segment_bytes",
            format_args!("{segment} B"),
            format_args!("{} to {}", ByteSize(SEGMENT_BYTES_MIN), ByteSize(SEGMENT_BYTES_MAX)),
            "64MiB is the default",
        );
    }
    if total != 0 && total < BYTES_MIN {
        report.problem(
            "spool.bytes_max",
            format_args!("{total} B"),
            format_args!("0 (4 GiB, or a tenth of the disk) or at least {}", ByteSize(BYTES_MIN)),
            "raise it, or leave it out",
        );
    }
    report.duration(
        "spool.commit_interval",
        config.commit_interval,
        Duration::from_millis(1),
        Duration::from_secs(10),
        "50ms is the default: after a power cut at most this much is missing",
    );
}
