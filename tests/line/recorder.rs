//! kill -9 of what writes incidents and events into notifier's spool, beside capture and ingest under load: each that was
//! decided lands once, and the ledger does not notice.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use faults::report::Row;
use faults::{Seed, runs};
use live::host::HostState;
use live::incident::{Incident, IncidentPhase, Severity};
use notifier::record::{Options, Recorder, put_incident, room};
use notifier::state;
use spool::NodeId;

use crate::kills::{CONFIG, Roles};
use crate::link::veth;
use crate::load::Load;
use crate::machine::Machine;
use crate::namespace::in_namespace;
use crate::process::await_some;

/// Names the data directory in the environment of the child.
const MARKER: &str = "FLOODMARK_RECORDER";

/// Tells the child to write what waits and to end.
const LAST: &str = "FLOODMARK_RECORDER_LAST";

/// Steps at which the child may die, and how often at most it passes before it does.
const STEPS: [(&str, u64); 7] = [
    ("record.append", 20),
    ("record.number", 20),
    ("record.forget", 2),
    ("spool.epoch", 1),
    ("spool.append", 20),
    ("spool.write", 20),
    ("spool.sync", 20),
];

fn now_ns() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the child's clock")]
    let now = SystemTime::now();
    u64::try_from(now.duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the child's clock")]
fn now() -> Instant {
    Instant::now()
}

/// Decides about incidents as the pipeline does, until it is killed: number and row in one transaction of the state.
fn write(data_dir: &Path) {
    #[cfg(feature = "failpoints")]
    let _armed = faults::arm_by_environment();
    let state = state::open(&data_dir.join("notifier")).unwrap();
    state.execute_batch("CREATE TABLE IF NOT EXISTS told (n INTEGER PRIMARY KEY) STRICT").unwrap();
    let options = Options {
        dir: data_dir.join("spool/notifier"),
        node: NodeId::load_or_create(data_dir).unwrap(),
        spool: spool::config::Config::default(),
    };
    let mut recorder = Recorder::open(options, &state, now_ns(), now());
    let is_last = std::env::var_os(LAST).is_some();
    for turn in 0_u64.. {
        if is_last {
            if recorder.counters().waiting == 0 {
                recorder.finish(&state, now_ns(), now());
                return;
            }
        } else {
            decide(&state, &mut recorder, turn);
        }
        recorder.tend(&state, now_ns(), now());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn decide(state: &rusqlite::Connection, recorder: &mut Recorder, turn: u64) {
    let transaction = state.unchecked_transaction().unwrap();
    let mut room = room(&transaction).unwrap();
    let last: i64 = transaction.query_row("SELECT COALESCE(MAX(n), 0) FROM told", [], |row| row.get(0)).unwrap();
    for n in last + 1..last + 1 + (turn % 3) as i64 {
        transaction.execute("INSERT INTO told (n) VALUES (?1)", [n]).unwrap();
        let mut incident = Incident { id: format!("{n:032x}"), rule: "test".to_owned(), ..Incident::default() };
        incident.phase = if n % 2 == 0 { IncidentPhase::Resolved } else { IncidentPhase::Firing };
        assert!(put_incident(&transaction, &incident, now_ns(), &mut room).unwrap());
        recorder.event(&transaction, ("test", Severity::Info), "told", &n.to_string(), now_ns());
    }
    transaction.commit().unwrap();
    recorder.look(state);
    recorder.host(&HostState { time_ns: now_ns(), ..HostState::default() }, now());
}

/// The child: does nothing unless a test below starts it.
#[test]
fn writer() {
    if let Some(data_dir) = std::env::var_os(MARKER) {
        write(Path::new(&data_dir));
    }
}

fn child(data_dir: &Path, failpoints: &str, is_last: bool) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "recorder::writer", "--nocapture", "--test-threads=1"]);
    command.env(MARKER, data_dir).env("FAILPOINTS", failpoints);
    if is_last {
        command.env(LAST, "1");
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

/// What was decided, by the state's own word.
fn told(data_dir: &Path) -> BTreeSet<i64> {
    let state = state::open(&data_dir.join("notifier")).unwrap();
    let mut statement = state.prepare("SELECT n FROM told").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Numbers of the events and incidents that are stored, as often as they are.
fn stored(data_dir: &Path) -> (Vec<i64>, Vec<i64>) {
    let store = rusqlite::Connection::open(data_dir.join("store/main.db")).unwrap();
    let numbers = |sql: &str| -> Vec<i64> {
        let mut statement = store.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(|text| i64::from_str_radix(&text.unwrap(), if sql.contains("hex") { 16 } else { 10 }).unwrap())
            .collect()
    };
    (
        numbers("SELECT text FROM events WHERE kind = 'test'"),
        numbers("SELECT hex(incident) FROM incidents WHERE rule = 'test'"),
    )
}

/// Lets the rest be written and stored, and holds it against what was decided.
fn settle(fault: &str, machine: &Machine, roles: Roles, load: Load, kills: u64) {
    let status = child(&machine.data_dir(), "", true).wait().unwrap();
    assert!(status.success(), "{status}");
    let sent = load.end();
    roles.stop();
    let (told, (events, incidents)) = (told(&machine.data_dir()), stored(&machine.data_dir()));
    let doubled = |rows: &Vec<i64>| rows.len() - rows.iter().collect::<BTreeSet<_>>().len();
    let lost = |rows: &Vec<i64>| told.difference(&rows.iter().copied().collect()).count();
    let ledger = machine.ledger();
    let row = Row {
        fault: fault.to_owned(),
        load: format!("{} incidents and events, {sent} packets", told.len()),
        runs: kills,
        lost: (lost(&events) + lost(&incidents)) as u64,
        doubled: (doubled(&events) + doubled(&incidents)) as u64,
        imbalance: Some(ledger.imbalance),
        worst_recovery_ms: None,
        note: String::new(),
    };
    row.tell();
    assert_eq!((row.lost, row.doubled, row.imbalance), (0, 0, Some(0)), "{ledger:?}");
    assert!(told.len() as u64 >= kills, "there was something to lose: {}", told.len());
    assert_eq!(ledger.parsed, ledger.stored + ledger.gap + ledger.shed + ledger.coarsened, "{ledger:?}");
}

#[test]
fn incidents_and_events_land_once_over_kills() {
    in_namespace("recorder::incidents_and_events_land_once_over_kills", || {
        let mut seed = Seed::of("recorder");
        veth();
        let machine = Machine::new(CONFIG);
        let mut roles = Roles::start(&machine);
        let load = Load::start();
        let kills = runs(12, 300);
        for _ in 0..kills {
            let mut writer = child(&machine.data_dir(), "", false);
            std::thread::sleep(Duration::from_millis(80 + seed.below(300)));
            writer.kill().unwrap();
            writer.wait().unwrap();
            if seed.below(4) == 0 {
                roles.kill(&machine, "ingest");
            }
        }
        settle("kill -9 of notifier's recorder, SQLite", &machine, roles, load, kills);
    });
}

#[test]
fn incidents_and_events_land_once_over_death_at_each_step() {
    if !cfg!(feature = "failpoints") {
        eprintln!("skipped: built without the feature failpoints (`cargo x tests` has it)");
        return;
    }
    in_namespace("recorder::incidents_and_events_land_once_over_death_at_each_step", || {
        let mut seed = Seed::of("recorder steps");
        veth();
        let machine = Machine::new(CONFIG);
        let roles = Roles::start(&machine);
        let load = Load::start();
        let mut kills = 0;
        for _ in 0..runs(1, 40) {
            for (step, most) in STEPS {
                let passes = seed.below(most);
                let before = if passes > 0 { format!("{passes}*off->") } else { String::new() };
                let mut writer = child(&machine.data_dir(), &format!("{step}={before}1*return(abort)"), false);
                let died = (0..75).any(|_| {
                    std::thread::sleep(Duration::from_millis(20));
                    writer.try_wait().unwrap().is_some()
                });
                kills += u64::from(died);
                eprintln!("{step}: {}", if died { "died there" } else { "was not reached in 1.5 s" });
                if !died {
                    writer.kill().unwrap();
                    await_some("its end", || writer.try_wait().unwrap());
                }
            }
        }
        settle("death of notifier's recorder at each named step", &machine, roles, load, kills);
    });
}
