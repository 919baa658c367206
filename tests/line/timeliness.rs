//! How soon rows are seen.

use std::thread::sleep;
use std::time::{Duration, SystemTime};

use crate::link::{Injector, udp_frame, veth};
use crate::machine::{Machine, assert_settled, sums};
use crate::namespace::in_namespace;
use crate::process::await_some;

const SECOND_NS: u64 = 1_000_000_000;

#[expect(clippy::disallowed_methods, reason = "the test measures how old rows are")]
fn now_ns() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64
}

#[test]
fn a_row_is_seen_two_seconds_after_its_export() {
    in_namespace("timeliness::a_row_is_seen_two_seconds_after_its_export", || {
        veth();
        let mut machine = Machine::start("[capture]\nflow_idle_timeout = \"200ms\"\n", &["va"]);
        let mut injector = Injector::on("vb");
        for flow in 1..=5_u16 {
            let sent = now_ns();
            injector.send(&udp_frame(flow, 60));
            let port = flow.to_string();
            await_some("the row", || (!machine.flows(&["--port", &port]).is_empty()).then_some(()));
            let age_ms = (now_ns() - sent) / 1_000_000;
            eprintln!("row seen {age_ms} ms after its packet, exported 200 ms after it");
            assert!(age_ms <= 200 + 2_000, "{age_ms} ms");
        }
        machine.stop();
    });
}

#[test]
fn a_live_flow_is_seen_while_it_runs() {
    in_namespace("timeliness::a_live_flow_is_seen_while_it_runs", || {
        const LENGTH: u64 = 1_000;
        veth();
        let mut machine = Machine::start("[capture]\nflow_active_timeout = \"1s\"\n", &["va"]);
        let mut injector = Injector::on("vb");
        let mut sent_at = Vec::new();
        let begin = now_ns();
        let mut looks = 0;
        while now_ns() - begin < 6 * SECOND_NS {
            injector.send(&udp_frame(7, LENGTH as usize));
            sent_at.push(now_ns());
            sleep(Duration::from_millis(2));
            if sent_at.len() % 300 == 0 {
                // What was sent longer ago than the time-out and the two seconds of the way must be there.
                let due = sent_at.iter().filter(|time| now_ns() - *time > 3 * SECOND_NS).count() as u64;
                let (packets, bytes) = sums(&machine.flows(&[]));
                assert!(packets >= due && packets <= sent_at.len() as u64, "{due} <= {packets} <= {}", sent_at.len());
                assert_eq!(bytes, packets * LENGTH);
                looks += u64::from(due > 0);
            }
        }
        assert!(looks >= 2, "the machine is too slow to look while the flow runs");
        machine.stop();
        let rows = machine.flows(&[]);
        let sent = sent_at.len() as u64;
        assert_eq!(sums(&rows), (sent, sent * LENGTH), "the sum of the parts is the whole");
        assert!(rows.iter().filter(|row| row["end_reason"] == "active").count() >= 4, "{rows:?}");
        assert_settled(&machine.ledger(), sent, sent * LENGTH);
    });
}
