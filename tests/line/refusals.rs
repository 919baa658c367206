//! Bad input: one clear error with its remedy, the right exit code, and nothing lost.

use std::fs::{self, OpenOptions, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output};

use store::testing::MariaDb;

use crate::link::{Injector, udp_frame, up, veth};
use crate::machine::{Machine, assert_settled};
use crate::namespace::in_namespace;
use crate::process::await_some;

/// The exit code is `code`, and one line of stderr, beside what is only told, has all of `parts`.
fn check(what: &str, output: &Output, code: i32, parts: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{what}: {told}");
    let errors: Vec<&str> = told.lines().filter(|line| line.starts_with("floodmark: ")).collect();
    let [error] = errors[..] else { panic!("{what}: not one error, but {errors:?}\n{told}") };
    for part in parts {
        assert!(error.contains(part), "{what}: no {part:?} in {error}");
    }
    assert!(!told.contains("panicked"), "{what}: {told}");
}

/// Runs a role, or `run`, that must end by itself.
fn refused(what: &str, machine: &Machine, arguments: &[&str], code: i32, parts: &[&str]) {
    check(what, &bounded(machine, arguments, &[]).output().unwrap(), code, parts);
}

/// The program, behind a prefix of another one, ended after a time: one that goes on would hang the test.
fn bounded(machine: &Machine, arguments: &[&str], prefix: &[&str]) -> Command {
    let command = machine.command(arguments);
    let mut bounded = Command::new("timeout");
    bounded.arg("20").args(prefix).arg(command.get_program()).args(command.get_args()).current_dir(machine.dir());
    bounded
}

#[test]
fn configurations_are_refused_by_key_and_range() {
    for (config, parts) in [
        ("[capture]\nsnapplen = 1\n", &["snapplen", "unknown"][..]),
        ("[capture]\nsnaplen = 1\n", &["capture.snaplen = 1", "64 to 65535"]),
        ("[capture]\ninterfaces = [\"no/such\"]\n", &["capture.interfaces", "no/such", "ip -brief link"]),
        ("[store]\nurl = \"postgres://h/d\"\n", &["store.url", "mysql://"]),
        ("[store]\nurl = \"mysql://h/d\"\n", &["store.url", "mysql://USER@HOST"]),
        ("[ingest]\nconnections = 99\n", &["ingest.connections = 99", "1 to 8"]),
        ("[spool]\nbytes_max = \"1MiB\"\n", &["spool.bytes_max"]),
        ("[capture\n", &["floodmark.toml"]),
    ] {
        let machine = Machine::new(config);
        for role in ["run", "capture", "ingest", "notifier", "web"] {
            let output = bounded(&machine, &[role], &[]).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(78), "{role} {config}: {told}");
            assert_eq!(told.matches("floodmark: ").count(), 1, "{role} {config}: {told}");
            for part in parts {
                assert!(told.contains(part), "{role}: no {part:?} in {told}");
            }
        }
        assert!(!machine.data_dir().exists(), "a refused configuration makes nothing");
    }
}

#[test]
fn without_the_right_to_capture_it_is_77() {
    let available = Command::new("setpriv").arg("--version").output().is_ok();
    if !available {
        eprintln!("without_the_right_to_capture_it_is_77: skipped: setpriv (util-linux) is not installed");
        return;
    }
    in_namespace("refusals::without_the_right_to_capture_it_is_77", || {
        up(&["lo"]);
        for role in ["capture", "run"] {
            let machine = Machine::new("[capture]\ninterfaces = [\"lo\"]\n");
            let without = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"];
            let output = bounded(&machine, &[role], &without).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(77), "{role}: {told}");
            assert_eq!(told.matches("CAP_NET_RAW").count(), 1, "{role}: one message: {told}");
            assert!(told.contains("setcap") || told.contains("root"), "{role}: the remedy: {told}");
        }
    });
}

#[test]
fn a_port_in_use_is_told_and_capture_goes_on() {
    in_namespace("refusals::a_port_in_use_is_told_and_capture_goes_on", || {
        up(&["lo"]);
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = holder.local_addr().unwrap().to_string();
        let mut machine = Machine::new("");
        let file = machine.dir().join("floodmark.toml");
        let text = fs::read_to_string(&file).unwrap().replace("127.0.0.1:0", &address);
        fs::write(&file, text).unwrap();
        refused("web", &machine, &["web"], 1, &[&address, "choose another"]);
        machine.run(&["lo"]);
        await_some("the message", || machine.log().contains("choose another").then_some(()));
        drop(holder);
        await_some("the page", || machine.log().contains("listening on").then_some(()));
        machine.stop();
    });
}

/// A directory in which nobody may write, not even root: a read-only mount, or a file in its place.
fn occupied(machine: &Machine) {
    fs::write(machine.data_dir(), "a file where the data directory should be").unwrap();
}

#[test]
fn a_data_directory_that_cannot_be_made_is_told_once() {
    in_namespace("refusals::a_data_directory_that_cannot_be_made_is_told_once", || {
        up(&["lo"]);
        let machine = Machine::new("[capture]\ninterfaces = [\"lo\"]\n");
        occupied(&machine);
        let path = machine.data_dir();
        let path = path.to_str().unwrap();
        for role in ["capture", "ingest", "notifier", "web", "run"] {
            refused(role, &machine, &[role], 1, &[path, "--data-dir"]);
        }
        let capture = machine.dir().join("floodmark.toml");
        let output = machine.command(&["replay", capture.to_str().unwrap()]).output().unwrap();
        check("replay", &output, 1, &[path, "--data-dir"]);
    });
}

#[test]
fn a_data_directory_without_rights_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    let file = dir.path().join("floodmark.toml");
    let data = dir.path().join("kept").join("data");
    fs::create_dir(dir.path().join("kept")).unwrap();
    fs::set_permissions(dir.path().join("kept"), Permissions::from_mode(0o555)).unwrap();
    fs::write(&file, format!("[node]\ndata_dir = \"{}\"\n", data.display())).unwrap();
    let mut command = Command::new("timeout");
    command.arg("20");
    if nix::unistd::geteuid().is_root() {
        command.args(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    // The test's own build may lie where that user may not go.
    let program = dir.path().join("floodmark");
    fs::copy(env!("CARGO_BIN_EXE_floodmark"), &program).unwrap();
    let output = command.arg(&program).args(["ingest", "--config"]).arg(&file).output().unwrap();
    check("ingest", &output, 1, &[data.to_str().unwrap(), "ermission denied", "--data-dir"]);
}

#[test]
fn a_wrong_user_or_password_is_told_and_rows_wait() {
    in_namespace("refusals::a_wrong_user_or_password_is_told_and_rows_wait", || {
        let Some(server) = MariaDb::start_or_skip() else { return };
        let admin = |sql: &str| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(server.admin(sql)).unwrap();
        };
        admin(
            "CREATE DATABASE floodmark; CREATE USER f@localhost IDENTIFIED BY 'right'; GRANT ALL ON floodmark.* TO f@localhost",
        );
        let url = server.config("f", "floodmark").url;
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("password");
        fs::write(&secret, "wrong\n").unwrap();
        fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
        let config = format!("[store]\nurl = \"{url}\"\npassword_file = \"{}\"\n", secret.display());
        let mut machine = Machine::new(&config);
        for arguments in [&["ingest"][..], &["flows"], &["ledger"], &["store", "migrate"]] {
            refused(arguments[0], &machine, arguments, 1, &["denied", "password_file"]);
        }
        // Capture goes on meanwhile; with the right password the rows are stored.
        veth();
        machine.start_unready(&["va"]);
        await_some("capture", || (machine.capture_line()?.interfaces[0].state == "up").then_some(()));
        let mut injector = Injector::on("vb");
        (0..300).for_each(|flow| injector.send(&udp_frame(flow, 100)));
        await_some("the message", || machine.log().contains("denied").then_some(()));
        assert!(!machine.log().contains("wrong"), "{}", machine.log());
        fs::write(&secret, "right\n").unwrap();
        machine.stop();
        machine.run(&["va"]);
        machine.stop();
        assert_settled(&machine.ledger(), 300, 30_000);
        fs::set_permissions(&secret, Permissions::from_mode(0o644)).unwrap();
        refused("open secret", &machine, &["ingest"], 78, &["password", "chmod 600"]);
        // A server that is not there is waited for by ingest, and told by those who ask.
        drop(server);
        fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
        refused("no server", &machine, &["flows"], 1, &["sock"]);
    });
}

fn segment(machine: &Machine) -> std::path::PathBuf {
    spool::segment::path(&machine.data_dir().join("spool").join("capture"), 1)
}

/// Captured 200 packets; the last segment stays in the spool.
fn with_spool() -> Machine {
    veth();
    let mut machine = Machine::start("[capture]\ninterfaces = [\"va\"]\n", &[]);
    let mut injector = Injector::on("vb");
    (0..200).for_each(|flow| injector.send(&udp_frame(flow, 100)));
    machine.stop();
    assert!(segment(&machine).exists());
    machine
}

#[test]
fn a_spool_of_another_node_is_refused_and_kept() {
    in_namespace("refusals::a_spool_of_another_node_is_refused_and_kept", || {
        let mut machine = with_spool();
        let node = machine.data_dir().join("node");
        let ours = fs::read_to_string(&node).unwrap();
        fs::write(&node, "00000000-0000-4000-8000-000000000001\n").unwrap();
        for role in ["capture", "ingest"] {
            refused(role, &machine, &[role], 78, &[ours.trim(), "--data-dir"]);
        }
        let output = bounded(&machine, &["run"], &[]).output().unwrap();
        assert_eq!(output.status.code(), Some(78), "{}", String::from_utf8_lossy(&output.stderr));
        fs::write(&node, ours).unwrap();
        machine.run(&["va"]);
        machine.stop();
        assert_settled(&machine.ledger(), 200, 20_000);
    });
}

#[test]
fn a_spool_of_a_newer_format_is_refused_and_kept() {
    in_namespace("refusals::a_spool_of_a_newer_format_is_refused_and_kept", || {
        let mut machine = with_spool();
        let old = rewrite_version(&segment(&machine));
        for role in ["capture", "ingest"] {
            refused(role, &machine, &[role], 78, &["format 9", "newer floodmark"]);
        }
        let file = OpenOptions::new().write(true).open(segment(&machine)).unwrap();
        file.write_all_at(&old, 0).unwrap();
        machine.run(&["va"]);
        machine.stop();
        assert_settled(&machine.ledger(), 200, 20_000);
    });
}

/// Makes a segment say that format 9 wrote it; gives the header as it was.
fn rewrite_version(path: &Path) -> [u8; 44] {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut head = [0; 44];
    file.read_exact_at(&mut head, 0).unwrap();
    let old = head;
    head[4..6].copy_from_slice(&9_u16.to_le_bytes());
    let crc = crc32c::crc32c(&head[..40]);
    head[40..].copy_from_slice(&crc.to_le_bytes());
    file.write_all_at(&head, 0).unwrap();
    old
}

#[test]
fn a_second_floodmark_on_the_same_data_is_refused() {
    in_namespace("refusals::a_second_floodmark_on_the_same_data_is_refused", || {
        veth();
        let mut machine = Machine::start("[capture]\ninterfaces = [\"va\"]\n", &[]);
        for role in ["capture", "ingest"] {
            refused(role, &machine, &[role], 1, &["data", "stop it"]);
        }
        let mut injector = Injector::on("vb");
        (0..200).for_each(|flow| injector.send(&udp_frame(flow, 100)));
        machine.stop();
        assert_settled(&machine.ledger(), 200, 20_000);
    });
}
