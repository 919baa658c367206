//! `floodmark run` as an operator meets it: signals, a killed supervisor, a killed role, secrets.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};

use tempfile::TempDir;

#[path = "line/confined.rs"]
mod confined;
#[path = "line/process.rs"]
mod process;

use confined::{assert_confined, assert_not_open};
use process::{await_some, children, has_ended, send};

/// A supervisor with its roles, on loopback, in a scratch folder.
struct Run {
    dir: TempDir,
    process: Child,
}

/// Whether this process may capture; otherwise the program gets a network of its own, where it may.
fn may_capture() -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("the kernel tells capabilities");
    u64::from_str_radix(mask.trim(), 16).expect("a mask") >> 13 & 1 == 1
}

fn start(more: &[&str]) -> Run {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let mut command = if may_capture() {
        Command::new(env!("CARGO_BIN_EXE_floodmark"))
    } else {
        let mut command = Command::new("unshare");
        command.args(["-Urn", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_floodmark")]);
        command
    };
    command.args(["run", "--interface", "lo", "--listen", "127.0.0.1:0", "--data-dir"]).arg(dir.path().join("data"));
    let log = File::create(dir.path().join("log")).expect("a scratch file");
    let process = command.args(more).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("it starts");
    Run { dir, process }
}

impl Run {
    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).expect("the log was made")
    }

    /// Waits until the page answers; then every role has been started. Gives the page's address.
    fn await_page(&self) -> String {
        await_some(&format!("the page, {}", self.dir.path().display()), || {
            let log = self.log();
            assert!(!log.contains("cannot run"), "{log}");
            let address = log.rsplit_once("listening on http://")?.1.split('/').next()?.to_owned();
            log.contains("web started").then_some(address)
        })
    }

    /// Waits for the end; gives the status and the whole log.
    fn end(mut self) -> (ExitStatus, String) {
        let status = await_some("the end of floodmark run", || self.process.try_wait().expect("a child"));
        (status, self.log())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // After a failed assertion nothing may stay behind; after a good test it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn sigterm_stops_every_role_and_ends_with_0() {
    let run = start(&[]);
    run.await_page();
    let roles = children(run.process.id());
    assert!(roles.len() >= 2, "{roles:?}");
    send("TERM", run.process.id());
    let (status, log) = run.end();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(roles.iter().all(|pid| has_ended(*pid)), "{log}");
    assert!(log.contains("notifier stopped") && log.contains("web stopped"), "{log}");
    assert!(!log.contains("is killed"), "{log}");
}

#[test]
fn a_second_signal_does_not_cut_the_stop_short() {
    let run = start(&[]);
    run.await_page();
    for _ in 0..20 {
        send("INT", run.process.id());
    }
    let (status, log) = run.end();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("web stopped"), "{log}");
}

#[test]
fn roles_end_when_the_supervisor_is_killed() {
    let mut run = start(&[]);
    run.await_page();
    let roles = children(run.process.id());
    assert!(roles.len() >= 2, "{roles:?}");
    run.process.kill().expect("it runs");
    run.process.wait().expect("a child");
    await_some("the end of the roles", || roles.iter().all(|pid| has_ended(*pid)).then_some(()));
}

#[test]
fn a_role_that_is_killed_comes_back() {
    let run = start(&[]);
    run.await_page();
    let cmdline = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let web = |run: &Run| children(run.process.id()).into_iter().find(|pid| cmdline(pid).contains("\0web\0"));
    let first = web(&run).expect("the page answers");
    send("KILL", first);
    await_some("the second start of web", || web(&run).filter(|pid| *pid != first));
    let address = await_some("the second page", || {
        let log = run.log();
        (log.matches("listening on").count() == 2).then(|| run.await_page())
    });
    assert!(health(&address).is_none_or(|answer| answer == "ok\n"));
    send("TERM", run.process.id());
    assert_eq!(run.end().0.code(), Some(0));
}

/// What `/healthz` says; `None` where the program has a network of its own, which is not reached from here.
fn health(address: &str) -> Option<String> {
    if !may_capture() {
        return None;
    }
    let mut stream = TcpStream::connect(address).expect("the page listens");
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").expect("a request is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.rsplit("\r\n\r\n").next().map(str::to_owned)
}

#[test]
fn no_secret_reaches_the_children_in_the_open() {
    let run = start(&["--store", "mysql://u:open-sesame@127.0.0.1:1/none"]);
    run.await_page();
    // Only the supervisor's own arguments hold it: the command line was the operator's choice.
    children(run.process.id()).into_iter().for_each(|role| assert_not_open(role, "open-sesame"));
    send("TERM", run.process.id());
    let (_, log) = run.end();
    assert!(log.contains("--store holds a password"), "{log}");
    assert!(!log.contains("open-sesame"), "{log}");
}

#[test]
fn no_role_keeps_a_right_of_its_root() {
    let run = start(&[]);
    run.await_page();
    await_some("the roles", || (run.log().matches("confined:").count() == 4).then_some(()));
    let roles = children(run.process.id());
    assert_eq!(roles.len(), 4, "{}", run.log());
    roles.into_iter().for_each(|role| assert!(assert_confined(role) >= 3, "{role}"));
    send("TERM", run.process.id());
    assert_eq!(run.end().0.code(), Some(0));
}

#[test]
fn the_start_tells_what_is_watched_and_how_much_it_may_take() {
    let run = start(&[]);
    run.await_page();
    let log = run.log();
    for part in ["interfaces: lo", "data: ", "store: SQLite", "page: http://", "memory: at most", "disk: at most"] {
        assert!(log.contains(part), "{part}: {log}");
    }
}

#[test]
fn what_was_seen_is_found_in_the_store() {
    if !may_capture() {
        eprintln!("skipped: without CAP_NET_RAW the program has a network of its own, and no packets are made there");
        return;
    }
    let run = start(&[]);
    let address = run.await_page();
    await_some("the first ring", || run.log().contains("capture begins").then_some(()));
    assert_eq!(health(&address).as_deref(), Some("ok\n"));
    let data = run.dir.path().join("data");
    let port = address.rsplit(':').next().expect("an address has a port").to_owned();
    let (data, port) = (data.to_str().expect("a UTF-8 path"), port.as_str());
    send("TERM", run.process.id());
    let dir = tempfile::tempdir().expect("a scratch folder");
    // The data outlives the supervisor's folder only until `end` drops it: look before.
    let flows = |run: &Run| {
        let arguments = ["flows", "--json", "--host", "127.0.0.1", "--port", port, "--data-dir", data];
        let output = Command::new(env!("CARGO_BIN_EXE_floodmark")).args(arguments).current_dir(&dir).output();
        let output = output.expect("the program starts");
        assert!(output.status.success(), "{} {}", String::from_utf8_lossy(&output.stderr), run.log());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    await_some("the end of the roles", || children(run.process.id()).is_empty().then_some(()));
    let lines = flows(&run);
    let rows: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(rows.len(), 1, "one connection, both directions in one row: {lines}");
    assert_eq!((&rows[0]["interface"], &rows[0]["protocol"]), (&"lo".into(), &6.into()), "{lines}");
    assert!(rows[0]["packets_fwd"].as_u64() > Some(2) && rows[0]["packets_rev"].as_u64() > Some(2), "{lines}");
    assert_eq!(run.end().0.code(), Some(0));
}
