//! The built program's exit codes and messages, as scripts and service units see them.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

fn floodmark(arguments: &[&str]) -> Output {
    // The data directory of the defaults lies in the working directory.
    let dir = tempfile::tempdir().expect("a scratch folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_floodmark"));
    command.args(arguments).current_dir(&dir).stdin(Stdio::null()).output().expect("the program starts")
}

fn check(arguments: &[&str], code: i32, told: &[&str]) -> String {
    let output = floodmark(arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    for part in told {
        assert!(text.contains(part), "{arguments:?}: {text}");
    }
    text
}

#[test]
fn wrong_usage_is_2() {
    check(&["frobnicate"], 2, &["frobnicate"]);
    check(&[], 2, &["Usage: floodmark"]);
    check(&["run", "--listen", "nowhere"], 2, &["--listen"]);
}

#[test]
fn help_and_version_are_0() {
    check(&["--help"], 0, &["run", "config", "doctor", "78 bad configuration"]);
    check(&["--version"], 0, &[env!("CARGO_PKG_VERSION")]);
}

#[test]
fn bad_configuration_is_78_for_every_command_that_reads_one() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let path = dir.path().join("floodmark.toml");
    fs::write(&path, "[capture]\nsnaplen = 1\n").expect("a scratch file");
    let file = path.to_str().expect("a UTF-8 path");
    for command in
        [&["run"] as &[&str], &["notifier"], &["web"], &["config", "check"], &["config", "print"], &["doctor"]]
    {
        let text = check(&[command, &["--config", file]].concat(), 78, &[file, "capture.snaplen = 1", "64 to 65535"]);
        assert_eq!(text.lines().count(), 1, "one clear message: {text}");
    }
    check(&["run", "--config", "/nowhere/f.toml"], 78, &["/nowhere/f.toml", "--config"]);
    check(&["config", "check", "--store", "postgres://h/d"], 78, &["store.url", "mysql://"]);
}

#[test]
fn what_is_wrong_with_warnings_is_told_with_its_place_and_remedy() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let path = dir.path().join("floodmark.toml");
    let refused = |text: &str, told: &[&str]| {
        fs::write(&path, text).expect("a scratch file");
        let file = path.to_str().expect("a UTF-8 path");
        let text = check(&["config", "check", "--config", file], 78, told);
        assert!(text.contains(file), "{text}");
    };
    let rule = |keys: &str| format!("[[notifier.rule]]\nname = \"mine\"\n{keys}\n");
    let key = "notifier.rule[mine]";
    refused(&rule("when = \"load1 >\""), &[key, ".when", "line 1, column 8"]);
    refused(&rule("when = \"lod1 > 8\""), &[key, ".when", "lod1", "column 1", "did you mean load1?"]);
    refused(&rule("when = \"load1 > 8\"\nclear = 9"), &[key, ".clear", "own limit 8"]);
    refused(&rule("when = \"load1 > 8\"\nsummary = \"{{ valeu }}\""), &[key, ".summary", "did you mean value?"]);
    refused(&rule("when = \"load1 > 8\"\nwenn = 1"), &["unknown field", "wenn", "line 4"]);
    let receiver = |keys: &str| format!("[[notifier.receiver]]\nname = \"anna\"\n{keys}\n");
    let phone = ["notifier.receiver[anna].phone", "89161234567", "+79161234567"];
    refused(&receiver("phone = \"89161234567\"\nmail = \"a@b.c\"\nchannels = [\"email\"]"), &phone);
    let sms = "[[notifier.sms]]\nname = \"gate\"\nurl = \"https://sms.example/?to={{to}}&text={{txet}}\"\n";
    refused(sms, &["notifier.sms[gate].url", "txet", "{{text}}"]);
    // More than one at once: all are told.
    let both = rule("when = \"lod1 > 8\"") + &receiver("phone = \"x\"\nchannels = [\"fax\"]");
    refused(&both, &[key, "did you mean load1?", "notifier.receiver[anna].phone", "fax"]);
}

#[test]
fn the_printed_default_is_a_valid_file() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let path = dir.path().join("floodmark.toml");
    fs::write(&path, floodmark(&["config", "default"]).stdout).expect("a scratch file");
    let file = path.to_str().expect("a UTF-8 path");
    check(&["config", "check", "--config", file], 0, &[file, "ok"]);
}

#[test]
fn print_masks_the_password() {
    let text = check(&["config", "print", "--store", "mysql://u:secret@h/d"], 0, &["mysql://u:***@h/d"]);
    assert!(!text.contains("secret"));
}

#[test]
fn a_port_in_use_is_1_with_its_remedy() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = holder.local_addr().expect("a bound socket").to_string();
    let dir = tempfile::tempdir().expect("a scratch folder");
    let path = dir.path().join("floodmark.toml");
    fs::write(&path, format!("[web]\nlisten = \"{address}\"\n")).expect("a scratch file");
    check(&["web", "--config", path.to_str().expect("a UTF-8 path")], 1, &[&address, "choose another"]);
}

#[test]
fn a_role_without_its_parent_is_told_what_the_flag_is_for() {
    check(&["web", "--config-from-stdin"], 1, &["# end", "floodmark run"]);
}

#[test]
fn what_reads_a_store_that_is_not_there_says_so() {
    check(&["flows"], 1, &["store migrate"]);
    check(&["top"], 1, &["store migrate"]);
    check(&["store", "grants"], 78, &["--store mysql://"]);
    check(&["store", "grants", "--store", "mysql://u@h/flood"], 0, &["GRANT INSERT ON `flood`.flows"]);
    check(&["store", "migrate"], 0, &["up to date"]);
}

#[test]
fn a_role_whose_parent_goes_away_stops_well() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let mut child = Command::new(env!("CARGO_BIN_EXE_floodmark"))
        .current_dir(&dir)
        .args(["notifier", "--config-from-stdin"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(b"[log]\nlevel = \"error\"\n# end\n").expect("the role reads");
    drop(pipe);
    assert_eq!(child.wait().expect("a child").code(), Some(0));
}

#[test]
fn alerts_without_a_notifier_are_those_of_its_state_and_a_test_says_that_it_does_not_run() {
    check(&["alerts"], 0, &["0 open incidents", "it does not run now"]);
    check(&["alerts", "--json"], 0, &[]);
    check(&["notify", "test", "email"], 1, &["notifier does not run", "floodmark run"]);
    check(&["notify", "test"], 2, &["CHANNEL"]);
}
