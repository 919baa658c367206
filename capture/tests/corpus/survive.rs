//! Every capture file of the corpus, crash files included, is read to its end in bounded time and without a panic.

use capture::file::FileError;

use crate::{capture_files, corpus, tally};

#[test]
fn every_file_is_read_to_its_end() {
    let Some(folder) = corpus("every_file_is_read_to_its_end") else { return };
    let files = capture_files(&folder);
    assert!(files.len() > 1000, "only {} capture files", files.len());
    let mut foreign = Vec::new();
    let (mut records, mut parsed, mut skipped) = (0, 0, 0);
    for path in &files {
        match tally(path) {
            Ok(found) => {
                assert!(found.ending.is_some(), "{} has no ending", path.display());
                assert_eq!(found.summary.records, found.ip_packets + found.skipped, "{}", path.display());
                records += found.summary.records;
                parsed += found.ip_packets;
                skipped += found.skipped;
            }
            Err(FileError::Foreign { found, .. }) => foreign.push(format!("{}: {found}", path.display())),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(records, parsed + skipped);
    assert!(foreign.is_empty(), "not recognised as capture files:\n{}", foreign.join("\n"));
    eprintln!("{} files, {records} records: {parsed} parsed, {skipped} skipped", files.len());
}
