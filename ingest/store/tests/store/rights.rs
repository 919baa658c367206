//! The printed grants are enough, and not more.

use store::{Store, StoreError};

use crate::place::{NOW, Place, STORED, events, flows, node};
use crate::retention::generous;

#[tokio::test(flavor = "multi_thread")]
async fn small_grants_are_enough_and_forbid_the_rest() {
    let Some(place) = Place::mariadb().await else { return };
    let server = place.server.as_ref().unwrap();
    place.migrated().await;
    let grants: String = store::grants::sql("floodmark", "localhost").replace("IDENTIFIED BY 'CHANGE-ME-writer'", "");
    let grants =
        grants.replace("IDENTIFIED BY 'CHANGE-ME-reader'", "").replace("IDENTIFIED BY 'CHANGE-ME-maintainer'", "");
    server.admin(&grants).await.unwrap();
    let connect = async |role: &str| {
        Store::connect(&server.config(&format!("floodmark_{role}"), "floodmark"), place.data_dir()).await.unwrap()
    };

    // What `floodmark store migrate` does for an account that may.
    connect("maintainer").await.prepare(generous().flows, NOW).await.unwrap();
    let writing = connect("writer").await;
    writing.migrate().await.unwrap();
    let mut writer = writing.writer(&node(), NOW).await.unwrap();
    assert_eq!(writer.commit(&flows(1, 1, 600, NOW)).await.unwrap(), STORED);
    assert_eq!(writer.commit(&events(1, &["x"])).await.unwrap(), STORED);
    let report = writing.retention(&generous(), NOW).await.unwrap();
    let hindered = report.table("flows").unwrap().hindered.clone().unwrap();
    assert!(hindered.contains("floodmark store grants"), "{hindered}");

    let report = connect("maintainer").await.retention(&generous(), NOW).await.unwrap();
    assert!(report.tables.iter().all(|table| table.hindered.is_none()), "{report:?}");

    let mut reader =
        store::Reader::connect(&server.config("floodmark_reader", "floodmark"), place.data_dir()).await.unwrap();
    assert_eq!(reader.fences().await.unwrap().len(), 2);
    let Err(error) = connect("reader").await.writer(&node(), NOW).await else { panic!("a reader writes") };
    assert!(matches!(error, StoreError::Forbidden { .. }), "{error}");

    for (role, sql) in [
        ("writer", "SELECT COUNT(*) FROM floodmark.flows"),
        ("writer", "DELETE FROM floodmark.flows"),
        ("writer", "UPDATE floodmark.flows SET ts = 0"),
        ("writer", "TRUNCATE floodmark.flows"),
        ("writer", "DROP TABLE floodmark.flows"),
        ("writer", "DELETE FROM floodmark.ingest_fences"),
        ("writer", "CREATE TABLE floodmark.x (a INT)"),
        ("writer", "ALTER TABLE floodmark.flows ADD x INT"),
        ("writer", "SELECT 1 INTO OUTFILE '/tmp/floodmark-refused'"),
        ("writer", "CREATE USER x@localhost"),
        ("writer", "UPDATE floodmark.events SET ts = 0"),
        ("writer", "DELETE FROM floodmark.nodes"),
        ("writer", "GRANT SELECT ON floodmark.flows TO floodmark_writer@localhost"),
        ("reader", "DELETE FROM floodmark.flows"),
        ("reader", "UPDATE floodmark.ingest_fences SET last_seq = 0"),
        ("reader", "CREATE TABLE floodmark.x (a INT)"),
        ("reader", "DROP TABLE floodmark.flows"),
        ("reader", "SELECT * FROM floodmark.flows INTO OUTFILE '/tmp/floodmark-refused'"),
        ("reader", "SELECT * FROM mysql.user"),
        ("maintainer", "CREATE USER x@localhost"),
        ("reader", "INSERT INTO floodmark.schema_versions VALUES (7, 7)"),
        ("maintainer", "UPDATE floodmark.flows SET ts = 0"),
    ] {
        let output = server.client().unwrap().args([&format!("--user=floodmark_{role}"), "-e", sql]).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && message.contains("denied"), "{role}: {sql}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_rights_to_make_tables_is_told_who_can() {
    let Some(place) = Place::mariadb().await else { return };
    let server = place.server.as_ref().unwrap();
    server.admin("CREATE USER r@localhost; GRANT SELECT ON floodmark.* TO r@localhost").await.unwrap();
    let store = Store::connect(&server.config("r", "floodmark"), place.data_dir()).await.unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::NotMigrated { found: 0, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_with_all_rights_on_the_database_does_everything() {
    let Some(place) = Place::mariadb().await else { return };
    let server = place.server.as_ref().unwrap();
    server.admin("CREATE USER a@localhost; GRANT ALL ON floodmark.* TO a@localhost").await.unwrap();
    let config = server.config("a", "floodmark");
    let store = Store::connect(&config, place.data_dir()).await.unwrap();
    store.migrate().await.unwrap();
    let report = store.retention(&generous(), NOW).await.unwrap();
    assert!(report.tables.iter().all(|table| table.hindered.is_none()), "{report:?}");
    assert_eq!(store.writer(&node(), NOW).await.unwrap().commit(&flows(1, 1, 5, NOW)).await.unwrap(), STORED);
    let mut reader = store::Reader::connect(&config, place.data_dir()).await.unwrap();
    assert_eq!(reader.flows(&crate::reading::everything()).await.unwrap().len(), 5);
}
