//! Files, command lines and ranges: what is accepted, what is told, and that the shipped file is the defaults.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytesize::ByteSize;

use super::check::{Machine, core_list};
use super::load::{Effective, Error, Overrides};
use super::{Config, SHIPPED};

fn machine() -> Machine {
    Machine { host_name: "host-1".to_owned(), cores: vec![0, 1, 2, 3] }
}

/// A file with `text`, kept as long as the folder that is returned with it.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let path = dir.path().join("floodmark.toml");
    fs::write(&path, text).expect("a scratch file");
    (dir, path)
}

fn load(text: &str, overrides: &Overrides) -> Result<Effective, Error> {
    let (_dir, path) = file(text);
    Effective::load(Some(&path), overrides, &machine())
}

#[test]
fn the_shipped_file_is_the_defaults() {
    let shipped: Config = toml::from_str(SHIPPED).expect("the shipped file parses");
    assert_eq!(shipped, Config::default());
    load(SHIPPED, &Overrides::default()).expect("the shipped file is valid");
}

/// Section, key, and whether the key has a value to print (an unset file name has none).
fn keys_of(section: &str, table: &toml::Table) -> Vec<(String, String)> {
    table
        .iter()
        .flat_map(|(key, value)| match value {
            toml::Value::Table(inner) if section.is_empty() => keys_of(key, inner),
            toml::Value::Table(inner) => keys_of(&format!("{section}.{key}"), inner),
            _ => vec![(section.to_owned(), key.clone())],
        })
        .collect()
}

/// The entries of lists, of which the shipped file has an example each, commented out: its values are the defaults.
fn list_entries() -> Vec<(&'static str, toml::Table)> {
    fn entry<T: serde::Serialize + Default>() -> toml::Table {
        toml::Table::try_from(T::default()).expect("an entry is a table")
    }
    use notifier::attack::config::Network;
    use notifier::channel::script::config::Script;
    use notifier::channel::sms::config::Gateway;
    use notifier::channel::webhook::config::WebHook;
    use notifier::incident::config::{Maintenance, Receiver};
    use notifier::rule::config::Rule;
    use notifier::watch::config::Peer;
    vec![
        ("notifier.receiver", entry::<Receiver>()),
        ("notifier.maintenance", entry::<Maintenance>()),
        ("notifier.detection.network", entry::<Network>()),
        ("notifier.rule", entry::<Rule>()),
        ("notifier.sms", entry::<Gateway>()),
        ("notifier.webhook", entry::<WebHook>()),
        ("notifier.script", entry::<Script>()),
        ("peer", entry::<Peer>()),
    ]
}

#[test]
fn the_examples_of_lists_are_the_defaults() {
    for (section, default) in list_entries() {
        let head = format!("# [[{section}]]");
        let lines = SHIPPED.lines().skip_while(|line| *line != head).skip(1);
        let example: Vec<&str> = lines.map_while(|line| line.strip_prefix("# ")).collect();
        assert_eq!(
            toml::from_str::<toml::Table>(&example.join("\n")).expect("an example parses"),
            default,
            "{section}"
        );
    }
}

/// Not the beginning of a sentence such as `# Empty = the host name`.
fn is_key(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[test]
fn the_shipped_file_explains_every_key() {
    let mut config = Config::default();
    // Values that are unset by default, so that their keys are listed too.
    config.store.password_file = Some("x".into());
    config.store.tls_ca_file = Some("x".into());
    config.store.reader_password_file = Some("x".into());
    config.store.maintainer_password_file = Some("x".into());
    let table = toml::Table::try_from(&config).expect("a configuration is a table");
    let mut section = String::new();
    let mut explained = Vec::new();
    let mut comment_above = false;
    for line in SHIPPED.lines() {
        let is_entry = line.starts_with("# [[");
        if let Some(name) = line.trim_start_matches("# ").strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
            && (is_entry || line.starts_with('['))
        {
            section = name.to_owned();
            comment_above = false;
        } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ").filter(|(key, _)| is_key(key)) {
            assert!(comment_above, "[{section}] {key} has no explanation above it");
            explained.push((section.clone(), key.to_owned()));
            comment_above = false;
        } else {
            comment_above |= line.starts_with('#');
        }
    }
    explained.sort();
    let mut keys = keys_of("", &table);
    for (section, entry) in list_entries() {
        keys.extend(entry.keys().map(|key| (format!("[{section}]"), key.clone())));
    }
    keys.sort();
    assert_eq!(explained, keys);
}

#[test]
fn an_empty_file_is_the_defaults_resolved() {
    let effective = load("", &Overrides::default()).expect("an empty file is valid");
    assert_eq!(effective.config.node.name, "host-1");
    assert_eq!(effective.config.node.run_dir, Path::new("./floodmark-data/run"));
    assert_eq!(Config { node: Default::default(), ..effective.config }, Config::default());
}

#[test]
fn the_command_line_wins_over_the_file() {
    let overrides = Overrides {
        interfaces: vec!["eth7".to_owned()],
        data_dir: Some("/data".into()),
        store: Some("mysql://u:secret@db/flood".to_owned()),
        listen: "[::1]:1234".parse().ok(),
    };
    let text = "[node]\ndata_dir = \"/else\"\n[capture]\ninterfaces = [\"eth0\"]\nsnaplen = 96\n[web]\nlisten = \"0.0.0.0:1\"\n";
    let effective = load(text, &overrides).expect("valid");
    let config = &effective.config;
    assert_eq!(config.capture.interfaces, ["eth7"]);
    assert_eq!(config.capture.snaplen, 96);
    assert_eq!(config.node.run_dir, Path::new("/data/run"));
    assert_eq!(config.web.listen.port(), 1234);
    assert!(effective.masked().contains("mysql://u:***@db/flood") && !effective.masked().contains("secret"));
}

#[test]
fn a_child_gets_exactly_what_its_parent_has() {
    let text = "[capture]\nring_block_timeout = \"3ms\"\nlocal_networks = [\"192.0.2.0/24\"]\n\
                [ingest.retention]\nflows_bytes = \"1234567890 B\"\ndisk_free_min = 7777777\ntraffic_1h = \"3days 5m\"\n\
                [spool]\nbytes_max = \"1.37GiB\"\n[store]\npassword_file = \"/etc/x y\"\n";
    let overrides = Overrides { store: Some("mysql://u:s%22e\"c'ret@db/x".to_owned()), ..Overrides::default() };
    let parent = load(text, &overrides).expect("valid");
    let child = Effective::from_parent(&parent.handover(), &machine()).expect("the parent has checked it");
    assert_eq!(child.config, parent.config);
    assert_eq!(child.config.ingest.retention.flows_bytes, ByteSize(1_234_567_890));
    assert_eq!(child.config.ingest.retention.traffic_1h, Duration::from_secs(3 * 86_400 + 300));
    // What `config print` shows, without a password to mask, is a file that means the same.
    let plain = load(text, &Overrides::default()).expect("valid");
    assert_eq!(load(&plain.masked(), &Overrides::default()).expect("it is a file").config, plain.config);
}

#[test]
fn a_child_knows_the_file_behind_its_configuration() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    for name in ["floodmark.toml", "a \"b\" 'c' # é.toml"] {
        let path = dir.path().join(name);
        fs::write(&path, "[capture]\nsnaplen = 96\n").expect("a scratch file");
        let parent = Effective::load(Some(&path), &Overrides::default(), &machine()).expect("valid");
        let child = Effective::from_parent(&parent.handover(), &machine()).expect("the parent has checked it");
        assert_eq!((child.file.as_deref(), child.config), (Some(path.as_path()), parent.config));
        let error = Effective::reread(&path, "[capture]\nsnaplen = 1\n", &machine()).expect_err("too small");
        assert!(error.to_string().contains("capture.snaplen = 1"), "{error}");
    }
    let path = dir.path().join("line\nend.toml");
    fs::write(&path, "").expect("a scratch file");
    let parent = Effective::load(Some(&path), &Overrides::default(), &machine()).expect("valid");
    let child = Effective::from_parent(&parent.handover(), &machine()).expect("the parent has checked it");
    assert!(child.file.is_none_or(|file| file.as_os_str().is_empty()));
    let bare = Effective::from_parent("", &machine()).expect("no file");
    assert_eq!(bare.file, None);
}

#[test]
fn a_named_file_that_is_missing_is_told() {
    let error = Effective::load(Some(Path::new("/nowhere/f.toml")), &Overrides::default(), &machine());
    let message = error.expect_err("it does not exist").to_string();
    assert!(message.contains("/nowhere/f.toml") && message.contains("--config"), "{message}");
    let folder = Effective::load(Some(Path::new("/proc")), &Overrides::default(), &machine());
    assert!(folder.expect_err("a folder").to_string().contains("not a file"));
}

#[test]
fn what_the_file_has_wrong_is_told_with_its_place() {
    let check = |text: &str, told: &[&str]| {
        let message = load(text, &Overrides::default()).expect_err(text).to_string();
        for part in told {
            assert!(message.contains(part), "{text}: {message}");
        }
    };
    check("[capture]\nsnaplenn = 96\n", &["floodmark.toml", "line 2", "snaplenn", "`snaplen`", "config default"]);
    check("[captur]\n", &["line 1", "captur", "`capture`"]);
    check("[capture]\nsnaplen = \"big\"\n", &["line 2", "snaplen", "config default"]);
    check("[spool]\nbytes_max = \"4 parsecs\"\n", &["line 2", "bytes_max"]);
    check("[spool]\ncommit_interval = \"soon\"\n", &["line 2", "commit_interval"]);
    check("[web]\nlisten = \"nowhere\"\n", &["line 2", "listen"]);
    check("[capture\n", &["line 1"]);
    check("[store]\nurl = \"mysql://u:secret@h/d\"\n", &["store.url", "mysql://u:***@h/d", "store.password_file"]);
}

#[test]
fn every_value_out_of_range_is_told_with_its_remedy() {
    let check = |section: &str, line: &str, told: &[&str]| {
        let error = load(&format!("[{section}]\n{line}\n"), &Overrides::default()).expect_err(line);
        let Error::Invalid { problems, .. } = &error else { panic!("{line}: {error}") };
        assert_eq!(problems.len(), 1, "{line}: {error}");
        let (problem, key) = (&problems[0], line.split(' ').next().unwrap_or_default());
        assert_eq!(problem.key, format!("{section}.{key}"), "{line}");
        assert!(!problem.allowed.is_empty() && !problem.remedy.is_empty(), "{line}");
        for part in told {
            assert!(error.to_string().contains(part), "{line}: {error}");
        }
    };
    check("node", "name = \"a b\"", &["\"a b\"", "host name"]);
    check("node", "data_dir = \"\"", &["a folder"]);
    check("node", &format!("run_dir = \"/{}\"", "x".repeat(93)), &["93 bytes", "/run/floodmark"]);
    check("capture", "workers = 9", &["capture.workers = 9", "0 (one for each core) to 4", "lower it"]);
    check("capture", "cores = [0, 4]", &["capture.cores = 4", "[0, 1, 2, 3]"]);
    check("capture", "cores = [1, 1]", &["once"]);
    check("capture", "interfaces = [\"eth0\", \"eth0\"]", &["counted twice"]);
    check("capture", "interfaces = [\"a name that is too long\"]", &["15 bytes"]);
    check("capture", "interfaces = [\"../etc\"]", &["ip -brief link"]);
    check("capture", "ring_block_bytes = \"64KiB\"", &["65536 B", "power of two", "GRO"]);
    check("capture", "ring_block_bytes = 300000", &["power of two"]);
    check("capture", "ring_bytes = \"512KiB\"", &["1.0 MiB to 2.0 GiB", "ring_block_bytes"]);
    check("capture", "ring_bytes = 16777217", &["multiple"]);
    check("capture", "ring_block_timeout = \"0s\"", &["1ms to 1s"]);
    check("capture", "snaplen = 63", &["64 to 65535"]);
    check("capture", "snaplen = 65536", &["64 to 65535"]);
    check("capture", "flow_idle_timeout = \"2days\"", &["0s (never) or 100ms to 1day"]);
    check("capture", "flow_active_timeout = \"99ms\"", &["0s (never)"]);
    check("capture", "flow_table_entries = 100000", &["power of two"]);
    check("capture", "flow_table_entries = 33554432", &["16777216"]);
    check("capture", "fold_flows_per_second = 0", &["capture.fold = false"]);
    check("spool", "bytes_max = \"7MiB\"", &["at least 8.0 MiB"]);
    check("spool", "segment_bytes = \"1KiB\"", &["1.0 MiB"]);
    check("spool", "commit_interval = \"0s\"", &["1ms to 10s"]);
    check("ingest", "connections = 0", &["1 to 8"]);
    check("ingest", "batch_rows_max = 0", &["10240"]);
    check("ingest", "batch_age_max = \"2m\"", &["1ms to 1m"]);
    check("ingest.retention", "flows = \"1m\"", &["1h to"]);
    check("ingest.retention", "flows_bytes = 0", &["20GiB"]);
    check("store", "url = \"postgres://h/d\"", &["mysql://USER@HOST:PORT/DATABASE"]);
    check("store", "url = \"/var/lib/x.db\"", &["sqlite://FOLDER"]);
    check("store", "url = \"sqlite://\"", &["sqlite://FOLDER"]);
    check("store", "tls = \"off\"\ntls_ca_file = \"/x\"", &["store.tls_ca_file"]);
    check("log", "level = \"loud=very\"", &["error, warn, info"]);
    check("log", "level = \"\"", &["error, warn, info"]);
}

#[test]
fn the_ends_of_the_ranges_are_allowed() {
    let text = "[capture]\nworkers = 2\ncores = [0, 3]\nring_bytes = \"512KiB\"\nring_block_bytes = \"128KiB\"\nsnaplen = 65535\n\
                flow_idle_timeout = \"0s\"\nflow_active_timeout = \"0s\"\nflow_table_entries = 16777216\n\
                [spool]\nbytes_max = \"8MiB\"\nsegment_bytes = \"1MiB\"\n[ingest.retention]\ndisk_free_min = 0\n";
    load(text, &Overrides::default()).expect("valid");
}

#[test]
fn all_problems_are_told_at_once() {
    let error = load("[capture]\nsnaplen = 1\n[ingest]\nconnections = 0\n", &Overrides::default()).expect_err("two");
    let message = error.to_string();
    assert!(message.contains("capture.snaplen = 1") && message.contains("\n  ingest.connections = 0"), "{message}");
}

#[test]
fn workers_are_counted_against_the_listed_cores() {
    let error = load("[capture]\nworkers = 3\ncores = [0, 1]\n", &Overrides::default()).expect_err("three on two");
    assert!(error.to_string().contains("to 2, the cores that capture.cores lists"), "{error}");
}

#[test]
fn core_lists_of_the_kernel_are_read() {
    assert_eq!(core_list("0-3,8\n"), [0, 1, 2, 3, 8]);
    assert_eq!(core_list("5"), [5]);
    assert!(core_list("").is_empty());
    assert!(core_list("3-1,x,-").is_empty());
    assert_eq!(core_list("0-18446744073709551615").len(), 8192);
}
