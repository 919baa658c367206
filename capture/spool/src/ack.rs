//! The reader's acknowledgement: what the database has committed.
//!
//! A line of JSON, and a line with the CRC32C of the first, that the reader replaces by rename. It is a hint for the
//! writer's trimming and for the ledger: the authority is the fence in the database, so losing the file only means that
//! frames are offered again and recognised. So it is not synced; half of one, as a power cut may leave it, is none.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::SpoolError;

/// Bytes of the file, at most: thousands of entries. A longer one is not ours.
const FILE_BYTES_MAX: u64 = 4 << 20;

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
        let mut bytes = Vec::new();
        let file = fs::File::open(Self::path(dir));
        let read = file.and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
        read.ok().and_then(|_| Ack::decode(&bytes)).unwrap_or_default()
    }

    fn decode(bytes: &[u8]) -> Option<Ack> {
        let end = bytes.iter().position(|&b| b == b'\n')?;
        let (line, check) = (&bytes[..end], std::str::from_utf8(&bytes[end + 1..]).ok()?);
        let sound = u32::from_str_radix(check.trim_end(), 16).ok()? == crc32c::crc32c(line);
        sound.then(|| serde_json::from_slice(line).ok())?
    }

    /// Replaces the file by rename.
    ///
    /// # Errors
    /// It cannot be written; the writer then keeps segments longer than it must.
    pub fn save(&self, dir: &Path) -> Result<(), SpoolError> {
        let hidden = dir.join(".ack");
        let mut bytes = serde_json::to_vec(self).map_err(|e| SpoolError::Options(format!("acknowledgement: {e}")))?;
        let check = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(format!("\n{check:08x}\n").as_bytes());
        faults::pass("spool.ack").and_then(|()| fs::write(&hidden, bytes)).map_err(SpoolError::io("write", &hidden))?;
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

#[cfg(test)]
mod tests {
    use super::{Ack, StreamAck};

    #[test]
    fn half_an_acknowledgement_is_none_and_no_flipped_bit_acknowledges_more() {
        let dir = tempfile::tempdir().unwrap();
        let mut ack = Ack::default();
        ack.set(StreamAck { epoch: 7, stream: 1, last_seq: 12, ..StreamAck::default() });
        ack.save(dir.path()).unwrap();
        assert_eq!(Ack::load(dir.path()), ack);
        let whole = std::fs::read(Ack::path(dir.path())).unwrap();
        // Without the last line end it is still whole.
        for cut in 0..whole.len() - 1 {
            let found = Ack::decode(&whole[..cut]);
            assert!(found.is_none(), "{cut}: {found:?}");
        }
        for bit in 0..whole.len() * 8 {
            let mut bad = whole.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let found = Ack::decode(&bad);
            assert!(found.is_none() || found.as_ref() == Some(&ack), "bit {bit}: {found:?}");
        }
    }
}
