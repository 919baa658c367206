//! The dead-letter file: rows that cannot be stored, one JSON line each (or one for all rows of a frame), kept for a
//! person. A row is in it once: what a restart offers again is recognised by its numbers.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use store::RefusedRow;

use crate::batch::Parked;
use crate::limits::PARKED_BYTES_MAX;

/// A line of the file. Content is text, or base64 where it is not.
#[derive(Serialize)]
pub struct Line<'a> {
    epoch: u64,
    stream: u16,
    seq: u64,
    rows: u64,
    table: &'a str,
    reason: &'a str,
    packets: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row_base64: Option<String>,
}

/// The part of a line that names its rows.
#[derive(Deserialize)]
struct Name {
    epoch: u64,
    stream: u16,
    seq: u64,
}

impl<'a> Line<'a> {
    /// Rows that were not understood.
    pub fn unread((epoch, stream): (u64, u16), parked: &'a Parked) -> Line<'a> {
        let text = std::str::from_utf8(&parked.content).ok().map(str::to_owned);
        let row_base64 = text.is_none().then(|| STANDARD.encode(&parked.content));
        let Parked { first_seq, rows, packets, bytes, kind, reason, .. } = parked;
        let (seq, rows, packets, bytes) = (*first_seq, *rows, *packets, *bytes);
        Line { epoch, stream, seq, rows, table: kind, reason, packets, bytes, row: text, row_base64 }
    }

    /// A row that the schema refuses, and its content for people.
    pub fn refused((epoch, stream): (u64, u16), refused: &'a RefusedRow, content: String) -> Line<'a> {
        let RefusedRow { table, seq, reason, packets, bytes } = refused;
        let (row, row_base64) = (Some(content), None);
        Line { epoch, stream, seq: *seq, rows: 1, table, reason, packets: *packets, bytes: *bytes, row, row_base64 }
    }
}

/// The file, for all lanes.
pub struct Parking {
    path: PathBuf,
    /// What is in the file and not known to be committed: (epoch, stream, number of the first row).
    kept: Mutex<BTreeSet<(u64, u16, u64)>>,
}

/// Where a data directory keeps its parked rows.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("parked").join("rows.jsonl")
}

impl Parking {
    /// Reads which rows the file has beyond `fence` (epoch, stream → the last committed row), and cuts off a line that
    /// was not written to its end: nothing was committed that counts on it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(data_dir: &Path, fence: impl Fn(u64, u16) -> u64) -> io::Result<Parking> {
        let path = path(data_dir);
        let mut kept = BTreeSet::new();
        match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => {
                let whole = survey(&file, |name| {
                    if name.seq > fence(name.epoch, name.stream) {
                        kept.insert((name.epoch, name.stream, name.seq));
                    }
                })?;
                file.set_len(whole)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Parking { path, kept: Mutex::new(kept) })
    }

    /// Appends the lines that the file does not have yet, and makes them durable.
    ///
    /// # Errors
    /// The system's, or the file has reached its bound; nothing may be committed that counts on the lines.
    pub fn keep(&self, lines: &[Line<'_>]) -> io::Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<_> = lines.iter().filter(|line| !kept.contains(&(line.epoch, line.stream, line.seq))).collect();
        if new.is_empty() {
            return Ok(());
        }
        faults::pass("ingest.park")?;
        let mut text = Vec::new();
        for line in &new {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        fs::create_dir_all(self.path.parent().unwrap_or(Path::new(".")))?;
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        let before = file.metadata()?.len();
        if before + text.len() as u64 > PARKED_BYTES_MAX {
            let why = format!(
                "{} has reached {PARKED_BYTES_MAX} bytes; look why rows are refused, then move it away",
                self.path.display()
            );
            return Err(io::Error::new(io::ErrorKind::StorageFull, why));
        }
        if let Err(error) = file.write_all(&text).and_then(|()| file.sync_data()) {
            // Half a line would spoil the next one.
            let _ = file.set_len(before);
            return Err(error);
        }
        kept.extend(new.iter().map(|line| (line.epoch, line.stream, line.seq)));
        Ok(())
    }

    /// The rows of a stream up to `last_seq` are committed: they are not offered again.
    pub fn committed(&self, epoch: u64, stream: u16, last_seq: u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.is_empty() {
            kept.retain(|&(e, s, seq)| (e, s) != (epoch, stream) || seq > last_seq);
        }
    }
}

/// Shows the rows that each line names; answers the bytes of all whole lines.
fn survey(file: &File, mut show: impl FnMut(Name)) -> io::Result<u64> {
    let (mut reader, mut line, mut whole) = (BufReader::new(file), Vec::new(), 0);
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 || line.last() != Some(&b'\n') {
            return Ok(whole);
        }
        whole += line.len() as u64;
        if let Ok(name) = serde_json::from_slice(&line) {
            show(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parked(seq: u64, content: &[u8]) -> Parked {
        Parked {
            first_seq: seq,
            rows: 2,
            kind: "event",
            reason: "no".into(),
            content: content.into(),
            ..Parked::default()
        }
    }

    fn keep(parking: &Parking, seq: u64, content: &[u8]) {
        parking.keep(&[Line::unread((5, 0), &parked(seq, content))]).unwrap();
    }

    fn lines(folder: &Path) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(path(folder)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_row_is_kept_once_over_restarts_and_a_torn_line_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let parking = Parking::open(folder.path(), |_, _| 0).unwrap();
        keep(&parking, 1, b"text");
        keep(&parking, 1, b"text");
        keep(&parking, 3, &[0xff, 0]);
        let mut file = OpenOptions::new().append(true).open(path(folder.path())).unwrap();
        file.write_all(b"{\"epoch\":5,\"stream\":0,\"se").unwrap();
        let parking = Parking::open(folder.path(), |_, _| 2).unwrap();
        keep(&parking, 3, &[0xff, 0]);
        keep(&parking, 5, b"new");
        let lines = lines(folder.path());
        let seqs: Vec<_> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, [1, 3, 5]);
        assert_eq!((lines[0]["row"].as_str(), lines[1]["row_base64"].as_str()), (Some("text"), Some("/wA=")));
        assert!(lines[1]["row"].is_null());
    }

    #[test]
    fn a_full_file_takes_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let parking = Parking::open(folder.path(), |_, _| 0).unwrap();
        keep(&parking, 1, b"text");
        OpenOptions::new().write(true).open(path(folder.path())).unwrap().set_len(PARKED_BYTES_MAX).unwrap();
        let error = parking.keep(&[Line::unread((5, 0), &parked(9, b"text"))]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("move it away"), "{error}");
    }
}
