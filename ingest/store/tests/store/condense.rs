//! After an attack its detail shrinks by rule: the totals stay, what is not the attack's stays, and a death or an error at
//! any step leaves a slice as it was, or done.

use std::time::Duration;

use store::testing::{FlowTotals, Session};
use store::{Batch, FlowRow, IncidentRow, LOW_RATE_STREAM, RetentionPolicy, Store};

use crate::place::{DAY, NOW, Place, STORED, writer};
use crate::retention::generous;

/// When the attack was, a full minute two days ago.
const THEN: u32 = (NOW - 2 * DAY) / 60 * 60;
const SECONDS: u32 = 180;

fn address(a: u8, b: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, a, b]
}

/// Rows of an attack on 192.0.2.7 from many addresses to two ports, with those of others in between.
fn rows(first: u64, count: u64) -> Vec<FlowRow> {
    let row = |n: u64| {
        let seq = first + n;
        let is_attack = !n.is_multiple_of(5);
        let ts = THEN + (n * u64::from(SECONDS) / count) as u32;
        FlowRow {
            ts,
            seq,
            interface: 1,
            direction: 1,
            first_ns: u64::from(ts) * 1_000_000_000 - n,
            last_ns: u64::from(ts) * 1_000_000_000 + n,
            protocol: if n.is_multiple_of(3) { 17 } else { 6 },
            src_ip: address((n / 250 % 100) as u8, (n % 250) as u8),
            src_port: 1_000 + n as u16,
            dst_ip: address(2, if is_attack { 7 } else { 8 }),
            dst_port: if n.is_multiple_of(2) { 53 } else { 80 },
            packets_fwd: n % 7 + 1,
            bytes_fwd: (n % 7 + 1) * 60,
            packets_rev: n % 2,
            bytes_rev: n % 2 * 40,
            tcp_flags_fwd: if n.is_multiple_of(9) { 0x12 } else { 0x02 },
            end_reason: 1,
            ..FlowRow::default()
        }
    };
    (0..count).map(row).collect()
}

fn incident() -> IncidentRow {
    IncidentRow {
        ts: THEN + SECONDS,
        seq: 1,
        incident: [7; 16],
        state: 3,
        severity: 3,
        rule: "attack".to_owned(),
        subject: "host:192.0.2.7".to_owned(),
        opened: THEN + 2,
        closed: THEN + SECONDS,
        text: "an attack".to_owned(),
        detail: "{}".to_owned(),
        ..IncidentRow::default()
    }
}

fn policy() -> RetentionPolicy {
    RetentionPolicy { attack_detail: Duration::from_secs(DAY.into()), attack_rows_min: 100, ..generous() }
}

/// Rows on two streams, and the incident that names them.
async fn attacked(place: &Place) -> Store {
    let store = place.migrated().await;
    let mut writer = writer(&store).await;
    for stream in [1, 2] {
        let flows = rows(1, 6_000);
        let packets = flows.iter().map(|row| row.packets_fwd + row.packets_rev).sum();
        let bytes = flows.iter().map(|row| row.bytes_fwd + row.bytes_rev).sum();
        let batch = Batch {
            epoch: 5,
            stream,
            first_seq: 1,
            last_seq: 6_000,
            arrived: THEN,
            packets,
            bytes,
            flows,
            ..Batch::default()
        };
        assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
    }
    let incidents = vec![incident()];
    let batch = Batch {
        epoch: 5,
        stream: LOW_RATE_STREAM,
        first_seq: 1,
        last_seq: 1,
        arrived: THEN,
        incidents,
        ..Batch::default()
    };
    assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
    store
}

async fn totals(place: &Place) -> FlowTotals {
    match &place.server {
        Some(server) => FlowTotals::of_server(server, "floodmark").await.unwrap(),
        None => FlowTotals::of_sqlite(&place.data_dir().join("store")).await.unwrap(),
    }
}

/// Lines of a query on the flow rows of the attack's day.
async fn asked(place: &Place, sql: &str) -> Vec<String> {
    let mut session = match &place.server {
        Some(server) => Session::of_server(server, "floodmark").await.unwrap(),
        None => {
            let file = place.data_dir().join("store/flows-20260919.db");
            Session::of_file(&file).await.unwrap()
        }
    };
    session.rows(sql).await.unwrap()
}

/// What must be the same before and after, by minute, target, port and protocol.
const BY_KEY: &str = "SELECT ts - ts % 60, dst_ip, dst_port, protocol, SUM(packets_fwd), SUM(bytes_fwd), \
                      SUM(packets_rev), SUM(bytes_rev), MIN(first_ns), MAX(last_ns), MAX(tcp_flags_fwd & 16) FROM flows \
                      GROUP BY ts - ts % 60, dst_ip, dst_port, protocol ORDER BY 1, 2, 3, 4";
const OTHERS: &str = "SELECT * FROM flows WHERE dst_ip = x'00000000000000000000ffffc0000208' ORDER BY stream, seq";

#[tokio::test(flavor = "multi_thread")]
async fn an_attacks_old_rows_become_summaries_with_the_same_totals() {
    for place in Place::all().await {
        let store = attacked(&place).await;
        let fences = place.reader().await.fences().await.unwrap();
        let (before, by_key, others) = (totals(&place).await, asked(&place, BY_KEY).await, asked(&place, OTHERS).await);
        assert_eq!((before.rows, others.len()), (12_000, 2_400));

        let report = store.condense(&policy(), NOW).await.unwrap();
        assert_eq!((report.incidents, report.from_rows, report.hindered), (1, 9_600, None));
        // Three minutes, two streams, two ports, two protocols.
        assert_eq!((report.to_rows, report.is_more), (24, false));
        let after = totals(&place).await;
        assert_eq!((after.rows, after.distinct), (2_424, 2_424));
        assert_eq!((after.packets, after.bytes), (before.packets, before.bytes));
        assert_eq!(asked(&place, BY_KEY).await, by_key);
        assert_eq!(asked(&place, OTHERS).await, others);
        let summaries = asked(
            &place,
            "SELECT COUNT(*), MIN(end_reason), MAX(end_reason), MIN(folded_addresses), MAX(src_ip) FROM flows \
             WHERE folded_addresses > 0",
        )
        .await;
        assert!(summaries[0].starts_with("24|7|7|") && summaries[0].ends_with(&"\\x00".repeat(16)), "{summaries:?}");
        assert_eq!(place.reader().await.fences().await.unwrap(), fences, "the ledger's stored is not touched");

        // Done is done, and the writer goes on.
        let again = store.condense(&policy(), NOW).await.unwrap();
        assert_eq!((again.from_rows, again.to_rows), (0, 0));
        let mut writer = writer(&store).await;
        assert_eq!(writer.commit(&crate::place::flows(1, 6_001, 6_010, NOW)).await.unwrap(), STORED);
        assert_eq!(totals(&place).await.rows, 2_434);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_young_small_or_not_an_attacks_keeps_its_detail() {
    for place in Place::all().await {
        let store = attacked(&place).await;
        let long = RetentionPolicy { attack_detail: Duration::from_secs(3 * u64::from(DAY)), ..policy() };
        let never = RetentionPolicy { attack_detail: Duration::ZERO, ..policy() };
        for policy in [long, never] {
            assert_eq!(store.condense(&policy, NOW).await.unwrap().from_rows, 0, "{policy:?}");
        }
        let large = RetentionPolicy { attack_rows_min: 1_000_000, ..policy() };
        assert_eq!(store.condense(&large, NOW).await.unwrap().from_rows, 0);
        assert_eq!(totals(&place).await.rows, 12_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_of_condensed_rows_is_given_back_to_the_disk() {
    let place = Place::sqlite();
    let store = attacked(&place).await;
    let file = place.data_dir().join("store/flows-20260919.db");
    // With what still lies in its log.
    let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let before = size(&file) + size(&file.with_extension("db-wal"));
    let mut reader = place.reader().await;
    let report = store.condense(&policy(), NOW).await.unwrap();
    let after = size(&file) + size(&file.with_extension("db-wal"));
    assert!(after * 2 < before && report.bytes > 0, "{before} {after} {report:?}");
    // Who had it open before reads the new one, and the fences are in it.
    assert_eq!(reader.flow_span(u32::MAX).await.unwrap().unwrap().oldest, THEN);
    assert!(reader.fences().await.unwrap().iter().any(|fence| fence.stream == 2 && fence.last_seq == 6_000));
    // When the day goes, what was condensed in it is kept beside the fences.
    let short = RetentionPolicy { flows: Duration::from_secs(3_600), ..policy() };
    store.retention(&short, NOW).await.unwrap();
    assert!(!file.exists());
    let mut session = Session::of_file(&place.data_dir().join("store/main.db")).await.unwrap();
    assert_eq!(session.rows("SELECT from_rows, to_rows FROM condensed").await.unwrap(), ["9600|24"]);
}
