//! Retention: whole days of flows go, old rows of small tables go, fences and totals stay.

use std::time::Duration;

use store::{Batch, RetentionPolicy};

use crate::place::{DAY, NOW, Place, STORED, event, flows, writer};
use crate::reading::everything;

/// Keeps everything of these tests.
pub fn generous() -> RetentionPolicy {
    let long = Duration::from_secs(20_000 * u64::from(DAY));
    RetentionPolicy {
        flows: Duration::from_secs(u64::from(DAY) * 30),
        flows_bytes: u64::MAX,
        traffic_1s: long,
        traffic_1m: long,
        traffic_1h: long,
        talkers_1m: long,
        talkers_1h: long,
        history: long,
        attack_detail: Duration::ZERO,
        attack_rows_min: 1,
        disk_free_min: 0,
    }
}

/// Four days of 1000 flow rows each, as a service that ran all the time would have stored them.
async fn four_days(place: &Place) -> store::Store {
    let store = place.migrated().await;
    let mut next = 1;
    for ago in [3, 2, 1, 0] {
        let then = NOW - ago * DAY;
        store.retention(&generous(), then).await.unwrap();
        let mut writer = writer(&store).await;
        let batch = Batch { arrived: then, ..flows(1, next, next + 999, then) };
        assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
        next += 1000;
    }
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_are_too_old_go_and_the_totals_stay() {
    for place in Place::all().await {
        let store = four_days(&place).await;
        let fences = place.reader().await.fences().await.unwrap();
        let policy = RetentionPolicy { flows: Duration::from_secs(u64::from(DAY)), ..generous() };
        let report = store.retention(&policy, NOW).await.unwrap();
        assert_eq!(report.table("flows").unwrap().parts, 2, "{report:?}");
        assert!(report.table("flows").unwrap().bytes > 0);
        let left = place.reader().await.flows(&everything()).await.unwrap();
        assert_eq!(left.len(), 2000);
        assert!(left.iter().all(|flow| flow.row.ts >= NOW - DAY));
        assert_eq!(place.reader().await.fences().await.unwrap(), fences);
        let mut writer = writer(&store).await;
        assert_eq!(writer.commit(&flows(1, 4001, 4010, NOW)).await.unwrap(), STORED);
        assert_eq!(store.retention(&policy, NOW).await.unwrap().table("flows").unwrap().parts, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_bytes_push_out_the_oldest_days_but_not_today() {
    for place in Place::all().await {
        let store = four_days(&place).await;
        if let Some(server) = &place.server {
            server.admin("ANALYZE TABLE floodmark.flows").await.unwrap();
        }
        let report = store.retention(&RetentionPolicy { flows_bytes: 0, ..generous() }, NOW).await.unwrap();
        assert_eq!(report.table("flows").unwrap().parts, 3, "{report:?}");
        assert_eq!(place.reader().await.flows(&everything()).await.unwrap().len(), 1000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_whose_fence_is_the_newest_keeps_it_when_its_rows_go() {
    let place = Place::sqlite();
    let store = place.migrated().await;
    let mut writer = writer(&store).await;
    let old = NOW - 5 * DAY;
    assert_eq!(writer.commit(&Batch { arrived: old, ..flows(1, 1, 10, old) }).await.unwrap(), STORED);
    let policy = RetentionPolicy { flows: Duration::from_secs(1), ..generous() };
    assert_eq!(store.retention(&policy, NOW).await.unwrap().table("flows").unwrap().rows, 10);
    assert!(!place.data_dir().join("store/flows-20260916.db").exists());
    drop((writer, store));
    let store = place.migrated().await;
    let fence = crate::place::writer(&store).await.fences().await.unwrap()[0];
    assert_eq!((fence.last_seq, fence.stored.packets), (10, 30));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_pushes_out_days_and_says_what_is_left_to_do() {
    let place = Place::sqlite();
    let store = four_days(&place).await;
    let report = store.retention(&RetentionPolicy { disk_free_min: u64::MAX, ..generous() }, NOW).await.unwrap();
    let flows = report.table("flows").unwrap();
    assert_eq!((flows.parts, flows.rows), (3, 3000));
    assert!(flows.hindered.as_ref().unwrap().contains("make room"));
}

#[tokio::test(flavor = "multi_thread")]
async fn old_rows_of_small_tables_are_deleted_in_chunks() {
    for place in Place::all().await {
        let store = place.migrated().await;
        let mut writer = writer(&store).await;
        let events = (1..=12_000).map(|seq| {
            let age = if seq <= 11_000 { 500 * DAY } else { 0 };
            store::EventRow { ts: NOW - age, ..event(seq, "x") }
        });
        let batch = Batch {
            epoch: 5,
            first_seq: 1,
            last_seq: 12_000,
            arrived: NOW,
            events: events.collect(),
            ..Batch::default()
        };
        assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
        let policy = RetentionPolicy { history: Duration::from_secs(400 * u64::from(DAY)), ..generous() };
        let report = store.retention(&policy, NOW).await.unwrap();
        assert_eq!(report.table("events").unwrap().rows, 11_000);
        assert_eq!(store.retention(&policy, NOW).await.unwrap().table("events").unwrap().rows, 0);
        let sizes = store.size().await.unwrap();
        let events = sizes.iter().find(|size| size.table == "events").unwrap();
        assert_eq!(events.oldest_ts, NOW);
        assert!(events.bytes > 0, "{sizes:?}");
    }
}

/// MariaDB loses every row of a partition when the statement that splits it is killed, or the server is stopped then.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_has_rows_is_not_split() {
    let Some(place) = Place::mariadb().await else { return };
    let store = place.migrated().await;
    store.prepare(generous().flows, NOW).await.unwrap();
    let mut writer = writer(&store).await;
    let future = NOW + 100 * DAY;
    assert_eq!(writer.commit(&flows(1, 1, 1000, NOW)).await.unwrap(), STORED);
    assert_eq!(writer.commit(&flows(2, 1, 1000, future)).await.unwrap(), STORED);
    let partitions = "SELECT COUNT(*) FROM information_schema.PARTITIONS WHERE TABLE_NAME = 'flows'";
    let server = place.server.as_ref().unwrap();
    let before = server.number(partitions).await.unwrap();
    let report = store.retention(&generous(), NOW + 3 * DAY).await.unwrap();
    assert!(report.table("flows").unwrap().hindered.as_ref().unwrap().contains("clock"), "{report:?}");
    assert_eq!(server.number(partitions).await.unwrap(), before);
    assert_eq!(server.number("SELECT COUNT(*) FROM floodmark.flows").await.unwrap(), 2000);
    // Everything that is dropped by its day is, meanwhile; what lies in the open one goes by age, then it is split.
    let later = future + 40 * DAY;
    store.retention(&generous(), later).await.unwrap();
    let report = store.retention(&generous(), later).await.unwrap();
    assert_eq!(report.table("flows").unwrap().hindered, None);
    assert_eq!(server.number("SELECT COUNT(*) FROM floodmark.flows").await.unwrap(), 0);
    assert!(server.number(partitions).await.unwrap() > 1);
}
