//! The supervisor with roles that speak: this test program, started as a role that plays a script.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use live::heartbeat::{Fill, Progress};
use live::line::RoleState;
use live::{Heartbeat, Line, RunLine, Subscriber};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::super::{Role, Times, Watchdog};
use super::{TIMES, await_log, clock, log, start_with};
use crate::parent;

const QUICK: Times =
    Times { watchdog: Watchdog { silence: Duration::from_millis(1_500), start: Duration::from_secs(20) }, ..TIMES };

/// A role that plays `script`: words that `plays_a_role` knows, one after the other.
fn role(dir: &Path, name: &'static str, stop_order: u8, script: &str) -> Role {
    let program = std::env::current_exe().expect("the test program");
    let me = "supervisor::tests::progress::plays_a_role";
    let script = format!("script={script}={}", dir.join(name).display());
    let arguments = ["--exact", me, "--nocapture", &script].map(Into::into).to_vec();
    Role { name, program, arguments, stop_order, patience: Duration::from_secs(10), essential: false }
}

/// As a test of its own it has nothing to do; as a role it plays the script of its arguments.
#[test]
fn plays_a_role() {
    let Some(argument) = std::env::args().find(|argument| argument.starts_with("script=")) else { return };
    let [_, script, path] = argument.splitn(3, '=').collect::<Vec<_>>()[..] else { panic!("{argument}") };
    let path = Path::new(path);
    let name = path.file_name().expect("a name").to_str().expect("of UTF-8");
    let mut heartbeat = Heartbeat::from_environment();
    parent::read_configuration(std::io::stdin()).expect("a configuration");
    let stop = Arc::new(AtomicBool::new(false));
    parent::watch(Arc::clone(&stop), Arc::default()).expect("a thread");
    let note = |what: &str| {
        let mut file =
            fs::OpenOptions::new().append(true).create(true).open(path.with_file_name("log")).expect("a log");
        // In one write: other roles append to the same file, and a line in pieces gets mixed with theirs.
        file.write_all(format!("{what} {name}\n").as_bytes()).expect("a line is written");
    };
    note("start");
    let first =
        log(path.parent().expect("a folder")).iter().filter(|line| **line == format!("start {name}")).count() == 1;
    for step in script.split(',') {
        let step = match step.strip_prefix("once:") {
            Some(_) if !first => continue,
            Some(step) => step,
            None => step,
        };
        match step {
            "ready" => heartbeat.ready(),
            "ask" => assert_eq!(heartbeat.request_restart("few sockets"), live::heartbeat::Restart::WillBeAsked),
            "fail" => panic!("the script says so"),
            "end" => return,
            "late" => thread::sleep(Duration::from_millis(400)),
            "mute" => {
                while !stop.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(20))
                }
            }
            "beat" | "overload" => {
                let overloaded = (step == "overload").then(|| "rings drop".to_owned());
                let mut progress = Progress { queue: Fill { used: 7, max: 10 }, overloaded, ..Progress::default() };
                while !stop.load(Ordering::Relaxed) {
                    heartbeat.beat(&progress);
                    progress.done += 1;
                    thread::sleep(Duration::from_millis(20));
                }
            }
            other => panic!("no such step: {other}"),
        }
    }
    note("stop");
}

/// Waits for a line of the supervisor that gives something.
fn await_line<T>(dir: &Path, wanted: impl Fn(&RunLine) -> Option<T>) -> T {
    let begin = clock();
    loop {
        let subscriber = Subscriber::connect(&dir.join("run"), live::Role::Run, Duration::from_secs(5));
        let line = match subscriber.and_then(|mut subscriber| subscriber.receive()) {
            Ok(Line::Run(line)) => *line,
            other => panic!("{other:?}"),
        };
        if let Some(found) = wanted(&line) {
            return found;
        }
        assert!(clock().duration_since(begin) < Duration::from_secs(30), "the line stayed {line:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn await_state(dir: &Path, role: live::Role, wanted: impl Fn(&RoleState) -> bool) -> RoleState {
    await_line(dir, |line| line.of(role).filter(|state| wanted(state)).cloned())
}

fn starts(dir: &Path, name: &str) -> usize {
    log(dir).iter().filter(|line| **line == format!("start {name}")).count()
}

#[test]
fn a_role_that_shows_no_progress_is_killed_and_started_again() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let roles = vec![role(dir.path(), "ingest", 1, "ready,once:mute,beat"), role(dir.path(), "web", 2, "ready,beat")];
    let running = start_with(dir.path(), QUICK, roles);
    let ingest = await_state(dir.path(), live::Role::Ingest, |state| state.starts == 2 && state.state == "ready");
    assert_eq!((ingest.failures, ingest.silences, ingest.failures_in_row), (1, 1, 1), "{ingest:?}");
    assert!(ingest.recent_failures[0].why.contains("no progress"), "{ingest:?}");
    assert!(ingest.lives.count == 1 && ingest.lives.last_ms >= 1_500, "{ingest:?}");
    let web = await_state(dir.path(), live::Role::Web, |state| state.done_per_second > 0);
    assert_eq!((web.starts, web.failures), (1, 0), "{web:?}");
    assert!(web.ready_ms.is_some() && web.queue.fill.percent() == 70 && web.heartbeat_ms < Some(1_500), "{web:?}");
    running.stop().expect("an ordered stop");
}

#[test]
fn a_frozen_role_is_found_and_one_in_back_off_stops_with_the_rest() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let running = start_with(dir.path(), QUICK, vec![role(dir.path(), "ingest", 1, "ready,beat")]);
    let pid = await_state(dir.path(), live::Role::Ingest, |state| state.state == "ready").pid;
    let begin = clock();
    kill(Pid::from_raw(pid.try_into().expect("a pid")), Signal::SIGSTOP).expect("it runs");
    await_log(dir.path(), |_| starts(dir.path(), "ingest") == 2);
    let took = clock().duration_since(begin);
    assert!((Duration::from_secs(1)..Duration::from_secs(15)).contains(&took), "{took:?}");
    running.stop().expect("an ordered stop");
}

#[test]
fn a_role_that_never_gets_ready_is_started_again() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let times = Times { watchdog: Watchdog { start: Duration::from_secs(2), ..QUICK.watchdog }, ..QUICK };
    let running = start_with(dir.path(), times, vec![role(dir.path(), "ingest", 1, "once:mute,ready,beat")]);
    let ingest = await_state(dir.path(), live::Role::Ingest, |state| state.state == "ready" && state.starts == 2);
    assert!(ingest.recent_failures[0].why.contains("no progress"), "{ingest:?}");
    running.stop().expect("an ordered stop");
}

#[test]
fn three_failures_raise_an_alert_and_the_others_go_on() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let roles = vec![role(dir.path(), "ingest", 1, "ready,fail"), role(dir.path(), "web", 2, "ready,beat")];
    // A panic under load takes its time: it must not be taken for silence.
    let running = start_with(dir.path(), TIMES, roles);
    let alert = await_line(dir.path(), |line| line.alerts.first().cloned());
    assert_eq!((alert.role.as_str(), alert.kind.as_str()), ("ingest", "failing"));
    assert!(alert.text.contains("exit status: 101"), "{alert:?}");
    let ingest = await_state(dir.path(), live::Role::Ingest, |state| state.failures >= 3);
    assert!(ingest.recent_failures.len() >= 3 && ingest.failures_in_row >= 3, "{ingest:?}");
    await_state(dir.path(), live::Role::Web, |state| {
        state.state == "ready" && state.starts == 1 && state.failures == 0
    });
    running.stop().expect("an ordered stop");
}

#[test]
fn an_end_in_order_that_nobody_asked_for_is_a_restart_and_no_failure() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let running = start_with(dir.path(), QUICK, vec![role(dir.path(), "ingest", 1, "ready,once:end,beat")]);
    let ingest = await_state(dir.path(), live::Role::Ingest, |state| state.state == "ready" && state.starts == 2);
    assert_eq!((ingest.restarts_planned, ingest.failures), (1, 0), "{ingest:?}");
    running.stop().expect("an ordered stop");
}

#[test]
fn a_role_that_asks_for_it_is_stopped_in_order_and_started_again() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let running = start_with(dir.path(), QUICK, vec![role(dir.path(), "capture", 0, "ready,ask,beat")]);
    let capture = await_state(dir.path(), live::Role::Capture, |state| state.state == "ready" && state.starts == 2);
    assert_eq!((capture.restarts_planned, capture.failures), (1, 0), "{capture:?}");
    assert_eq!(log(dir.path())[..3], ["start capture", "stop capture", "start capture"]);
    // It asks again at once; that would be a loop.
    thread::sleep(Duration::from_millis(1_500));
    assert_eq!(starts(dir.path(), "capture"), 2);
    running.stop().expect("an ordered stop");
}

#[test]
fn an_overloaded_role_is_shown_and_is_ready_all_the_same() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let running = start_with(dir.path(), QUICK, vec![role(dir.path(), "capture", 0, "ready,overload")]);
    let alert = await_line(dir.path(), |line| line.alerts.first().cloned());
    assert_eq!((alert.kind.as_str(), alert.text.as_str()), ("overloaded", "capture cannot keep up: rings drop"));
    let capture = await_state(dir.path(), live::Role::Capture, |state| state.state == "overloaded");
    assert_eq!(capture.overloaded, "rings drop");
    assert!(http(dir.path(), "GET /healthz HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200"));
    let metrics = http(dir.path(), "GET /metrics HTTP/1.1\r\n\r\n");
    for part in
        ["floodmark_run_role{role=\"capture\",what=\"overloaded\"} 1", "floodmark_run_alerts{role=\"capture\"} 1"]
    {
        assert!(metrics.contains(part), "{part}: {metrics}");
    }
    running.stop().expect("an ordered stop");
}

fn http(dir: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(dir.join("run/run.sock")).expect("it is served");
    stream.write_all(request.as_bytes()).expect("a request is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn ask(dir: &Path, body: &str) -> String {
    http(dir, &format!("POST /control HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

#[test]
fn a_control_request_restarts_the_role_that_it_names_once() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let roles = vec![role(dir.path(), "ingest", 1, "ready,beat"), role(dir.path(), "web", 2, "ready,beat")];
    let running = start_with(dir.path(), QUICK, roles);
    await_state(dir.path(), live::Role::Ingest, |state| state.state == "ready");
    assert!(ask(dir.path(), r#"{"id":"a","action":"restart"}"#).starts_with("HTTP/1.1 400"));
    assert!(ask(dir.path(), r#"{"id":"a","action":"restart","role":"capture"}"#).starts_with("HTTP/1.1 400"));
    let body = r#"{"id":"a","action":"restart","role":"ingest"}"#;
    let first = ask(dir.path(), body);
    assert!(first.starts_with("HTTP/1.1 202") && first.contains("\"state\":\"accepted\""), "{first}");
    let ingest = await_state(dir.path(), live::Role::Ingest, |state| state.starts == 2 && state.state == "ready");
    assert_eq!((ingest.restarts_planned, ingest.failures), (1, 0), "{ingest:?}");
    assert!(ask(dir.path(), body).starts_with("HTTP/1.1 200"));
    thread::sleep(Duration::from_millis(300));
    assert_eq!((starts(dir.path(), "ingest"), starts(dir.path(), "web")), (2, 1));
    running.stop().expect("an ordered stop");
}

#[test]
fn a_stop_during_a_planned_restart_starts_nothing() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let running = start_with(dir.path(), QUICK, vec![role(dir.path(), "ingest", 1, "ready,beat,late")]);
    await_state(dir.path(), live::Role::Ingest, |state| state.state == "ready");
    assert!(ask(dir.path(), r#"{"id":"a","action":"restart","role":"ingest"}"#).starts_with("HTTP/1.1 202"));
    thread::sleep(Duration::from_millis(150));
    running.stop().expect("an ordered stop");
    assert_eq!(log(dir.path()), ["start ingest", "stop ingest"]);
}

#[test]
fn a_heartbeat_of_somebody_else_does_not_count() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let running = start_with(dir.path(), QUICK, vec![role(dir.path(), "ingest", 1, "mute")]);
    await_log(dir.path(), |lines| lines.len() == 1);
    let inbox = dir.path().join("run/beats.sock");
    Heartbeat::to(inbox.as_os_str(), None).expect("the supervisor listens").ready();
    thread::sleep(Duration::from_millis(1_500));
    let ingest = await_state(dir.path(), live::Role::Ingest, |_| true);
    assert_eq!((ingest.state.as_str(), ingest.ready_ms), ("starting", None));
    assert!(http(dir.path(), "GET /healthz HTTP/1.1\r\n\r\n").contains("ingest is starting"));
    running.stop().expect("an ordered stop");
}

#[test]
fn two_supervisors_do_not_share_a_folder() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let running = start_with(dir.path(), QUICK, vec![role(dir.path(), "ingest", 1, "ready,beat")]);
    let run_dir = dir.path().join("run");
    let second = super::super::Supervisor::new(Vec::new(), String::new(), QUICK, &run_dir, "node", super::now());
    let error = second.err().expect("refused").to_string();
    assert!(error.contains("served by a running floodmark run"), "{error}");
    running.stop().expect("an ordered stop");
    assert!(!run_dir.join("run.sock").exists() && !run_dir.join("beats.sock").exists());
}
