//! ingest dies at each step of condensing: no packet is lost or doubled, and the next start finishes the work.

use store::testing::{FlowTotals, MariaDb};
use store::{Batch, FlowRow, IncidentRow, LOW_RATE_STREAM, NodeIdentity, Store};

use crate::machine::Machine;
use crate::mariadb::block_on;
use crate::process::{await_some, send};

const DAY: u32 = 86_400;

/// The steps, and whether only files have them.
const STEPS: [(&str, bool); 5] = [
    ("db.condense", false),
    ("db.condensed", false),
    ("db.condense.commit", false),
    ("db.compact", true),
    ("db.compacted", true),
];

/// Rows of each attack, nearly all to one port.
const ROWS: u64 = 5_000;

#[expect(clippy::disallowed_methods, reason = "ingest's clock is the machine's: the attack must be old by it")]
fn now() -> u32 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u32::try_from(since.as_secs()).unwrap()
}

fn address(a: u8, b: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, a, b]
}

/// The rows of an attack of two days ago, stored as ingest stores them, and its incident.
async fn attack(config: &store::config::Config, machine: &Machine) {
    let store = Store::connect(config, &machine.data_dir()).await.unwrap();
    store.migrate().await.unwrap();
    let node = NodeIdentity { uuid: [3; 16], name: "attacked".to_owned(), version: "0".to_owned() };
    let then = (now() - 2 * DAY) / 60 * 60;
    let mut writer = store.writer(&node, then).await.unwrap();
    let row = |seq: u64| {
        let ts = then + (seq % 60) as u32;
        let last_ns = u64::from(ts) * 1_000_000_000;
        FlowRow {
            ts,
            seq,
            direction: 1,
            first_ns: last_ns,
            last_ns,
            protocol: 17,
            src_ip: address((seq / 250) as u8, (seq % 250) as u8),
            dst_ip: address(2, 7),
            dst_port: if seq.is_multiple_of(100) { 80 } else { 53 },
            packets_fwd: seq % 5 + 1,
            bytes_fwd: 60 * (seq % 5 + 1),
            ..FlowRow::default()
        }
    };
    let flows: Vec<FlowRow> = (1..=ROWS).map(row).collect();
    let batch = Batch { epoch: 9, stream: 1, first_seq: 1, last_seq: ROWS, arrived: then, flows, ..Batch::default() };
    writer.commit(&batch).await.unwrap();
    let incident = IncidentRow {
        ts: then + 60,
        seq: 1,
        incident: [5; 16],
        rule: "attack".to_owned(),
        subject: "host:192.0.2.7".to_owned(),
        opened: then,
        closed: then + 60,
        ..IncidentRow::default()
    };
    let incidents = vec![incident];
    let batch = Batch {
        epoch: 9,
        stream: LOW_RATE_STREAM,
        first_seq: 1,
        last_seq: 1,
        arrived: then,
        incidents,
        ..Batch::default()
    };
    writer.commit(&batch).await.unwrap();
    drop(writer);
    store.close().await;
}

fn dies_and_is_finished(
    step: &str,
    store: &str,
    config: &store::config::Config,
    totals: impl Fn(&Machine) -> FlowTotals,
) {
    let retention = "[ingest.retention]\nflows = \"30days\"\nattack_detail = \"1h\"\nattack_rows_min = 100\n\
                     disk_free_min = \"0B\"\n";
    let mut machine = Machine::new(&format!("{store}{retention}"));
    block_on(attack(config, &machine));
    let before = totals(&machine);
    assert_eq!((before.rows, before.distinct), (ROWS, ROWS));

    machine.failpoints = format!("{step}=return(abort)");
    let mut ingest = machine.spawn_role("ingest");
    let status = await_some("the death", || ingest.try_wait().unwrap());
    assert!(!status.success(), "{step}: {status}");
    let between = totals(&machine);
    assert_eq!((between.packets, between.bytes), (before.packets, before.bytes), "{step}");
    assert_eq!(between.rows, between.distinct, "{step}");

    machine.failpoints = String::new();
    let mut ingest = machine.spawn_role("ingest");
    // Rows may be right before it is up; a signal would then find nobody who minds it.
    await_some("ingest", || machine.ingest_line().filter(|line| line.envelope.pid == ingest.id()));
    let after = await_some("the rest", || Some(totals(&machine)).filter(|totals| totals.rows <= 20));
    send("TERM", ingest.id());
    let ended = await_some("its end", || ingest.try_wait().unwrap());
    assert!(ended.success(), "{step}: {}", machine.log());
    assert_eq!((after.packets, after.bytes), (before.packets, before.bytes), "{step}");
    assert_eq!(after.rows, after.distinct, "{step}");
    // A stop may come into the copying of a file; the next run takes the copy away.
    if has_copy(&machine) {
        let mut ingest = machine.spawn_role("ingest");
        await_some("ingest", || machine.ingest_line().filter(|line| line.envelope.pid == ingest.id()));
        await_some("the end of the copy", || (!has_copy(&machine)).then_some(()));
        send("TERM", ingest.id());
        await_some("its end", || ingest.try_wait().unwrap());
    }
}

fn has_copy(machine: &Machine) -> bool {
    let files = std::fs::read_dir(machine.data_dir().join("store")).into_iter().flatten().flatten();
    files.into_iter().any(|entry| entry.file_name().to_string_lossy().ends_with(".new"))
}

#[test]
fn a_death_at_each_step_of_condensing_loses_and_doubles_nothing_on_sqlite() {
    for (step, _) in STEPS {
        dies_and_is_finished(step, "", &store::config::Config::default(), |machine| {
            block_on(FlowTotals::of_sqlite(&machine.data_dir().join("store"))).unwrap()
        });
    }
}

#[test]
fn a_death_at_each_step_of_condensing_loses_and_doubles_nothing_on_mariadb() {
    let Some(server) = MariaDb::start_or_skip() else { return };
    for (step, _) in STEPS.into_iter().filter(|(_, of_files)| !of_files) {
        block_on(server.admin("DROP DATABASE IF EXISTS floodmark; CREATE DATABASE floodmark")).unwrap();
        let config = server.config("root", "floodmark");
        let store = format!("[store]\nurl = \"{}\"\n", config.url);
        dies_and_is_finished(step, &store, &config, |_| block_on(FlowTotals::of_server(&server, "floodmark")).unwrap());
    }
}
