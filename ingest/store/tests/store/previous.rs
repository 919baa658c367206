//! Over from schema version 2 and back: a store as its program left it is migrated, every row stays as it was, and what
//! that program asks and writes still works. Nothing under `golden` is ever made anew.

use store::testing::Session;
use store::{FlowQuery, check_schema};

use crate::place::{NOW, Place, STORED, flows, writer};

const MAIN: &str = include_str!("../golden/store-2/main.sql");
const DAY: &str = include_str!("../golden/store-2/day.sql");
const SERVER: &str = include_str!("../golden/store-2/mariadb.sql");
/// What the program of version 2 asks and writes, word for word but for the values.
const READS: &str = include_str!("../golden/store-2/reads.sql");
const WRITES: &str = include_str!("../golden/store-2/writes.sql");

/// A statement for each line that is no comment.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("--"))
}

/// A store of version 2, filled.
async fn previous(place: &Place) {
    match &place.server {
        Some(server) => server.admin(&format!("USE floodmark; {SERVER}")).await.unwrap(),
        None => {
            let folder = place.data_dir().join("store");
            std::fs::create_dir_all(&folder).unwrap();
            for (name, sql) in [("main.db", MAIN), ("flows-20260920.db", DAY)] {
                store::testing::make_sqlite(&folder.join(name), sql).await.unwrap();
            }
        }
    }
}

/// A connection to the database, or to the file that has a table.
async fn session(place: &Place, of_flows: bool) -> Session {
    match &place.server {
        Some(server) => Session::of_server(server, "floodmark").await.unwrap(),
        None => {
            let name = if of_flows { "flows-20260920.db" } else { "main.db" };
            Session::of_file(&place.data_dir().join("store").join(name)).await.unwrap()
        }
    }
}

/// The answers to all that version 2 asks.
async fn answers(place: &Place) -> Vec<String> {
    let mut all = Vec::new();
    for sql in lines(READS) {
        let mut session = session(place, sql.contains(" FROM flows")).await;
        all.push(format!("{sql}\n{}", session.rows(sql).await.unwrap().join("\n")));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_the_version_before_is_the_same_afterwards_and_its_program_goes_on() {
    for place in Place::all().await {
        previous(&place).await;
        let check = check_schema(&place.config, place.data_dir()).await.unwrap();
        assert_eq!((check.version(), check.is_current()), (2, false), "{check:?}");
        let before = answers(&place).await;
        assert!(before.iter().all(|answer| answer.lines().count() > 1), "{before:#?}");

        let store = place.migrated().await;
        assert!(check_schema(&place.config, place.data_dir()).await.unwrap().is_current());
        store.close().await;
        assert_eq!(answers(&place).await, before);

        // The program of before writes on: its rows and its fence.
        for sql in lines(WRITES) {
            let mut session = session(&place, sql.contains("flows") || sql.contains("stream = 1")).await;
            session.rows(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }

        // And this one after it.
        let store = place.migrated().await;
        let mut writer = writer(&store).await;
        assert_eq!(writer.commit(&flows(1, 8, 10, NOW)).await.unwrap(), STORED);
        let mut reader = place.reader().await;
        let fences = reader.fences().await.unwrap();
        let fence = fences.iter().find(|fence| fence.stream == 1).unwrap();
        assert_eq!((fence.last_seq, fence.noted_rows), (10, 3), "{fence:?}");
        let query =
            FlowQuery { since: 0, until: u32::MAX, before: None, host: None, port: None, protocol: None, limit: 100 };
        assert_eq!(reader.flows(&query).await.unwrap().len(), 6 + 1 + 3);
    }
}

/// A store that a newer program has migrated: additions only, so its marker lets this one go on.
async fn migrated_by_the_next(place: &Place, min_reader: u32, min_writer: u32) {
    let store = place.migrated().await;
    assert_eq!(writer(&store).await.commit(&flows(1, 1, 10, NOW)).await.unwrap(), STORED);
    store.close().await;
    let known = check_schema(&place.config, place.data_dir()).await.unwrap().known;
    let next = known + 1;
    for of_flows in [false, true] {
        let mut session = session_of_today(place, of_flows).await;
        session.rows("ALTER TABLE ingest_fences ADD COLUMN later INTEGER NOT NULL DEFAULT 0").await.unwrap();
        let marker = format!("INSERT INTO schema_versions VALUES ({next}, 0, {min_reader}, {min_writer})");
        session.rows(&marker).await.unwrap();
        if place.server.is_some() {
            break;
        }
        session.rows(&format!("PRAGMA user_version = {next}")).await.unwrap();
    }
}

async fn session_of_today(place: &Place, of_flows: bool) -> Session {
    match (&place.server, of_flows) {
        (None, true) => {
            let file = place.data_dir().join("store/flows-20260921.db");
            Session::of_file(&file).await.unwrap()
        }
        _ => session(place, of_flows).await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_goes_on_with_a_newer_store_that_allows_it() {
    for place in Place::all().await {
        migrated_by_the_next(&place, 3, 3).await;
        let store = place.migrated().await;
        let mut writer = writer(&store).await;
        assert_eq!(writer.commit(&flows(1, 11, 20, NOW)).await.unwrap(), STORED);
        assert_eq!(place.reader().await.fences().await.unwrap()[0].last_seq, 20);
        let check = check_schema(&place.config, place.data_dir()).await.unwrap();
        assert!(check.is_newer() && check.parts.iter().all(|part| part.readable && part.writable), "{check:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_store_may_allow_reading_only() {
    for place in Place::all().await {
        migrated_by_the_next(&place, 3, 99).await;
        assert_eq!(place.reader().await.fences().await.unwrap()[0].last_seq, 10);
        let error = place.connect().await.migrate().await.unwrap_err();
        assert!(error.to_string().contains("upgrade floodmark"), "{error}");
        let check = check_schema(&place.config, place.data_dir()).await.unwrap();
        assert!(check.parts.iter().all(|part| part.readable && !part.writable), "{check:?}");
    }
}
