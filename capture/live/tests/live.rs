//! The live socket as its peers see it.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests measure time and fail by panicking")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use live::{Line, LiveError, PlainLine, Publisher, Role, Subscriber};

fn publish(publisher: &mut Publisher, time_ns: u64) {
    let envelope = publisher.envelope(time_ns);
    publisher.publish(&PlainLine { envelope }, Ok(()));
}

fn http(dir: &std::path::Path, request: &str) -> String {
    let mut stream = UnixStream::connect(dir.join("web.sock")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn subscriber_gets_the_newest_line_at_once_and_each_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut publisher = Publisher::bind(dir.path(), Role::Web, "n".into(), 7, String::new).unwrap();
    publish(&mut publisher, 1);
    publish(&mut publisher, 2);
    let mut subscriber = Subscriber::connect(dir.path(), Role::Web, Duration::from_secs(5)).unwrap();
    let mut time = || match subscriber.receive().unwrap() {
        Line::Plain(line) => (line.envelope.epoch, line.envelope.seq, line.envelope.time_ns),
        other => panic!("{other:?}"),
    };
    assert_eq!(time(), (7, 2, 2));
    publish(&mut publisher, 3);
    assert_eq!(time(), (7, 3, 3));
}

#[test]
fn metrics_and_health_are_served_over_http() {
    let dir = tempfile::tempdir().unwrap();
    let publisher = Publisher::bind(dir.path(), Role::Web, "n".into(), 1, || "a_metric 5\n".into()).unwrap();
    let metrics = http(dir.path(), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(metrics.contains("a_metric 5\n") && metrics.contains("\nfloodmark_process_total{"), "{metrics}");
    assert!(http(dir.path(), "GET /healthz HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200"));
    publisher.publish(&"line", Err("interface eth0 is blind".into()));
    let sick = http(dir.path(), "GET /healthz HTTP/1.1\r\n\r\n");
    assert!(sick.starts_with("HTTP/1.1 503") && sick.contains("eth0 is blind"), "{sick}");
    assert!(http(dir.path(), "POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
    assert!(http(dir.path(), "GET /other HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
    assert!(http(dir.path(), "\u{1}\u{2}\r\n\r\n").starts_with("HTTP/1.1 400"));
    let huge = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(20_000));
    let mut stream = UnixStream::connect(dir.path().join("web.sock")).unwrap();
    let _ = stream.write_all(huge.as_bytes());
}

#[test]
fn silent_and_slow_peers_do_not_hold_the_role() {
    let dir = tempfile::tempdir().unwrap();
    let mut publisher = Publisher::bind(dir.path(), Role::Web, "n".into(), 1, String::new).unwrap();
    let idle: Vec<_> = (0..100).map(|_| UnixStream::connect(dir.path().join("web.sock")).unwrap()).collect();
    let begin = Instant::now();
    for time in 0..2000 {
        publish(&mut publisher, time);
    }
    assert!(begin.elapsed() < Duration::from_secs(2), "publishing waits for nobody");
    drop(idle);
    drop(publisher);
    assert!(!dir.path().join("web.sock").exists());
}

#[test]
fn a_second_publisher_is_refused_and_a_stale_socket_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let first = Publisher::bind(dir.path(), Role::Web, "n".into(), 1, String::new).unwrap();
    let second = Publisher::bind(dir.path(), Role::Web, "n".into(), 1, String::new).err().unwrap();
    assert!(matches!(second, LiveError::InUse { .. }), "{second}");
    drop(first);
    drop(std::os::unix::net::UnixListener::bind(dir.path().join("web.sock")).unwrap());
    Publisher::bind(dir.path(), Role::Web, "n".into(), 1, String::new).unwrap();
    let long = dir.path().join("d".repeat(120));
    let error = Publisher::bind(&long, Role::Web, "n".into(), 1, String::new).err().unwrap().to_string();
    assert!(error.contains("node.run_dir"), "{error}");
}

fn post(dir: &std::path::Path, body: &str) -> String {
    http(dir, &format!("POST /control HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

#[test]
fn a_restart_is_obeyed_once_for_each_id() {
    let dir = tempfile::tempdir().unwrap();
    let publisher = Publisher::bind(dir.path(), Role::Web, "n".into(), 1, String::new).unwrap();
    let early = post(dir.path(), r#"{"id":"early","action":"restart"}"#);
    assert!(early.starts_with("HTTP/1.1 503"), "{early}");
    let stop = Arc::new(AtomicBool::new(false));
    publisher.restart_by(&stop);
    for (body, status) in [
        ("", "400"),
        (r#"{"id":"a","action":"dance"}"#, "400"),
        (r#"{"id":"a","action":"restart","role":"ingest"}"#, "400"),
        (&" ".repeat(5000), "413"),
    ] {
        let answer = post(dir.path(), body);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{body}: {answer}");
    }
    assert!(http(dir.path(), "POST /control HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 411"));
    assert!(!stop.load(Ordering::Acquire), "nothing was executed yet");
    let first = post(dir.path(), r#"{"id":"a","action":"restart"}"#);
    assert!(first.starts_with("HTTP/1.1 202"), "{first}");
    assert!(first.ends_with("{\"id\":\"a\",\"action\":\"restart\",\"state\":\"stopping\"}\n"), "{first}");
    assert!(stop.swap(false, Ordering::AcqRel));
    let second = post(dir.path(), r#"{"id":"a","action":"restart"}"#);
    assert!(second.starts_with("HTTP/1.1 200") && second.contains("\"id\":\"a\""), "{second}");
    assert!(!stop.load(Ordering::Acquire), "the same id is not executed again");
}

#[test]
fn another_user_may_not_ask() {
    // Only root can become somebody else to try it.
    let has = |tool: &str| std::process::Command::new(tool).arg("--version").output().is_ok();
    if !nix::unistd::geteuid().is_root() || !has("setpriv") || !has("curl") {
        eprintln!("skipped: this needs root, setpriv and curl");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let publisher = Publisher::bind(dir.path(), Role::Web, "n".into(), 1, String::new).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    publisher.restart_by(&stop);
    for path in [dir.path().to_path_buf(), dir.path().join("web.sock")] {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    }
    let body = r#"{"id":"a","action":"restart"}"#;
    let ask = format!("curl -s -o /dev/null -w '%{{http_code}}' --unix-socket web.sock -d '{body}' http://x/control");
    let run = |user: &str| {
        let command = format!("exec setpriv --reuid={user} --clear-groups sh -c \"$1\"");
        let output = std::process::Command::new("sh").args(["-c", &command, "sh", &ask]).current_dir(&dir).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert_eq!(run("65534"), "403");
    assert!(!stop.load(Ordering::Acquire));
    assert_eq!(run("0"), "202");
    assert!(stop.load(Ordering::Acquire));
}
