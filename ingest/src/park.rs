//! The dead-letter file: rows that the database refuses, one JSON line each, kept for a person.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use store::RefusedRow;

/// Bytes of the file, at most: beyond it rows are refused to be parked, so that a wrong schema stops instead of
/// filling the disk.
const FILE_BYTES_MAX: u64 = 256 << 20;

#[derive(Serialize)]
struct Line<'a> {
    epoch: u64,
    stream: u16,
    seq: u64,
    table: &'a str,
    reason: &'a str,
    packets: u64,
    bytes: u64,
    row: String,
}

/// Where a data directory keeps its parked rows.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("parked").join("rows.jsonl")
}

/// Appends refused rows and makes them durable. `row` finds a row's content by its number.
pub fn park(
    data_dir: &Path,
    (epoch, stream): (u64, u16),
    refused: &[RefusedRow],
    row: impl Fn(u64) -> String,
) -> io::Result<()> {
    let path = path(data_dir);
    fs::create_dir_all(path.parent().unwrap_or(data_dir))?;
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    if file.metadata()?.len() > FILE_BYTES_MAX {
        let why = format!(
            "{} has reached {FILE_BYTES_MAX} bytes; look why rows are refused, then move it away",
            path.display()
        );
        return Err(io::Error::new(io::ErrorKind::StorageFull, why));
    }
    for one in refused {
        let line = Line {
            epoch,
            stream,
            seq: one.seq,
            table: one.table,
            reason: &one.reason,
            packets: one.packets,
            bytes: one.bytes,
            row: row(one.seq),
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        file.write_all(&text)?;
    }
    file.sync_data()
}
