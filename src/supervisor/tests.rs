//! The supervisor with shell scripts as roles, which say nothing; those that speak are in `progress`.

mod progress;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Now, Pace, Role, Supervisor, Times, Watchdog};
use crate::exit::{Exit, Outcome};

/// What each script begins with: take the configuration, then say that it runs.
const TAKE: &str = "while read -r line && [ \"$line\" != '# end' ]; do echo \"$line\" >>\"$0.conf\"; done; \
                    echo \"start $(basename \"$0\")\" >>\"$(dirname \"$0\")/log\"; ";

/// Wait for the pipe to close, say so, end well.
const SERVE: &str = "cat >/dev/null; echo \"stop $(basename \"$0\")\" >>\"$(dirname \"$0\")/log\"";

const TIMES: Times = Times {
    pace: Pace {
        first: Duration::from_millis(40),
        longest: Duration::from_millis(300),
        longest_of_working: Duration::from_millis(300),
        steady: Duration::from_secs(60),
    },
    watchdog: Watchdog { silence: Duration::from_secs(60), start: Duration::from_secs(60) },
};

#[expect(clippy::disallowed_methods, reason = "the tests play the role of the run command, which reads the clock")]
fn clock() -> Instant {
    Instant::now()
}

fn now() -> Now {
    Now { instant: clock(), wall_ns: 1_700_000_000_000_000_000 }
}

/// A role whose script is `TAKE` and then `body`; `$0` is a path in `dir` named like the role.
fn role(dir: &Path, name: &'static str, stop_order: u8, body: &str) -> Role {
    let arguments = ["-c".into(), format!("{TAKE}{body}").into(), dir.join(name).into()].to_vec();
    let patience = Duration::from_secs(10);
    Role { name, program: "/bin/sh".into(), arguments, stop_order, patience, essential: false }
}

struct Running {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Outcome>,
}

fn start(dir: &Path, roles: Vec<Role>) -> Running {
    start_with(dir, TIMES, roles)
}

fn start_with(dir: &Path, times: Times, roles: Vec<Role>) -> Running {
    let stop = Arc::new(AtomicBool::new(false));
    let supervisor = Supervisor::new(roles, "[log]\n".to_owned(), times, &dir.join("run"), "node", now());
    let supervisor = supervisor.expect("a fresh folder");
    let flag = Arc::clone(&stop);
    Running { stop, thread: thread::spawn(move || supervisor.run(&flag, now)) }
}

impl Running {
    fn stop(self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the supervisor does not panic")
    }
}

fn log(dir: &Path) -> Vec<String> {
    fs::read_to_string(dir.join("log")).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// Waits, at most 20 s, until the log satisfies `wanted`.
fn await_log(dir: &Path, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
    let begin = clock();
    loop {
        let lines = log(dir);
        if wanted(&lines) {
            return lines;
        }
        assert!(clock().duration_since(begin) < Duration::from_secs(20), "the log stayed {lines:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn roles_get_the_configuration_and_stop_in_order() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let slow = format!("cat >/dev/null; sleep 0.3; {SERVE}");
    let running = start(
        dir.path(),
        vec![
            role(dir.path(), "capture", 0, &slow),
            role(dir.path(), "ingest", 1, &slow),
            role(dir.path(), "web", 2, SERVE),
        ],
    );
    await_log(dir.path(), |lines| lines.len() == 3);
    running.stop().expect("an ordered stop is no failure");
    assert_eq!(log(dir.path())[3..], ["stop capture", "stop ingest", "stop web"]);
    assert_eq!(fs::read_to_string(dir.path().join("web.conf")).expect("web took it"), "[log]\n\n");
}

#[test]
fn a_role_that_dies_is_started_again_and_the_others_stay() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let begin = clock();
    let running = start(dir.path(), vec![role(dir.path(), "ingest", 1, "exit 1"), role(dir.path(), "web", 2, SERVE)]);
    let lines = await_log(dir.path(), |lines| lines.iter().filter(|line| *line == "start ingest").count() == 4);
    // The first comes at once; waits of 40 and 80 ms lie between the others.
    assert!(clock().duration_since(begin) >= Duration::from_millis(120));
    assert_eq!(lines.iter().filter(|line| *line == "start web").count(), 1);
    running.stop().expect("a role in back-off does not spoil the stop");
}

#[test]
fn a_role_killed_by_a_signal_is_started_again() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let running = start(dir.path(), vec![role(dir.path(), "ingest", 1, "kill -9 $$")]);
    await_log(dir.path(), |lines| lines.len() >= 2);
    running.stop().expect("an ordered stop");
}

#[test]
fn bad_configuration_is_not_tried_again() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let running = start(
        dir.path(),
        vec![
            role(dir.path(), "notifier", 2, "exit 78"),
            role(dir.path(), "ingest", 1, "exit 1"),
            role(dir.path(), "web", 2, SERVE),
        ],
    );
    // Five starts of ingest take longer than any wait before a second start of notifier would.
    let lines = await_log(dir.path(), |lines| lines.iter().filter(|line| *line == "start ingest").count() == 5);
    assert_eq!(lines.iter().filter(|line| *line == "start notifier").count(), 1);
    running.stop().expect("the others went on");
}

#[test]
fn an_essential_role_that_cannot_begin_ends_all_with_its_code() {
    for (body, expect) in [("exit 77", Exit::MissingPrivilege), ("exit 78", Exit::BadConfiguration)] {
        let dir = tempfile::tempdir().expect("a scratch folder");
        // The essential role waits for the other, so that there is something to stop.
        let when_web_runs = format!("while ! grep -q web \"$(dirname \"$0\")/log\"; do sleep 0.01; done; {body}");
        let mut capture = role(dir.path(), "capture", 0, &when_web_runs);
        capture.essential = true;
        let running = start(dir.path(), vec![capture, role(dir.path(), "web", 2, SERVE)]);
        let failure = running.thread.join().expect("no panic").expect_err(body);
        assert_eq!(failure.exit, expect);
        assert!(log(dir.path()).contains(&"stop web".to_owned()), "the others were stopped in good order");
    }
}

#[test]
fn when_no_role_can_run_the_supervisor_ends() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let running = start(dir.path(), vec![role(dir.path(), "web", 2, "exit 78")]);
    let failure = running.thread.join().expect("no panic").expect_err("nothing is left");
    assert_eq!(failure.exit, Exit::BadConfiguration);
}

#[test]
fn a_role_that_does_not_stop_is_killed() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let mut deaf = role(dir.path(), "ingest", 1, "exec sleep 1000");
    deaf.patience = Duration::from_millis(200);
    let running = start(dir.path(), vec![deaf]);
    await_log(dir.path(), |lines| lines.len() == 1);
    let begin = clock();
    running.stop().expect("killing a deaf role is told in the log");
    let took = clock().duration_since(begin);
    assert!((Duration::from_millis(200)..Duration::from_secs(10)).contains(&took), "{took:?}");
}

#[test]
fn a_program_that_is_missing_is_tried_again() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let program = dir.path().join("later");
    let mut late = role(dir.path(), "web", 2, SERVE);
    late.program.clone_from(&program);
    let running = start(dir.path(), vec![late]);
    thread::sleep(Duration::from_millis(100));
    std::os::unix::fs::symlink("/bin/sh", &program).expect("a link");
    await_log(dir.path(), |lines| lines == ["start web"]);
    running.stop().expect("an ordered stop");
}
