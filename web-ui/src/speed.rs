//! How quickly the pages answer over a large store. `FLOODMARK_SPEED=50` fills MariaDB with 50 million flow rows,
//! `FLOODMARK_SPEED_SQLITE=10` SQLite with 10 million, both with a year of rollups; without them it is a look whether
//! every page answers over some thousand rows.

use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use store::testing::{MariaDb, make_sqlite};
use store::{Batch, InterfaceRow, Store};

use crate::guard::Standing;
use crate::role::{app, now_s};
use crate::testing::{get, node, options, router, visitor};
use crate::words::Language;

const DAY: u32 = 86_400;
const FLOW_DAYS: u32 = 14;

/// Times a page is asked for, each time with another time range, so that no answer is a remembered one.
const REQUESTS: u32 = 20;

/// A host that one flow in a million has, and one that many have: what a search may be for.
const RARE: &str = "203.0.113.9";
const BUSY: &str = "192.0.2.7";

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
    eprintln!("{name:<34} first {first:>10.1?}  median {:>10.1?}  p95 {:>10.1?}", of(50), of(95));
    [first, of(50), of(95)]
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
    let begun = clock();
    let mut path = format!("/api/flows?address={RARE}");
    let (mut rows, mut parts) = (0, 0);
    loop {
        let (_, text) = get(router, &path).await;
        let told: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        rows += told.iter().filter_map(|line| line["rows"].as_array()).map(Vec::len).sum::<usize>();
        parts += told.len();
        let last = told.last().expect("a line");
        assert!(last["error"].is_null(), "{last}");
        if last["done"] == true {
            break;
        }
        path = format!("/api/flows?address={RARE}&cursor={}", last["cursor"].as_str().expect("a cursor"));
    }
    eprintln!("flows, rare host, all 14 days: {rows} rows in {parts} slices, {:.1?}", begun.elapsed());
    assert!(rows > 0);
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

/// Flow rows `first` to `last` of `all`, spread over the days before `now`.
fn flows(dialect: &Dialect, (first, count, all): (u64, u64, u64), now: u32) -> String {
    let begin = now - FLOW_DAYS * DAY;
    let ts = format!("{begin} + {}", (dialect.divided)(&format!("(n + {first} - 1) * {}", FLOW_DAYS * DAY), all));
    let chance = |salt: u64| (dialect.chance)(&(first * 7 + salt).to_string());
    // 203.0.113.9, else an address of 10.0.0.0/8; 192.0.2.0/24 is local.
    let rare = 0xcb00_7109_u32;
    let src = format!(
        "CASE WHEN (n + {first}) % 1000000 = 5 THEN {rare} ELSE {} + {} % 16777216 END",
        0x0a00_0000,
        chance(1)
    );
    let dst = format!("{} + {} % 256", 0xc000_0200_u32, chance(2));
    format!(
        "INSERT INTO flows SELECT {ts}, 1, 5, 1, n + {first} - 1, 1 + n % 3, 1, ({ts}) * 1000000000 - 5, \
         ({ts}) * 1000000000, CASE WHEN n % 4 = 0 THEN 17 ELSE 6 END, {}, 1024 + {} % 60000, {}, \
         CASE WHEN n % 3 = 0 THEN 443 ELSE 80 END, 0, 10, 5000, 8, 9000, 27, 27, 3, 0 FROM {}",
        (dialect.address)(&src),
        chance(3),
        (dialect.address)(&dst),
        (dialect.numbers)(count),
    )
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
    begin(&config, dir.path(), now).await;
    let days = (0..=FLOW_DAYS).map(|day| now / DAY - FLOW_DAYS + day);
    let part = |day: u32| format!("PARTITION p{day} VALUES LESS THAN ({})", (day + 1) * DAY);
    let parts: Vec<String> = days.map(part).chain(["PARTITION pmax VALUES LESS THAN MAXVALUE".to_owned()]).collect();
    let split = format!("ALTER TABLE floodmark.flows REORGANIZE PARTITION pmax INTO ({})", parts.join(", "));
    server.admin(&split).await.expect("partitions");
    let begun = clock();
    for statement in rollups(&MARIADB, now, share) {
        server.admin(&format!("USE floodmark; {statement}")).await.expect("rollups");
    }
    let chunk = all.min(500_000);
    for first in (1..=all).step_by(chunk as usize) {
        let statement = flows(&MARIADB, (first, chunk, all), now);
        server.admin(&format!("USE floodmark; {statement}")).await.expect("flows");
    }
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
    // A day file as the writer makes it, then its rows at once.
    let mut writer = store.writer(&node(), now).await.expect("a writer");
    let begun = clock();
    let folder = options.data_dir.join("store");
    for statement in rollups(&SQLITE, now, share) {
        make_sqlite(&folder.join("main.db"), &statement).await.expect("rollups");
    }
    let chunk = all / u64::from(FLOW_DAYS);
    for day in 0..u64::from(FLOW_DAYS) {
        let arrived = now - (FLOW_DAYS - day as u32) * DAY;
        let rows = vec![store::FlowRow { ts: arrived, seq: day + 1, ..store::FlowRow::default() }];
        let batch = Batch {
            epoch: 5,
            stream: 2,
            first_seq: day + 1,
            last_seq: day + 1,
            arrived,
            flows: rows,
            ..Batch::default()
        };
        writer.commit(&batch).await.expect("a day file");
        let date = jiff::Timestamp::from_second(arrived.into()).expect("a time").strftime("%Y%m%d").to_string();
        let insert = flows(&SQLITE, (day * chunk + 1, chunk, chunk * u64::from(FLOW_DAYS)), now);
        let span = "UPDATE span SET min_ts = (SELECT MIN(ts) FROM flows), max_ts = (SELECT MAX(ts) FROM flows), \
                    flow_rows = (SELECT COUNT(*) FROM flows)";
        make_sqlite(&folder.join(format!("flows-{date}.db")), &format!("{insert}; {span}")).await.expect("flows");
    }
    drop(writer);
    store.close().await;
    eprintln!("SQLite with {all} flow rows, filled in {:.0?}", begun.elapsed());
    let app = app(&options).expect("a scratch folder");
    pages(&router(&app, Some(visitor(Standing::Viewer, Language::En))), now).await;
}
