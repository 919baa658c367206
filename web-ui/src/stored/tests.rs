//! The page's questions to a store in a scratch folder.

use std::sync::Arc;

use store::{Batch, FlowRow};

use super::search::{Cursor, Wanted};
use super::{Search, Stored, StoredError};
use crate::testing::commit;

const NOW: u32 = 1_789_993_600;

fn flow(seq: u64, ts: u32, last: u8) -> FlowRow {
    let address = |last| [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, last];
    FlowRow { ts, seq, protocol: 6, src_ip: address(last), dst_ip: address(1), dst_port: 443, ..FlowRow::default() }
}

fn stored(dir: &std::path::Path) -> Arc<Stored> {
    Arc::new(Stored::new(store::config::Config::default(), dir))
}

#[tokio::test]
async fn an_empty_place_is_a_state_and_not_a_failure() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let stored = stored(dir.path());
    assert_eq!(stored.incidents((0, u32::MAX)).await.err(), Some(StoredError::Empty));
    commit(
        dir.path(),
        &Batch {
            epoch: 1,
            stream: 1,
            first_seq: 1,
            last_seq: 1,
            arrived: NOW,
            flows: vec![flow(1, NOW, 7)],
            ..Batch::default()
        },
    )
    .await;
    assert!(stored.incidents((0, u32::MAX)).await.expect("it is there now").is_empty());
    assert_eq!(stored.month(NOW - 9 * 86_400, NOW, None).await.expect("an answer").bytes_in, 0);
}

#[tokio::test]
async fn a_server_that_is_away_is_told_with_how_long_and_not_asked_by_everybody() {
    let config = store::config::Config {
        url: "mysql://reader@localhost/floodmark?socket=/nonexistent/socket".to_owned(),
        ..store::config::Config::default()
    };
    let stored = Stored::new(config, std::path::Path::new("/nonexistent"));
    assert!(matches!(stored.interfaces().await, Err(StoredError::Away(_))));
    let begun = tokio::time::Instant::now();
    for _ in 0..10 {
        let words = stored.interfaces().await.expect_err("away").words(crate::words::Language::En);
        assert!(words.contains("has not answered for"), "{words}");
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(1));
}

#[tokio::test]
async fn a_search_reads_back_to_the_first_row_and_each_row_once() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let rows: Vec<FlowRow> =
        (1..=400u64).map(|seq| flow(seq, NOW - (seq as u32 % 50) * 20_000, (seq % 10) as u8)).collect();
    commit(
        dir.path(),
        &Batch { epoch: 1, stream: 1, first_seq: 1, last_seq: 400, arrived: NOW, flows: rows, ..Batch::default() },
    )
    .await;
    let stored = stored(dir.path());
    let wanted = Wanted { until: u32::MAX, host: "192.0.2.7".parse().ok(), ..Wanted::default() };
    let mut found = Vec::new();
    let mut cursor = None;
    // Three rows at a time, each part begun anew at the cursor that the link carries.
    for _ in 0..500 {
        let mut search = Search::begin(&stored, wanted.clone(), cursor).await.expect("an answer");
        assert!(search.end() >= NOW - 49 * 20_000);
        let before = found.len();
        while !search.is_done() && found.len() < before + 3 {
            found.extend(search.step(&stored, 3).await.expect("an answer"));
        }
        let text = search.cursor().to_string();
        cursor = Some(text.parse::<Cursor>().expect("our own"));
        if search.is_done() {
            break;
        }
    }
    assert_eq!(found.len(), 40, "all rows of the address");
    let mut seqs: Vec<u64> = found.iter().map(|flow| flow.row.seq).collect();
    assert!(found.windows(2).all(|pair| pair[0].key() > pair[1].key()), "newest first");
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs.len(), 40, "each once");
}
