//! Every role without rights: what the kernel says of each thread, accounts with few grants, and secrets that stay.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use live::Role;
use store::testing::MariaDb;

use crate::confined::{assert_confined, assert_not_open};
use crate::link::{Injector, udp_frame, veth};
use crate::machine::{Machine, assert_settled, sums};
use crate::mariadb::block_on;
use crate::namespace::in_namespace;
use crate::process::{await_some, children, send};

const ROLES: [&str; 4] = ["capture", "ingest", "notifier", "web"];
const PASSWORD: &str = "open-sesame-writer";

#[test]
fn every_thread_of_every_role_is_without_rights_and_the_line_works() {
    in_namespace("privileges::every_thread_of_every_role_is_without_rights_and_the_line_works", || {
        veth();
        let mut machine = Machine::new("");
        let file = machine.dir().join("floodmark.toml");
        let all = fs::read_to_string(&file).unwrap().replacen("[node]\n", "[node]\nconfinement = \"required\"\n", 1);
        fs::write(&file, all).unwrap();
        machine.run(&["va"]);
        let mut injector = Injector::on("vb");
        (0..1_000).for_each(|number| injector.send(&udp_frame(number % 100, 100)));
        await_some("the packets", || (machine.ledger().parsed == 1_000).then_some(()));
        let threads: Vec<usize> = ROLES.iter().map(|role| assert_confined(machine.role(role))).collect();
        // capture: the first, parent, live, interfaces and a worker; ingest: parent, live, a reader and its runtime.
        assert!(threads[0] >= 5 && threads[1] >= 5 && threads[2] >= 3 && threads[3] >= 3, "{threads:?}");
        for role in [Role::Capture, Role::Ingest, Role::Notifier, Role::Web] {
            let answer = machine.get(role, "/healthz");
            assert!(answer.ends_with("ok\n"), "{role:?}: {answer}");
        }
        let log = machine.log();
        let address = log.rsplit_once("listening on https://").unwrap().1.split('/').next().unwrap();
        // Nobody is signed in: the way to the page leads by the sign-in.
        let page = format!("https://{address}/");
        let page = ["--silent", "--insecure", "--location", "--header", "Accept: text/html", "--max-time", "10", &page];
        if let Ok(page) = Command::new("curl").args(page).output() {
            let text = String::from_utf8_lossy(&page.stdout);
            assert!(text.contains("Floodmark") && text.contains("type=\"password\""), "{text}");
        }
        machine.stop();
        assert_settled(&machine.ledger(), 1_000, 100_000);
        assert_eq!(sums(&machine.flows(&[])), (1_000, 100_000));
        assert_eq!(machine.log().matches("confined:").count(), ROLES.len(), "{}", machine.log());
    });
}

#[test]
fn the_copying_backend_and_a_restarted_role_are_confined_too() {
    in_namespace("privileges::the_copying_backend_and_a_restarted_role_are_confined_too", || {
        veth();
        let mut machine = Machine::start("[capture]\nbackend = \"copy\"\n", &["va"]);
        let first = machine.role("capture");
        assert_confined(first);
        send("KILL", first);
        let second = await_some("the next capture", || {
            let pid = machine.role("capture");
            let captures = machine.log().matches("capture begins").count() == 2;
            (pid != first && captures).then_some(pid)
        });
        assert_confined(second);
        let mut injector = Injector::on("vb");
        (0..100).for_each(|flow| injector.send(&udp_frame(flow, 100)));
        await_some("the packets", || (machine.capture_line()?.ledger.parsed == 100).then_some(()));
        machine.stop();
        assert_eq!(sums(&machine.flows(&[])), (100, 10_000));
    });
}

#[test]
fn with_few_descriptors_there_are_fewer_spares_and_that_is_told() {
    in_namespace("privileges::with_few_descriptors_there_are_fewer_spares_and_that_is_told", || {
        veth();
        let machine = Machine::new("[capture]\ninterfaces = [\"va\"]\ncores = [0]\n");
        let program = machine.command(&["capture"]);
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -n 200 && exec \"$0\" \"$@\""]).arg(program.get_program()).args(program.get_args());
        let log = fs::File::create(machine.dir().join("log")).unwrap();
        let mut capture = limited.current_dir(machine.dir()).stderr(log).spawn().unwrap();
        await_some("capture", || (machine.capture_line()?.interfaces[0].state == "up").then_some(()));
        let metrics = machine.get(Role::Capture, "/metrics");
        send("TERM", capture.id());
        assert!(capture.wait().unwrap().success(), "{}", machine.log());
        // 200 less 128 for all else and 2 for a ring that makes place for another; one of them is in use.
        assert!(metrics.contains("floodmark_capture_spare_sockets 69\n"), "{metrics}");
        assert!(machine.log().contains("come back 69 times"), "{}", machine.log());
    });
}

/// Makes database, tables and the accounts of the printed grants, as an administrator does.
fn make_accounts(server: &MariaDb) {
    let admin = Machine::new("");
    block_on(server.admin("CREATE DATABASE floodmark")).unwrap();
    let root = server.config("root", "floodmark").url;
    admin.told(&["store", "migrate", "--store", &root]);
    let sql = admin.told(&["store", "grants", "--store", &root, "--host", "localhost"]);
    let sql = sql.replace("CHANGE-ME-writer", PASSWORD);
    assert!(sql.contains(PASSWORD), "{sql}");
    block_on(server.admin(&sql)).unwrap();
}

#[test]
fn the_writers_account_is_enough_for_the_line_and_its_password_stays_in_its_file() {
    let name = "privileges::the_writers_account_is_enough_for_the_line_and_its_password_stays_in_its_file";
    in_namespace(name, || {
        let Some(server) = MariaDb::start_or_skip() else { return };
        veth();
        let (account, secrets) = (server.config("floodmark_writer", "floodmark").url, tempfile::tempdir().unwrap());
        let file = secrets.path().join("password");
        fs::write(&file, format!("{PASSWORD}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let config = format!("[store]\nurl = \"{account}\"\npassword_file = \"{}\"\n", file.display());
        let mut machine = Machine::new(&config);
        make_accounts(&server);
        machine.run(&["va"]);
        let mut injector = Injector::on("vb");
        (0..2_000).for_each(|number| injector.send(&udp_frame(number % 200, 100)));
        await_some("the packets", || (machine.capture_line()?.ledger.parsed == 2_000).then_some(()));
        for pid in children(machine.pid()).into_iter().chain([machine.pid()]) {
            assert_not_open(pid, PASSWORD);
        }
        assert_confined(machine.role("ingest"));
        let printed = machine.told(&["config", "print"]);
        assert!(printed.contains("password_file") && !printed.contains(PASSWORD), "{printed}");
        machine.stop();
        let stored = "SELECT COALESCE(SUM(packets_fwd + packets_rev), 0) FROM floodmark.flows";
        assert_eq!(block_on(server.number(stored)).unwrap(), 2_000);
        let log = machine.log();
        assert!(!log.contains(PASSWORD) && !log.contains("ERROR"), "{log}");
    });
}
