//! Fences and batches: once, in order, with totals.

use store::{Batch, CommitOutcome, Counts};

use crate::place::{DAY, NOW, Place, STORED, events, flows, writer};

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_stored_once_and_in_order() {
    for place in Place::all().await {
        let store = place.migrated().await;
        let mut writer = writer(&store).await;
        assert!(writer.fences().await.unwrap().is_empty() || place.server.is_some());
        assert_eq!(writer.commit(&flows(1, 11, 20, NOW)).await.unwrap(), CommitOutcome::Behind { last_seq: 0 });
        assert_eq!(writer.commit(&flows(1, 1, 10, NOW)).await.unwrap(), STORED);
        assert_eq!(writer.commit(&flows(1, 1, 10, NOW)).await.unwrap(), CommitOutcome::AlreadyStored { last_seq: 10 });
        assert_eq!(writer.commit(&flows(1, 5, 15, NOW)).await.unwrap(), CommitOutcome::PartlyStored { last_seq: 10 });
        assert_eq!(writer.commit(&flows(1, 12, 15, NOW)).await.unwrap(), CommitOutcome::Behind { last_seq: 10 });
        assert_eq!(writer.commit(&flows(1, 11, 700, NOW)).await.unwrap(), STORED);
        assert_eq!(writer.commit(&flows(2, 1, 3, NOW)).await.unwrap(), STORED);
        assert_eq!(writer.commit(&events(1, &["a", "b"])).await.unwrap(), STORED);
        let fences = writer.fences().await.unwrap();
        let seen: Vec<_> = fences.iter().map(|f| (f.epoch, f.stream, f.last_seq)).collect();
        assert_eq!(seen, [(5, 0, 2), (5, 1, 700), (5, 2, 3)]);
        assert_eq!(fences[1].stored, Counts { rows: 700, packets: 2100, bytes: 210_000 });
        assert_eq!(place.reader().await.fences().await.unwrap(), fences);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_lost_or_could_not_be_read_move_the_fence_and_are_counted() {
    for place in Place::all().await {
        let mut writer = writer(&place.migrated().await).await;
        let lost = Counts { rows: 40, packets: 41, bytes: 4200 };
        let gap =
            Batch { epoch: 5, stream: 1, first_seq: 1, last_seq: 40, gap: lost, arrived: NOW, ..Batch::default() };
        assert_eq!(writer.commit(&gap).await.unwrap(), STORED);
        let mut damaged = flows(1, 41, 50, NOW);
        damaged.flows.remove(3);
        damaged.parked = Counts { rows: 1, packets: 3, bytes: 300 };
        damaged.packets -= 3;
        damaged.bytes -= 300;
        assert_eq!(writer.commit(&damaged).await.unwrap(), STORED);
        let fence = writer.fences().await.unwrap()[0];
        assert_eq!((fence.last_seq, fence.gap), (50, lost));
        assert_eq!(fence.carried(), Counts { rows: 50, packets: 71, bytes: 7200 });
        assert_eq!(place.reader().await.fences().await.unwrap()[0], fence);
        assert_eq!(fence.stored, Counts { rows: 9, packets: 27, bytes: 2700 });
        assert_eq!(fence.parked, Counts { rows: 1, packets: 3, bytes: 300 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_numbers_do_not_fit_is_an_error_of_the_caller() {
    let place = Place::sqlite();
    let mut writer = writer(&place.migrated().await).await;
    let error = writer.commit(&Batch { last_seq: 11, ..flows(1, 1, 10, NOW) }).await.unwrap_err();
    assert!(!error.is_transient() && !error.is_row_error(), "{error}");
    assert!(error.to_string().contains("covers 11 rows"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_of_one_node_store_two_streams_at_once() {
    for place in Place::all().await {
        let store = place.migrated().await;
        let mut tasks = Vec::new();
        for stream in 1..=2 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                let mut writer = writer(&store).await;
                for n in 0..5 {
                    let batch = flows(stream, n * 1000 + 1, (n + 1) * 1000, NOW);
                    assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
                }
                writer.node_id()
            }));
        }
        let mut nodes = Vec::new();
        for task in tasks {
            nodes.push(task.await.unwrap());
        }
        assert_eq!(nodes, [1, 1]);
        let fences = place.reader().await.fences().await.unwrap();
        assert_eq!(fences.iter().map(|f| f.stored.rows).collect::<Vec<_>>(), [5000, 5000]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_old_times_find_a_place() {
    for place in Place::all().await {
        let store = place.migrated().await;
        store.retention(&crate::retention::generous(), NOW).await.unwrap();
        let mut writer = writer(&store).await;
        let times = [1, 915_148_800, NOW - 400 * DAY, NOW, NOW + 400 * DAY, u32::MAX];
        for (stream, ts) in (1..).zip(times) {
            assert_eq!(writer.commit(&flows(stream, 1, 2, ts)).await.unwrap(), STORED, "{ts}");
        }
        let found = place.reader().await.flows(&crate::reading::everything()).await.unwrap();
        let mut found: Vec<u32> = found.iter().map(|flow| flow.row.ts).collect();
        found.dedup();
        // `until` is exclusive, and the last second that exists cannot be named by it.
        assert_eq!(found, times.into_iter().rev().skip(1).collect::<Vec<_>>());
    }
}
