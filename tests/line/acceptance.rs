//! `floodmark replay` over the files on which independent tools agree.

use std::collections::HashMap;

use serde_json::Value;

use crate::corpus::{corpus, rows};
use crate::machine::Machine;

/// Files of one call.
const BATCH: usize = 100;

/// What `replay --dry-run --json` says of each file, by name.
fn reports(machine: &Machine, folder: &std::path::Path, files: &[&str], more: &[&str]) -> HashMap<String, Value> {
    let mut found = HashMap::new();
    for batch in files.chunks(BATCH) {
        let mut command = machine.command(&["replay", "--dry-run", "--json"]);
        let output = command.args(more).args(batch).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let report: Value = serde_json::from_str(line).unwrap();
            found.insert(report["file"].as_str().unwrap().to_owned(), report);
        }
    }
    found
}

#[test]
fn the_built_program_meets_the_agreed_counts_of_every_file() {
    let Some(folder) = corpus("the_built_program_meets_the_agreed_counts_of_every_file") else { return };
    let table = std::fs::read_to_string(folder.join("acceptance.tsv")).unwrap();
    let rows = rows(&table);
    let machine = Machine::new("");
    let files: Vec<&str> = rows.iter().map(|row| row["file"]).collect();
    let outer = reports(&machine, &folder, &files, &[]);
    let inner = reports(&machine, &folder, &files, &["--decapsulate"]);
    let mut failed = Vec::new();
    for row in &rows {
        let mut levels = Vec::new();
        if row["flow_level"].contains("outer") {
            levels.push(("outer", &outer[row["file"]]));
        }
        if row["flow_level"].contains("inner") {
            levels.push(("inner", &inner[row["file"]]));
        }
        assert!(!levels.is_empty(), "{row:?}");
        for (level, report) in levels {
            for (column, name) in [
                ("packets", "records"),
                ("wire_bytes", "wire_bytes"),
                ("ip_packets", "ip_packets"),
                ("ip_bytes", "ip_bytes"),
                ("bidi_flows", "flows"),
            ] {
                let (expect, got) = (row[column].parse::<u64>().unwrap(), report[name].as_u64().unwrap());
                if expect != got {
                    failed.push(format!("{} ({level}): {name} {got}, not {expect}", row["file"]));
                }
            }
            let classes: u64 =
                ["parsed", "non_ip", "malformed", "unsupported"].map(|c| report[c].as_u64().unwrap()).iter().sum();
            assert_eq!(classes, report["records"].as_u64().unwrap(), "{report}");
            assert_eq!(report["flows_exact"], true, "{report}");
        }
    }
    assert_eq!(rows.len(), 431);
    assert!(failed.is_empty(), "{} deviate:\n{}", failed.len(), failed.join("\n"));
}
