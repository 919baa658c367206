//! How quickly the pages answer over a large store. `FLOODMARK_SPEED=50` fills MariaDB with 50 million flow rows,
//! `FLOODMARK_SPEED_SQLITE=10` SQLite with 10 million, both with a year of rollups; without them it is a look whether
//! every page answers over some thousand rows.

use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use store::testing::{MariaDb, make_sqlite};
use store::{Batch, FlowRow, InterfaceRow, Store};

use crate::guard::Standing;
use crate::role::{app, now_s};
use crate::testing::{get, node, options, router, visitor};
use crate::words::Language;

const DAY: u32 = 86_400;
const FLOW_DAYS: u32 = 14;

/// Rows of a transaction, as ingest has them by default.
const BATCH_ROWS: u64 = 10_240;

/// Times a page is asked for, each time with another time range, so that no answer is a remembered one.
const REQUESTS: u32 = 30;

/// A host that one flow in a million has, and one that many have: what a search may be for.
const RARE: &str = "203.0.113.9";
const BUSY: &str = "192.0.2.7";
const NEVER: &str = "198.51.100.99";

#[expect(clippy::disallowed_methods, reason = "the size of a measurement is asked for by the environment")]
fn millions(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn clock() -> Instant {
    Instant::now()
}

/// Percentiles of what each path took; `{}` in it stands for a number that differs.
async fn measure(router: &Router, name: &str, path: impl Fn(u32) -> String) -> [Duration; 3] {
    let mut took = Vec::new();
    for n in 0..REQUESTS {
        let begun = clock();
        let (status, page) = get(router, &path(n)).await;
        took.push(begun.elapsed());
        assert_eq!(status, StatusCode::OK, "{}: {page}", path(n));
        assert!(!page.contains("role=\"alert\""), "{}: {page}", path(n));
    }
    let first = took[0];
    took.sort_unstable();
    let of = |percent: usize| took[(took.len() * percent).div_ceil(100) - 1];
    eprintln!("{name:<34} first {first:>10.1?}  median {:>10.1?}  p99 {:>10.1?}", of(50), of(99));
    [first, of(50), of(99)]
}

/// Every page over the store of `router`, whose newest rows are of `now`.
async fn pages(router: &Router, now: u32) {
    for (name, length) in
        [("15 min", 900), ("hour", 3_600), ("day", DAY), ("week", 7 * DAY), ("month", 31 * DAY), ("year", 365 * DAY)]
    {
        // Shifted by its own step, so that each is asked of the database.
        let path = move |n: u32, rest: &str| {
            let to = now - n * (length / 200);
            format!("/traffic?from={}&to={to}{rest}", to - length)
        };
        measure(router, &format!("traffic, {name}"), |n| path(n, "")).await;
        measure(router, &format!("traffic, {name}, by interface"), |n| path(n, "&by=interface")).await;
        measure(router, &format!("traffic, {name}, one interface"), |n| path(n, "&interface=eth1&by=protocol")).await;
    }
    measure(router, "flows, newest", |_| "/flows".to_owned()).await;
    measure(router, "flows, one port", |n| format!("/flows?port={}", 1_024 + n)).await;
    measure(router, "flows, busy host", |_| format!("/flows?address={BUSY}")).await;
    measure(router, "flows, prefix, a week ago", |n| {
        format!("/flows?address=192.0.2.0/24&to={}", now - 7 * DAY - n * 60)
    })
    .await;
    measure(router, "flows, rare host (page)", |_| format!("/flows?address={RARE}")).await;
    measure(router, "host, busy", |_| format!("/hosts/{BUSY}")).await;
    measure(router, "host, rare", |_| format!("/hosts/{RARE}")).await;
    assert!(search(router, RARE).await > 0);
    assert_eq!(search(router, NEVER).await, 0);
}

/// A search for an address through all days; answers the rows found.
async fn search(router: &Router, address: &str) -> usize {
    let begun = clock();
    let mut path = format!("/api/flows?address={address}");
    let (mut rows, mut parts, mut first) = (0, 0, None);
    loop {
        let (_, text) = get(router, &path).await;
        let told: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        rows += told.iter().filter_map(|line| line["rows"].as_array()).map(Vec::len).sum::<usize>();
        parts += told.len();
        if rows > 0 && first.is_none() {
            first = Some(begun.elapsed());
        }
        let last = told.last().expect("a line");
        assert!(last["error"].is_null(), "{last}");
        if last["done"] == true {
            break;
        }
        path = format!("/api/flows?address={address}&cursor={}", last["cursor"].as_str().expect("a cursor"));
    }
    let took = begun.elapsed();
    eprintln!(
        "search for {address}, all {FLOW_DAYS} days: {rows} rows in {parts} parts, first {first:.1?}, all {took:.1?}"
    );
    rows
}

/// Interfaces by the writer, as ingest would; it makes the tables too.
async fn begin(config: &store::config::Config, data_dir: &Path, now: u32) -> Store {
    let store = Store::connect(config, data_dir).await.expect("a store");
    store.migrate().await.expect("tables");
    let mut writer = store.writer(&node(), now).await.expect("a writer");
    let name = |seq: u64| InterfaceRow { ts: now, seq, interface: seq as u16, name: format!("eth{seq}") };
    let interfaces = (1..=3).map(name).collect();
    let batch = Batch { epoch: 5, first_seq: 1, last_seq: 3, arrived: now, interfaces, ..Batch::default() };
    writer.commit(&batch).await.expect("stored");
    store
}

/// Dialects differ in how numbers are counted up and how bytes are made.
struct Dialect {
    /// `n` from 1 to the number.
    numbers: fn(u64) -> String,
    /// 16 bytes of the IPv4 address that `expression` is as a number.
    address: fn(&str) -> String,
    /// A number from 0 that looks like chance, of `n`.
    chance: fn(&str) -> String,
    /// Whole part of a quotient.
    divided: fn(&str, u64) -> String,
}

const MARIADB: Dialect = Dialect {
    numbers: |count| format!("(SELECT seq AS n FROM seq_1_to_{count}) numbers"),
    address: |expression| format!("UNHEX(CONCAT('00000000000000000000FFFF', LPAD(HEX({expression}), 8, '0')))"),
    chance: |salt| format!("CRC32(n * 7 + {salt})"),
    divided: |expression, by| format!("(({expression}) DIV {by})"),
};

const SQLITE: Dialect = Dialect {
    numbers: |count| {
        format!("(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c)")
    },
    address: |expression| format!("unhex(printf('00000000000000000000ffff%08x', {expression}))"),
    chance: |salt| format!("((n * 7 + {salt}) * 2654435761 % 4294967291)"),
    divided: |expression, by| format!("(({expression}) / {by})"),
};

/// Flow row `n` of `all`, from 1 on, spread over the days before `now`: the same for the same numbers.
fn flow(n: u64, all: u64, now: u32) -> FlowRow {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut chance = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let address = |bits: u64| {
        let [a, b, c, d] = (bits as u32).to_be_bytes();
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
    };
    let length = u64::from(FLOW_DAYS * DAY);
    let ts = now - FLOW_DAYS * DAY + u32::try_from((n - 1) * length / all).expect("within the days");
    // 203.0.113.9, else an address of 10.0.0.0/8; 192.0.2.0/24 is local.
    let remote = if n % 1_000_000_u64.min(all / 2) == 5 { 0xcb00_7109 } else { 0x0a00_0000 + chance(1 << 24) };
    FlowRow {
        ts,
        seq: n,
        interface: 1 + (n % 3) as u16,
        direction: 1,
        first_ns: u64::from(ts) * 1_000_000_000 - 5,
        last_ns: u64::from(ts) * 1_000_000_000,
        protocol: if n.is_multiple_of(4) { 17 } else { 6 },
        src_ip: address(remote),
        src_port: 1_024 + chance(60_000) as u16,
        dst_ip: address(0xc000_0200 + chance(256)),
        dst_port: if n.is_multiple_of(3) { 443 } else { 80 },
        packets_fwd: 10,
        bytes_fwd: 5_000,
        packets_rev: 8,
        bytes_rev: 9_000,
        tcp_flags_fwd: 27,
        tcp_flags_rev: 27,
        end_reason: 3,
        ..FlowRow::default()
    }
}

/// Stores all flow rows as ingest does, on the day on which they arrive.
async fn fill(store: &Store, all: u64, now: u32) {
    let mut writer = store.writer(&node(), now).await.expect("a writer");
    let mut first_seq = 1;
    while first_seq <= all {
        let last = (first_seq + BATCH_ROWS - 1).min(all);
        // A batch ends with its day, as there.
        let day = flow(first_seq, all, now).ts / DAY;
        let flows: Vec<FlowRow> =
            (first_seq..=last).map(|n| flow(n, all, now)).take_while(|row| row.ts / DAY == day).collect();
        let (rows, arrived) = (flows.len() as u64, flows.last().expect("a row").ts);
        let last_seq = first_seq + rows - 1;
        let (packets, bytes) = (rows * 18, rows * 14_000);
        let batch =
            Batch { epoch: 5, stream: 1, first_seq, last_seq, arrived, packets, bytes, flows, ..Batch::default() };
        writer.commit(&batch).await.expect("stored");
        first_seq = last_seq + 1;
    }
}

/// A year of traffic of three interfaces by hour, 90 days by minute, a week by second; talkers likewise.
fn rollups(dialect: &Dialect, now: u32, share: u64) -> Vec<String> {
    let mut statements = Vec::new();
    let mut seq = 1_000u64;
    for (table, length, days) in [("traffic_1h", 3_600u64, 366u64), ("traffic_1m", 60, 90), ("traffic_1s", 1, 7)] {
        let count = days * 86_400 / length * 3 / share;
        let begin = u64::from(now) / length * length - count / 3 * length;
        let ts = format!("{begin} + {} * {length}", (dialect.divided)("n - 1", 3));
        let volume = |salt: u64| format!("{length} * (1000 + {} % 1000)", (dialect.chance)(&salt.to_string()));
        let columns: Vec<String> = (0..24).map(volume).collect();
        statements.push(format!(
            "INSERT INTO {table} SELECT {ts}, 1, 5, 0, {seq} + n, 1 + n % 3, {}, {length}, 2000, 900000 FROM {}",
            columns.join(", "),
            (dialect.numbers)(count)
        ));
        seq += count + 1;
    }
    for (table, length, days) in [("talkers_1h", 3_600u64, 365u64), ("talkers_1m", 60, 14)] {
        let count = days * 86_400 / length * 100 / share;
        let begin = u64::from(now) / length * length - count / 100 * length;
        let ts = format!("{begin} + {} * {length}", (dialect.divided)("n - 1", 100));
        let key = (dialect.address)(&format!("{} + n % 25", 0xc000_0200_u32));
        statements.push(format!(
            "INSERT INTO {table} SELECT {ts}, 1, 5, 0, {seq} + n, 1 + {} % 4, {key}, 10, 1000, 20, 2000, 3 FROM {}",
            (dialect.divided)("n", 25),
            (dialect.numbers)(count)
        ));
        seq += count + 1;
    }
    statements
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_over_a_large_mariadb_store() {
    let asked = millions("FLOODMARK_SPEED");
    let (all, share) = asked.map_or((40_000, 200), |millions| (millions * 1_000_000, 1));
    let options_of_server = [
        "--innodb-buffer-pool-size=1G",
        "--innodb-log-file-size=512M",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=OFF",
    ];
    let server = match MariaDb::start(&options_of_server) {
        Ok(server) => server,
        Err(error) => {
            eprintln!("skipped: {error} (Debian: apt install mariadb-server)");
            return;
        }
    };
    server.admin("CREATE DATABASE floodmark").await.expect("a database");
    let dir = tempfile::tempdir().expect("a scratch folder");
    let now = now_s();
    let config = server.config("root", "floodmark");
    let store = begin(&config, dir.path(), now).await;
    let days = (0..=FLOW_DAYS).map(|day| now / DAY - FLOW_DAYS + day);
    let part = |day: u32| format!("PARTITION p{day} VALUES LESS THAN ({})", (day + 1) * DAY);
    let parts: Vec<String> = days.map(part).chain(["PARTITION pmax VALUES LESS THAN MAXVALUE".to_owned()]).collect();
    let split = format!("ALTER TABLE floodmark.flows REORGANIZE PARTITION pmax INTO ({})", parts.join(", "));
    server.admin(&split).await.expect("partitions");
    let begun = clock();
    for statement in rollups(&MARIADB, now, share) {
        server.admin(&format!("USE floodmark; {statement}")).await.expect("rollups");
    }
    fill(&store, all, now).await;
    eprintln!("MariaDB with {all} flow rows, filled in {:.0?}", begun.elapsed());
    let options = crate::Options { store: config, ..options(dir.path()) };
    let app = app(&options).expect("a scratch folder");
    pages(&router(&app, Some(visitor(Standing::Viewer, Language::En))), now).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_over_a_large_sqlite_store() {
    let asked = millions("FLOODMARK_SPEED_SQLITE");
    let (all, share) = asked.map_or((40_000, 200), |millions| (millions * 1_000_000, 1));
    let dir = tempfile::tempdir().expect("a scratch folder");
    let options = options(dir.path());
    let now = now_s();
    let store = begin(&options.store, &options.data_dir, now).await;
    let begun = clock();
    let folder = options.data_dir.join("store");
    for statement in rollups(&SQLITE, now, share) {
        make_sqlite(&folder.join("main.db"), &statement).await.expect("rollups");
    }
    fill(&store, all, now).await;
    store.close().await;
    eprintln!("SQLite with {all} flow rows, filled in {:.0?}", begun.elapsed());
    let app = app(&options).expect("a scratch folder");
    pages(&router(&app, Some(visitor(Standing::Viewer, Language::En))), now).await;
}
