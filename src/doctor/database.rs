//! Settings of a MySQL or MariaDB server that lose rows or slow down ingest.

use std::collections::BTreeMap;

use bytesize::ByteSize;

use super::Finding;

/// Server variables by name, as `SHOW GLOBAL VARIABLES` tells them.
pub type Settings = BTreeMap<String, String>;

/// A batch's statement has some hundred KiB; a server that takes less cuts the connection.
const PACKET_BYTES_MIN: u64 = 4 << 20;

/// The default of 128 MiB does not hold the tables' right edges and the readers' pages together.
const BUFFER_POOL_BYTES_MIN: u64 = 512 << 20;

/// At 100,000 rows/s InnoDB writes 12 MB/s of redo: with 96 MiB it must flush pages every few seconds.
const REDO_BYTES_MIN: u64 = 1 << 30;

/// Judges the server of `url`; `settings` are its variables, `None` if it was not asked.
pub fn examine(url: &str, settings: Option<&Settings>) -> Vec<Finding> {
    if url.is_empty() || url.starts_with("sqlite://") {
        return vec![Finding::ok("database", "SQLite: no server to look at", "")];
    }
    match settings {
        Some(settings) => judge(settings),
        None => {
            let remedy = "see innodb_flush_log_at_trx_commit = 1, max_allowed_packet, innodb_log_file_size there";
            vec![Finding::warn("database", "the server was not asked for its settings", remedy)]
        }
    }
}

fn judge(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![];
    findings.extend(judge_durability(settings));
    findings.extend(judge_sizes(settings));
    findings.extend(judge_log(settings));
    if is_on(settings, "read_only") || is_on(settings, "super_read_only") {
        let remedy = "use the primary server's address in store.url, or `SET GLOBAL read_only = 0`";
        findings.push(Finding::fail("database read_only", "the server takes no writes", remedy));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("database", "no setting that hurts ingest", ""));
    }
    findings
}

fn is_on(settings: &Settings, name: &str) -> bool {
    settings.get(name).is_some_and(|value| value.eq_ignore_ascii_case("ON") || value == "1")
}

fn judge_durability(settings: &Settings) -> Option<Finding> {
    let subject = "database innodb_flush_log_at_trx_commit";
    match settings.get("innodb_flush_log_at_trx_commit").map(String::as_str) {
        Some("1") => None,
        Some(value) => {
            let what = format!("{value}: rows that the server has acknowledged are lost if its machine fails");
            let remedy = "`SET GLOBAL innodb_flush_log_at_trx_commit = 1`; batches make its cost small";
            Some(Finding::warn(subject, what, remedy))
        }
        None => Some(Finding::warn(subject, "the server does not show it", "grant the account SHOW VARIABLES")),
    }
}

fn judge_sizes(settings: &Settings) -> Vec<Finding> {
    // MySQL from 8.0.30 has one capacity, MariaDB and older ones a size for each of some files.
    let redo = match settings.get("innodb_redo_log_capacity") {
        Some(_) => "innodb_redo_log_capacity",
        None => "innodb_log_file_size",
    };
    let wanted = [
        ("max_allowed_packet", PACKET_BYTES_MIN, "large batches fail"),
        ("innodb_buffer_pool_size", BUFFER_POOL_BYTES_MIN, "queries and inserts push out each other's pages"),
        (redo, REDO_BYTES_MIN, "a busy ingest waits for pages to be flushed"),
    ];
    let too_small = |(name, least, why): (&str, u64, &str)| {
        let bytes: u64 = settings.get(name)?.parse().ok()?;
        (bytes < least).then(|| {
            let what = format!("{}, less than {}: {why}", ByteSize(bytes), ByteSize(least));
            Finding::warn(format!("database {name}"), what, format!("set it to {} or more in my.cnf", ByteSize(least)))
        })
    };
    wanted.into_iter().filter_map(too_small).collect()
}

fn judge_log(settings: &Settings) -> Option<Finding> {
    let what = "the server writes every row a second time, into its binary log";
    let remedy = "`skip_log_bin` in my.cnf, unless the server is replicated or backed up by it";
    is_on(settings, "log_bin").then(|| Finding::warn("database log_bin", what, remedy))
}

#[cfg(test)]
mod tests {
    use super::{Settings, examine, judge};
    use crate::doctor::Level;

    fn good() -> Settings {
        let pairs = [
            ("innodb_flush_log_at_trx_commit", "1"),
            ("innodb_buffer_pool_size", "1073741824"),
            ("max_allowed_packet", "16777216"),
            ("log_bin", "OFF"),
            ("innodb_log_file_size", "1073741824"),
            ("read_only", "OFF"),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_server_that_is_set_up_well_passes() {
        let findings = judge(&good());
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].level, Level::Ok);
    }

    #[test]
    fn each_setting_that_hurts_is_told_alone() {
        let check = |name: &str, value: &str, level: Level| {
            let mut settings = good();
            settings.insert(name.to_owned(), value.to_owned());
            let findings = judge(&settings);
            assert_eq!(findings.len(), 1, "{name} = {value}: {findings:?}");
            assert_eq!(findings[0].level, level, "{name} = {value}");
            assert!(findings[0].subject.contains(name) && !findings[0].remedy.is_empty(), "{findings:?}");
        };
        check("innodb_flush_log_at_trx_commit", "2", Level::Warn);
        check("innodb_flush_log_at_trx_commit", "0", Level::Warn);
        check("innodb_buffer_pool_size", "134217728", Level::Warn);
        check("max_allowed_packet", "1048576", Level::Warn);
        check("innodb_log_file_size", "100663296", Level::Warn);
        check("innodb_redo_log_capacity", "104857600", Level::Warn);
        check("log_bin", "ON", Level::Warn);
        check("read_only", "ON", Level::Fail);
    }

    #[test]
    fn what_is_not_shown_is_not_taken_for_good() {
        assert!(judge(&Settings::new()).iter().any(|finding| finding.level == Level::Warn));
        assert_eq!(examine("mysql://u@h/d", None)[0].level, Level::Warn);
        assert_eq!(examine("sqlite:///x.db", None)[0].level, Level::Ok);
        assert_eq!(examine("", None)[0].level, Level::Ok);
    }
}
