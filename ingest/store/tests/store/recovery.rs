//! Servers that die, connections that are lost, calls that are given up: every row is stored once.

use std::fs::DirEntry;
use std::time::Duration;

use store::CommitOutcome;

use crate::place::{NOW, Place, STORED, flows, writer};
use crate::reading::everything;

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_goes_on_after_the_server_was_killed_and_came_back() {
    let Some(mut place) = Place::mariadb().await else { return };
    let store = place.migrated().await;
    let mut writer = writer(&store).await;
    assert_eq!(writer.commit(&flows(1, 1, 1000, NOW)).await.unwrap(), STORED);
    let server = place.server.as_mut().unwrap();
    server.stop();
    for _ in 0..2 {
        let error = writer.commit(&flows(1, 1001, 2000, NOW)).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
    }
    server.run().unwrap();
    assert_eq!(writer.commit(&flows(1, 1, 1000, NOW)).await.unwrap(), CommitOutcome::AlreadyStored { last_seq: 1000 });
    assert_eq!(writer.commit(&flows(1, 1001, 2000, NOW)).await.unwrap(), STORED);
    let rows = server.number("SELECT COUNT(*) FROM floodmark.flows").await.unwrap();
    assert_eq!(rows, 2000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_ends_is_replaced() {
    let Some(place) = Place::mariadb().await else { return };
    let mut writer = writer(&place.migrated().await).await;
    let server = place.server.as_ref().unwrap();
    assert_eq!(writer.commit(&flows(1, 1, 10, NOW)).await.unwrap(), STORED);
    let id = server.number("SELECT MAX(id) FROM information_schema.processlist WHERE db = 'floodmark'").await.unwrap();
    server.admin(&format!("KILL {id}")).await.unwrap();
    assert!(writer.commit(&flows(1, 11, 20, NOW)).await.unwrap_err().is_transient());
    assert_eq!(writer.commit(&flows(1, 11, 20, NOW)).await.unwrap(), STORED);
}

/// Gives up the same commit at many moments, as a lost connection or a cancelled task does, and repeats it until it is
/// known to be stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_given_up_at_any_moment_is_stored_once() {
    for place in Place::all().await {
        let mut writer = writer(&place.migrated().await).await;
        let mut next = 1;
        for step in 0..60 {
            let batch = flows(1, next, next + 599, NOW);
            let given_up = tokio::time::timeout(Duration::from_micros(step * 150), writer.commit(&batch)).await;
            let outcome = match given_up {
                Ok(outcome) => outcome.unwrap(),
                Err(_) => loop {
                    match writer.commit(&batch).await {
                        Ok(outcome) => break outcome,
                        Err(error) => assert!(error.is_transient(), "{error}"),
                    }
                },
            };
            let done = CommitOutcome::AlreadyStored { last_seq: next + 599 };
            assert!(outcome == STORED || outcome == done, "{outcome:?}");
            next += 600;
        }
        let fence = writer.fences().await.unwrap()[0];
        assert_eq!((fence.last_seq, fence.stored.rows, fence.stored.packets), (36_000, 36_000, 108_000));
        assert_eq!(count(&place).await, 36_000);
    }
}

async fn count(place: &Place) -> usize {
    match &place.server {
        Some(server) => server.number("SELECT COUNT(*) FROM floodmark.flows").await.unwrap() as usize,
        None => {
            let sizes = place.connect().await.size().await.unwrap();
            sizes.iter().find(|size| size.table == "flows").unwrap().rows as usize
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_files_are_readable_by_the_group_and_survive_their_writer() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::sqlite();
    let store = place.migrated().await;
    let mut writer = writer(&store).await;
    assert_eq!(writer.commit(&flows(1, 1, 10, NOW)).await.unwrap(), STORED);
    let mut seen = 0;
    for entry in std::fs::read_dir(place.data_dir().join("store")).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o640, "{:?}", entry.path());
        seen += 1;
    }
    assert!(seen >= 4, "main, its log, a day and the locks: {seen}");
    assert_eq!(place.reader().await.flows(&everything()).await.unwrap().len(), 10);
    drop(writer);
    store.close().await;
    // The connection of the reader above may end after the writer's: then the log stays, but empty.
    let left: Vec<_> = std::fs::read_dir(place.data_dir().join("store")).unwrap().map(Result::unwrap).collect();
    let is_full_log = |entry: &DirEntry| {
        entry.path().to_string_lossy().ends_with("-wal")
            && std::fs::metadata(entry.path()).is_ok_and(|log| log.len() > 0)
    };
    assert!(!left.iter().any(is_full_log), "{left:?}");
    assert_eq!(place.reader().await.flows(&everything()).await.unwrap().len(), 10);
}
