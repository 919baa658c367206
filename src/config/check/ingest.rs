//! Ranges of `[ingest]` and `[ingest.retention]`.

use std::time::Duration;

use ingest::config::{Config, Retention};
use ingest::limits::CONNECTIONS_MAX;

use super::Report;

const HOUR: Duration = Duration::from_secs(3_600);
const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

/// A smaller limit would throw away what one busy minute stores.
const FLOWS_BYTES_MIN: u64 = 1 << 20;

pub fn check(config: &Config, report: &mut Report) {
    report.number(
        "ingest.connections",
        config.connections as u64,
        1,
        CONNECTIONS_MAX as u64,
        "2 is the default; more than 4 seldom helps",
    );
    report.number(
        "ingest.batch_rows_max",
        config.batch_rows_max as u64,
        1,
        1_000_000,
        "10240 is the default: one transaction of some megabytes",
    );
    report.duration(
        "ingest.batch_age_max",
        config.batch_age_max,
        Duration::from_millis(1),
        Duration::from_secs(60),
        "250ms is the default",
    );
    check_retention(&config.retention, report);
}

fn check_retention(retention: &Retention, report: &mut Report) {
    let ages = [
        ("ingest.retention.flows", retention.flows),
        ("ingest.retention.traffic_1s", retention.traffic_1s),
        ("ingest.retention.traffic_1m", retention.traffic_1m),
        ("ingest.retention.traffic_1h", retention.traffic_1h),
        ("ingest.retention.talkers_1m", retention.talkers_1m),
        ("ingest.retention.talkers_1h", retention.talkers_1h),
        ("ingest.retention.history", retention.history),
    ];
    for (key, age) in ages {
        report.duration(key, age, HOUR, CENTURY, "write days, such as \"7days\"");
    }
    if !retention.attack_detail.is_zero() {
        let key = "ingest.retention.attack_detail";
        report.duration(key, retention.attack_detail, HOUR, CENTURY, "write hours, such as \"24h\", or 0s for never");
    }
    report.number(
        "ingest.retention.attack_rows_min",
        retention.attack_rows_min,
        1,
        1_000_000_000,
        "1000 is the default: rows of one minute and target",
    );
    if retention.flows_bytes.as_u64() < FLOWS_BYTES_MIN {
        report.problem(
            "ingest.retention.flows_bytes",
            format_args!("{} B", retention.flows_bytes.as_u64()),
            "at least 1MiB",
            "20GiB is the default",
        );
    }
}
