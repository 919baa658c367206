//! `floodmark run` as an operator meets it: signals, a killed supervisor, a killed role, secrets.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use live::line::RoleState;
use live::{Line, Role, Subscriber};
use tempfile::TempDir;

#[path = "line/confined.rs"]
mod confined;
#[path = "line/process.rs"]
mod process;

use confined::{assert_confined, assert_not_open};
use process::{await_some, children, has_ended, send, zombies};

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
    start_with("", more)
}

/// As `start`, with armed failpoints.
fn start_with(failpoints: &str, more: &[&str]) -> Run {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let process = spawn(dir.path(), failpoints, more);
    Run { dir, process }
}

fn spawn(dir: &Path, failpoints: &str, more: &[&str]) -> Child {
    let mut command = if may_capture() {
        Command::new(env!("CARGO_BIN_EXE_floodmark"))
    } else {
        let mut command = Command::new("unshare");
        command.args(["-Urn", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_floodmark")]);
        command
    };
    command.env("FAILPOINTS", failpoints);
    command.args(["run", "--interface", "lo", "--listen", "127.0.0.1:0", "--data-dir"]).arg(dir.join("data"));
    let log = File::options().create(true).append(true).open(dir.join("log")).expect("a scratch file");
    command.args(more).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("it starts")
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
            let address = log.rsplit_once("listening on https://")?.1.split('/').next()?.to_owned();
            log.contains("web started").then_some(address)
        })
    }

    /// The process of a role.
    fn pid(&self, role: Role) -> Option<u32> {
        let cmdline = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let name = format!("\0{}\0", role.name());
        children(self.process.id()).into_iter().find(|pid| cmdline(pid).contains(&name))
    }

    /// Waits until the supervisor has heard for the `count`th time that a role is ready.
    fn await_ready(&self, role: Role, count: usize) {
        let line = format!("run: {} is ready", role.name());
        await_some(&line, || (self.log().matches(&line).count() >= count).then_some(()));
    }

    /// Waits for a line of the supervisor in which a role is as `wanted`.
    fn await_state(&self, role: Role, wanted: impl Fn(&RoleState) -> bool) -> RoleState {
        let run_dir = self.dir.path().join("data/run");
        await_some("the supervisor's line", || {
            let mut lines = Subscriber::connect(&run_dir, Role::Run, Duration::from_secs(5)).ok()?;
            let Ok(Line::Run(line)) = lines.receive() else { return None };
            line.of(role).filter(|state| wanted(state)).cloned()
        })
    }

    /// Asks a role's socket for a restart; the answer's status and body.
    fn ask(&self, socket: Role, body: &str) -> String {
        let path = self.dir.path().join(format!("data/run/{}.sock", socket.name()));
        let mut stream = UnixStream::connect(path).expect("it is served");
        let head = format!("POST /control HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + body).as_bytes()).expect("a request is taken");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
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
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("a request is taken");
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
    for role in roles {
        await_some("its threads", || (assert_confined(role) >= 3).then_some(()));
    }
    send("TERM", run.process.id());
    assert_eq!(run.end().0.code(), Some(0));
}

#[test]
fn the_start_tells_what_is_watched_and_how_much_it_may_take() {
    let run = start(&[]);
    run.await_page();
    let log = run.log();
    for part in ["interfaces: lo", "data: ", "store: SQLite", "page: https://", "memory: at most", "disk: at most"] {
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

const ROLES: [Role; 4] = [Role::Capture, Role::Ingest, Role::Notifier, Role::Web];

#[expect(clippy::disallowed_methods, reason = "how long a restart takes is measured here")]
fn clock() -> Instant {
    Instant::now()
}

#[test]
fn every_role_is_ready_again_two_seconds_after_kill_9() {
    let run = start(&[]);
    ROLES.into_iter().for_each(|role| run.await_ready(role, 1));
    for role in ROLES {
        let pid = run.pid(role).expect("it is ready");
        let begin = clock();
        send("KILL", pid);
        run.await_ready(role, 2);
        let took = clock().duration_since(begin);
        eprintln!("{} is ready {} ms after kill -9", role.name(), took.as_millis());
        assert!(took <= Duration::from_secs(2), "{}: {took:?} {}", role.name(), run.log());
        let state = run.await_state(role, |state| state.starts == 2 && state.state == "ready");
        assert!(state.recent_failures[0].why.contains("SIGKILL"), "{state:?}");
    }
    assert_eq!(zombies(run.process.id()), 0, "who has died is reaped");
    send("TERM", run.process.id());
    let (status, log) = run.end();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn a_frozen_role_is_found_and_started_again() {
    let run = start(&[]);
    ROLES.into_iter().for_each(|role| run.await_ready(role, 1));
    let pid = run.pid(Role::Ingest).expect("it is ready");
    let begin = clock();
    send("STOP", pid);
    run.await_ready(Role::Ingest, 2);
    let took = clock().duration_since(begin);
    eprintln!("ingest is ready {} ms after SIGSTOP", took.as_millis());
    assert!(took <= Duration::from_secs(20), "{took:?} {}", run.log());
    let state = run.await_state(Role::Ingest, |state| state.state == "ready" && state.starts == 2);
    assert_eq!((state.silences, state.failures), (1, 1), "{state:?}");
    let capture = run.await_state(Role::Capture, |state| state.state == "ready");
    assert_eq!((capture.starts, capture.failures), (1, 0), "the others were left alone: {capture:?}");
    send("TERM", run.process.id());
    assert_eq!(run.end().0.code(), Some(0));
}

#[test]
fn a_supervisor_that_was_killed_is_followed_by_another_at_once() {
    let mut run = start(&[]);
    ROLES.into_iter().for_each(|role| run.await_ready(role, 1));
    run.process.kill().expect("it runs");
    run.process.wait().expect("a child");
    // Its roles are still ending: they hold their sockets and locks for a moment.
    let begin = clock();
    run.process = spawn(run.dir.path(), "", &[]);
    ROLES.into_iter().for_each(|role| run.await_ready(role, 2));
    eprintln!("all roles are ready {} ms after the second start", clock().duration_since(begin).as_millis());
    send("TERM", run.process.id());
    let (status, log) = run.end();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn a_database_that_is_away_is_no_reason_to_start_ingest_anew() {
    let run = start(&["--store", "mysql://nobody@127.0.0.1:1/none"]);
    run.await_ready(Role::Ingest, 1);
    let pid = run.pid(Role::Ingest);
    // Longer than any silence that is allowed.
    std::thread::sleep(Duration::from_secs(13));
    let state = run.await_state(Role::Ingest, |_| true);
    assert_eq!((state.starts, state.failures, state.state.as_str()), (1, 0, "ready"), "{state:?}");
    assert!(state.status.contains("database down") && state.heartbeat_ms < Some(3_000), "{state:?}");
    assert_eq!(run.pid(Role::Ingest), pid);
    send("TERM", run.process.id());
    assert_eq!(run.end().0.code(), Some(0));
}

#[test]
fn a_stuck_worker_is_found_and_capture_started_again() {
    if !cfg!(feature = "failpoints") {
        eprintln!("skipped: built without the feature failpoints (`cargo x tests` has it)");
        return;
    }
    // One worker stands still at a report after some that were sent; the others, if there are any, go on.
    let run = start_with("capture.worker=4*off->1*sleep(120000)", &[]);
    run.await_ready(Role::Capture, 1);
    let begin = clock();
    run.await_ready(Role::Capture, 2);
    let took = clock().duration_since(begin);
    eprintln!("capture is ready {} ms after its start, with a worker that stuck meanwhile", took.as_millis());
    let log = run.log();
    assert!(log.contains("a worker has not reported") && log.contains("capture shows no progress"), "{log}");
    // Two to four seconds pass before the worker sticks.
    assert!(took <= Duration::from_secs(24), "{took:?} {log}");
    send("TERM", run.process.id());
    assert_eq!(run.end().0.code(), Some(0));
}

#[test]
fn a_restart_is_asked_for_over_the_roles_sockets() {
    let run = start(&[]);
    ROLES.into_iter().for_each(|role| run.await_ready(role, 1));
    for role in ROLES {
        let before = run.pid(role).expect("it is ready");
        let body = format!(r#"{{"id":"first-{}","action":"restart"}}"#, role.name());
        let answer = run.ask(role, &body);
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
        run.await_ready(role, 2);
        let after = run.pid(role).expect("it is ready");
        assert_ne!(before, after);
        let again = run.ask(role, &body);
        assert!(again.starts_with("HTTP/1.1 200"), "known also by the one that it started: {again}");
    }
    let answer = run.ask(Role::Run, r#"{"id":"second","action":"restart","role":"ingest"}"#);
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    run.await_ready(Role::Ingest, 3);
    for (role, planned) in [(Role::Capture, 1), (Role::Ingest, 2), (Role::Notifier, 1), (Role::Web, 1)] {
        let state = run.await_state(role, |state| state.state == "ready" && state.starts == planned + 1);
        assert_eq!((state.restarts_planned, state.failures), (planned, 0), "{state:?} {}", run.log());
    }
    send("TERM", run.process.id());
    assert_eq!(run.end().0.code(), Some(0));
}
