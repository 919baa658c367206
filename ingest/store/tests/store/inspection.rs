//! What a store says about itself, asked by somebody who changes nothing.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use store::config::Config;
use store::{Inspection, StoreError, inspect};

use crate::place::Place;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_tells_its_kind_version_and_settings() {
    let Some(place) = Place::mariadb().await else { return };
    let server = place.server.as_ref().unwrap();
    // An account without any right but to sign in, and a database without tables.
    server.admin("CREATE USER asker@localhost; SET GLOBAL max_allowed_packet = 2097152").await.unwrap();
    server.admin("GRANT SELECT ON floodmark.* TO asker@localhost").await.unwrap();
    let answer = inspect(&server.config("asker", "floodmark"), place.data_dir()).await.unwrap();
    let Inspection::Server { mariadb, version, settings, .. } = answer else { panic!("{answer:?}") };
    assert!(mariadb, "{version}");
    assert!(version.starts_with("1") && version.contains('.'), "{version}");
    assert_eq!(settings["max_allowed_packet"], "2097152");
    assert_eq!(settings["read_only"], "OFF");
    for name in ["innodb_flush_log_at_trx_commit", "innodb_buffer_pool_size", "innodb_log_file_size", "log_bin"] {
        assert!(settings.contains_key(name), "{name}: {settings:?}");
    }
    let error = inspect(&server.config("asker", "other"), place.data_dir()).await.unwrap_err();
    assert!(matches!(error, StoreError::AccessDenied { .. } | StoreError::UnknownDatabase { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_looked_at_and_left_as_it_was() {
    let place = Place::sqlite();
    let ask = async || inspect(&place.config, place.data_dir()).await.unwrap();
    let Inspection::Sqlite { journal_mode: None, free_bytes: None, folder, version } = ask().await else {
        panic!("{:?}", ask().await)
    };
    assert!(!folder.exists() && version.starts_with("3."), "{version}");

    place.migrated().await.close().await;
    let before = names(&folder);
    let Inspection::Sqlite { journal_mode: Some("wal"), free_bytes: Some(free), .. } = ask().await else {
        panic!("{:?}", ask().await)
    };
    assert!(free > 0);
    assert_eq!(names(&folder), before);

    std::fs::write(folder.join("main.db"), "no database, but a letter to my aunt").unwrap();
    let error = inspect(&place.config, place.data_dir()).await.unwrap_err();
    assert!(error.to_string().contains("main.db") && error.to_string().contains("no SQLite database"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the bound is a time")]
async fn a_server_that_is_silent_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("mysql://u@{}/floodmark", listener.local_addr().unwrap());
    let began = Instant::now();
    let error = inspect(&Config { url, ..Config::default() }, "/nowhere".as_ref()).await.unwrap_err();
    assert!(matches!(error, StoreError::Timeout { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

fn names(folder: &std::path::Path) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}
