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
    place.server.as_ref().unwrap().admin("INSERT INTO floodmark.schema_versions VALUES (99, 0)").await.unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("upgrade floodmark"), "{error}");
    let Err(error) = store.writer(&node(), NOW).await else { panic!("the schema is newer") };
    assert!(matches!(error, StoreError::NewerSchema { .. }), "{error}");
}
