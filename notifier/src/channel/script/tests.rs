//! Programs of all kinds behind a real socket: what they get, and that none of them holds or breaks the runner.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use live::incident::{Attack, Incident};

use super::config::{Script, Style};
use super::{Channel, SOCKET, runner};
use crate::channel::{Message, SendError};
use crate::notice::{Notice, NoticeKind};

/// A folder with a socket, and a runner that serves `times` connections.
fn serve(dir: &Path, scripts: Vec<Script>, times: usize) -> thread::JoinHandle<()> {
    let listener = UnixListener::bind(dir.join(SOCKET)).expect("a free name");
    let dir = dir.to_path_buf();
    thread::spawn(move || {
        for _ in 0..times {
            let (stream, _) = listener.accept().expect("a connection");
            runner::serve(&scripts, &dir, 1_000_000, &stream, &stream).expect("an answer");
        }
    })
}

fn program(dir: &Path, text: &str) -> PathBuf {
    let path = dir.join("program");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
    path
}

fn script(program: PathBuf) -> Script {
    Script { name: "s".to_owned(), program, style: Style::Fastnetmon, ..Script::default() }
}

fn message(kind: NoticeKind, target: &str) -> Message {
    let attack = Attack {
        kind: "syn_flood".to_owned(),
        target: target.to_owned(),
        direction: "in".to_owned(),
        packets_per_second_peak: 1_000_000,
        ..Attack::default()
    };
    let incident = Incident { rule: "host".to_owned(), attack: Some(Box::new(attack)), ..Incident::default() };
    let notice = Notice { kind, incidents: vec![incident], ..Notice::default() };
    Message { id: "m1".to_owned(), notice, ..Message::default() }
}

fn deliver(dir: &Path, script: &Script, message: &Message) -> Result<crate::channel::Receipt, SendError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(Channel::new(script, dir).deliver(message))
}

#[test]
fn a_script_of_fastnetmon_gets_its_arguments_and_an_empty_environment() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let out = dir.path().join("out");
    let text = format!("{{ echo \"$@\"; env | grep -v -e PWD -e SHLVL -e _= ; cat; }} > {}\necho fine", out.display());
    let script = script(program(dir.path(), &text));
    let runner = serve(dir.path(), vec![script.clone()], 1);
    let receipt = deliver(dir.path(), &script, &message(NoticeKind::Alert, "203.0.113.7")).expect("it ran");
    runner.join().expect("served");
    assert_eq!(receipt.answer, "fine");
    let got = fs::read_to_string(&out).expect("it wrote");
    assert!(got.starts_with("203.0.113.7 incoming 1000000 ban\n"), "{got}");
    assert!(got.contains("Attack direction: in") && !got.contains("HOME") && !got.contains("CARGO"), "{got}");
}

#[test]
fn the_never_list_the_cap_and_what_is_no_attack_are_held() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let out = dir.path().join("out");
    let mut script = script(program(dir.path(), &format!("echo \"$@\" >> {}", out.display())));
    script.never = vec!["192.0.2.0/24".parse().expect("a prefix"), "2001:db8::1/128".parse().expect("a prefix")];
    script.per_hour = 1;
    let runner = serve(dir.path(), vec![script.clone()], 8);
    let run = |kind, target: &str| deliver(dir.path(), &script, &message(kind, target));
    for never in ["192.0.2.9", "::ffff:192.0.2.9", "192.0.0.0/16", "2001:db8::/32"] {
        assert!(
            matches!(run(NoticeKind::Alert, never), Err(SendError::Refused(told)) if told.contains("never")),
            "{never}"
        );
    }
    run(NoticeKind::Alert, "203.0.113.7").expect("the first");
    assert!(matches!(run(NoticeKind::Alert, "203.0.113.8"), Err(SendError::Passing(told)) if told.contains("used up")));
    run(NoticeKind::Resolved, "203.0.113.7").expect("taking back is not counted");
    assert!(run(NoticeKind::Reminder, "203.0.113.7").expect("skipped").answer.contains("begin"));
    runner.join().expect("served");
    let mut load = message(NoticeKind::Alert, "203.0.113.7");
    load.notice.incidents[0].attack = None;
    // Not even asked for: the socket is closed by now.
    assert!(deliver(dir.path(), &script, &load).expect("not run").answer.contains("no attack"));
    let ran = fs::read_to_string(&out).expect("it ran twice");
    assert_eq!(ran.lines().count(), 2, "{ran}");
}

#[test]
fn programs_that_hang_print_without_end_or_do_not_read_are_harmless() {
    let check = |text: &str, style: Style, expect: fn(&Result<crate::channel::Receipt, SendError>) -> bool| {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let mut script = script(program(dir.path(), text));
        (script.style, script.time_limit) = (style, Duration::from_secs(1));
        let runner = serve(dir.path(), vec![script.clone()], 1);
        let mut message = message(NoticeKind::Alert, "203.0.113.7");
        message.notice.page_url = "x".repeat(200_000);
        let begin = tokio::time::Instant::now();
        let outcome = deliver(dir.path(), &script, &message);
        runner.join().expect("served");
        assert!(expect(&outcome), "{text}: {outcome:?}");
        assert!(begin.elapsed() < Duration::from_secs(5), "{text}: {:?}", begin.elapsed());
    };
    // More on stdin than a pipe holds, and nobody reads it.
    check("exit 0", Style::Plain, Result::is_ok);
    check("exec <&-; echo ok", Style::Plain, Result::is_ok);
    check(
        "sleep 100",
        Style::Fastnetmon,
        |outcome| matches!(outcome, Err(SendError::Passing(told)) if told.contains("ended after")),
    );
    check("sleep 100 & exit 0", Style::Fastnetmon, Result::is_ok);
    check("yes", Style::Fastnetmon, |outcome| matches!(outcome, Err(SendError::Passing(_))));
    check(
        "echo no >&2; exit 3",
        Style::Fastnetmon,
        |outcome| matches!(outcome, Err(SendError::Passing(told)) if told.contains('3') && told.contains("no")),
    );
}

#[test]
fn names_from_outside_never_become_options() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let out = dir.path().join("out");
    let mut script =
        script(program(dir.path(), &format!("for a in \"$@\"; do echo \"[$a]\"; done > {}", out.display())));
    (script.style, script.only_attacks) = (Style::Plain, false);
    script.arguments = vec!["--own".to_owned()];
    let runner = serve(dir.path(), vec![script.clone()], 1);
    let mut message = message(NoticeKind::Alert, "x");
    let incident = &mut message.notice.incidents[0];
    incident.attack = None;
    incident.rule = "--help; rm -rf $(pwd) `x`".to_owned();
    incident.subject.name = "a\nb\0c".to_owned();
    incident.value = -3.5;
    deliver(dir.path(), &script, &message).expect("it ran");
    runner.join().expect("served");
    let got = fs::read_to_string(&out).expect("it wrote");
    assert_eq!(got, "[--own]\n[alert]\n[warning]\n[_--help; rm -rf $(pwd) `x`]\n[node]\n[a b c]\n[-3.5]\n[0]\n");
}

#[test]
fn a_program_that_others_can_change_is_not_run() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let path = program(dir.path(), "exit 0");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o757)).expect("its mode");
    let script = script(path);
    let runner = serve(dir.path(), vec![script.clone()], 2);
    let outcome = deliver(dir.path(), &script, &message(NoticeKind::Alert, "203.0.113.7"));
    assert!(matches!(&outcome, Err(SendError::Broken(told)) if told.contains("chmod")), "{outcome:?}");
    let other = Script { name: "unknown".to_owned(), ..script.clone() };
    let outcome = deliver(dir.path(), &other, &message(NoticeKind::Alert, "203.0.113.7"));
    assert!(matches!(&outcome, Err(SendError::Broken(told)) if told.contains("no [[notifier.script]]")), "{outcome:?}");
    runner.join().expect("served");
    let gone = deliver(Path::new("/nowhere"), &script, &message(NoticeKind::Alert, "203.0.113.7"));
    assert!(matches!(&gone, Err(SendError::Passing(told)) if told.contains("floodmark-script.socket")), "{gone:?}");
}
