//! Everything that can be wrong with reaching a store has its own message and remedy.

use store::{Store, StoreError};

use crate::place::{NOW, Place, node};

#[tokio::test(flavor = "multi_thread")]
async fn wrong_password_database_and_socket_are_told_apart() {
    let Some(place) = Place::mariadb().await else { return };
    let server = place.server.as_ref().unwrap();
    server
        .admin("CREATE USER w@localhost IDENTIFIED BY 'right'; GRANT ALL ON floodmark.* TO w@localhost")
        .await
        .unwrap();
    let connect = async |url: String| {
        let config = store::config::Config { url, ..place.config.clone() };
        Store::connect(&config, place.data_dir()).await.err()
    };
    let socket = server.socket().display().to_string();
    assert!(connect(format!("mysql://w:right@localhost/floodmark?socket={socket}")).await.is_none());
    let error = connect(format!("mysql://w:wr0ng@localhost/floodmark?socket={socket}")).await.unwrap();
    assert!(matches!(error, StoreError::AccessDenied { .. }) && !error.is_transient(), "{error}");
    assert!(error.to_string().contains("password_file") && !error.to_string().contains("wr0ng"), "{error}");
    let error = connect(format!("mysql://root@localhost/other?socket={socket}")).await.unwrap();
    assert!(matches!(error, StoreError::UnknownDatabase { .. }) && !error.is_transient(), "{error}");
    assert!(error.to_string().contains("CREATE DATABASE other"), "{error}");
    let error = connect("mysql://root@localhost/floodmark?socket=/nowhere/sock".to_owned()).await.unwrap();
    assert!(matches!(error, StoreError::Unreachable { .. }) && error.is_transient(), "{error}");
    assert!(error.to_string().contains("/nowhere/sock"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_file_is_used() {
    use std::os::unix::fs::PermissionsExt;
    let Some(mut place) = Place::mariadb().await else { return };
    let server = place.server.as_ref().unwrap();
    server
        .admin("CREATE USER w@localhost IDENTIFIED BY 'r i%g/ht'; GRANT ALL ON floodmark.* TO w@localhost")
        .await
        .unwrap();
    let path = place.data_dir().join("password");
    std::fs::write(&path, "r i%g/ht\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    place.config = server.config("w", "floodmark");
    place.config.password_file = Some(path);
    place.migrated().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writing_process_on_sqlite_is_refused() {
    let place = Place::sqlite();
    let first = place.migrated().await;
    let _writer = first.writer(&node(), NOW).await.unwrap();
    // Another value of `Store` stands for another process: locks belong to the open file.
    let Err(error) = place.connect().await.writer(&node(), NOW).await else { panic!("there are two writers") };
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("writer.lock"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_a_store_that_was_never_written_says_so() {
    let place = Place::sqlite();
    let Err(error) = store::Reader::connect(&place.config, place.data_dir()).await else { panic!("there is nothing") };
    assert!(matches!(error, StoreError::NotMigrated { .. }), "{error}");
}
