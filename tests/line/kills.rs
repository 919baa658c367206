//! kill -9 of every process of the line, at random moments and at each named step, under load: no row twice, none lost
//! that was acknowledged, and books that balance.

use std::process::Child;
use std::time::{Duration, Instant};

use faults::report::Row;
use faults::{Seed, runs};
use live::ledger::Ledger;
use store::testing::{FlowTotals, MariaDb};

use crate::link::{ip, veth};
use crate::load::Load;
use crate::machine::Machine;
use crate::mariadb::block_on;
use crate::namespace::in_namespace;
use crate::process::{await_some, send};

/// Flows leave the table soon, so that rows are on the way at every moment.
pub const CONFIG: &str = "[capture]\ninterfaces = [\"va\"]\nflow_active_timeout = \"300ms\"\n";

/// Steps at which a process may die, by the role that takes them, and how often at most it passes before it does: some
/// are taken many times a second, some once in a life. (What a segment's end takes is broken in the spool's tests.)
const FAILPOINTS: [(&str, &str, u64); 16] = [
    ("capture", "spool.epoch", 1),
    ("capture", "spool.append", 8),
    ("capture", "spool.write", 8),
    ("capture", "spool.sync", 3),
    ("capture", "spool.prepare", 2),
    ("capture", "spool.trim", 5),
    ("ingest", "db.connect", 1),
    ("ingest", "ingest.read", 3),
    ("ingest", "ingest.send", 3),
    ("ingest", "db.begin", 3),
    ("ingest", "db.rows", 3),
    ("ingest", "db.fence", 3),
    ("ingest", "db.commit", 3),
    ("ingest", "db.committed", 3),
    ("ingest", "ingest.ack", 5),
    ("ingest", "spool.ack", 5),
];

#[expect(clippy::disallowed_methods, reason = "the time until a role is ready again is measured here")]
fn now() -> Instant {
    Instant::now()
}

/// What a series of kills cost.
#[derive(Default)]
struct Cost {
    kills: u64,
    worst: Duration,
}

impl Cost {
    fn recovered(&mut self, took: Duration) {
        self.kills += 1;
        self.worst = self.worst.max(took);
    }

    /// Holds the tables and the books against what was sent, and tells the table's row.
    fn settle(self, fault: &str, machine: &Machine, sent: u64, totals: impl FnOnce() -> FlowTotals) {
        let (ledger, totals) = (machine.ledger(), totals());
        let doubled = totals.rows - totals.distinct;
        let row = Row {
            fault: fault.into(),
            load: format!("{sent} packets over veth"),
            runs: self.kills,
            lost: ledger.stored.saturating_sub(totals.packets),
            doubled,
            imbalance: Some(ledger.imbalance),
            worst_recovery_ms: (!self.worst.is_zero())
                .then(|| u64::try_from(self.worst.as_millis()).unwrap_or(u64::MAX)),
            note: format!("{} rows; {} packets in gaps, {} blind", totals.rows, ledger.gap, ledger.blind),
        };
        row.tell();
        assert_eq!((row.lost, row.doubled, row.imbalance), (0, 0, Some(0)), "{ledger:?} {totals:?}");
        assert_eq!((totals.packets, totals.bytes), (ledger.stored, ledger.stored_bytes), "{ledger:?} {totals:?}");
        assert_all_told(&ledger, sent);
    }
}

/// Every packet that was sent is in a column, or passed while nothing captured.
fn assert_all_told(ledger: &Ledger, sent: u64) {
    assert_eq!(ledger.parsed, ledger.stored + ledger.gap + ledger.shed + ledger.coarsened, "{ledger:?}");
    let told = i128::from(ledger.kernel_seen + ledger.blind) + i128::from(ledger.pre_tap);
    assert_eq!(told, i128::from(sent), "{ledger:?}");
}

/// capture and ingest as processes of this test, which starts them again at once: how a supervisor paces restarts is
/// another test's matter.
pub struct Roles {
    capture: Child,
    ingest: Child,
}

impl Roles {
    pub fn start(machine: &Machine) -> Roles {
        ip("link set lo up");
        let roles = Roles { capture: machine.spawn_role("capture"), ingest: machine.spawn_role("ingest") };
        roles.await_ready(machine, "capture");
        roles.await_ready(machine, "ingest");
        roles
    }

    fn of(&mut self, role: &str) -> &mut Child {
        if role == "capture" { &mut self.capture } else { &mut self.ingest }
    }

    /// Waits until the process says in its live line that it works: a line comes once a second.
    fn await_ready(&self, machine: &Machine, role: &str) {
        await_some("the role", || match role {
            "capture" => {
                let line = machine.capture_line()?;
                let captures = line.interfaces.iter().all(|interface| interface.state == "up");
                (captures && line.envelope.pid == self.capture.id()).then_some(())
            }
            _ => {
                let line = machine.ingest_line()?;
                (line.database == "connected" && line.envelope.pid == self.ingest.id()).then_some(())
            }
        });
    }

    /// Kills a role, starts it again, and gives the time until it works.
    pub fn kill(&mut self, machine: &Machine, role: &str) -> Duration {
        let child = self.of(role);
        child.kill().unwrap();
        child.wait().unwrap();
        let begin = now();
        *self.of(role) = machine.spawn_role(role);
        self.await_ready(machine, role);
        now().duration_since(begin)
    }

    /// Ends both in order, with all rows stored.
    pub fn stop(mut self) {
        for role in [&mut self.capture, &mut self.ingest] {
            send("TERM", role.id());
            let status = await_some("the end of a role", || role.try_wait().unwrap());
            assert!(status.success(), "{status}");
        }
    }
}

fn pause(seed: &mut Seed) {
    std::thread::sleep(Duration::from_millis(seed.below(700)));
}

#[test]
fn roles_killed_at_random_moments_over_sqlite() {
    in_namespace("kills::roles_killed_at_random_moments_over_sqlite", || {
        let mut seed = Seed::of("kills");
        veth();
        let machine = Machine::new(CONFIG);
        let mut roles = Roles::start(&machine);
        let load = Load::start();
        let mut cost = Cost::default();
        for _ in 0..runs(30, 400) {
            pause(&mut seed);
            let role = *seed.pick(&["capture", "ingest"]);
            cost.recovered(roles.kill(&machine, role));
        }
        let sent = load.end();
        roles.stop();
        let folder = machine.data_dir().join("store");
        cost.settle("kill -9 of capture or ingest, SQLite", &machine, sent, || {
            block_on(FlowTotals::of_sqlite(&folder)).unwrap()
        });
    });
}

#[test]
fn roles_and_server_killed_at_random_moments() {
    in_namespace("kills::roles_and_server_killed_at_random_moments", || {
        let Some(mut server) = MariaDb::start_or_skip() else { return };
        let mut seed = Seed::of("kills");
        block_on(server.admin("CREATE DATABASE floodmark")).unwrap();
        veth();
        let config = format!("{CONFIG}[store]\nurl = \"{}\"\n", server.config("root", "floodmark").url);
        let machine = Machine::new(&config);
        let mut roles = Roles::start(&machine);
        let load = Load::start();
        let mut cost = Cost::default();
        for _ in 0..runs(25, 300) {
            pause(&mut seed);
            match *seed.pick(&["capture", "ingest", "mariadbd"]) {
                "mariadbd" => {
                    server.stop();
                    let begin = now();
                    server.run().unwrap();
                    await_some("the server's rows", || {
                        machine.ingest_line().filter(|line| line.database == "connected")
                    });
                    cost.recovered(now().duration_since(begin));
                }
                role => cost.recovered(roles.kill(&machine, role)),
            }
        }
        let sent = load.end();
        roles.stop();
        cost.settle("kill -9 of capture, ingest or mariadbd", &machine, sent, || {
            block_on(FlowTotals::of_server(&server, "floodmark")).unwrap()
        });
    });
}

#[test]
fn roles_that_die_at_each_step() {
    if !cfg!(feature = "failpoints") {
        eprintln!(
            "roles_that_die_at_each_step: skipped: built without the feature failpoints (`cargo x tests` has it)"
        );
        return;
    }
    in_namespace("kills::roles_that_die_at_each_step", || {
        let mut seed = Seed::of("steps");
        veth();
        let mut machine = Machine::new(CONFIG);
        let mut roles = Roles::start(&machine);
        let load = Load::start();
        let mut cost = Cost::default();
        for _ in 0..runs(1, 20) {
            for (role, step, most) in FAILPOINTS {
                // Without the other role there is nothing to do.
                let other = if role == "capture" { "ingest" } else { "capture" };
                if roles.of(other).try_wait().unwrap().is_some() {
                    machine.failpoints.clear();
                    *roles.of(other) = machine.spawn_role(other);
                }
                let passes = seed.below(most);
                let before = if passes > 0 { format!("{passes}*off->") } else { String::new() };
                machine.failpoints = format!("{step}={before}1*return(abort)");
                let child = roles.of(role);
                child.kill().unwrap();
                child.wait().unwrap();
                *child = machine.spawn_role(role);
                let died = (0..150).any(|_| {
                    std::thread::sleep(Duration::from_millis(20));
                    child.try_wait().unwrap().is_some()
                });
                // What died at one step is started again to die at the next, and has to live with what is left.
                cost.kills += u64::from(died);
                eprintln!("{step}: {}", if died { "died there" } else { "was not reached in 3 s" });
            }
        }
        machine.failpoints.clear();
        cost.recovered(roles.kill(&machine, "capture"));
        cost.recovered(roles.kill(&machine, "ingest"));
        let sent = load.end();
        roles.stop();
        let folder = machine.data_dir().join("store");
        cost.settle("death at each named step, SQLite", &machine, sent, || {
            block_on(FlowTotals::of_sqlite(&folder)).unwrap()
        });
    });
}
