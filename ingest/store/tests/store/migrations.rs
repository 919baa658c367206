//! Making the tables: twice, by many at once, and against a newer program.

use store::{Store, StoreError};

use crate::place::{NOW, Place, STORED, flows, node, writer};

#[tokio::test(flavor = "multi_thread")]
async fn migrating_twice_changes_nothing() {
    for place in Place::all().await {
        let store = place.migrated().await;
        assert_eq!(writer(&store).await.commit(&flows(1, 1, 10, NOW)).await.unwrap(), STORED);
        drop(store);
        let store = place.migrated().await;
        assert_eq!(writer(&store).await.fences().await.unwrap()[0].last_seq, 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_together_on_an_empty_store_all_work() {
    for place in Place::all().await {
        let starts: Vec<_> = (0..4_u8)
            .map(|n| {
                let (config, folder) = (place.config.clone(), place.data_dir().to_owned());
                let server = place.server.is_some();
                tokio::spawn(async move {
                    let store = Store::connect(&config, &folder).await.unwrap();
                    store.migrate().await.unwrap();
                    // SQLite has one writing process.
                    if server {
                        let node = store::NodeIdentity { uuid: [n; 16], ..node() };
                        Some(store.writer(&node, NOW).await.unwrap().node_id())
                    } else {
                        None
                    }
                })
            })
            .collect();
        let mut ids = Vec::new();
        for start in starts {
            ids.extend(start.await.unwrap());
        }
        ids.sort();
        assert!(ids.is_empty() || ids == [1, 2, 3, 4], "{ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_tables_is_named_with_the_remedy() {
    let Some(place) = Place::mariadb().await else { return };
    let Err(error) = place.connect().await.writer(&node(), NOW).await else { panic!("there are no tables") };
    assert!(matches!(error, StoreError::NotMigrated { found: 0, .. }), "{error}");
    assert!(error.to_string().contains("floodmark store migrate"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_not_touched() {
    let Some(place) = Place::mariadb().await else { return };
    let store = place.migrated().await;
    place
        .server
        .as_ref()
        .unwrap()
        .admin("INSERT INTO floodmark.schema_versions (version, applied) VALUES (99, 0)")
        .await
        .unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("upgrade floodmark"), "{error}");
    let Err(error) = store.writer(&node(), NOW).await else { panic!("the schema is newer") };
    assert!(matches!(error, StoreError::NewerSchema { .. }), "{error}");
}

const MYSQL_1: &str = include_str!("../../migrations/mysql/0001_tables.sql");
const MAIN_1: &str = include_str!("../../migrations/sqlite/main_0001_tables.sql");
const DAY_1: &str = include_str!("../../migrations/sqlite/day_0001_tables.sql");
/// A fence of the first version: no packets of what was lost.
const FENCE_1: &str = "INSERT INTO ingest_fences (node_id, epoch, stream, last_seq, rows_total, packets, bytes, \
                       parked_rows, parked_packets, parked_bytes, gap_rows, updated) \
                       VALUES (1, 5, 1, 10, 7, 21, 2100, 1, 3, 300, 2, 9);";

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_the_first_version_is_brought_up_with_its_fences() {
    for place in Place::all().await {
        match &place.server {
            Some(server) => {
                let node = "INSERT INTO nodes VALUES (1, REPEAT(CHAR(9), 16), 'n', '0', 1, 1);";
                let version = "CREATE TABLE schema_versions (version INT UNSIGNED NOT NULL PRIMARY KEY, applied INT \
                               UNSIGNED NOT NULL); INSERT INTO schema_versions VALUES (1, 0);";
                // As a crash between the two statements of the second version leaves it.
                let half = "ALTER TABLE ingest_fences ADD COLUMN gap_packets BIGINT UNSIGNED NOT NULL DEFAULT 0;";
                server.admin(&format!("USE floodmark; {MYSQL_1}{version}{node}{FENCE_1}{half}")).await.unwrap();
            }
            None => {
                let folder = place.data_dir().join("store");
                std::fs::create_dir_all(&folder).unwrap();
                let version = "PRAGMA user_version = 1;";
                let node = "INSERT INTO nodes VALUES (1, x'09090909090909090909090909090909', 'n', '0', 1, 1);";
                let files = [
                    ("main.db", format!("{MAIN_1}{node}{version}")),
                    ("flows-20260101.db", format!("{DAY_1}{FENCE_1}{version}")),
                ];
                for (name, sql) in files {
                    store::testing::make_sqlite(&folder.join(name), &sql).await.unwrap();
                }
            }
        }
        let store = place.migrated().await;
        let fence = place.reader().await.fences().await.unwrap()[0];
        assert_eq!((fence.last_seq, fence.stored.rows, fence.parked.packets), (10, 7, 3));
        assert_eq!(fence.gap, store::Counts { rows: 2, packets: 0, bytes: 0 });
        let mut writer = writer(&store).await;
        assert_eq!(writer.node_id(), 1);
        assert_eq!(writer.commit(&flows(1, 11, 20, NOW)).await.unwrap(), STORED);
        assert_eq!(writer.fences().await.unwrap()[0].last_seq, 20);
    }
}
