//! capture is restarted under load: the kernel goes on filling the rings, and the next process goes on reading them.

use faults::runs;
use live::Role;
use store::testing::FlowTotals;

use crate::link::{ip, veth};
use crate::load::Load;
use crate::machine::Machine;
use crate::mariadb::block_on;
use crate::namespace::in_namespace;
use crate::process::{await_some, has_ended, send};

/// What each process says that took rings over.
const GOES_ON: &str = "capture goes on in the rings of the process before";

fn await_next(machine: &Machine, before: u32) {
    await_some("the end of the process before", || has_ended(before).then_some(()));
    await_some("capture again", || {
        machine.capture_line().filter(|line| line.envelope.pid != before && line.ledger.taken > 0)
    });
}

#[test]
fn restarts_under_load_miss_nothing() {
    in_namespace("kept::restarts_under_load_miss_nothing", || {
        veth();
        // A block that is not full counts as one after its time: 256 of them are 2.5 s, longer than the back-off between
        // restarts that nobody asked the supervisor for.
        let mut machine =
            Machine::start("[capture]\nflow_active_timeout = \"300ms\"\nring_bytes = \"64MiB\"\n", &["va"]);
        let load = Load::at(100);
        let restarts = runs(20, 200);
        for number in 0..restarts {
            load.go_on(5_000);
            let before = machine.role("capture");
            let request = |role: &str| format!(r#"{{"id":"r-{number}","action":"restart"{role}}}"#);
            // All three ways by which it ends in order and is started again.
            match number % 3 {
                0 => assert!(machine.ask(Role::Run, &request(r#","role":"capture""#)).contains("202")),
                1 => assert!(machine.ask(Role::Capture, &request("")).contains("202")),
                _ => send("TERM", before),
            }
            await_next(&machine, before);
        }
        let sent = load.end();
        machine.stop();
        let (ledger, log) = (machine.ledger(), machine.log());
        let totals = block_on(FlowTotals::of_sqlite(&machine.data_dir().join("store"))).unwrap();
        eprintln!("{restarts} restarts, {sent} packets: {ledger:?}");
        assert_eq!((totals.packets, totals.rows), (sent, totals.distinct), "{ledger:?}\n{log}");
        assert_eq!((ledger.kernel_seen, ledger.kernel_dropped, ledger.blind), (sent, 0, 0), "{ledger:?}\n{log}");
        assert_eq!((ledger.imbalance, ledger.gap, ledger.pre_tap), (0, 0, 0), "{ledger:?}\n{log}");
        assert_eq!(log.matches(GOES_ON).count() as u64, restarts, "{log}");
    });
}

#[test]
fn a_killed_capture_leaves_no_rings_and_another_set_of_interfaces_takes_only_its_own() {
    in_namespace("kept::a_killed_capture_leaves_no_rings_and_another_set_of_interfaces_takes_only_its_own", || {
        veth();
        let mut machine = Machine::start("", &["va"]);
        let load = Load::at(100);
        load.go_on(5_000);
        let before = machine.role("capture");
        send("KILL", before);
        await_next(&machine, before);
        assert_eq!(machine.log().matches(GOES_ON).count(), 0);
        // Interface gone and made anew between two processes: its rings are nobody's any more.
        load.go_on(1_000);
        let sent = load.end();
        let before = machine.role("capture");
        send("STOP", before);
        ip("link del va");
        veth();
        send("TERM", before);
        send("CONT", before);
        await_some("capture again", || {
            machine.capture_line().filter(|line| line.envelope.pid != before && line.interfaces[0].state == "up")
        });
        let load = Load::at(100);
        load.go_on(3_000);
        let more = load.end();
        assert_eq!(machine.log().matches(GOES_ON).count(), 0, "{}", machine.log());
        machine.stop();
        let ledger = machine.ledger();
        assert_eq!((ledger.imbalance, ledger.kernel_dropped), (0, 0), "{ledger:?}");
        assert!(ledger.stored > more && ledger.stored <= sent + more, "{ledger:?}");
    });
}

#[test]
fn a_stop_for_good_leaves_no_rings() {
    in_namespace("kept::a_stop_for_good_leaves_no_rings", || {
        veth();
        let mut machine = Machine::start("", &["va"]);
        let load = Load::at(100);
        load.go_on(5_000);
        let sent = load.end();
        machine.stop();
        assert!(!machine.data_dir().join("run/capture.rings").exists());
        let ledger = machine.ledger();
        assert_eq!((ledger.stored, ledger.imbalance), (sent, 0), "what was shown was walked to its end: {ledger:?}");
        machine.run(&["va"]);
        assert_eq!(machine.log().matches(GOES_ON).count(), 0);
        machine.stop();
    });
}
