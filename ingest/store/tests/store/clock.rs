//! Times at the ends of what the columns hold: kept, read back, and no reason to drop others.

use store::Batch;

use crate::place::{DAY, NOW, Place, STORED, flow, flows, writer};
use crate::reading::everything;
use crate::retention::generous;

/// 2038-01-19 03:14:08, where signed seconds end, and 2106-02-07 06:28:14, the last that a query can reach.
const ENDS: [u32; 3] = [1 << 31, u32::MAX - 86_400, u32::MAX - 1];

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_2038_and_2106_are_kept_and_today_goes_on() {
    for place in Place::all().await {
        let store = place.migrated().await;
        let mut writer = writer(&store).await;
        let (mut seq, mut stored) = (1, 0);
        for ts in [NOW].into_iter().chain(ENDS).chain([NOW + 1, DAY]) {
            // As ingest does: first the partitions, by the time that is believed, then rows that arrive by the clock.
            store.retention(&generous(), NOW).await.unwrap();
            let mut batch = Batch { arrived: ts, ..flows(1, seq, seq + 9, ts) };
            batch.flows.iter_mut().for_each(|row| row.last_ns = u64::from(ts) * 1_000_000_000 + 999_999_999);
            assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
            (seq, stored) = (seq + 10, stored + 10);
            let report = store.retention(&generous(), NOW).await.unwrap();
            assert_eq!(report.table("flows").unwrap().hindered, None);
            let old = u32::from(ts == DAY && place.server.is_none());
            assert_eq!(report.table("flows").unwrap().parts, old, "{ts}: the day file of 1970 is older than 30 days");
            stored -= 10 * old as usize;
            let rows = place.reader().await.flows(&everything()).await.unwrap();
            assert_eq!(rows.len(), stored, "{ts}");
            if old == 0 {
                let row = rows.iter().find(|found| found.row.seq == seq - 1).unwrap();
                assert_eq!(row.row, store::FlowRow { last_ns: batch.flows[9].last_ns, ..flow(seq - 1, ts) });
            }
        }
        // A clock at the end of time that was believed after all: nothing fails, and today comes back.
        for now in ENDS {
            store.retention(&generous(), now).await.unwrap();
        }
        assert_eq!(writer.commit(&flows(1, seq, seq + 9, NOW)).await.unwrap(), STORED);
        assert_eq!(place.reader().await.fences().await.unwrap()[0].last_seq, seq + 9);
    }
}
