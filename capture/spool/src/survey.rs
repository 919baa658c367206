//! What segments of an earlier life hold, by their frame headers: payloads are not read.

use crate::ack::Ack;
use crate::disk::Disk;
use crate::error::SpoolError;
use crate::frame::{FrameHeader, FrameKind, HEADER_BYTES};
use crate::limits::ALIGNMENT;
use crate::segment;
use crate::writer::Ends;

use std::io;
use std::path::Path;

/// What one segment holds.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The last row of each epoch and stream.
    pub ends: Ends,
    /// Where the last sound frame ends.
    pub end: u64,
    /// Whether a ledger row is among them.
    pub has_ledger: bool,
    /// The newest epoch; 0 = no frame.
    pub epoch: u64,
}

/// Looks at segment `index`; a file that is damaged gives what is sound.
pub(crate) fn survey<D: Disk>(disk: &D, dir: &Path, index: u64) -> Result<Survey, SpoolError> {
    let mut survey = Survey { end: segment::FIRST_FRAME, ..Survey::default() };
    each_header(disk, index, |_, offset, header| {
        let end = survey.ends.entry((header.epoch, header.stream)).or_default();
        *end = (*end).max(header.last_seq());
        survey.end = offset + header.stride();
        survey.has_ledger |= header.kind == FrameKind::Ledger;
        survey.epoch = survey.epoch.max(header.epoch);
        Ok(true)
    })
    .map_err(SpoolError::io("read", &segment::path(dir, index)))?;
    Ok(survey)
}

/// Whether segment `index` has a whole frame beyond what `ack` says.
pub(crate) fn has_readable_beyond<D: Disk>(disk: &D, index: u64, ack: &Ack) -> io::Result<bool> {
    let mut found = false;
    let mut payload = Vec::new();
    each_header(disk, index, |file, offset, header| {
        if header.last_seq() > ack.last_seq(header.epoch, header.stream) {
            payload.resize(header.payload_bytes as usize, 0);
            let read = disk.read_at(file, &mut payload, offset + HEADER_BYTES as u64)?;
            found = read == payload.len() && crc32c::crc32c(&payload) == header.payload_crc;
        }
        Ok(!found)
    })?;
    Ok(found)
}

/// Shows the sound headers of a segment with their places, until told to end. Behind the first place without one it
/// looks page by page: damage in the middle is stepped over. Zeros behind the frames of a new file are read fast.
fn each_header<D: Disk>(
    disk: &D,
    index: u64,
    mut show: impl FnMut(&D::File, u64, &FrameHeader) -> io::Result<bool>,
) -> io::Result<()> {
    let file = disk.open(&segment::name(index))?;
    let bytes = disk.len(&file)?;
    let mut head = [0u8; HEADER_BYTES];
    let mut offset = segment::FIRST_FRAME;
    while offset + HEADER_BYTES as u64 <= bytes {
        if disk.read_at(&file, &mut head, offset)? < head.len() {
            return Ok(());
        }
        match FrameHeader::decode(&head) {
            Ok(header) if header.segment == index && offset + header.stride() <= bytes => {
                if !show(&file, offset, &header)? {
                    return Ok(());
                }
                offset += header.stride();
            }
            _ => offset += ALIGNMENT,
        }
    }
    Ok(())
}
