//! A backup while rows are written, and what a restored one holds.

use store::testing::FlowTotals;
use store::{Batch, StoreError, backup_file, backup_folder};

use crate::place::{DAY, NOW, Place, STORED, events, flows, writer};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_holds_what_was_committed_and_its_fences_fit_its_rows() {
    let place = Place::sqlite();
    let store = place.migrated().await;
    let mut writer = writer(&store).await;
    let yesterday = Batch { arrived: NOW - DAY, ..flows(1, 1, 500, NOW - DAY) };
    assert_eq!(writer.commit(&yesterday).await.unwrap(), STORED);
    assert_eq!(writer.commit(&flows(1, 501, 900, NOW)).await.unwrap(), STORED);
    assert_eq!(writer.commit(&events(1, &["one"])).await.unwrap(), STORED);

    let other = Place::sqlite();
    let to = other.data_dir().join("store");
    // The writer goes on meanwhile.
    let folder = place.data_dir().join("store");
    let copying = tokio::spawn(async move { backup_folder(&folder, &to).await });
    for n in 0..20u64 {
        let batch = flows(1, 901 + n * 50, 950 + n * 50, NOW);
        assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
    }
    let names = copying.await.unwrap().unwrap();
    assert_eq!(names, ["flows-20260921.db", "flows-20260920.db", "main.db"]);

    let fences = other.reader().await.fences().await.unwrap();
    let totals = FlowTotals::of_sqlite(&other.data_dir().join("store")).await.unwrap();
    let fence = fences.iter().find(|fence| fence.stream == 1).unwrap();
    assert!((900..=1_900).contains(&fence.last_seq), "{fence:?}");
    assert_eq!((totals.rows, totals.packets, totals.bytes), (fence.last_seq, fence.stored.packets, fence.stored.bytes));
    assert_eq!(other.reader().await.events((0, u32::MAX)).await.unwrap().len(), 1);

    // The restored store takes up where its fence stands.
    let restored = other.migrated().await;
    let mut writer = crate::place::writer(&restored).await;
    let next = fence.last_seq + 1;
    assert_eq!(writer.commit(&flows(1, next, next + 9, NOW)).await.unwrap(), STORED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_overwrites_nothing_and_leaves_nothing_half_done() {
    let place = Place::sqlite();
    place.migrated().await.close().await;
    let (main, copy) = (place.data_dir().join("store/main.db"), place.data_dir().join("copy.db"));
    backup_file(&main, &copy).await.unwrap();
    let error = backup_file(&main, &copy).await.unwrap_err();
    assert!(matches!(&error, StoreError::Folder { path, .. } if *path == copy), "{error}");
    let gone = place.data_dir().join("gone.db");
    assert!(backup_file(&place.data_dir().join("nothing.db"), &gone).await.is_err());
    assert!(!gone.exists());
}
