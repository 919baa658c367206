//! The recorder over a real spool and a real state: what is told is there once.

#![expect(clippy::disallowed_methods, reason = "tests give the clock that a caller would")]

use std::path::Path;
use std::time::{Duration, Instant};

use live::host::HostState;
use live::incident::{Incident, IncidentPhase, Severity};
use rusqlite::Connection;
use spool::row::{EventRow, HostRow, IncidentRow, SubjectRow};
use spool::{FrameKind, Next, NodeId, Tail};

use super::{Options, Recorder, put_incident, room};

const NODE: NodeId = NodeId::from_bytes([7; 16]);
const SECOND: u64 = 1_000_000_000;

struct Bench {
    dir: tempfile::TempDir,
    state: Connection,
    start: Instant,
    ns: u64,
}

impl Bench {
    fn new() -> Bench {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let state = crate::state::open(&dir.path().join("notifier")).expect("a state");
        Bench { dir, state, start: Instant::now(), ns: 0 }
    }

    fn now(&self) -> (u64, Instant) {
        (1_789_993_600 * SECOND + self.ns, self.start + Duration::from_nanos(self.ns))
    }

    fn spool(&self) -> std::path::PathBuf {
        self.dir.path().join("spool/notifier")
    }

    fn open(&self) -> Recorder {
        let options = Options { dir: self.spool(), node: NODE, spool: spool::config::Config::default() };
        let (now_ns, now) = self.now();
        Recorder::open(options, &self.state, now_ns, now)
    }

    /// Tends as the role does until nothing waits; the disk is real, so it is given real time.
    fn settle(&mut self, recorder: &mut Recorder) {
        for _ in 0..500 {
            self.ns += SECOND / 10;
            let (now_ns, now) = self.now();
            recorder.tend(&self.state, now_ns, now);
            if recorder.counters().waiting == 0 && recorder.standing().pending_rows == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("rows still wait: {:?} {:?}", recorder.counters(), recorder.standing());
    }
}

fn rows<T: serde::de::DeserializeOwned>(dir: &Path, kind: FrameKind) -> Vec<T> {
    let (mut tail, mut payload, mut found) = (Tail::open(dir, NODE), Vec::new(), Vec::new());
    loop {
        match tail.next(&mut payload, |header| header.kind == kind).expect("it can be read") {
            Next::Frame(header) => {
                assert_eq!((header.stream, header.packets, header.bytes), (16, 0, 0), "no packets are in these books");
                let (rows, bad) = spool::row::read_json::<T>(&payload);
                assert_eq!((bad, rows.len()), (0, header.row_count as usize));
                found.extend(rows);
            }
            Next::Idle => return found,
            Next::Damaged { .. } => panic!("damage"),
        }
    }
}

fn incident(n: u32) -> Incident {
    Incident { id: format!("{n:032x}"), rule: "load".to_owned(), since_ns: 5 * SECOND, ..Incident::default() }
}

/// Puts a row as the desk does.
fn put(bench: &Bench, incident: &Incident) -> bool {
    let mut room = room(&bench.state).expect("the state is there");
    put_incident(&bench.state, incident, bench.now().0, &mut room).expect("the state takes it")
}

#[test]
fn each_row_of_an_incident_that_is_put_reaches_the_spool_in_order() {
    let mut bench = Bench::new();
    let mut recorder = bench.open();
    let mut one = incident(1);
    for _ in 0..3 {
        bench.ns += SECOND;
        one.value += 1.0;
        assert!(put(&bench, &one));
    }
    (one.phase, one.resolved_ns) = (IncidentPhase::Resolved, Some(bench.now().0));
    assert!(put(&bench, &one));
    one.id = "none".to_owned();
    assert!(!put(&bench, &one), "such an id has no column");
    recorder.event(&bench.state, ("notifier.start", Severity::Info), "notifier", "begins", bench.now().0);
    recorder.look(&bench.state);
    bench.settle(&mut recorder);
    let found: Vec<IncidentRow> = rows(&bench.spool(), FrameKind::Incident);
    let values: Vec<f64> = found.iter().map(|row| row.value).collect();
    assert_eq!(values, [1.0, 2.0, 3.0, 3.0]);
    assert!(found[3].closed > 0 && found[2].closed == 0 && found[0].opened == 5);
    let events: Vec<EventRow> = rows(&bench.spool(), FrameKind::Event);
    assert_eq!((events.len(), events[0].kind.as_str()), (1, "notifier.start"));
    assert_eq!((recorder.counters().failed, recorder.counters().rows), (0, 5));
}

#[test]
fn rows_of_incidents_take_the_room_that_there_is() {
    let bench = Bench::new();
    let mut room = 2;
    let mut put = |n| put_incident(&bench.state, &incident(n), 1, &mut room).expect("the state takes it");
    assert_eq!([put(1), put(2), put(3)], [true, true, false]);
    assert_eq!(super::journal::len(&bench.state).expect("counted"), 2);
    assert_eq!(super::room(&bench.state).expect("counted"), super::JOURNAL_ROWS_MAX - 2);
}

#[test]
fn samples_and_subjects_are_gathered_and_written_at_the_end() {
    let mut bench = Bench::new();
    let mut recorder = bench.open();
    for _ in 0..13 {
        bench.ns += 5 * SECOND;
        let (now_ns, now) = bench.now();
        recorder.host(&HostState { time_ns: now_ns, cores: 2, ..HostState::default() }, now);
        recorder.subject("192.0.2.1/32".parse().expect("a network"), 1, 50.0, 100.0);
        recorder.tend(&bench.state, now_ns, now);
    }
    let (now_ns, now) = bench.now();
    recorder.finish(&bench.state, now_ns, now);
    drop(recorder);
    let hosts: Vec<HostRow> = rows(&bench.spool(), FrameKind::Host);
    // 13 samples, a minute that ended and one that did not, and the hour.
    assert_eq!(hosts.len(), 16, "{hosts:?}");
    assert_eq!(rows::<SubjectRow>(&bench.spool(), FrameKind::Subject).len(), 7);
}

#[test]
fn a_spool_that_cannot_be_opened_keeps_incidents_and_sheds_samples() {
    let mut bench = Bench::new();
    std::fs::create_dir_all(bench.dir.path().join("spool")).expect("a folder");
    std::fs::write(bench.spool(), "in the way").expect("a file");
    let mut recorder = bench.open();
    assert!(put(&bench, &incident(1)));
    recorder.look(&bench.state);
    for _ in 0..4 {
        bench.ns += 5 * SECOND;
        let (now_ns, now) = bench.now();
        recorder.host(&HostState { time_ns: now_ns, ..HostState::default() }, now);
        recorder.tend(&bench.state, now_ns, now);
    }
    let counters = recorder.counters();
    assert_eq!((counters.waiting, counters.rows), (1, 0));
    assert!(counters.shed > 0 && !recorder.standing().trouble.is_empty(), "{counters:?}");
    std::fs::remove_file(bench.spool()).expect("it was there");
    bench.ns += 5 * SECOND;
    bench.settle(&mut recorder);
    assert_eq!(rows::<IncidentRow>(&bench.spool(), FrameKind::Incident).len(), 1);
    assert!(recorder.standing().trouble.is_empty());
}

#[test]
fn what_waits_at_a_start_is_written_once_whatever_the_spool_has() {
    let mut bench = Bench::new();
    let mut recorder = bench.open();
    for n in 0..1_200 {
        assert!(put(&bench, &incident(n)));
    }
    recorder.look(&bench.state);
    // One frame is in the spool's memory, its numbers are noted; then the process ends as by a kill: nothing is synced.
    let (now_ns, now) = bench.now();
    recorder.tend(&bench.state, now_ns, now);
    std::mem::forget(recorder);
    // The lock went with the process; here a copy of the folder stands for the next one.
    let copy = bench.dir.path().join("spool/notifier-2");
    std::fs::create_dir_all(&copy).expect("a folder");
    for entry in std::fs::read_dir(bench.spool()).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), copy.join(entry.file_name())).expect("a copy");
    }
    let options = Options { dir: copy.clone(), node: NODE, spool: spool::config::Config::default() };
    bench.ns += SECOND;
    let (now_ns, now) = bench.now();
    let mut again = Recorder::open(options, &bench.state, now_ns, now);
    bench.settle(&mut again);
    let mut ids: Vec<[u8; 16]> =
        rows::<IncidentRow>(&copy, FrameKind::Incident).into_iter().map(|row| row.incident).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((all, ids.len()), (1_200, 1_200));
}
