//! Postfix's smtp-sink, which keeps each mail in a file.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{config, deliver, email, message};
use crate::channel::Message;

/// Ends it with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop((self.0.kill(), self.0.wait()));
    }
}

/// Waits until somebody listens.
pub(super) fn wait(port: u16) {
    let mut tries = 0..500;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(tries.next().is_some(), "a server listens on port {port}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

/// smtp-sink, with the mails in `dir`.
fn sink(dir: &Path) -> (Running, u16) {
    let port = free_port();
    let mut command = Command::new("smtp-sink");
    // It wants to know as whom to run if it is root.
    let me =
        nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten().map_or("root".to_owned(), |user| user.name);
    if nix::unistd::getuid().is_root() {
        command.args(["-u", &me]);
    }
    let path = format!("{}:/usr/sbin:/sbin", path_variable());
    command.env("PATH", path).current_dir(dir).args(["-d", "mail.", &format!("127.0.0.1:{port}"), "100"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn();
    let running = Running(child.expect("smtp-sink runs; install the package postfix (no server of it need run)"));
    wait(port);
    (running, port)
}

#[expect(clippy::disallowed_methods, reason = "a test finds programs of the system")]
pub(super) fn path_variable() -> String {
    std::env::var("PATH").unwrap_or_default()
}

/// The mails in `dir`, without the lines that smtp-sink puts before them.
fn mails(dir: &Path) -> Vec<String> {
    let files = fs::read_dir(dir).expect("a folder").map(|file| file.expect("a file").path());
    files.map(|path| fs::read_to_string(path).expect("a mail")).filter(|text| text.contains("Message-ID")).collect()
}

#[test]
fn a_real_server_has_the_mail_as_it_was_sent() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let (_sink, port) = sink(dir.path());
    let email = email(&config(port));
    let (first, _) = deliver(&email, &message());
    first.expect("accepted");
    let mut mail = mails(dir.path());
    assert_eq!(mail.len(), 1);
    let mail = mail.remove(0).replace("\r\n", "\n");
    let sent = email.compose(&message(), &"admin@example.org".parse().expect("an address")).expect("a mail");
    let sent = String::from_utf8(sent).expect("ASCII").replace("\r\n", "\n");
    assert!(mail.trim_end().ends_with(sent.trim_end()), "{mail}");
    assert!(
        mail.contains("X-Rcpt-Args: <admin@example.org>") && mail.contains("X-Mail-Args: <floodmark@example.org>"),
        "{mail}"
    );
    for header in [
        "Message-ID: <0123-1@example.org>",
        "In-Reply-To: <thread.0123@example.org>",
        "References: <thread.0123@example.org>",
        "Auto-Submitted: auto-generated",
        "List-Id: <floodmark.web1.example.org>",
        "Date: Wed, 19 Aug 2026 02:35:00 +0000",
    ] {
        assert!(mail.contains(&format!("\n{header}\n")), "{header}: {mail}");
    }
    assert!(!mail.contains("\nBcc:"));
    // A repeat is the same to the byte.
    let (again, _) = deliver(&email, &Message { attempt: 2, ..message() });
    again.expect("accepted");
    let bodies: Vec<_> =
        mails(dir.path()).into_iter().map(|mail| mail.split_once("\nFrom:").expect("a mail").1.to_owned()).collect();
    assert_eq!((bodies.len(), &bodies[0]), (2, &bodies[1]));
}

/// 99 % of the mails are with the server within 5 s; in truth within a few milliseconds.
#[test]
fn two_hundred_mails_are_handed_over_quickly() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let (_sink, port) = sink(dir.path());
    let email = email(&config(port));
    let mut times: Vec<_> = (0..200)
        .map(|number| {
            let mut message = Message { id: format!("m{number}"), ..message() };
            message.notice.chart = super::examples::notice(crate::notice::NoticeKind::Alert, Default::default()).chart;
            let (outcome, took) = deliver(&email, &message);
            outcome.expect("accepted");
            took
        })
        .collect();
    times.sort();
    let (median, p99) = (times[99], times[197]);
    let mut out = std::io::stdout();
    writeln!(out, "200 mails with a chart to smtp-sink: median {median:?}, p99 {p99:?}").expect("stdout");
    assert_eq!(mails(dir.path()).len(), 200);
    assert!(p99 < Duration::from_secs(5), "{p99:?}");
}
