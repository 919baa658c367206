//! The reader's acknowledgement: what the database has committed.
//!
//! A JSON file that the reader replaces by rename. It is a hint for the writer's trimming and for the ledger: the
//! authority is the fence in the database, so losing the file only means that frames are offered again and recognised.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::SpoolError;

/// What one stream of one epoch has in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamAck {
    /// The writer's life.
    pub epoch: u64,
    /// The stream.
    pub stream: u16,
    /// Rows up to and with this number are committed.
    pub last_seq: u64,
    /// Wire packets committed with them.
    pub packets: u64,
    /// Wire bytes committed with them.
    pub bytes: u64,
    /// Wire packets of rows that the database refused, kept in the dead-letter file.
    pub parked_packets: u64,
    /// Wire bytes of those rows.
    pub parked_bytes: u64,
}

/// The acknowledgement file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// One entry for each epoch and stream that still has, or last had, rows in the spool.
    pub streams: Vec<StreamAck>,
}

impl Ack {
    /// Where the file lies in a spool directory.
    pub fn path(dir: &Path) -> PathBuf {
        dir.join("ack")
    }

    /// Reads the file; an absent or damaged one is an empty acknowledgement.
    pub fn load(dir: &Path) -> Ack {
        fs::read(Self::path(dir)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Replaces the file by rename.
    ///
    /// # Errors
    /// It cannot be written; the writer then keeps segments longer than it must.
    pub fn save(&self, dir: &Path) -> Result<(), SpoolError> {
        let hidden = dir.join(".ack");
        let bytes = serde_json::to_vec(self).map_err(|e| SpoolError::Options(format!("acknowledgement: {e}")))?;
        fs::write(&hidden, bytes).map_err(SpoolError::io("write", &hidden))?;
        fs::rename(&hidden, Self::path(dir)).map_err(SpoolError::io("rename", &hidden))
    }

    /// The last committed row of a stream; 0 = none.
    pub fn last_seq(&self, epoch: u64, stream: u16) -> u64 {
        self.streams.iter().find(|s| s.epoch == epoch && s.stream == stream).map_or(0, |s| s.last_seq)
    }

    /// Replaces or adds the entry of a stream.
    pub fn set(&mut self, entry: StreamAck) {
        match self.streams.iter_mut().find(|s| s.epoch == entry.epoch && s.stream == entry.stream) {
            Some(old) => *old = entry,
            None => self.streams.push(entry),
        }
    }
}
