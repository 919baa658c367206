//! A spool of 16 MiB that nobody empties: detail is given up before totals, all of it counted, and all comes back by
//! itself.

use std::time::Duration;

use faults::report::Row;
use store::testing::FlowTotals;

use crate::link::{Injector, ip, udp_frame, veth};
use crate::machine::Machine;
use crate::mariadb::block_on;
use crate::namespace::in_namespace;
use crate::process::{await_some, send};

const CONFIG: &str = "[capture]\ninterfaces = [\"va\"]\nworkers = 1\nfold = false\nflow_active_timeout = \"200ms\"\n\
                      [spool]\nbytes_max = \"16MiB\"\n";

const LENGTH: usize = 60;

/// Sends one packet of each of 20,000 flows.
fn burst(injector: &mut Injector, sent: &mut u64) {
    for flow in 0..20_000_u16 {
        injector.send(&udp_frame(flow, LENGTH));
        *sent += 1;
    }
    std::thread::sleep(Duration::from_millis(100));
}

#[test]
fn a_full_spool_gives_up_detail_counts_it_and_recovers() {
    in_namespace("full::a_full_spool_gives_up_detail_counts_it_and_recovers", || {
        veth();
        ip("link set lo up");
        let machine = Machine::new(CONFIG);
        // The store is made; then nobody takes rows from the spool.
        let mut ingest = machine.spawn_role("ingest");
        await_some("ingest", || machine.ingest_line().filter(|line| line.database == "connected"));
        send("TERM", ingest.id());
        await_some("its end", || ingest.try_wait().unwrap());
        let mut capture = machine.spawn_role("capture");
        await_some("capture", || (machine.capture_line()?.interfaces[0].state == "up").then_some(()));

        let mut injector = Injector::on("vb");
        let mut sent = 0;
        let full = await_some("a full spool", || {
            burst(&mut injector, &mut sent);
            let ledger = machine.ledger();
            assert_eq!(ledger.imbalance, 0, "{ledger:?}");
            (ledger.coarsened > 50_000).then_some(ledger)
        });
        assert_eq!((full.kernel_dropped, full.stored), (0, 0), "{full:?}");
        let used: u64 = std::fs::read_dir(machine.data_dir().join("spool/capture"))
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum();
        assert!(used <= 17 << 20, "{used} bytes in a spool of 16 MiB");

        let mut ingest = machine.spawn_role("ingest");
        await_some("an empty spool", || {
            let ledger = machine.ledger();
            assert_eq!(ledger.imbalance, 0, "{ledger:?}");
            (ledger.in_spool == 0 && ledger.stored > 0).then_some(())
        });
        std::thread::sleep(Duration::from_secs(1));
        let before = machine.ledger();
        (0..10).for_each(|_| burst(&mut injector, &mut sent));
        for role in [&mut capture, &mut ingest] {
            send("TERM", role.id());
            assert!(await_some("its end", || role.try_wait().unwrap()).success(), "{}", machine.log());
        }
        let after = machine.ledger();
        // A burst is more than the kernel's queue of the veth holds: what it drops there never reaches the tap.
        let told = i128::from(after.parsed) + i128::from(after.pre_tap);
        assert_eq!((after.imbalance, told), (0, i128::from(sent)), "{after:?}");
        assert_eq!((after.coarsened, after.shed), (before.coarsened, before.shed), "flows are kept again: {after:?}");
        let totals = block_on(FlowTotals::of_sqlite(&machine.data_dir().join("store"))).unwrap();
        assert_eq!((totals.packets, totals.rows), (after.stored, totals.distinct), "{after:?}");
        Row {
            fault: "spool of 16 MiB full, nobody reads".into(),
            load: format!("{sent} packets, 20,000 flows at once"),
            runs: 1,
            imbalance: Some(after.imbalance),
            note: format!("{} packets kept as totals only, {} shed", after.coarsened, after.shed),
            ..Row::default()
        }
        .tell();
    });
}
