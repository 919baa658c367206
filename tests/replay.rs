//! `floodmark replay` from a file to the store and back: nothing is lost, nothing lands twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// UDP packets between 192.0.2.1:1000 and 192.0.2.2:53, the first from .1, one a second, in a classic capture file.
fn capture_file(dir: &Path, name: &str, packets: u32) -> PathBuf {
    // Magic (microseconds), version 2.4, zone, accuracy, snaplen, Ethernet.
    let mut file: Vec<u8> =
        [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 65_535, 1].iter().flat_map(|n| n.to_le_bytes()).collect();
    for number in 0..packets {
        let (from, to) = if number % 2 == 0 { (1, 2) } else { (2, 1) };
        let port = |host: u8| if host == 1 { 1_000u16 } else { 53 };
        let mut frame = vec![2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 0x08, 0x00];
        frame.extend([0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, from, 192, 0, 2, to]);
        frame.extend([port(from).to_be_bytes(), port(to).to_be_bytes(), 12u16.to_be_bytes(), [0, 0]].concat());
        frame.extend(b"abcd");
        let length = frame.len() as u32;
        file.extend([1_700_000_000 + number, 0, length, length].iter().flat_map(|n| n.to_le_bytes()));
        file.extend(frame);
    }
    let path = dir.join(name);
    fs::write(&path, file).expect("a scratch file");
    path
}

fn floodmark(dir: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_floodmark"));
    command.args(arguments).current_dir(dir).stdin(Stdio::null()).output().expect("the program starts")
}

/// Standard output as one JSON object a line.
fn objects(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

#[test]
fn what_is_replayed_is_in_the_store() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    capture_file(dir.path(), "a.pcap", 10);
    let reports = objects(&floodmark(&dir, &["replay", "a.pcap", "--json"]));
    assert_eq!(reports.len(), 1);
    for (name, value) in
        [("records", 10), ("parsed", 10), ("non_ip", 0), ("flows", 1), ("flow_records", 1), ("workers", 1)]
    {
        assert_eq!(reports[0][name], value, "{name}: {}", reports[0]);
    }
    let flows = objects(&floodmark(&dir, &["flows", "--since", "100years", "--json"]));
    assert_eq!(flows.len(), 1, "{flows:?}");
    for (name, value) in
        [("packets_fwd", 5), ("packets_rev", 5), ("bytes_fwd", 5 * 46), ("src_port", 1_000), ("ts", 1_700_000_009)]
    {
        assert_eq!(flows[0][name], value, "{name}: {}", flows[0]);
    }
    assert_eq!((&flows[0]["src_ip"], &flows[0]["interface"]), (&"192.0.2.1".into(), &"a.pcap".into()));
    let other = floodmark(&dir, &["flows", "--since", "100years", "--json", "--host", "192.0.2.3"]);
    assert!(objects(&other).is_empty(), "no other host");
}

#[test]
fn each_replay_lands_once() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    capture_file(dir.path(), "a.pcap", 4);
    capture_file(dir.path(), "b.pcap", 6);
    for _ in 0..2 {
        assert_eq!(objects(&floodmark(&dir, &["replay", "a.pcap", "b.pcap", "--json", "--workers", "2"])).len(), 2);
    }
    let flows = objects(&floodmark(&dir, &["flows", "--since", "100years", "--json"]));
    let packets = |name: &str| flows.iter().filter_map(|flow| flow[name].as_u64()).sum::<u64>();
    assert_eq!((flows.len(), packets("packets_fwd") + packets("packets_rev")), (4, 20));
}

#[test]
fn a_dry_run_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    capture_file(dir.path(), "a.pcap", 3);
    let output = floodmark(&dir, &["replay", "a.pcap", "--dry-run", "--flows", "-"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    let expect = "1700000000000000000,1700000002000000000,17,192.0.2.1,1000,192.0.2.2,53,0,2,92,1,46,0,0,shutdown";
    assert_eq!(text.lines().nth(1), Some(expect), "{text}");
    assert_eq!(text.lines().count(), 2, "the report gives way to the flows: {text}");
    let left: Vec<_> = fs::read_dir(&dir).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["a.pcap"]);
}

#[test]
fn a_time_out_cuts_a_flow_into_rows() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    capture_file(dir.path(), "a.pcap", 10);
    let rows = |arguments: &[&str]| {
        let arguments = [&["replay", "a.pcap", "--dry-run", "--json"], arguments].concat();
        objects(&floodmark(&dir, &arguments))[0]["flow_records"].as_u64()
    };
    assert_eq!(rows(&["--flow-idle-timeout", "0", "--flow-active-timeout", "0"]), Some(1));
    assert!(rows(&["--flow-active-timeout", "3"]) > Some(2));
    assert_eq!(rows(&["--flow-idle-timeout", "0.5", "--flow-active-timeout", "0"]), Some(10));
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_the_next_is_read() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    capture_file(dir.path(), "a.pcap", 3);
    fs::write(dir.path().join("bad.pcap"), "not a capture").expect("a scratch file");
    let output = floodmark(&dir, &["replay", "bad.pcap", "a.pcap", "--dry-run", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"file\":\"a.pcap\""));
    assert!(String::from_utf8_lossy(&output.stderr).contains("bad.pcap"));
}

#[test]
fn flows_that_do_not_fit_on_the_disk_are_a_failure() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    capture_file(dir.path(), "a.pcap", 3);
    let output = floodmark(&dir, &["replay", "a.pcap", "--dry-run", "--flows", "/dev/full"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/dev/full"));
}

#[test]
fn two_outputs_do_not_share_stdout() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    capture_file(dir.path(), "a.pcap", 3);
    let output = floodmark(&dir, &["replay", "a.pcap", "--dry-run", "--flows", "-", "--json"]);
    assert_eq!(output.status.code(), Some(2));
}
