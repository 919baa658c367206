//! A line of the faults table: what was done, and what it cost. `cargo x faults` collects and prints them.

use std::fs::OpenOptions;
use std::io::Write;

use serde::{Deserialize, Serialize};

/// One fault under one load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was broken.
    pub fault: String,
    /// Under which load.
    pub load: String,
    /// How often.
    pub runs: u64,
    /// Acknowledged rows that were missing at the end.
    pub lost: u64,
    /// Rows that were there twice.
    pub doubled: u64,
    /// The ledger's imbalance at the end, packets and bytes together; `None` = this fault has no ledger.
    pub imbalance: Option<u64>,
    /// The longest time until it worked again, milliseconds; `None` = nothing had to recover.
    pub worst_recovery_ms: Option<u64>,
    /// What else is worth a word: rates, what was written as a gap.
    pub note: String,
}

impl Row {
    /// Prints the row, and appends it to the file `FLOODMARK_FAULTS_REPORT` if that is named.
    ///
    /// # Panics
    /// The file cannot be written: a lost result is a failed test.
    #[expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests only: the report is their output")]
    pub fn tell(&self) {
        let line = serde_json::to_string(self).expect("a row is text and numbers");
        println!("{line}");
        if let Ok(path) = std::env::var("FLOODMARK_FAULTS_REPORT") {
            let file = OpenOptions::new().append(true).create(true).open(&path);
            let written = file.and_then(|mut file| writeln!(file, "{line}"));
            assert!(written.is_ok(), "cannot write {path}: {written:?}");
        }
    }
}
