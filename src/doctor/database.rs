//! The store: whether it can be reached, and settings that lose rows or slow down ingest.

use std::collections::BTreeMap;
use std::path::Path;

use bytesize::ByteSize;
use store::config::Config;
use store::limits::READ_TIMEOUT;
use store::{Inspection, Own, StoreError, inspect};
use tokio::time::timeout;

use super::Finding;
use super::grants::{self, Need};

/// Server variables by name, as `SHOW GLOBAL VARIABLES` tells them.
pub type Settings = BTreeMap<String, String>;

/// A batch's statement has some hundred KiB; a server that takes less cuts the connection.
const PACKET_BYTES_MIN: u64 = 4 << 20;

/// The default of 128 MiB does not hold the tables' right edges and the readers' pages together.
const BUFFER_POOL_BYTES_MIN: u64 = 512 << 20;

/// At 100,000 rows/s InnoDB writes 12 MB/s of redo: with 96 MiB it must flush pages every few seconds.
const REDO_BYTES_MIN: u64 = 1 << 30;

/// Asks the store of the configuration by each of its accounts, and judges the answers.
pub fn examine(config: &Config, data_dir: &Path) -> Vec<Finding> {
    let mut findings = match ask(config, data_dir) {
        Some(Ok(inspection)) => {
            let mut findings = judge_store(&inspection);
            findings.extend(judge_rights("store.url", &inspection, &grants::of_first(config)));
            findings
        }
        Some(Err(error)) => vec![judge_failure(&error)],
        None => vec![silent()],
    };
    let others = [
        ("store.reader_user", &config.reader_user, config.for_reading(), grants::of_reader()),
        ("store.maintainer_user", &config.maintainer_user, config.for_upkeep(), grants::of_maintainer()),
    ];
    for (key, _, config, needs) in others.iter().filter(|(_, user, _, _)| !user.is_empty()) {
        findings.extend(match ask(config, data_dir) {
            Some(Ok(inspection)) => judge_rights(key, &inspection, needs),
            Some(Err(error)) => {
                let failed = judge_failure(&error);
                Some(Finding { what: format!("{key}: {}", failed.what), ..failed })
            }
            None => Some(silent()),
        });
    }
    findings
}

/// The same by the page's own account, whatever the others may do: web need not be able to read their passwords.
pub fn examine_for_page(config: &Config, data_dir: &Path) -> Vec<Finding> {
    match ask(&config.for_reading(), data_dir) {
        Some(Ok(inspection)) => judge_store(&inspection),
        Some(Err(error)) => vec![judge_failure(&error)],
        None => vec![silent()],
    }
}

fn judge_rights(key: &str, inspection: &Inspection, needs: &[Need]) -> Option<Finding> {
    let Inspection::Server { own, .. } = inspection else { return None };
    let left = grants::missing(&own.grants, &own.database, needs)?;
    let told: Vec<String> = left.iter().map(|(privilege, table)| format!("{privilege} on {table}")).collect();
    let remedy = "`floodmark store grants` prints the statements that an administrator runs";
    (!left.is_empty())
        .then(|| Finding::fail("database rights", format!("the account of {key} lacks {}", told.join(", ")), remedy))
}

/// `None` if there is no answer in time: a name server or a folder on a dead network file system cannot be hurried, so
/// they are asked on a thread that is left behind.
fn ask(config: &Config, data_dir: &Path) -> Option<Result<Inspection, StoreError>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().ok()?;
    let (config, data_dir) = (config.clone(), data_dir.to_path_buf());
    let asking = runtime.spawn(async move { inspect(&config, &data_dir).await });
    let answer = runtime.block_on(async { timeout(READ_TIMEOUT.mul_f64(1.25), asking).await });
    runtime.shutdown_background();
    answer.ok()?.ok()
}

fn silent() -> Finding {
    let remedy = "see whether the server's name is resolved and its disk answers; rows wait in the spool meanwhile";
    Finding::fail("database", format!("no answer within {READ_TIMEOUT:?}"), remedy)
}

fn judge_failure(error: &StoreError) -> Finding {
    let remedy = match error {
        StoreError::Timeout { .. } => return silent(),
        StoreError::Unreachable { .. } => "start the server or correct store.url; rows wait in the spool meanwhile",
        StoreError::UnknownDatabase { .. } => "make the database; rows wait in the spool meanwhile",
        StoreError::AccessDenied { .. } => "`floodmark store grants` prints the statements that make the accounts",
        _ => "correct the section [store]; `floodmark config default` explains its keys",
    };
    Finding::fail("database", error.to_string(), remedy)
}

/// What keeps rows from a server, or makes them wrong; on a server that is asked without a database of ours too.
pub fn judge_server(inspection: &Inspection) -> Vec<Finding> {
    judge_store(inspection)
}

fn judge_store(inspection: &Inspection) -> Vec<Finding> {
    match inspection {
        Inspection::Server { mariadb, version, settings, own } => {
            let kind = if *mariadb { "MariaDB" } else { "MySQL" };
            // MariaDB names itself in its version.
            let told = if version.contains(kind) { version.clone() } else { format!("{kind} {version}") };
            let mut findings = vec![judge_version(*mariadb, version, &told)];
            findings.extend(judge(settings));
            findings.extend(judge_texts(own));
            findings.extend(judge_mode(own, settings.get("sql_mode").map(String::as_str)));
            findings
        }
        Inspection::Sqlite { folder, version, journal_mode, free_bytes: _ } => {
            let told = format!("SQLite {version} in {}", folder.display());
            vec![match journal_mode {
                None => Finding::ok("database", told, "there are no tables yet: ingest makes them"),
                Some("wal") => Finding::ok("database", told, ""),
                Some(mode) => {
                    let what = format!("{told}, with a {mode} journal: readers hold up the writer");
                    let remedy = "stop whatever else opens main.db; ingest sets the mode back at its next start";
                    Finding::warn("database", what, remedy)
                }
            }]
        }
    }
}

/// Names and messages hold every character; a server's default may not.
fn judge_texts(own: &Own) -> Option<Finding> {
    let subject = "database characters";
    if !own.narrow_tables.is_empty() {
        let tables: Vec<String> =
            own.narrow_tables.iter().map(|(table, collation)| format!("{table} ({collation})")).collect();
        let what = format!("texts of {} cannot hold every character: such rows are parked", tables.join(", "));
        let remedy = "for each: ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
        return Some(Finding::fail(subject, what, remedy));
    }
    let is_narrow =
        !own.character_set.is_empty() && own.character_set != "utf8mb4" && own.database != "information_schema";
    is_narrow.then(|| {
        let what = format!(
            "{} makes tables in {}; ours are utf8mb4 all the same, tables and dumps of yours may lose characters",
            own.database, own.character_set
        );
        let remedy = format!("ALTER DATABASE `{}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", own.database);
        Finding::warn(subject, what, remedy)
    })
}

/// Our connections ask for strictness: a lenient one would cut values off silently.
fn judge_mode(own: &Own, global: Option<&str>) -> Option<Finding> {
    let is_strict = |mode: &str| mode.contains("STRICT_ALL_TABLES") || mode.contains("STRICT_TRANS_TABLES");
    let subject = "database sql_mode";
    match global {
        _ if !own.session_mode.is_empty() && !is_strict(&own.session_mode) => {
            let what = "our connections are not strict though they ask for it: values would be cut off silently";
            let remedy = "name the server itself in store.url: something between here and there drops SET SESSION";
            Some(Finding::fail(subject, what, remedy))
        }
        Some(mode) if !is_strict(mode) => {
            let note =
                "our own connections are strict all the same; for others set sql_mode = STRICT_ALL_TABLES in my.cnf";
            Some(Finding::ok(subject, "the server is lenient by default", note))
        }
        _ => None,
    }
}

/// The oldest versions that the statements are tested with.
fn judge_version(mariadb: bool, version: &str, told: &str) -> Finding {
    let (oldest, name) = if mariadb { ((10, 6), "MariaDB 10.6") } else { ((8, 0), "MySQL 8.0") };
    // Older MariaDB servers put 5.5.5- before their version, for the sake of old replicas.
    let mut numbers = version.trim_start_matches("5.5.5-").split(|c: char| !c.is_ascii_digit());
    let mut number = || numbers.next().and_then(|digits| digits.parse::<u32>().ok());
    match (number(), number()) {
        (Some(major), Some(minor)) if (major, minor) >= oldest => Finding::ok("database", told, ""),
        (Some(_), Some(_)) => {
            let remedy = format!("upgrade the server to {name} or newer");
            Finding::warn("database", format!("{told} is older than what is tested"), remedy)
        }
        _ => Finding::warn("database", format!("{told}: the version cannot be read"), format!("it must be {name}")),
    }
}

fn judge(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(judge_durability(settings));
    findings.extend(judge_sizes(settings));
    findings.extend(judge_log(settings));
    if is_on(settings, "read_only") || is_on(settings, "super_read_only") {
        let remedy = "use the primary server's address in store.url, or `SET GLOBAL read_only = 0`";
        findings.push(Finding::fail("database read_only", "the server takes no writes", remedy));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("database settings", "none that hurts ingest", ""));
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
    use std::net::TcpListener;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use store::config::Config;
    use store::{Inspection, Own};

    use super::{Settings, examine, judge, judge_mode, judge_store, judge_texts, judge_version};
    use crate::doctor::{Finding, Level};

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
    fn characters_and_strictness_are_judged() {
        let own = |character_set: &str, session_mode: &str| Own {
            database: "d".to_owned(),
            character_set: character_set.to_owned(),
            session_mode: session_mode.to_owned(),
            ..Own::default()
        };
        let level = |finding: Option<Finding>| finding.map(|finding| finding.level);
        assert_eq!(level(judge_texts(&own("utf8mb4", ""))), None);
        for narrow in ["latin1", "utf8mb3", "utf8"] {
            let finding = judge_texts(&own(narrow, "")).expect(narrow);
            assert!(finding.level == Level::Warn && finding.remedy.contains("ALTER DATABASE `d`"), "{finding:?}");
        }
        let mut narrow = own("utf8mb4", "");
        narrow.narrow_tables = vec![("flows".to_owned(), "latin1_swedish_ci".to_owned())];
        assert_eq!(level(judge_texts(&narrow)), Some(Level::Fail));
        let strict = own("", "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION");
        assert_eq!(level(judge_mode(&strict, Some("STRICT_TRANS_TABLES"))), None);
        assert_eq!(level(judge_mode(&strict, Some(""))), Some(Level::Ok));
        assert_eq!(level(judge_mode(&own("", "ANSI"), Some("STRICT_TRANS_TABLES"))), Some(Level::Fail));
    }

    #[test]
    fn what_is_not_shown_is_not_taken_for_good() {
        assert!(judge(&Settings::new()).iter().any(|finding| finding.level == Level::Warn));
    }

    #[test]
    fn versions_are_held_against_the_oldest_that_is_tested() {
        let check = |mariadb, version: &str, level| {
            assert_eq!(judge_version(mariadb, version, version).level, level, "{version}");
        };
        check(true, "11.8.6-MariaDB-0+deb13u1", Level::Ok);
        check(true, "5.5.5-10.6.2-MariaDB", Level::Ok);
        check(true, "10.5.23-MariaDB", Level::Warn);
        check(false, "8.0.36", Level::Ok);
        check(false, "5.7.44-log", Level::Warn);
        check(false, "", Level::Warn);
    }

    #[test]
    fn a_folder_is_judged_by_its_journal() {
        let check = |journal_mode, level| {
            let version = "3.50.2".to_owned();
            let seen = Inspection::Sqlite { folder: "/data/store".into(), version, journal_mode, free_bytes: None };
            let findings = judge_store(&seen);
            assert_eq!(findings.len(), 1);
            assert_eq!(findings[0].level, level, "{findings:?}");
        };
        check(None, Level::Ok);
        check(Some("wal"), Level::Ok);
        check(Some("rollback"), Level::Warn);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the bound is a time")]
    fn a_server_that_is_away_or_silent_is_told_and_never_waited_for() {
        let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = silent.local_addr().expect("a bound socket").port();
        let check = |url: String, told: &str| {
            let began = Instant::now();
            let findings = examine(&Config { url, ..Config::default() }, Path::new("/nowhere"));
            assert_eq!(findings.len(), 1);
            assert_eq!(findings[0].level, Level::Fail, "{findings:?}");
            assert!(findings[0].what.contains(told) && !findings[0].remedy.is_empty(), "{findings:?}");
            assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
        };
        check(format!("mysql://u@127.0.0.1:{port}/d"), "no answer");
        check("mysql://u@localhost/d?socket=/nowhere/sock".to_owned(), "/nowhere/sock");
        check("mysql://u@localhost".to_owned(), "database is missing");
    }
}
