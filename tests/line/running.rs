//! `floodmark run` on a veth: what is sent is in the rows, whoever is stopped or killed meanwhile.

use std::fs;
use std::process::Command;

use capture::file::write::PcapWriter;
use live::Role;

use crate::link::{Injector, udp_frame, veth};
use crate::load::{LENGTH, Load};
use crate::machine::{Machine, assert_settled, sums};
use crate::namespace::in_namespace;
use crate::process::{await_some, has_ended, send};

/// Every frame is in the rows and in the books, exactly.
fn assert_all_stored(machine: &Machine, sent: u64) {
    let rows = machine.flows(&[]);
    let expect = (sent, sent * LENGTH as u64);
    assert_eq!(sums(&rows), expect, "{}", machine.log());
    let ledger = machine.ledger();
    assert_settled(&ledger, expect.0, expect.1);
    assert_eq!((ledger.kernel_seen, ledger.kernel_dropped, ledger.pre_tap), (sent, 0, 0), "{ledger:?}");
}

#[test]
fn the_books_balance_under_load_and_at_rest() {
    in_namespace("running::the_books_balance_under_load_and_at_rest", || {
        veth();
        let mut machine = Machine::start("[capture]\nflow_active_timeout = \"300ms\"\n", &["va"]);
        let load = Load::start();
        for _ in 0..4 {
            load.go_on(5_000);
            let ledger = machine.ledger();
            assert_eq!(ledger.imbalance, 0, "{ledger:?}");
            assert!(ledger.parsed > 0 && ledger.kernel_seen >= ledger.parsed, "{ledger:?}");
        }
        let sent = load.end();
        await_some("rest", || (machine.ledger().taken == sent).then_some(()));
        let rest = machine.ledger();
        assert_eq!((rest.imbalance, rest.in_ring, rest.parsed), (0, 0, sent), "{rest:?}");
        machine.stop();
        let rows = machine.flows(&["--port", "1"]);
        assert!(rows.iter().all(|row| row["interface"] == "va" && row["src_ip"] == "10.0.0.1"), "{rows:?}");
        assert!(rows.iter().any(|row| row["end_reason"] == "active"), "{rows:?}");
        assert_settled(&machine.ledger(), sent, sent * LENGTH as u64);
    });
}

#[test]
fn what_tcpreplay_sends_is_in_the_rows() {
    if Command::new("tcpreplay").arg("--version").output().is_err() {
        eprintln!("what_tcpreplay_sends_is_in_the_rows: skipped: tcpreplay is not installed");
        return;
    }
    in_namespace("running::what_tcpreplay_sends_is_in_the_rows", || {
        veth();
        let mut machine = Machine::start("", &["va"]);
        let path = machine.dir().join("sent.pcap");
        let mut file = PcapWriter::new(fs::File::create(&path).unwrap(), 1, 65_535).unwrap();
        for number in 0..3_000_u64 {
            let frame = udp_frame((number % 100) as u16, LENGTH);
            file.write(number, LENGTH as u32, &frame).unwrap();
        }
        file.finish().unwrap();
        let arguments = ["--quiet", "--pps=100000", "--loop=3", "-i", "vb"];
        let output = Command::new("tcpreplay").args(arguments).arg(&path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        machine.stop();
        assert_all_stored(&machine, 9_000);
    });
}

#[test]
fn sigterm_in_the_middle_loses_nothing() {
    in_namespace("running::sigterm_in_the_middle_loses_nothing", || {
        veth();
        let mut machine = Machine::start("", &["va"]);
        let load = Load::start();
        load.go_on(30_000);
        let sent = load.end();
        machine.stop();
        assert_all_stored(&machine, sent);
        // The next life begins new books beside the old ones.
        machine.run(&["va"]);
        let load = Load::start();
        load.go_on(5_000);
        let more = load.end();
        assert_eq!(machine.end("INT"), Some(0), "{}", machine.log());
        assert_all_stored(&machine, sent + more);
    });
}

#[test]
fn a_killed_supervisor_takes_its_roles_along_and_loses_nothing() {
    in_namespace("running::a_killed_supervisor_takes_its_roles_along_and_loses_nothing", || {
        veth();
        let mut machine = Machine::start("", &["va"]);
        let load = Load::start();
        load.go_on(5_000);
        let sent = load.end();
        assert_eq!(machine.end("KILL"), None);
        // All roles stop at once then; what ingest did not wait for lies in the spool.
        let ledger = machine.ledger();
        assert_eq!((ledger.imbalance, ledger.stored + ledger.in_spool, ledger.gap), (0, sent, 0), "{ledger:?}");
        machine.run(&["va"]);
        machine.stop();
        assert_all_stored(&machine, sent);
    });
}

#[test]
fn ingest_killed_under_load_comes_back_and_stores_every_row_once() {
    in_namespace("running::ingest_killed_under_load_comes_back_and_stores_every_row_once", || {
        veth();
        let mut machine = Machine::start("[capture]\nflow_active_timeout = \"2s\"\n", &["va"]);
        let load = Load::start();
        for _ in 0..2 {
            load.go_on(20_000);
            let before = machine.role("ingest");
            send("KILL", before);
            await_some("its end", || has_ended(before).then_some(()));
            assert_ne!(machine.role("ingest"), before);
            await_some("rows after the restart", || (machine.ingest_line()?.rows_stored > 0).then_some(()));
        }
        let sent = load.end();
        machine.stop();
        assert_all_stored(&machine, sent);
    });
}

#[test]
fn capture_killed_under_load_comes_back_and_its_books_say_what_is_missing() {
    in_namespace("running::capture_killed_under_load_comes_back_and_its_books_say_what_is_missing", || {
        veth();
        let mut machine = Machine::start("", &["va"]);
        let load = Load::start();
        load.go_on(100_000);
        let before = machine.role("capture");
        send("KILL", before);
        await_some("its end", || has_ended(before).then_some(()));
        await_some("capture again", || {
            machine.capture_line().filter(|line| line.envelope.pid != before && line.ledger.taken > 0)
        });
        load.go_on(5_000);
        let sent = load.end();
        machine.stop();
        let ledger = machine.ledger();
        assert_eq!(ledger.imbalance, 0, "{ledger:?}");
        assert_eq!(sums(&machine.flows(&[])), (ledger.stored, ledger.stored_bytes), "{ledger:?}");
        // Whatever was sent is in a column, or passed while nothing captured.
        assert_eq!(ledger.parsed, ledger.stored + ledger.gap, "{ledger:?}");
        assert!(ledger.gap > 0 && ledger.blind > 0, "{ledger:?}");
        let told = i128::from(ledger.kernel_seen + ledger.blind) + i128::from(ledger.pre_tap);
        assert_eq!(told, i128::from(sent), "{ledger:?}");
    });
}

#[test]
fn every_role_says_once_a_second_how_it_goes() {
    in_namespace("running::every_role_says_once_a_second_how_it_goes", || {
        veth();
        let mut machine = Machine::start("", &["va"]);
        for role in Role::ALL {
            let lines = machine.lines(role, 4);
            for pair in lines.windows(2) {
                assert_eq!(pair[1].1, pair[0].1 + 1, "{role:?}: {lines:?}");
                let gap_ms = (pair[1].0 - pair[0].0) / 1_000_000;
                assert!((500..1_800).contains(&gap_ms), "{role:?}: {gap_ms} ms");
            }
            let health = machine.get(role, "/healthz");
            assert!(health.starts_with("HTTP/1.1 200"), "{role:?}: {health}");
            assert!(machine.get(role, "/metrics").starts_with("HTTP/1.1 200"), "{role:?}");
            assert!(machine.get(role, "/nothing").starts_with("HTTP/1.1 404"), "{role:?}");
        }
        let metrics = machine.get(Role::Capture, "/metrics");
        assert!(metrics.contains("\nfloodmark_capture_ledger{"), "{metrics}");
        assert!(machine.get(Role::Ingest, "/metrics").contains("\nfloodmark_ingest_database_connected 1"));
        machine.stop();
    });
}

#[test]
fn an_interface_that_is_not_there_yet_is_waited_for_and_said() {
    in_namespace("running::an_interface_that_is_not_there_yet_is_waited_for_and_said", || {
        let mut machine = Machine::new("");
        machine.start_unready(&["va"]);
        await_some("the warning", || machine.log().contains("there is no such interface").then_some(()));
        await_some("the health", || {
            let line = machine.capture_line()?;
            (line.interfaces[0].state == "absent").then_some(())
        });
        assert!(machine.get(Role::Capture, "/healthz").starts_with("HTTP/1.1 503"));
        veth();
        await_some("the interface", || (machine.capture_line()?.interfaces[0].state == "up").then_some(()));
        let mut injector = Injector::on("vb");
        (0..100).for_each(|flow| injector.send(&udp_frame(flow, LENGTH)));
        machine.stop();
        assert_all_stored(&machine, 100);
    });
}

#[test]
fn sighup_ends_no_role_and_each_says_what_becomes_of_a_changed_configuration() {
    in_namespace("running::sighup_ends_no_role_and_each_says_what_becomes_of_a_changed_configuration", || {
        veth();
        let mut machine = Machine::start("", &["va"]);
        await_some("notifier and web", || {
            let line = machine.run_line()?;
            line.roles.iter().all(|role| role.state == "ready").then_some(())
        });
        let roles = ["capture", "ingest", "notifier", "web"];
        let before = roles.map(|name| machine.role(name));
        before.iter().for_each(|pid| send("HUP", *pid));
        send("HUP", machine.pid());
        for name in ["capture", "ingest", "web"] {
            let told = format!("SIGHUP: {name} reads its configuration at its start only");
            await_some(name, || machine.log().contains(&told).then_some(()));
        }
        for told in ["SIGHUP: the configuration is read again", "run: SIGHUP: notifier reads"] {
            await_some(told, || machine.log().contains(told).then_some(()));
        }
        assert_eq!(roles.map(|name| machine.role(name)), before, "nobody was started anew");
        machine.stop();
    });
}

#[test]
fn every_role_tells_what_it_uses_and_what_is_missing() {
    in_namespace("running::every_role_tells_what_it_uses_and_what_is_missing", || {
        veth();
        let mut machine = Machine::new("");
        machine.start_unready(&["va", "absent0"]);
        for role in Role::ALL {
            let usage = await_some("its line", || Some(machine.envelope(role)?.usage));
            assert!(
                usage.resident_bytes > 1 << 20 && usage.threads > 1 && usage.descriptors > 3,
                "{role:?}: {usage:?}"
            );
            let metrics = machine.get(role, "/metrics");
            let threads = format!("floodmark_process{{role=\"{}\",what=\"threads\"}}", role.name());
            assert!(metrics.contains(&threads), "{metrics}");
        }
        let cpu =
            |machine: &Machine| Some(machine.envelope(Role::Capture)?.usage).map(|u| u.cpu_user_ms + u.cpu_system_ms);
        await_some("capture", || (machine.capture_line()?.interfaces[0].state == "up").then_some(()));
        let before = await_some("a line", || cpu(&machine));
        let load = Load::start();
        load.go_on(20_000);
        await_some("CPU time of the packets", || cpu(&machine).filter(|after| *after > before));
        load.end();
        let expected = [
            ("capture", "absent0 is absent; captures va"),
            ("ingest", "database connected"),
            ("notifier", "nobody is warned: name yourself in [[notifier.receiver]]"),
            ("web", "nobody can sign in: floodmark user add NAME"),
        ];
        for (role, told) in expected {
            await_some(told, || {
                let line = machine.run_line()?;
                line.roles.iter().any(|state| state.role == role && state.status.starts_with(told)).then_some(())
            });
        }
        machine.stop();
    });
}
