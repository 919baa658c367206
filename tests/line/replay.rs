//! `floodmark replay`: files of our own making, counted once for each time that they are replayed.

use std::fs::{self, File};
use std::path::PathBuf;

use capture::file::write::PcapWriter;
use serde_json::Value;

use crate::link::udp_frame;
use crate::machine::{Machine, assert_settled, sums};

const FRAMES: u64 = 5_000;
const SECOND_NS: u64 = 1_000_000_000;
const BEGIN_NS: u64 = 1_700_000_000 * SECOND_NS;

/// A file of 701 UDP flows in both directions, some ARP, some rubbish, over a hundred seconds.
fn capture_file(machine: &Machine) -> PathBuf {
    let path = machine.dir().join("some.pcap");
    let mut file = PcapWriter::new(File::create(&path).unwrap(), 1, 65_535).unwrap();
    for number in 0..FRAMES {
        let mut frame = udp_frame((number % 701) as u16, 60 + (number % 900) as usize);
        match number % 50 {
            7 => frame[12..14].copy_from_slice(&[8, 6]), // ARP
            8 => frame[14] = 0x43,                       // an IPv4 header of 12 bytes
            9..20 => {
                frame[26..34].rotate_left(4);
                frame[34..38].rotate_left(2);
            }
            _ => {}
        }
        file.write(BEGIN_NS + number * SECOND_NS / 50, frame.len() as u32, &frame).unwrap();
    }
    file.finish().unwrap();
    path
}

fn replay(machine: &Machine, more: &[&str]) -> Value {
    let path = capture_file(machine);
    let text = machine.told(&[&["replay", "--json", path.to_str().unwrap()], more].concat());
    let lines: Vec<&str> = text.lines().collect();
    let [line] = lines[..] else { panic!("{text}") };
    serde_json::from_str(line).unwrap()
}

fn number(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("{name} in {report}"))
}

#[test]
fn the_same_file_twice_is_counted_twice() {
    let machine = Machine::new("");
    let first = replay(&machine, &[]);
    let (parsed, all) = (number(&first, "parsed"), &["--since", "100years"]);
    let once = machine.flows(all);
    assert_eq!(once.len() as u64, number(&first, "flow_records"));
    let (packets, bytes) = sums(&once);
    assert_eq!(packets, parsed);
    assert_settled(&machine.ledger(), packets, bytes);
    let second = replay(&machine, &[]);
    assert_eq!(number(&second, "flows"), number(&first, "flows"));
    let twice = machine.flows(all);
    assert_eq!((twice.len(), sums(&twice)), (2 * once.len(), (2 * packets, 2 * bytes)));
    assert_settled(&machine.ledger(), 2 * packets, 2 * bytes);
}

#[test]
fn classes_sum_to_the_records() {
    let machine = Machine::new("");
    let report = replay(&machine, &["--dry-run"]);
    assert_eq!(number(&report, "records"), FRAMES);
    assert_eq!((number(&report, "non_ip"), number(&report, "malformed")), (FRAMES / 50, FRAMES / 50));
    let classes = ["parsed", "non_ip", "malformed", "unsupported"].map(|name| number(&report, name));
    assert_eq!(classes.iter().sum::<u64>(), FRAMES);
    assert_eq!((number(&report, "ip_packets"), number(&report, "flows")), (classes[0], 701));
    assert!(!machine.data_dir().join("store").exists(), "a dry run writes nothing");
}

#[test]
fn the_csv_sums_to_what_the_json_says() {
    let machine = Machine::new("");
    let csv = machine.dir().join("flows.csv");
    for more in [&["--dry-run"][..], &[]] {
        let report = replay(&machine, &[more, &["--flows", csv.to_str().unwrap()]].concat());
        let text = fs::read_to_string(&csv).unwrap();
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap().split(',').collect();
        assert_eq!(names.len(), 15);
        let column = |name: &str| names.iter().position(|n| *n == name).unwrap();
        let (mut packets, mut rows) = (0, 0);
        for line in lines {
            let fields: Vec<&str> = line.split(',').collect();
            let field = |name: &str| fields[column(name)].parse::<u64>().unwrap();
            assert_eq!(fields.len(), names.len(), "{line}");
            packets += field("packets_fwd") + field("packets_rev");
            assert!(field("first_ns") >= BEGIN_NS && field("last_ns") >= field("first_ns"), "{line}");
            rows += 1;
        }
        assert_eq!((packets, rows), (number(&report, "parsed"), number(&report, "flow_records")));
    }
    let path = machine.dir().join("some.pcap");
    let text = machine.told(&["replay", path.to_str().unwrap(), "--dry-run", "--flows", "-"]);
    // The order of the rows is that of a hash with another seed each time.
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(sorted(&text), sorted(&fs::read_to_string(&csv).unwrap()), "stdout holds the same, and nothing else");
}

#[test]
fn two_workers_count_as_one_does() {
    let machine = Machine::new("");
    let without = |mut report: Value| {
        for name in ["elapsed_ns", "workers"] {
            report.as_object_mut().unwrap().remove(name).unwrap();
        }
        report
    };
    let one = replay(&machine, &["--dry-run"]);
    let two = replay(&machine, &["--dry-run", "--workers", "2"]);
    assert_eq!((number(&one, "workers"), number(&two, "workers")), (1, 2));
    assert_eq!(without(one), without(two));
    // Without time-outs a flow is one record, whoever counts it.
    let never = ["--flow-idle-timeout", "0", "--flow-active-timeout", "0", "--no-fold"];
    for workers in ["1", "2"] {
        let report = replay(&machine, &[&["--dry-run", "--workers", workers], &never[..]].concat());
        assert_eq!((number(&report, "flows"), number(&report, "flow_records")), (701, 701), "{report}");
    }
    replay(&machine, &["--workers", "2"]);
    let (packets, bytes) = sums(&machine.flows(&["--since", "100years"]));
    assert_settled(&machine.ledger(), packets, bytes);
}

#[test]
fn damaged_and_foreign_files_are_told_and_the_others_are_counted() {
    let machine = Machine::new("");
    let good = capture_file(&machine);
    let bytes = fs::read(&good).unwrap();
    let cut = machine.dir().join("cut.pcap");
    fs::write(&cut, &bytes[..bytes.len() - 9]).unwrap();
    let foreign = machine.dir().join("page.html");
    fs::write(&foreign, "<!doctype html><title>no capture</title>").unwrap();
    let empty = machine.dir().join("empty.pcap");
    fs::write(&empty, "").unwrap();

    let output = machine.command(&["replay", "--dry-run", "--json"]).arg(&cut).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "what is whole in a cut file is counted: {told}");
    assert!(told.lines().count() == 1 && told.contains("warning") && told.contains("cut.pcap"), "{told}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(number(&report, "records"), FRAMES - 1);

    let missing = machine.dir().join("missing.pcap");
    for (bad, word) in [(&foreign, "HTML"), (&empty, "empty"), (&missing, "No such file")] {
        let output = machine.command(&["replay", "--dry-run", "--json"]).args([bad, &good]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        let name = bad.to_str().unwrap();
        assert!(told.contains(name) && told.to_lowercase().contains(&word.to_lowercase()), "{told}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(number(&report, "records"), FRAMES, "the good file is counted");
    }
}
