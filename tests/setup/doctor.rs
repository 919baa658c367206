//! What is wrong when a service starts: the doctor says which, for the operator and for the page.

use std::fs;
use std::net::TcpListener;
use std::process::Stdio;

use crate::desk::{Desk, network};
use crate::namespace::in_namespace;

/// Findings about a configuration: as the operator sees them, and as the page shows them.
fn findings(desk: &Desk, config: &str) -> (String, String) {
    let data = desk.dir().join("data");
    let head = format!("[node]\ndata_dir = \"{}\"\n", data.display());
    fs::write(desk.file(), head + config).unwrap();
    let shown = desk.run(&["doctor", "--json"], "").text;
    let document = desk.run(&["config", "print"], "").text;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_floodmark"));
    command.args(["doctor", "--json", "--for-page"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    use std::io::Write;
    write!(child.stdin.take().unwrap(), "{document}\n# end\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    (shown, String::from_utf8(output.stdout).unwrap())
}

fn assert_told(text: &str, level: &str, parts: &[&str]) {
    let line = text
        .lines()
        .find(|line| line.contains(&format!("\"level\":\"{level}\"")) && parts.iter().all(|part| line.contains(part)));
    let line = line.unwrap_or_else(|| panic!("no {level} with {parts:?} in:\n{text}"));
    assert!(!line.contains("\"remedy\":\"\""), "no remedy: {line}");
}

#[test]
fn each_fault_of_a_start_is_told_to_the_operator_and_on_the_page() {
    in_namespace("doctor::each_fault_of_a_start_is_told_to_the_operator_and_on_the_page", || {
        network();
        let desk = Desk::new();
        let check = |config: &str, level: &str, parts: &[&str]| {
            let (shown, on_page) = findings(&desk, config);
            assert_told(&shown, level, parts);
            assert_told(&on_page, level, parts);
        };
        // An interface that vanished between setup and start.
        check("[capture]\ninterfaces = [\"gone0\"]\n", "fail", &["interface gone0", "does not exist"]);
        // No name server in this namespace, and no mail server.
        let mail = "[notifier.email]\nfrom = \"f@example.org\"\nsecurity = \"off\"\n";
        check(
            &format!("{mail}allow_plain = true\nserver = \"mail.example\"\n"),
            "fail",
            &["name mail.example", "notifier.email.server"],
        );
        check(&format!("{mail}server = \"127.0.0.1\"\nport = 1\n"), "fail", &["mail server", "127.0.0.1:1"]);
        check("[store]\nurl = \"mysql://u@db.example/x\"\n", "fail", &["name db.example", "store.url"]);
        check("[store]\nurl = \"mysql://u@127.0.0.1:1/x\"\n", "fail", &["database", "127.0.0.1:1"]);
        // Half-configured.
        check("", "warn", &["receivers", "nobody is told"]);
        check(
            "[[notifier.receiver]]\nname = \"ann\"\nmail = \"a@example.org\"\n",
            "fail",
            &["receiver ann", "no channel"],
        );
        check(&format!("{mail}server = \"127.0.0.1\"\n"), "warn", &["channel email", "no receiver"]);
        // /var is full.
        check("[ingest.retention]\ndisk_free_min = \"8000000GiB\"\n", "fail", &["disk"]);
        // What depends on who asks is for the operator alone.
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let (shown, on_page) = findings(&desk, &format!("[web]\nlisten = \"{}\"\n", taken.local_addr().unwrap()));
        assert_told(&shown, "fail", &["page", "another program has"]);
        assert!(!on_page.contains("\"subject\":\"page\"") && !on_page.contains("CAP_NET_RAW"), "{on_page}");
        let secret = format!("{mail}server = \"127.0.0.1\"\nuser = \"u\"\npassword_file = \"/nowhere/p\"\n");
        assert_told(&findings(&desk, &secret).0, "fail", &["channel email", "/nowhere/p"]);
    });
}
