//! The one reader of a spool directory: follows the writer, also into the segment that is still open.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::error::SpoolError;
use crate::frame::{FrameHeader, HEADER_BYTES, HeaderFault};
use crate::limits::{ALIGNMENT, FORMAT_VERSION};
use crate::node::NodeId;
use crate::segment::{self, SegmentHeader};
use crate::writer::lock;

/// What the next look at the spool gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A whole frame; its payload is in the caller's buffer.
    Frame(FrameHeader),
    /// Nothing more for now.
    Idle,
    /// Bytes that are no frame although frames follow: their rows are lost.
    Damaged {
        /// In which segment.
        segment: u64,
        /// Where the damage begins.
        offset: u64,
        /// How far it reaches.
        bytes: u64,
        /// The header, if that much was sound (then the rows and packets lost are known).
        header: Option<Box<FrameHeader>>,
    },
}

/// Holds the reader's lock of a spool directory: one ingest per spool.
#[derive(Debug)]
pub struct ReaderLock {
    _file: File,
}

impl ReaderLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// Another ingest reads this spool.
    pub fn take(dir: &Path) -> Result<ReaderLock, SpoolError> {
        std::fs::create_dir_all(dir).map_err(SpoolError::io("create", dir))?;
        Ok(ReaderLock { _file: lock(dir, "reader")? })
    }
}

/// Shows every sound frame header of the spool in `dir`, oldest segment first, without reading payloads. A segment that
/// the writer removes meanwhile is left out: its rows were acknowledged.
///
/// # Errors
/// A file cannot be read, is another node's or a newer format's.
pub fn headers(dir: &Path, node: NodeId, mut show: impl FnMut(&FrameHeader)) -> Result<(), SpoolError> {
    let mut tail = Tail::open(dir, node);
    while tail.advance()? {
        let open = tail.open.as_mut().expect("advance opened a segment");
        loop {
            match header_at(open, open.offset)? {
                Ok(header) => {
                    show(&header);
                    open.offset += header.stride();
                }
                Err(_) => match next_header(open)? {
                    Some(offset) => open.offset = offset,
                    None => break,
                },
            }
        }
    }
    Ok(())
}

/// The reading end; several may follow one spool, each picking its own streams.
#[derive(Debug)]
pub struct Tail {
    dir: PathBuf,
    node: NodeId,
    open: Option<OpenSegment>,
    last_index: u64,
}

#[derive(Debug)]
struct OpenSegment {
    index: u64,
    file: File,
    path: PathBuf,
    offset: u64,
    bytes: u64,
}

enum Look {
    Frame(FrameHeader),
    Hole(Option<FrameHeader>),
    Empty,
}

impl Tail {
    /// Starts at the oldest segment of `dir`, which may not exist yet.
    ///
    /// # Errors
    /// None now: the first [`Tail::next`] opens files.
    pub fn open(dir: &Path, node: NodeId) -> Tail {
        Tail { dir: dir.to_path_buf(), node, open: None, last_index: 0 }
    }

    /// The next frame that `want` accepts by its header; its payload is read into `payload`. Frames that are not wanted
    /// cost one small read.
    ///
    /// # Errors
    /// A file cannot be read, is another node's or a newer format's.
    pub fn next(&mut self, payload: &mut Vec<u8>, want: impl Fn(&FrameHeader) -> bool) -> Result<Next, SpoolError> {
        loop {
            if self.open.is_none() && !self.advance()? {
                return Ok(Next::Idle);
            }
            let open = self.open.as_mut().expect("advance opened a segment");
            if open.offset + HEADER_BYTES as u64 > open.bytes {
                if !self.advance()? {
                    return Ok(Next::Idle);
                }
                continue;
            }
            match look(open, payload, &want)? {
                Look::Frame(header) => {
                    open.offset += header.stride();
                    if want(&header) {
                        return Ok(Next::Frame(header));
                    }
                }
                Look::Empty | Look::Hole(_)
                    if !newer_segment_exists(&self.dir, open.index)? && !frame_follows(open)? =>
                {
                    return Ok(Next::Idle);
                }
                found => {
                    // The writer has gone past this place: look once more (it may have written since), then step over.
                    if let Look::Frame(_) = look(open, payload, &want)? {
                        continue;
                    }
                    if let Some(damage) = step_over(open, found)? {
                        return Ok(damage);
                    }
                    if !self.advance()? {
                        return Ok(Next::Idle);
                    }
                }
            }
        }
    }

    /// Opens the oldest segment newer than the last one; false = there is none yet.
    fn advance(&mut self) -> Result<bool, SpoolError> {
        if !self.dir.exists() {
            return Ok(false);
        }
        for index in segment::list(&self.dir)?.into_iter().filter(|index| *index > self.last_index) {
            let path = segment::path(&self.dir, index);
            let file = match File::open(&path) {
                Ok(file) => file,
                // The writer removed it between the listing and now: all its rows were acknowledged.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(source) => return Err(SpoolError::Io { operation: "open", path, source }),
            };
            let header = SegmentHeader::read(&file, &path, self.node)?;
            let length = file.metadata().map_err(SpoolError::io("read", &path))?.len();
            let bytes = header.map_or(length, |h| h.bytes.min(length));
            self.last_index = index;
            self.open = Some(OpenSegment { index, file, path, offset: segment::FIRST_FRAME, bytes });
            return Ok(true);
        }
        Ok(false)
    }
}

fn newer_segment_exists(dir: &Path, index: u64) -> Result<bool, SpoolError> {
    if segment::path(dir, index + 1).exists() {
        return Ok(true);
    }
    Ok(segment::list(dir)?.last().is_some_and(|last| *last > index))
}

/// What stands at the segment's offset; reads the payload of a frame that is wanted.
fn look(open: &OpenSegment, payload: &mut Vec<u8>, want: &impl Fn(&FrameHeader) -> bool) -> Result<Look, SpoolError> {
    let header = match header_at(open, open.offset)? {
        Ok(header) => header,
        Err(HeaderFault::Empty) => return Ok(Look::Empty),
        Err(HeaderFault::Damaged) => return Ok(Look::Hole(None)),
        Err(HeaderFault::Newer(found)) => {
            return Err(SpoolError::NewerFormat { path: open.path.clone(), found, supported: FORMAT_VERSION });
        }
    };
    if open.offset + header.stride() > open.bytes {
        return Ok(Look::Hole(Some(header)));
    }
    if want(&header) {
        payload.resize(header.payload_bytes as usize, 0);
        let at = open.offset + HEADER_BYTES as u64;
        open.file.read_exact_at(payload, at).map_err(SpoolError::io("read", &open.path))?;
        if crc32c::crc32c(payload) != header.payload_crc {
            return Ok(Look::Hole(Some(header)));
        }
    }
    Ok(Look::Frame(header))
}

fn header_at(open: &OpenSegment, offset: u64) -> Result<Result<FrameHeader, HeaderFault>, SpoolError> {
    let mut bytes = [0u8; HEADER_BYTES];
    match open.file.read_exact_at(&mut bytes, offset) {
        Ok(()) => {}
        // A segment that was cut short after it was opened holds nothing more.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(Err(HeaderFault::Empty)),
        Err(source) => return Err(SpoolError::Io { operation: "read", path: open.path.clone(), source }),
    }
    Ok(match FrameHeader::decode(&bytes) {
        Ok(header) if header.segment != open.index => Err(HeaderFault::Damaged),
        other => other,
    })
}

/// The offset of the next sound header behind the current place, if any.
fn next_header(open: &OpenSegment) -> Result<Option<u64>, SpoolError> {
    let mut offset = open.offset + ALIGNMENT;
    while offset + HEADER_BYTES as u64 <= open.bytes {
        if header_at(open, offset)?.is_ok() {
            return Ok(Some(offset));
        }
        offset += ALIGNMENT;
    }
    Ok(None)
}

/// Whether the writer is already past the place: the frame behind the next one is enough to know.
fn frame_follows(open: &OpenSegment) -> Result<bool, SpoolError> {
    // In the open segment the writer appends in order: look a bounded way ahead, the longest frame and one more.
    let reach = crate::limits::aligned(crate::limits::PAYLOAD_BYTES_MAX as u64 + HEADER_BYTES as u64) + ALIGNMENT;
    let mut offset = open.offset + ALIGNMENT;
    let end = (open.offset + reach).min(open.bytes);
    while offset + HEADER_BYTES as u64 <= end {
        match header_at(open, offset)? {
            Ok(_) => return Ok(true),
            Err(HeaderFault::Empty) if offset == open.offset + ALIGNMENT => return Ok(false),
            Err(_) => offset += ALIGNMENT,
        }
    }
    Ok(false)
}

/// Moves past damage to the next frame of the segment; `None` = the rest of the segment holds none.
fn step_over(open: &mut OpenSegment, found: Look) -> Result<Option<Next>, SpoolError> {
    let from = open.offset;
    let header = match found {
        Look::Hole(Some(header)) => Some(header),
        _ => None,
    };
    // A sound header tells where the next frame is; otherwise search for it.
    let next = match &header {
        Some(h) if from + h.stride() <= open.bytes => Some(from + h.stride()),
        _ => next_header(open)?,
    };
    let damaged = header.is_some() || next.is_some();
    open.offset = next.unwrap_or(open.bytes);
    let bytes = open.offset - from;
    Ok(damaged.then(|| Next::Damaged { segment: open.index, offset: from, bytes, header: header.map(Box::new) }))
}
