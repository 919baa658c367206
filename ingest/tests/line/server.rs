//! What only a database server can do: go away, be shared, give few rights.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};

use spool::{Ack, NodeId};
use store::testing::MariaDb;

use crate::place::{NODE, PATIENCE, Place, block_on, within};
use crate::write::{flows, open, open_for, seconds};

#[test]
fn a_server_that_is_killed_and_comes_back_has_every_row_once() {
    let Some(mut server) = MariaDb::start_or_skip() else { return };
    let place = Place::mariadb(&server, "root", "floodmark");
    let mut writer = open(&place.spool());
    let role = place.start(&place.options());
    for _ in 0..3 {
        let before: u64 = place.fences().iter().map(|fence| fence.last_seq).sum();
        for _ in 0..6 {
            flows(&mut writer, 1, 1_000);
            flows(&mut writer, 2, 1_000);
        }
        // In the middle of the rows, often of a transaction.
        within("a commit", || place.fences().iter().map(|fence| fence.last_seq).sum::<u64>() > before);
        server.stop();
        for _ in 0..3 {
            flows(&mut writer, 1, 500);
            flows(&mut writer, 3, 500);
        }
        server.run().unwrap();
        let expect: u64 = writer.streams().map(|(_, totals)| totals.last_seq).sum();
        within("all rows after the restart", || {
            place.fences().iter().map(|fence| fence.last_seq).sum::<u64>() == expect
        });
    }
    let summary = role.stop().unwrap();
    assert_eq!((summary.rows_parked, summary.rows_left), (0, 0));
    let mut expect = BTreeSet::new();
    for (stream, totals) in writer.streams() {
        expect.extend((1..=totals.last_seq).map(|seq| (writer.epoch(), stream, seq)));
        let fence = place.fences().into_iter().find(|fence| fence.stream == stream).unwrap();
        assert_eq!((fence.stored.packets, fence.stored.bytes), (totals.packets, totals.bytes));
    }
    assert!(place.flow_rows(seconds(writer.totals(1).last_seq)) == expect);
}

#[test]
fn every_connection_is_told_connected_before_its_first_row() {
    let Some(server) = MariaDb::start_or_skip() else { return };
    let place = Place::mariadb(&server, "root", "floodmark");
    let role = place.start(&place.options());
    within("the live line", || {
        let connected = live::Subscriber::connect(&place.data_dir().join("run"), live::Role::Ingest, PATIENCE);
        let line = connected.and_then(|mut live| live.receive());
        matches!(line, Ok(live::Line::Ingest(line)) if line.database == "connected")
    });
    role.stop().unwrap();
}

#[test]
fn what_a_dead_server_does_not_take_stays_in_the_spool() {
    let Some(mut server) = MariaDb::start_or_skip() else { return };
    let place = Place::mariadb(&server, "root", "floodmark");
    let mut writer = open(&place.spool());
    let role = place.start(&place.options());
    flows(&mut writer, 1, 1_000);
    // Not by the fence: it moves before the writer has the answer to its COMMIT.
    within("the first rows", || Ack::load(&place.spool()).streams.iter().any(|ack| ack.last_seq == 1_000));
    server.stop();
    flows(&mut writer, 1, 1_000);
    let summary = role.stop().unwrap();
    assert_eq!((summary.rows_stored, summary.rows_left), (1_000, 1_000));
    server.run().unwrap();
    assert_eq!(place.drain().rows_stored, 1_000);
    assert_eq!(place.flow_rows(seconds(2_000)).len(), 2_000);
}

#[test]
fn ingesters_of_three_nodes_start_at_once_on_an_empty_database() {
    let Some(server) = MariaDb::start_or_skip() else { return };
    let places: Vec<Place> = (0..3).map(|_| Place::mariadb(&server, "root", "floodmark")).collect();
    let barrier = Arc::new(Barrier::new(places.len()));
    let threads: Vec<_> = places
        .iter()
        .enumerate()
        .map(|(number, place)| {
            let node = NodeId::from_bytes([number as u8 + 1; 16]);
            for stream in 1..=2 {
                flows(&mut open_for(&place.spool(), node), stream, 1_000 + 100 * number as u32);
            }
            let options = ingest::Options { node, node_name: format!("node{number}"), ..place.options() };
            let barrier = barrier.clone();
            std::thread::spawn(move || {
                barrier.wait();
                ingest::drain(&options, &Arc::new(true.into())).unwrap().rows_stored
            })
        })
        .collect();
    let stored: Vec<u64> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(stored, [2_000, 2_200, 2_400]);
    let count = |sql: &str| block_on(server.number(sql)).unwrap();
    assert_eq!(count("SELECT COUNT(*) FROM floodmark.nodes"), 3);
    assert_eq!(count("SELECT COUNT(DISTINCT node_id) FROM floodmark.flows"), 3);
    assert_eq!(count("SELECT COUNT(*) FROM floodmark.flows"), 6_600);
}

#[test]
fn a_writer_with_few_rights_and_one_with_all_store_the_same() {
    let Some(server) = MariaDb::start_or_skip() else { return };
    let owner = Place::mariadb(&server, "root", "floodmark");
    let without = |role: &str| format!(" IDENTIFIED BY 'CHANGE-ME-{role}'");
    let grants = ["writer", "reader", "maintainer"]
        .iter()
        .fold(store::grants::sql("floodmark", "localhost"), |sql, role| sql.replace(&without(role), ""));
    let admin = |sql: &str| block_on(server.admin(sql)).unwrap();

    // Before the tables are there the small account is told who makes them.
    admin("CREATE USER floodmark_writer@localhost; GRANT SELECT ON floodmark.* TO floodmark_writer@localhost");
    let writer = Place::mariadb(&server, "floodmark_writer", "floodmark");
    flows(&mut open(&writer.spool()), 1, 2_000);
    let error = writer.drain_by(&writer.options()).unwrap_err().to_string();
    assert!(error.contains("store migrate"), "{error}");

    owner.drain();
    admin("REVOKE ALL PRIVILEGES, GRANT OPTION FROM floodmark_writer@localhost");
    admin(&grants);
    let role = writer.start(&writer.options());
    within("rows by few rights", || block_on(server.number("SELECT COUNT(*) FROM floodmark.flows")).unwrap() == 2_000);
    assert_eq!(role.stop().unwrap().rows_stored, 2_000);

    admin("CREATE USER a@localhost; GRANT ALL ON floodmark.* TO a@localhost");
    let all = Place::mariadb(&server, "a", "floodmark");
    let mut spool = open_for(&all.spool(), NodeId::from_bytes([9; 16]));
    flows(&mut spool, 1, 1_500);
    let options = ingest::Options { node: NodeId::from_bytes([9; 16]), ..all.options() };
    assert_eq!(all.drain_by(&options).unwrap().rows_stored, 1_500);
    assert_ne!(NODE, options.node);
    assert_eq!(block_on(server.number("SELECT COUNT(*) FROM floodmark.flows")).unwrap(), 3_500);
}
