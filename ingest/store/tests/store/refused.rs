//! Rows that the database refuses: found by halving, parked, counted; the others are stored.

use std::io::Error;

use store::{Batch, CommitOutcome, Counts, RefusedRow};

use crate::place::{NOW, Place, STORED, events, flows, writer};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_row_is_parked_and_the_others_are_stored() {
    for place in Place::all().await {
        let mut writer = writer(&place.migrated().await).await;
        let long = "x".repeat(1001);
        let mut texts = vec!["fine"; 700];
        for bad in [0, 77, 511, 512, 699] {
            texts[bad] = &long;
        }
        let batch = events(1, &texts);
        let error = writer.commit(&batch).await.unwrap_err();
        assert!(error.is_row_error(), "{error}");
        assert!(error.to_string().contains("events"), "{error}");
        let mut parked: Vec<RefusedRow> = Vec::new();
        let mut park = |rows: &[RefusedRow]| {
            parked.extend_from_slice(rows);
            Ok(())
        };
        let outcome = writer.commit_halving(&batch, &mut park).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Stored { parked: 5 });
        assert_eq!(parked.iter().map(|row| row.seq).collect::<Vec<_>>(), [1, 78, 512, 513, 700]);
        let fence = writer.fences().await.unwrap()[0];
        assert_eq!((fence.last_seq, fence.stored.rows, fence.parked.rows), (700, 695, 5));
        assert_eq!(writer.commit(&events(701, &["next"])).await.unwrap(), STORED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_there_twice_is_parked_with_its_packets() {
    for place in Place::all().await {
        let mut writer = writer(&place.migrated().await).await;
        let mut batch = flows(1, 1, 600, NOW);
        batch.flows[300].seq = 300;
        let outcome = writer.commit_halving(&batch, &mut |_: &[RefusedRow]| Ok(())).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Stored { parked: 1 });
        let fence = writer.fences().await.unwrap()[0];
        assert_eq!(fence.stored, Counts { rows: 599, packets: 599 * 3, bytes: 599 * 300 });
        assert_eq!(fence.parked, Counts { rows: 1, packets: 3, bytes: 300 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_parked_is_not_committed_either() {
    for place in Place::all().await {
        let mut writer = writer(&place.migrated().await).await;
        let long = "x".repeat(1001);
        let batch = events(1, &["fine", &long]);
        let error =
            writer.commit_halving(&batch, &mut |_: &[RefusedRow]| Err(Error::other("disk full"))).await.unwrap_err();
        assert!(error.to_string().contains("disk full"), "{error}");
        let again = writer.commit_halving(&batch, &mut |_: &[RefusedRow]| Ok(())).await.unwrap();
        assert_eq!(again, CommitOutcome::Stored { parked: 1 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_refuses_numbers_that_it_would_store_wrong() {
    let place = Place::sqlite();
    let mut writer = writer(&place.migrated().await).await;
    let mut batch: Batch = flows(1, 1, 3, NOW);
    batch.flows[1].bytes_fwd = u64::MAX;
    assert!(writer.commit(&batch).await.unwrap_err().is_row_error());
    let outcome = writer.commit_halving(&batch, &mut |_: &[RefusedRow]| Ok(())).await.unwrap();
    assert_eq!(outcome, CommitOutcome::Stored { parked: 1 });
}
