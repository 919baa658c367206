//! Records, bytes and flows of the files on which independent tools agree.

use std::collections::BTreeMap;

use crate::{corpus, tally};

/// Compares one row; returns what differs.
fn deviations(folder: &std::path::Path, row: &BTreeMap<&str, &str>) -> Vec<String> {
    let found = match tally(&folder.join(row["file"])) {
        Ok(found) => found,
        Err(error) => return vec![error.to_string()],
    };
    let mut differing = Vec::new();
    let mut check = |name: &str, found: u64| {
        let expect: u64 = row[name].parse().unwrap();
        if found != expect {
            differing.push(format!("{name} {found}, not {expect}"));
        }
    };
    check("packets", found.summary.records);
    check("wire_bytes", found.summary.wire_bytes);
    check("ip_packets", found.ip_packets);
    check("ip_bytes", found.ip_bytes);
    if row["flow_level"].contains("outer") {
        check("bidi_flows", found.outer.len() as u64);
    }
    if row["flow_level"].contains("inner") {
        check("bidi_flows", found.inner.len() as u64);
    }
    differing
}

#[test]
fn agreed_counts_of_every_file_are_met() {
    let Some(folder) = corpus("agreed_counts_of_every_file_are_met") else { return };
    let table = std::fs::read_to_string(folder.join("acceptance.tsv")).unwrap();
    let mut lines = table.lines();
    let names: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let (mut rows, mut failed) = (0, Vec::new());
    for line in lines {
        let row: BTreeMap<&str, &str> = names.iter().copied().zip(line.split('\t')).collect();
        rows += 1;
        let differing = deviations(&folder, &row);
        if !differing.is_empty() {
            failed.push(format!("{}: {}", row["file"], differing.join("; ")));
        }
    }
    assert!(rows > 0, "acceptance.tsv has no rows");
    assert!(failed.is_empty(), "{} of {rows} files deviate:\n{}", failed.len(), failed.join("\n"));
}
