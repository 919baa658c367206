//! A few seconds of lines in, sentences out.

use std::sync::Arc;
use std::time::Instant;

use live::line::{Envelope, Failure, InterfaceState, RoleState};
use live::{CaptureLine, IngestLine, Line, Role, RunLine};

use super::{Chronicle, losses};
use crate::lines::{Heard, Lines};
use crate::notice::Losses;

const SECOND: u64 = 1_000_000_000;

fn envelope(role: Role, epoch: u64) -> Envelope {
    let (node, version) = ("n".to_owned(), "1".to_owned());
    Envelope { node, epoch, seq: 1, role, time_ns: 1, version, pid: 1, usage: live::Usage::default() }
}

/// Lines as they come over the socket: fields that are not told have their defaults.
fn capture(epoch: u64) -> CaptureLine {
    let json = serde_json::json!({
        "mode": "normal", "interfaces": [], "workers": [], "skipped": {}, "top_hosts": [], "top_prefixes": [],
        "top_sources": [], "top_ports": [], "spool": {}, "ledger": {}
    });
    let mut whole = serde_json::to_value(envelope(Role::Capture, epoch)).expect("JSON");
    whole.as_object_mut().expect("an object").extend(json.as_object().expect("an object").clone());
    match Line::parse(whole.to_string().as_bytes()) {
        Ok(Line::Capture(line)) => *line,
        other => panic!("{other:?}"),
    }
}

fn ingest(epoch: u64, database: &str) -> IngestLine {
    let json = serde_json::json!({
        "database": database, "store": "", "rows_stored": 0, "rows_per_second": 0, "commits": 0, "retries": 0,
        "reconnects": 0, "rows_parked": 0, "lag_ms": 0, "damaged_bytes": 0, "streams": []
    });
    let mut whole = serde_json::to_value(envelope(Role::Ingest, epoch)).expect("JSON");
    whole.as_object_mut().expect("an object").extend(json.as_object().expect("an object").clone());
    match Line::parse(whole.to_string().as_bytes()) {
        Ok(Line::Ingest(line)) => *line,
        other => panic!("{other:?}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "any moment will do")]
fn heard<T>(line: T) -> Option<Heard<T>> {
    Some(Heard { line: Arc::new(line), at: Instant::now() })
}

/// What was told at each second, English and Russian.
struct Bench {
    chronicle: Chronicle,
    second: u64,
}

impl Bench {
    fn look(&mut self, lines: &Lines, expect: &[&str]) {
        self.second += 1;
        let news = self.chronicle.look(self.second * SECOND, lines);
        let told: Vec<_> = news.iter().map(|moment| moment.what.en.as_str()).collect();
        assert_eq!(told, expect, "second {}", self.second);
        assert!(news.iter().all(|moment| moment.time_ns == self.second * SECOND && !moment.what.ru.is_empty()));
    }
}

fn bench() -> Bench {
    Bench { chronicle: Chronicle::default(), second: 0 }
}

fn of_capture(epoch: u64, states: &[(&str, &str)], dropped: u64) -> Lines {
    let mut line = capture(epoch);
    let state = |(name, state): &(&str, &str)| InterfaceState {
        name: (*name).to_owned(),
        state: (*state).to_owned(),
        ..InterfaceState::default()
    };
    line.interfaces = states.iter().map(state).collect();
    line.ledger.kernel_dropped = dropped;
    Lines { capture: heard(line), ..Lines::default() }
}

#[test]
fn links_restarts_and_drops_are_told_when_they_change() {
    let mut bench = bench();
    let up = [("eth0", "up"), ("eth1", "down")];
    bench.look(&of_capture(1, &up, 7), &[]);
    bench.look(&of_capture(1, &up, 7), &[]);
    let down = [("eth0", "down"), ("eth1", "blind: a\nreason")];
    bench.look(&of_capture(1, &down, 7), &["interface eth0 is down", "interface eth1 is blind: a?reason"]);
    bench.look(&of_capture(1, &[("eth0", "down")], 7), &["interface eth1 is gone"]);
    bench.look(&of_capture(1, &[("eth0", "down")], 10), &["the kernel drops frames: a ring is full"]);
    for more in 0..5 {
        bench.look(&of_capture(1, &[("eth0", "down")], 20 + more), &[]);
    }
    bench.look(&of_capture(2, &[("eth0", "down")], 6), &["capture was started anew"]);
    for _ in 0..9 {
        bench.look(&of_capture(2, &[("eth0", "down")], 6), &[]);
    }
    let told = "the kernel dropped 23 frames, and drops no more";
    bench.look(&of_capture(2, &[("eth0", "down")], 6), &[told]);
    bench.look(&of_capture(2, &[("eth0", "down")], 6), &[]);
}

#[test]
fn the_database_the_store_and_failures_are_told() {
    let mut bench = bench();
    let of = |database: &str, parked: u64| {
        let mut line = ingest(1, database);
        line.rows_parked = parked;
        Lines { ingest: heard(line), ..Lines::default() }
    };
    bench.look(&of("connected", 3), &[]);
    bench.look(&of("down: refused", 3), &["the database: down: refused"]);
    bench.look(&of("down: timed out", 3), &[]);
    bench.look(&of("connecting", 3), &[]);
    bench.look(&of("connected", 3), &["the database: connected"]);
    bench.look(&of("connected", 4), &["the database refuses rows; they are parked"]);
    let run = |failures: u64| {
        let failure = Failure { why: "killed by signal 9".to_owned(), ..Failure::default() };
        let role = RoleState {
            role: "web".to_owned(),
            failures,
            recent_failures: vec![failure; usize::try_from(failures).expect("few")],
            ..RoleState::default()
        };
        let line = RunLine { envelope: envelope(Role::Run, 1), roles: vec![role], alerts: Vec::new() };
        Lines { run: heard(line), ..Lines::default() }
    };
    bench.look(&run(1), &[]);
    bench.look(&run(2), &["web failed: killed by signal 9"]);
    bench.look(&run(2), &[]);
}

#[test]
fn a_second_tells_a_bounded_number_of_things() {
    let mut bench = bench();
    let names: Vec<String> = (0..500).map(|number| format!("tap{number}")).collect();
    let of = |state: &'static str| {
        let states: Vec<_> = names.iter().map(|name| (name.as_str(), state)).collect();
        of_capture(1, &states, 0)
    };
    bench.look(&of("up"), &[]);
    let news = bench.chronicle.look(5 * SECOND, &of("down"));
    assert_eq!(news.len(), super::MOMENTS_MAX);
}

#[test]
fn counters_are_those_of_the_lines() {
    let mut line = capture(7);
    (line.ledger.kernel_dropped, line.ledger.shed, line.ledger.pre_tap) = (1, 2, -3);
    let mut stored = ingest(8, "connected");
    (stored.packets_gap, stored.rows_removed, stored.bytes_removed) = (4, 5, 6);
    let lines = Lines { capture: heard(line), ingest: heard(stored), ..Lines::default() };
    let told = losses(&lines);
    let capture = told.capture.expect("it speaks");
    assert_eq!((capture.epoch, capture.losses), (7, Losses { dropped: 1, shed: 2, pre_tap: -3, ..Losses::default() }));
    let expect = Losses { gap: 4, rows_removed: 5, bytes_removed: 6, ..Losses::default() };
    assert_eq!(told.ingest.map(|ingest| (ingest.epoch, ingest.losses)), Some((8, expect)));
    assert_eq!(losses(&Lines::default()), Default::default());
}
