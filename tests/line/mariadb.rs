//! The whole line into a real MariaDB, and the commands that read it back.

use std::fs::File;

use capture::file::write::PcapWriter;
use store::testing::MariaDb;

use crate::link::{Injector, udp_frame, veth};
use crate::machine::{Machine, assert_settled, sums};
use crate::namespace::in_namespace;
use crate::process::await_some;

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Sum of all packets in the table itself.
fn packets_in(server: &MariaDb) -> u64 {
    let sql = "SELECT COALESCE(SUM(packets_fwd + packets_rev), 0) FROM floodmark.flows";
    block_on(server.number(sql)).unwrap().try_into().unwrap()
}

#[test]
fn run_and_replay_store_into_a_server_and_are_read_back() {
    in_namespace("mariadb::run_and_replay_store_into_a_server_and_are_read_back", || {
        let Some(server) = MariaDb::start_or_skip() else { return };
        block_on(server.admin("CREATE DATABASE floodmark")).unwrap();
        let url = server.config("root", "floodmark").url;
        veth();
        let mut machine = Machine::start(&format!("[store]\nurl = \"{url}\"\n"), &["va"]);
        let mut injector = Injector::on("vb");
        for number in 0..20_000_u32 {
            injector.send(&udp_frame((number % 400) as u16, 100));
        }
        let live = machine.ledger();
        assert_eq!(live.imbalance, 0, "{live:?}");
        machine.stop();
        assert_eq!(packets_in(&server), 20_000);
        assert_settled(&machine.ledger(), 20_000, 2_000_000);
        let rows = machine.flows(&[]);
        assert_eq!(sums(&rows), (20_000, 2_000_000));
        assert!(rows.iter().all(|row| row["interface"] == "va"), "{:?}", rows[0]);

        let top = machine.told(&["top"]);
        assert!(top.contains("10.0.0."), "where capture does not run, top reads the store: {top}");

        let path = machine.dir().join("some.pcap");
        let mut file = PcapWriter::new(File::create(&path).unwrap(), 1, 65_535).unwrap();
        for number in 0..3_000_u64 {
            let time_ns = 1_600_000_000_000_000_000 + number * 1_000_000;
            file.write(time_ns, 100, &udp_frame((number % 300) as u16, 100)).unwrap();
        }
        file.finish().unwrap();
        machine.told(&["replay", path.to_str().unwrap()]);
        assert_eq!(packets_in(&server), 23_000);
        assert_settled(&machine.ledger(), 23_000, 2_300_000);
        assert_eq!(sums(&machine.flows(&["--since", "100years", "--port", "299"])).0 % 10, 0);
        let size = machine.told(&["store", "size", "--json"]);
        assert!(size.lines().any(|line| line.contains("\"flows\"")), "{size}");
    });
}

#[test]
fn a_server_that_dies_under_run_costs_nothing() {
    in_namespace("mariadb::a_server_that_dies_under_run_costs_nothing", || {
        let Some(mut server) = MariaDb::start_or_skip() else { return };
        block_on(server.admin("CREATE DATABASE floodmark")).unwrap();
        let url = server.config("root", "floodmark").url;
        veth();
        let config = format!("[store]\nurl = \"{url}\"\n[capture]\nflow_idle_timeout = \"300ms\"\n");
        let mut machine = Machine::start(&config, &["va"]);
        let mut injector = Injector::on("vb");
        let mut sent = 0;
        for round in 0..2_u16 {
            for flow in 0..2_000 {
                injector.send(&udp_frame(flow, 100 + usize::from(round)));
                sent += 1;
            }
            server.stop();
            for flow in 2_000..4_000 {
                injector.send(&udp_frame(flow, 100 + usize::from(round)));
                sent += 1;
            }
            await_some("the fault in the line", || {
                machine.ingest_line().filter(|line| line.database.starts_with("down"))
            });
            server.run().unwrap();
            await_some("the rows", || (packets_in(&server) == sent).then_some(()));
        }
        machine.stop();
        assert_eq!(packets_in(&server), sent);
        assert_settled(&machine.ledger(), sent, 2 * (2_000 * 100 + 2_000 * 101));
    });
}
