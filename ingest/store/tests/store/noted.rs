//! Notes of addresses: they name every place where an address is, and are not relied on where rows came without them.

use store::{FlowSpan, Reader};

use crate::place::{DAY, NOW, Place, STORED, flow, flows, writer};

/// `::ffff:192.0.2.last`, the source of rows whose number is `last` beyond a multiple of 200.
fn address(last: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, last]
}

async fn places(reader: &mut Reader, last: u8) -> Vec<FlowSpan> {
    reader.noted(address(last), (0, u32::MAX)).await.unwrap().spans
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_noted_where_its_rows_are() {
    for place in Place::all().await {
        let store = place.migrated().await;
        let mut writer = writer(&store).await;
        // Rows 1 to 50 of one day, 51 to 100 of the next.
        for (first, ago) in [(1, DAY), (51, 0)] {
            let batch = store::Batch { arrived: NOW - ago, ..flows(1, first, first + 49, NOW - ago) };
            assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
        }
        let mut reader = place.reader().await;
        assert_eq!(reader.notes_begin().await.unwrap(), Some(0));
        let at = |ts| FlowSpan { oldest: ts, newest: ts };
        assert_eq!(places(&mut reader, 7).await, [at(NOW - DAY)]);
        assert_eq!(places(&mut reader, 60).await, [at(NOW)]);
        assert!(places(&mut reader, 150).await.is_empty());
        let both = reader.noted(flow(1, NOW).dst_ip, (0, u32::MAX)).await.unwrap();
        assert_eq!((both.spans, both.from), (vec![at(NOW), at(NOW - DAY)], 0));
        let older = reader.noted(flow(1, NOW).dst_ip, (0, NOW)).await.unwrap();
        assert_eq!(older.spans, [at(NOW - DAY)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_program_without_notes_are_not_passed_over() {
    for place in Place::all().await {
        let store = place.migrated().await;
        assert_eq!(writer(&store).await.commit(&flows(1, 1, 10, NOW)).await.unwrap(), STORED);
        store.close().await;
        // As a program of before stores a row.
        let mut session = match &place.server {
            Some(server) => store::testing::Session::of_server(server, "floodmark").await.unwrap(),
            None => {
                let file = place.data_dir().join("store/flows-20260921.db");
                store::testing::Session::of_file(&file).await.unwrap()
            }
        };
        session.rows("UPDATE ingest_fences SET last_seq = 11, rows_total = rows_total + 1").await.unwrap();
        assert_eq!(place.reader().await.notes_begin().await.unwrap(), None, "nobody knows where that row is");
        // The writer, or the retention, begins anew behind all that is there.
        let store = place.migrated().await;
        let mut again = writer(&store).await;
        store.retention(&crate::retention::generous(), NOW).await.unwrap();
        assert_eq!(place.reader().await.notes_begin().await.unwrap(), Some(NOW + 1));
        assert_eq!(again.commit(&flows(1, 12, 20, NOW + 5)).await.unwrap(), STORED);
        assert_eq!(place.reader().await.notes_begin().await.unwrap(), Some(NOW + 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_go_with_their_rows_and_not_before() {
    let Some(place) = Place::mariadb().await else { return };
    let store = place.migrated().await;
    let mut writer = writer(&store).await;
    for (first, ago) in [(1, 5 * DAY), (11, 0)] {
        store.prepare(crate::retention::generous().flows, NOW - ago).await.unwrap();
        assert_eq!(writer.commit(&flows(1, first, first + 9, NOW - ago)).await.unwrap(), STORED);
    }
    let mut reader = place.reader().await;
    store.retention(&crate::retention::generous(), NOW).await.unwrap();
    assert_eq!(places(&mut reader, 3).await.len(), 1);
    let policy =
        store::RetentionPolicy { flows: std::time::Duration::from_secs(DAY.into()), ..crate::retention::generous() };
    let report = store.retention(&policy, NOW).await.unwrap();
    assert_eq!(report.table("flow_notes").unwrap().rows, 1, "{report:?}");
    assert_eq!((places(&mut reader, 3).await.len(), places(&mut reader, 13).await.len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_small_notes_become_one_and_name_the_same_places() {
    for place in Place::all().await {
        let store = place.migrated().await;
        let mut writer = writer(&store).await;
        let begin = NOW - NOW % 600;
        for n in 0..30u64 {
            let batch = store::Batch { arrived: begin, ..flows(1, n * 3 + 1, n * 3 + 3, begin + n as u32) };
            assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
        }
        let mut reader = place.reader().await;
        let (before, known) = (places(&mut reader, 44).await, reader.notes_begin().await.unwrap());
        assert_eq!(before, [FlowSpan { oldest: begin + 14, newest: begin + 14 }]);
        store.retention(&crate::retention::generous(), begin + 600).await.unwrap();
        assert_eq!(places(&mut reader, 44).await, before, "what is young is left alone");
        store.retention(&crate::retention::generous(), begin + 3_600).await.unwrap();
        assert_eq!(places(&mut reader, 44).await, [FlowSpan { oldest: begin, newest: begin + 29 }]);
        assert_eq!((places(&mut reader, 150).await.len(), reader.notes_begin().await.unwrap()), (0, known));
        let late = store::Batch { arrived: begin, ..flows(1, 91, 93, begin + 7) };
        assert_eq!(writer.commit(&late).await.unwrap(), STORED);
        assert_eq!(places(&mut reader, 92).await, [FlowSpan { oldest: begin + 7, newest: begin + 7 }]);
    }
}
