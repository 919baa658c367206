//! What a server may answer instead of OK: each is waited for, made smaller, or parked, and every row is stored once.

use std::process::{Child, Stdio};
use std::time::Duration;

use faults::report::Row;
use faults::runs;
use spool::Writer;
use store::testing::MariaDb;

use crate::cuts::{Far, await_all, await_told, line};
use crate::place::{Place, Running, block_on, within};
use crate::write::{events, flows, open};

/// Numbers that the trigger below answers, as the server would; the first ones always, the others in full runs.
const NUMBERS: [(u16, &str); 11] = [
    (1114, "the table is full"),
    (1205, "lock wait timeout"),
    (1290, "read-only"),
    (1021, "disk full"),
    (1030, "got error 28 from storage engine"),
    (1213, "deadlock"),
    (1836, "read-only mode"),
    (1317, "query interrupted"),
    (1053, "server shutdown in progress"),
    (1040, "too many connections"),
    (4031, "idle too long"),
];

/// Clients that sleep, in the middle of their transactions.
const SLEEPERS: &str = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'";

/// A role that writes as an account without a super user's rights.
struct Account {
    far: Far,
    writer: Writer,
    role: Running,
    worst: Duration,
    faults: u64,
}

impl Account {
    fn start() -> Option<Account> {
        let mut far = Far::start()?;
        let admin = |sql: &str| block_on(far.server.admin(sql)).unwrap();
        admin(
            "CREATE USER a@'%'; GRANT ALL ON floodmark.* TO a@'%'; CREATE USER a@localhost; GRANT ALL ON floodmark.* TO a@localhost",
        );
        far.place.store = far.server.config("a", "floodmark");
        let mut writer = open(&far.place.spool());
        let role = far.place.start(&far.place.options());
        flows(&mut writer, 1, 500);
        await_all(&far.place, &writer);
        Some(Account { far, writer, role, worst: Duration::ZERO, faults: 0 })
    }

    fn admin(&self, sql: &str) {
        block_on(self.far.server.admin(sql)).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Rows for both lanes.
    fn write(&mut self) {
        for stream in 1..=4 {
            flows(&mut self.writer, stream, 700);
        }
    }

    /// The fault is over: everything comes.
    fn recover(&mut self) {
        self.worst = self.worst.max(await_all(&self.far.place, &self.writer));
        self.faults += 1;
    }

    fn retries(&self) -> u64 {
        line(self.far.place.data_dir()).map_or(0, |line| line.retries)
    }

    fn number(&self, sql: &str) -> i64 {
        block_on(self.far.server.number(sql)).unwrap()
    }

    fn end(self, fault: &str) {
        let summary = self.role.stop().unwrap();
        assert_eq!((summary.rows_parked, summary.rows_left), (0, 0));
        let (lost, doubled) = self.far.count(&self.writer);
        let row = Row {
            fault: fault.into(),
            load: format!("{} flow rows, MariaDB", self.writer.streams().map(|(_, t)| t.last_seq).sum::<u64>()),
            runs: self.faults,
            lost,
            doubled,
            imbalance: None,
            worst_recovery_ms: Some(self.worst.as_millis() as u64),
            note: String::new(),
        };
        row.tell();
        assert_eq!((lost, doubled), (0, 0));
    }
}

#[test]
fn an_error_of_the_server_in_the_middle_of_a_batch_is_outlived() {
    let Some(mut at) = Account::start() else { return };
    let numbers = runs(4, NUMBERS.len() as u64).min(NUMBERS.len() as u64) as usize;
    for (number, text) in &NUMBERS[..numbers] {
        // In the middle of a statement, behind rows that went well.
        at.admin(&format!(
            "CREATE TRIGGER floodmark.fault BEFORE INSERT ON floodmark.flows FOR EACH ROW IF NEW.seq MOD 300 = 7 THEN \
             SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = '{text}'; END IF"
        ));
        at.write();
        let told = await_told(&at.far.place, text);
        assert!(told.database.starts_with("down: "), "{told:?}");
        at.admin("DROP TRIGGER floodmark.fault");
        at.recover();
    }
    at.end("error of the server within a batch");
}

#[test]
fn a_server_that_turns_read_only_or_ends_connections_is_outlived() {
    let Some(mut at) = Account::start() else { return };
    at.admin("SET GLOBAL read_only = 1");
    at.write();
    await_told(&at.far.place, "read-only");
    at.admin("SET GLOBAL read_only = 0");
    at.recover();
    for how in ["KILL HARD CONNECTION", "KILL HARD QUERY"] {
        let before = at.retries();
        // Until it met one at work, and not only between two batches.
        within("a connection to be ended at work", || {
            at.write();
            // The one that works, while the rows last; it may be gone already.
            for _ in 0..40 {
                let busy = "SELECT COALESCE(MAX(id), 0) FROM information_schema.processlist \
                            WHERE user = 'a' AND command <> 'Sleep'";
                let id = at.number(busy);
                if id > 0 {
                    let _ = block_on(at.far.server.admin(&format!("{how} {id}")));
                }
            }
            at.retries() > before
        });
        at.recover();
    }
    at.end("read-only, killed connections and queries");
}

#[test]
fn a_server_without_a_free_connection_is_waited_for() {
    let Some(server) = MariaDb::start(&["--max-connections=10"]).ok() else {
        eprintln!("skipped: MariaDB is not installed");
        return;
    };
    let mut place = Place::mariadb(&server, "root", "floodmark");
    block_on(server.admin("CREATE USER a@localhost; GRANT ALL ON floodmark.* TO a@localhost")).unwrap();
    place.store = server.config("a", "floodmark");
    let sleeper = || {
        server.client().unwrap().args(["--user=a", "-e", "SELECT SLEEP(600)"]).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut sleepers: Vec<Child> = Vec::new();
    // Root has a connection of its own beyond the bound.
    let taken = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'a'";
    within("all connections to be taken", || {
        sleepers.retain_mut(|sleeper| sleeper.try_wait().unwrap().is_none());
        if sleepers.len() < 10 {
            sleepers.push(sleeper());
        }
        std::thread::sleep(Duration::from_millis(20));
        block_on(server.number(taken)).is_ok_and(|n| n == 10)
    });
    let mut writer = open(&place.spool());
    flows(&mut writer, 1, 500);
    let role = place.start(&place.options());
    await_told(&place, "Too many connections");
    for sleeper in &mut sleepers {
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
    }
    await_all(&place, &writer);
    assert_eq!(role.stop().unwrap().rows_stored, 500);
}

#[test]
fn a_deadlock_and_a_lock_that_lasts_are_outlived() {
    let Some(mut at) = Account::start() else { return };
    at.admin("CREATE TABLE floodmark.heavy (n INT PRIMARY KEY)");
    let next = at.writer.totals(2).last_seq + 1;
    let before = at
        .number("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Innodb_deadlocks'");
    // Ours has the fence and wants the row; the other, with more to undo, has the row and wants the fence.
    flows(&mut at.writer, 2, 1);
    at.recover();
    let epoch = at.writer.epoch();
    let script = format!(
        "USE floodmark; START TRANSACTION; INSERT INTO floodmark.heavy SELECT seq FROM seq_1_to_20000; \
         INSERT INTO floodmark.flows SELECT ts, node_id, epoch, stream, seq + 1, interface, direction, first_ns, last_ns, \
         protocol, src_ip, src_port, dst_ip, dst_port, vlan, packets_fwd, bytes_fwd, packets_rev, bytes_rev, \
         tcp_flags_fwd, tcp_flags_rev, end_reason, folded_addresses FROM floodmark.flows WHERE epoch = {epoch} AND stream \
         = 2 AND seq = {next}; SELECT SLEEP(3); UPDATE floodmark.ingest_fences SET updated = updated + 1 WHERE stream = 2; \
         ROLLBACK"
    );
    let other = at.far.server.client().unwrap().args(["-e", &script]).spawn().unwrap();
    within("the other to hold the row", || at.number(SLEEPERS) == 1);
    flows(&mut at.writer, 2, 1);
    let status = { other }.wait().unwrap();
    assert!(status.success(), "ours is the victim: it has less to undo");
    at.recover();
    let after = at
        .number("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Innodb_deadlocks'");
    assert!(after > before, "there was a deadlock");
    // Longer than innodb_lock_wait_timeout of our session.
    let script = "USE floodmark; START TRANSACTION; SELECT * FROM floodmark.ingest_fences WHERE stream = 1 FOR UPDATE; SELECT SLEEP(13); ROLLBACK";
    let other = at.far.server.client().unwrap().args(["-e", script]).spawn().unwrap();
    within("the other to hold the fence", || at.number(SLEEPERS) == 1);
    flows(&mut at.writer, 1, 10);
    await_told(&at.far.place, "Lock wait timeout");
    assert!({ other }.wait().unwrap().success());
    at.recover();
    at.end("deadlock, lock wait timeout");
}

/// What is larger than the server takes goes in smaller pieces; one row that is larger is parked.
#[test]
fn a_packet_that_is_too_large_is_split_and_a_single_row_is_parked() {
    let Some(server) = MariaDb::start_or_skip() else { return };
    let place = Place::mariadb(&server, "root", "floodmark");
    place.drain();
    block_on(server.admin("SET GLOBAL max_allowed_packet = 16384")).unwrap();
    let mut writer = open(&place.spool());
    flows(&mut writer, 1, 3_000);
    let huge = "x".repeat(40_000);
    events(&mut writer, &["before", &huge, "after"]);
    let summary = place.drain();
    assert_eq!((summary.rows_stored, summary.rows_parked), (3_002, 1));
    let file = std::fs::read_to_string(place.data_dir().join("parked").join("rows.jsonl")).unwrap();
    let parked: serde_json::Value = serde_json::from_str(file.trim_end()).unwrap();
    assert_eq!(parked["seq"], 2);
    assert!(parked["reason"].as_str().unwrap().contains("packets of 16384"), "{}", parked["reason"]);
}
