//! Store and spool on one disk that gets full, and a disk that is full before anything starts: capture goes on, what is
//! not kept is counted, and all comes back by itself when there is room.

use std::fs;
use std::process::Command;

use faults::namespace::within;

use crate::link::{Injector, ip, udp_frame, veth};
use crate::machine::Machine;
use crate::process::{await_some, send};

const CONFIG: &str = "[capture]\ninterfaces = [\"va\"]\nworkers = 1\nfold = false\nflow_active_timeout = \"200ms\"\n\
                      [spool]\nbytes_max = \"16MiB\"\nsegment_bytes = \"2MiB\"\n\
                      [ingest.retention]\ndisk_free_min = \"0B\"\n";

/// Puts the data directory on a disk of its own, of so many MiB.
fn disk(machine: &Machine, mebibytes: u32) {
    let at = machine.data_dir();
    fs::create_dir_all(&at).unwrap();
    let size = format!("size={mebibytes}m,mode=0750");
    let status = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).status().unwrap();
    assert!(status.success(), "mount");
}

/// Fills what is left of the disk but for some KiB, as a log or a dump would.
fn fill(machine: &Machine, leave_kib: u64) {
    let stat = nix::sys::statvfs::statvfs(&machine.data_dir()).unwrap();
    let free = stat.blocks_available() * stat.fragment_size();
    let take = free.saturating_sub(leave_kib * 1024);
    fs::write(machine.data_dir().join("ballast"), vec![1; take as usize]).unwrap();
}

fn burst(injector: &mut Injector, sent: &mut u64) {
    for flow in 0..2_000_u16 {
        injector.send(&udp_frame(flow, 60));
        *sent += 1;
    }
    std::thread::sleep(std::time::Duration::from_millis(50));
}

/// All that was sent is in the books, and they balance.
fn assert_all_told(machine: &Machine, sent: u64) {
    let ledger = machine.ledger();
    let told = i128::from(ledger.parsed) + i128::from(ledger.pre_tap);
    assert_eq!((ledger.imbalance, told, ledger.kernel_dropped), (0, i128::from(sent), 0), "{ledger:?}");
}

fn full_while_it_runs() {
    veth();
    ip("link set lo up");
    let machine = Machine::new(CONFIG);
    disk(&machine, 64);
    let mut capture = machine.spawn_role("capture");
    let mut ingest = machine.spawn_role("ingest");
    await_some("capture", || (machine.capture_line()?.interfaces[0].state == "up").then_some(()));
    await_some("ingest", || machine.ingest_line().filter(|line| line.database == "connected"));
    let (mut injector, mut sent) = (Injector::on("vb"), 0);
    burst(&mut injector, &mut sent);
    await_some("rows", || (machine.ledger().stored > 0).then_some(()));
    fill(&machine, 64);
    // Until the store cannot write and the spool cannot grow: detail is given up, and counted; the totals are kept.
    await_some("a full disk", || {
        burst(&mut injector, &mut sent);
        let line = machine.ingest_line()?;
        (line.database.starts_with("down") && machine.ledger().coarsened + machine.ledger().shed > 0).then_some(())
    });
    let before = machine.capture_line().unwrap().envelope.seq;
    burst(&mut injector, &mut sent);
    await_some("capture goes on", || machine.capture_line().filter(|line| line.envelope.seq > before + 1));
    assert!(capture.try_wait().unwrap().is_none() && ingest.try_wait().unwrap().is_none(), "{}", machine.log());

    fs::remove_file(machine.data_dir().join("ballast")).unwrap();
    await_some("the store", || {
        let ledger = machine.ledger();
        (ledger.in_spool == 0 && ledger.in_memory == 0).then_some(())
    });
    assert_all_told(&machine, sent);
    for role in [&mut capture, &mut ingest] {
        send("TERM", role.id());
        assert!(await_some("its end", || role.try_wait().unwrap()).success(), "{}", machine.log());
    }
    assert_all_told(&machine, sent);
}

#[test]
fn store_and_spool_on_one_full_disk_never_stop_capture() {
    within(&["--net", "--mount"], "disk::store_and_spool_on_one_full_disk_never_stop_capture", full_while_it_runs);
}
