//! Segment files: their names, and the 4 KiB that each begins with.
//!
//! | bytes | field |
//! |---|---|
//! | 0–3 | magic `FMSG` |
//! | 4–5 | version |
//! | 6–7 | reserved |
//! | 8–23 | node |
//! | 24–31 | index |
//! | 32–39 | size of the file in bytes |
//! | 40–43 | CRC32C of bytes 0–39 |
//!
//! Frames begin at byte 4096. A file is made under a hidden name and renamed when its header is durable, so that a file
//! that can be seen has a whole header. A used one becomes a hidden one again: behind the last frame and its page of
//! zeros lies what an earlier segment left there.

use std::path::{Path, PathBuf};

use crate::disk::Disk;
use crate::error::SpoolError;
use crate::limits::{ALIGNMENT, FORMAT_VERSION};
use crate::node::NodeId;

/// Where the first frame of a segment begins.
pub const FIRST_FRAME: u64 = ALIGNMENT;

/// Bytes of an encoded header.
pub const SEGMENT_HEADER_BYTES: usize = 44;

const MAGIC: [u8; 4] = *b"FMSG";

/// The file name of segment `index`.
pub fn name(index: u64) -> String {
    format!("{index:020}.segment")
}

/// The path of segment `index` in `dir`.
pub fn path(dir: &Path, index: u64) -> PathBuf {
    dir.join(name(index))
}

/// The indices among file names, oldest first.
pub fn indices(names: &[String]) -> Vec<u64> {
    let mut indices: Vec<u64> =
        names.iter().filter_map(|n| n.strip_suffix(".segment")?.parse().ok()).filter(|&i| i < u64::MAX).collect();
    indices.sort_unstable();
    indices.dedup();
    indices
}

/// The indices of the segments in `dir`, oldest first.
///
/// # Errors
/// The directory cannot be read.
pub fn list(dir: &Path) -> Result<Vec<u64>, SpoolError> {
    let names = crate::disk::FileDisk::reader(dir).names().map_err(SpoolError::io("read", dir))?;
    Ok(indices(&names))
}

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Who wrote it.
    pub node: NodeId,
    /// Its number.
    pub index: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
}

impl SegmentHeader {
    /// The first bytes of the file.
    pub fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut out = [0u8; SEGMENT_HEADER_BYTES];
        out[0..4].copy_from_slice(&MAGIC);
        out[4..6].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        out[8..24].copy_from_slice(self.node.as_bytes());
        out[24..32].copy_from_slice(&self.index.to_le_bytes());
        out[32..40].copy_from_slice(&self.bytes.to_le_bytes());
        let crc = crc32c::crc32c(&out[..40]);
        out[40..44].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads the head of a segment and checks that it is `node`'s; `path` is for the message.
    ///
    /// # Errors
    /// `Ok(None)` is a damaged head; an error is a newer format, another node, or a file that cannot be read.
    pub(crate) fn read<D: Disk>(
        disk: &D,
        file: &D::File,
        path: &Path,
        node: NodeId,
    ) -> Result<Option<SegmentHeader>, SpoolError> {
        let mut bytes = [0u8; SEGMENT_HEADER_BYTES];
        let read = disk.read_at(file, &mut bytes, 0).map_err(SpoolError::io("read", path))?;
        let mut crc = [0u8; 4];
        crc.copy_from_slice(&bytes[40..44]);
        let sound = read == bytes.len() && bytes[0..4] == MAGIC;
        if !sound || crc32c::crc32c(&bytes[..40]) != u32::from_le_bytes(crc) {
            return Ok(None);
        }
        let version = u16::from_le_bytes([bytes[4], bytes[5]]);
        if version > FORMAT_VERSION {
            return Err(SpoolError::NewerFormat {
                path: path.to_path_buf(),
                found: version,
                supported: FORMAT_VERSION,
            });
        }
        let mut id = [0u8; 16];
        id.copy_from_slice(&bytes[8..24]);
        let found = NodeId::from_bytes(id);
        if found != node {
            return Err(SpoolError::ForeignNode {
                path: path.to_path_buf(),
                found: found.to_string(),
                ours: node.to_string(),
            });
        }
        let mut word = [0u8; 8];
        word.copy_from_slice(&bytes[24..32]);
        let index = u64::from_le_bytes(word);
        word.copy_from_slice(&bytes[32..40]);
        Ok(Some(SegmentHeader { node, index, bytes: u64::from_le_bytes(word) }))
    }
}
