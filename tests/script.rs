//! The commands that stand beside notifier: the runner of scripts, and the short way for a unit that has failed.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use faults::recorder::Recorder;

/// A folder with a program and a configuration that names it.
fn prepare(more: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let program = dir.path().join("program");
    fs::write(&program, "#!/bin/sh\necho \"ran $*\"\n").expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("its mode");
    let (data, program) = (dir.path().join("data"), program.display());
    let text = format!(
        "[node]\ndata_dir = {data:?}\nrun_dir = {run:?}\n{more}\n[[notifier.script]]\nname = \"s\"\n\
         program = \"{program}\"\nstyle = \"fastnetmon\"\nnever = [\"192.0.2.0/24\"]\n",
        run = dir.path(),
    );
    let config = dir.path().join("floodmark.toml");
    fs::write(&config, text).expect("a file");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).expect("its mode");
    (dir, config)
}

fn request(target: &str) -> String {
    format!(
        "{{\"script\":\"s\",\"id\":\"m1\",\"details\":\"\",\"event\":{{\"kind\":\"alert\",\"subject\":\"{target}\",\
         \"is_attack\":true,\"direction\":\"in\",\"packets_per_second\":5}}}}\n"
    )
}

fn floodmark(dir: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_floodmark"));
    let command = command.args(arguments).current_dir(dir).env_remove("NOTIFY_SOCKET");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn serve_one(dir: &Path, config: &Path, request: &str) -> (Option<i32>, String, String) {
    let state = dir.join("caps");
    let arguments = ["script-runner", "--config", config.to_str().unwrap(), "--state-dir", state.to_str().unwrap()];
    let mut child = floodmark(dir, &arguments);
    let _ = child.stdin.take().unwrap().write_all(request.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_unit_runs_one_script_for_one_request() {
    let (dir, config) = prepare("");
    let (code, answer, log) = serve_one(dir.path(), &config, &request("203.0.113.7"));
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(answer, "{\"outcome\":\"done\",\"told\":\"ran 203.0.113.7 incoming 5 ban\"}\n");
    let (_, answer, _) = serve_one(dir.path(), &config, &request("192.0.2.1"));
    assert!(answer.contains("refused") && answer.contains("192.0.2.0/24"), "{answer}");
    // What a request is not: no program, no option, no end.
    for wrong in ["", "hello\n", "{\"script\":\"s\",\"program\":\"/bin/sh\"}\n", &"x".repeat(1 << 20)] {
        let (code, answer, _) = serve_one(dir.path(), &config, wrong);
        assert_eq!(code, Some(0));
        assert!(answer.contains("cannot be read"), "{answer}");
    }
}

#[test]
fn a_configuration_that_others_can_change_starts_nothing() {
    let (dir, config) = prepare("");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o646)).expect("its mode");
    let (code, answer, log) = serve_one(dir.path(), &config, &request("203.0.113.7"));
    assert_eq!((code, answer.as_str()), (Some(78), ""), "{log}");
    assert!(log.contains("written by others") && log.contains("chmod"), "{log}");
    let output = floodmark(dir.path(), &["run", "--config", config.to_str().unwrap()]).wait_with_output();
    assert_eq!(output.expect("it ends").status.code(), Some(78));
}

#[test]
fn a_child_of_run_listens_until_its_parent_stops_it() {
    let (dir, config) = prepare("");
    let mut child = floodmark(dir.path(), &["script-runner", "--config-from-stdin"]);
    let mut pipe = child.stdin.take().unwrap();
    let text = fs::read_to_string(&config).expect("it is ours");
    writeln!(pipe, "{text}\n# end").expect("it reads");
    let socket = dir.path().join("script.sock");
    let mut tries = 0..500;
    let mut stream = loop {
        match UnixStream::connect(&socket) {
            Ok(stream) => break stream,
            Err(error) => assert!(tries.next().is_some(), "it listens: {error}"),
        }
        thread::sleep(Duration::from_millis(20));
    };
    stream.write_all(request("203.0.113.7").as_bytes()).expect("it reads");
    let mut answer = String::new();
    BufReader::new(&stream).read_line(&mut answer).expect("an answer");
    assert!(answer.contains("ran 203.0.113.7 incoming 5 ban"), "{answer}");
    let mode = fs::metadata(&socket).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "nobody else may ask");
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!socket.exists(), "the socket is removed");
}

#[test]
fn a_unit_that_failed_is_told_without_notifier() {
    let mail = Recorder::smtp();
    let port = mail.address().port();
    let channels = format!(
        "[notifier.email]\nserver = \"127.0.0.1\"\nport = {port}\nsecurity = \"off\"\nfrom = \"f@example.org\"\n\
         [[notifier.receiver]]\nname = \"ann\"\nmail = \"ann@example.org\"\nchannels = [\"email\"]\n"
    );
    let (dir, config) = prepare(&channels);
    let tell = |config: &Path| {
        let arguments = ["notify", "failed", "--config", config.to_str().unwrap(), "floodmark-notifier.service"];
        let output = floodmark(dir.path(), &arguments).wait_with_output().expect("it ends");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, log) = tell(&config);
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(mail.taken().len(), 1);
    assert!(mail.taken()[0].text.contains("floodmark-notifier.service"), "{}", mail.taken()[0].text);
    let (other, alone) = prepare("");
    let (code, log) = tell(&alone);
    assert!(code == Some(1) && log.contains("nobody could be told"), "{log}");
    drop(other);
}
