//! Interfaces that come, go and change under a capture without rights: packets are seen again in time, and silence is
//! told.

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use faults::report::Row;
use faults::runs;
use live::Role;
use live::line::InterfaceState;

use crate::confined::assert_confined;
use crate::link::{Injector, ip, udp_frame, up, veth};
use crate::machine::Machine;
use crate::namespace::in_namespace;
use crate::process::await_some;

/// Within this time after the interface is there again packets must be seen.
const BOUND_NS: u64 = 2_000_000_000;

/// Flows sent after each change: with two workers and a symmetric hash all but surely both have some.
const FLOWS: u16 = 8;

/// The first source port; each change has its own ports, so that the rows tell when it was seen first.
const FIRST_PORT: u16 = 10_000;

/// What happens to the interface `va`.
const CHANGES: [(&str, fn()); 4] = [
    ("interface deleted and made again", recreate),
    ("interface renamed and back", rename),
    ("link down and up", flap),
    ("MTU changed", change_mtu),
];

fn recreate() {
    ip("link del va");
    veth();
}

fn rename() {
    for (old, new) in [("va", "wan0"), ("wan0", "va")] {
        ip(&format!("link set {old} down"));
        ip(&format!("link set {old} name {new}"));
        up(&[new, "vb"]);
    }
}

fn flap() {
    ip("link set va down");
    up(&["va", "vb"]);
}

fn change_mtu() {
    ip("link set va mtu 1500");
    ip("link set va mtu 65535");
    up(&["va", "vb"]);
}

#[expect(clippy::disallowed_methods, reason = "the time until packets are seen again is measured here")]
fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos().try_into().unwrap()
}

fn interface(machine: &Machine) -> InterfaceState {
    await_some("capture's line", || machine.capture_line()).interfaces.swap_remove(0)
}

/// One change after which frames were sent: what it was, since when the interface was there, and the ports.
struct Sent {
    change: &'static str,
    since_ns: u64,
    ports: std::ops::Range<u16>,
}

/// Makes a change, then sends frames until capture has seen some.
fn change(machine: &Machine, number: u16, name: &'static str, make: fn()) -> Sent {
    let before = interface(machine).kernel_seen;
    make();
    let since_ns = now_ns();
    let first = FIRST_PORT + number * FLOWS;
    let ports = first..first + FLOWS;
    let mut injector = Injector::on("vb");
    await_some(&format!("packets after: {name}"), || {
        for _ in 0..10 {
            ports.clone().for_each(|port| injector.send(&udp_frame(port, 60)));
            sleep(Duration::from_millis(5));
        }
        (interface(machine).kernel_seen >= before + u64::from(FLOWS)).then_some(())
    });
    Sent { change: name, since_ns, ports }
}

/// By change: the longest time until each of its flows was seen first.
fn worst(machine: &Machine, sent: &[Sent]) -> Vec<(&'static str, u64)> {
    let rows = machine.flows(&[]);
    let number = |row: &serde_json::Value, name: &str| row[name].as_u64().unwrap();
    let mut worst: Vec<(&'static str, u64)> = Vec::new();
    for sent in sent {
        for port in sent.ports.clone() {
            let of_port = rows.iter().filter(|row| number(row, "src_port") == u64::from(port));
            let first = of_port.map(|row| number(row, "first_ns")).min();
            let first = first.unwrap_or_else(|| panic!("{}: port {port} was never seen", sent.change));
            let took = first.saturating_sub(sent.since_ns);
            match worst.iter_mut().find(|(change, _)| *change == sent.change) {
                Some((_, longest)) => *longest = took.max(*longest),
                None => worst.push((sent.change, took)),
            }
        }
    }
    worst
}

#[test]
fn interfaces_come_back_without_a_capability() {
    in_namespace("churn::interfaces_come_back_without_a_capability", || {
        let count = runs(2, 100);
        // Absent at the start: capture waits, confined already.
        let mut machine = Machine::new("[capture]\nflow_idle_timeout = \"1s\"\n");
        machine.start_unready(&["va"]);
        await_some("the wait", || machine.log().contains("there is no such interface").then_some(()));
        assert_confined(machine.role("capture"));
        let mut sent = vec![change(&machine, 0, "interface absent at start", veth)];
        for _ in 0..count {
            for (name, make) in CHANGES {
                let number = sent.len().try_into().unwrap();
                sent.push(change(&machine, number, name, make));
                assert_eq!(interface(&machine).blind_since_ns, None);
            }
        }
        assert_confined(machine.role("capture"));
        let log = machine.log();
        assert!(log.matches("capture started").count() == 1 || log.contains("should be restarted"), "{log}");
        machine.stop();
        let ledger = machine.ledger();
        assert_eq!((ledger.imbalance, ledger.kernel_dropped), (0, 0), "{ledger:?}");
        for (name, took) in worst(&machine, &sent) {
            let runs = sent.iter().filter(|sent| sent.change == name).count() as u64;
            Row {
                fault: format!("{name}, no capability"),
                load: format!("{FLOWS} flows, 1,600 packets/s, fanout hash"),
                runs,
                imbalance: Some(ledger.imbalance),
                worst_recovery_ms: Some(took.div_ceil(1_000_000)),
                ..Row::default()
            }
            .tell();
            assert!(took <= BOUND_NS, "{name}: seen again after {took} ns");
        }
    });
}

/// A frame that the device counts and the kernel refuses before any tap: its VLAN header is cut short.
const REFUSED: [u8; 15] = [0x02, 0, 0, 0, 0, 0x99, 0x02, 0, 0, 0, 0, 0x01, 0x81, 0x00, 0];

/// What `/healthz` of capture says.
fn health(machine: &Machine) -> String {
    machine.get(Role::Capture, "/healthz")
}

fn events(machine: &Machine) -> u64 {
    let sizes = machine.told(&["store", "size", "--json"]);
    let sizes = sizes.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    sizes.into_iter().find(|size| size["table"] == "events").unwrap()["rows"].as_u64().unwrap()
}

#[test]
fn a_tap_that_sees_nothing_while_the_device_counts_is_told() {
    in_namespace("churn::a_tap_that_sees_nothing_while_the_device_counts_is_told", || {
        veth();
        let mut machine = Machine::start("", &["va"]);
        let mut injector = Injector::on("vb");
        // Beside packets that are seen, refused ones are pre-tap and no more.
        let begun = interface(&machine).kernel_seen;
        await_some("four seconds", || {
            injector.send(&REFUSED);
            injector.send(&udp_frame(1, 60));
            sleep(Duration::from_millis(5));
            assert_eq!(interface(&machine).blind_since_ns, None);
            let seen = interface(&machine);
            (seen.kernel_seen > begun && seen.pre_tap > Some(8)).then_some(())
        });
        assert!(health(&machine).starts_with("HTTP/1.1 200"), "{}", health(&machine));
        let (before, since) = (events(&machine), now_ns());
        let blind = await_some("blindness", || {
            (0..20).for_each(|_| injector.send(&REFUSED));
            interface(&machine).blind_since_ns.is_some().then(|| interface(&machine))
        });
        assert!(now_ns() - since < 10_000_000_000, "told in time");
        assert!(blind.state.contains("the tap saw none"), "{blind:?}");
        let answer = health(&machine);
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("interface va is blind"), "{answer}");
        let metrics = machine.get(Role::Capture, "/metrics");
        assert!(metrics.contains("floodmark_capture_interface{interface=\"va\",what=\"blind\"} 1"), "{metrics}");
        // Its rings were opened anew, and what can be seen is seen.
        await_some("sight", || {
            injector.send(&udp_frame(2, 60));
            interface(&machine).blind_since_ns.is_none().then_some(())
        });
        assert!(health(&machine).starts_with("HTTP/1.1 200"), "{}", health(&machine));
        await_some("the events", || (events(&machine) >= before + 3).then_some(()));
        let log = machine.log();
        assert!(log.contains("blind: the device received") && log.contains("packets are seen again"), "{log}");
        machine.stop();
        assert_eq!(machine.ledger().imbalance, 0);
    });
}
