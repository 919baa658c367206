//! The reading end of a spool directory: follows the writer, also into the segment that is still open.
//!
//! Where no sound frame stands the reader must know why. Nothing was written there yet: it waits. A write is under way,
//! of which parts can be seen: it waits, until a frame of a *later* write, a newer segment or the writer's absence shows
//! that this one is over. The segment ends there: its successor's frames say where ([`crate::frame::Place`]), so that
//! neither what a failed write left nor what an earlier segment left in the file is taken for anything. Everything else
//! is damage, and is told.

mod standing;

use std::path::{Path, PathBuf};

use crate::disk::file::lock;
use crate::disk::{Disk, FileDisk};
use crate::error::SpoolError;
use crate::frame::{FrameHeader, HEADER_BYTES, HeaderFault};
use crate::limits::{ALIGNMENT, FORMAT_VERSION};
use crate::node::NodeId;
use crate::segment::{self, SegmentHeader};

use standing::Standing;

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
    _file: std::fs::File,
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

/// Shows every sound frame header of the spool in `dir`, oldest segment first, without reading payloads; after a failed
/// write the same rows may be shown twice. A segment that the writer lets go meanwhile is left out: its rows were
/// acknowledged.
///
/// # Errors
/// A file cannot be read, is another node's or a newer format's.
pub fn headers(dir: &Path, node: NodeId, mut show: impl FnMut(&FrameHeader)) -> Result<(), SpoolError> {
    let mut tail = Tail::open(dir, node);
    let mut payload = Vec::new();
    loop {
        match tail.step(&mut payload, &|_| false)? {
            Next::Frame(header) => show(&header),
            Next::Damaged { .. } => {}
            Next::Idle => return Ok(()),
        }
    }
}

/// Numbers of the segments in `dir`, the oldest first.
///
/// # Errors
/// The directory cannot be read.
pub fn segments(dir: &Path) -> Result<Vec<u64>, SpoolError> {
    let names = FileDisk::reader(dir).names().map_err(SpoolError::io("read", dir))?;
    Ok(segment::indices(&names))
}

/// The reading end; several may follow one spool, each picking its own streams.
#[derive(Debug)]
pub struct Tail<D: Disk = FileDisk> {
    disk: D,
    dir: PathBuf,
    node: NodeId,
    open: Option<OpenSegment<D::File>>,
    last_index: u64,
    /// Looks that found nothing, since the last frame.
    idle_looks: u32,
}

#[derive(Clone, Debug)]
struct OpenSegment<F> {
    index: u64,
    file: F,
    path: PathBuf,
    offset: u64,
    bytes: u64,
}

/// What stands at a place.
#[derive(Debug)]
enum Look {
    Frame(FrameHeader),
    /// No frame; the header if that is sound.
    Hole(Option<FrameHeader>),
    /// Zeros, or the end of the file.
    Empty,
}

impl Tail<FileDisk> {
    /// Starts at the oldest segment of `dir`, which may not exist yet; the first [`Tail::next`] opens files.
    pub fn open(dir: &Path, node: NodeId) -> Tail {
        Tail::on(FileDisk::reader(dir), dir, node)
    }

    /// Starts at segment `index`, or the next one there is.
    pub fn from_segment(dir: &Path, node: NodeId, index: u64) -> Tail {
        Tail { last_index: index.saturating_sub(1), ..Tail::open(dir, node) }
    }
}

impl<D: Disk> Tail<D> {
    /// Starts at the oldest segment of `disk`; `dir` is for messages.
    pub fn on(disk: D, dir: &Path, node: NodeId) -> Tail<D> {
        Tail { disk, dir: dir.to_path_buf(), node, open: None, last_index: 0, idle_looks: 0 }
    }

    /// The next frame that `want` accepts by its header; its payload is read into `payload`. Frames that are not wanted
    /// cost one small read, as does a look that finds nothing new.
    ///
    /// # Errors
    /// A file cannot be read, is another node's or a newer format's.
    pub fn next(&mut self, payload: &mut Vec<u8>, want: impl Fn(&FrameHeader) -> bool) -> Result<Next, SpoolError> {
        loop {
            match self.step(payload, &want)? {
                Next::Frame(header) if !want(&header) => {}
                found => return Ok(found),
            }
        }
    }

    /// The next frame, wanted or not.
    fn step(&mut self, payload: &mut Vec<u8>, want: &impl Fn(&FrameHeader) -> bool) -> Result<Next, SpoolError> {
        loop {
            if self.open.is_none() && !self.advance()? {
                return Ok(Next::Idle);
            }
            let open = self.open.as_ref().expect("advance opened a segment");
            let mut found = look(&self.disk, open, payload, want)?;
            let mut standing = match found {
                Look::Frame(_) => Standing::Frame,
                _ => self.standing(&found)?,
            };
            if matches!(standing, Standing::Lost { .. }) {
                // The write is over now: what was seen of it before may have been a part, or an old copy in memory.
                let open = self.open.as_ref().expect("it is open");
                self.disk.uncache(&open.file, open.offset, open.bytes - open.offset);
                found = look(&self.disk, open, payload, want)?;
                if matches!(found, Look::Frame(_)) {
                    standing = Standing::Frame;
                }
            }
            let open = self.open.as_mut().expect("it is open");
            match (standing, found) {
                (Standing::Frame, Look::Frame(header)) => {
                    open.offset += header.stride();
                    self.idle_looks = 0;
                    return Ok(Next::Frame(header));
                }
                (Standing::Lost { end }, found) => {
                    if let Some(damage) = self.step_over(found, end)? {
                        return Ok(damage);
                    }
                }
                (Standing::Over, _) => {
                    if !self.advance()? {
                        return Ok(Next::Idle);
                    }
                }
                _ => {
                    self.idle_looks = self.idle_looks.wrapping_add(1);
                    return Ok(Next::Idle);
                }
            }
        }
    }

    /// Opens the oldest segment newer than the last one; false = there is none yet.
    fn advance(&mut self) -> Result<bool, SpoolError> {
        let names = self.disk.names().map_err(SpoolError::io("read", &self.dir))?;
        for index in segment::indices(&names).into_iter().filter(|index| *index > self.last_index) {
            if let Some(open) = self.open_segment(index)? {
                self.last_index = index;
                self.open = Some(open);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `None` = the writer let it go since it was listed: all its rows were acknowledged.
    fn open_segment(&self, index: u64) -> Result<Option<OpenSegment<D::File>>, SpoolError> {
        let path = segment::path(&self.dir, index);
        let file = match self.disk.open(&segment::name(index)) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SpoolError::Io { operation: "open", path, source }),
        };
        let header = SegmentHeader::read(&self.disk, &file, &path, self.node)?;
        let length = self.disk.len(&file).map_err(SpoolError::io("read", &path))?;
        let bytes = header.map_or(length, |h| h.bytes.min(length));
        Ok(Some(OpenSegment { index, file, path, offset: segment::FIRST_FRAME, bytes }))
    }

    /// Moves past damage to the next frame, or to where the segment's frames end.
    fn step_over(&mut self, found: Look, end: Option<u64>) -> Result<Option<Next>, SpoolError> {
        let open = self.open.as_mut().expect("it is open");
        let (from, limit) = (open.offset, end.unwrap_or(open.bytes));
        let header = match found {
            Look::Hole(Some(header)) => Some(header),
            _ => None,
        };
        // A sound header tells where the next frame is; otherwise search for it.
        let next = match &header {
            Some(h) if from + h.stride() <= limit => Some(from + h.stride()),
            _ => next_header(&self.disk, open, limit)?,
        };
        let is_damage = end.is_some() || header.is_some() || next.is_some();
        open.offset = next.unwrap_or(limit);
        let (segment, bytes) = (open.index, open.offset - from);
        if next.is_none() && end.is_none() {
            // A torn tail, or what an earlier segment left: nothing of this one follows.
            open.offset = open.bytes;
        }
        Ok(is_damage.then(|| Next::Damaged { segment, offset: from, bytes, header: header.map(Box::new) }))
    }
}

/// What stands at the segment's offset; reads the payload of a frame that is wanted.
fn look<D: Disk>(
    disk: &D,
    open: &OpenSegment<D::File>,
    payload: &mut Vec<u8>,
    want: &impl Fn(&FrameHeader) -> bool,
) -> Result<Look, SpoolError> {
    let header = match header_at(disk, open, open.offset)? {
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
        // The file has these bytes: no more is allocated than it is long.
        payload.resize(header.payload_bytes as usize, 0);
        let at = open.offset + HEADER_BYTES as u64;
        let read = disk.read_at(&open.file, payload, at).map_err(SpoolError::io("read", &open.path))?;
        if read < payload.len() || crc32c::crc32c(payload) != header.payload_crc {
            return Ok(Look::Hole(Some(header)));
        }
    }
    Ok(Look::Frame(header))
}

fn header_at<D: Disk>(
    disk: &D,
    open: &OpenSegment<D::File>,
    offset: u64,
) -> Result<Result<FrameHeader, HeaderFault>, SpoolError> {
    let mut bytes = [0u8; HEADER_BYTES];
    if offset + HEADER_BYTES as u64 > open.bytes {
        return Ok(Err(HeaderFault::Empty));
    }
    let read = disk.read_at(&open.file, &mut bytes, offset).map_err(SpoolError::io("read", &open.path))?;
    if read < bytes.len() {
        // A segment that was cut short after it was opened holds nothing more.
        return Ok(Err(HeaderFault::Empty));
    }
    Ok(match FrameHeader::decode(&bytes) {
        Ok(header) if header.segment != open.index => Err(HeaderFault::Damaged),
        other => other,
    })
}

/// The offset of the next sound header behind the current place and before `limit`, if any.
fn next_header<D: Disk>(disk: &D, open: &OpenSegment<D::File>, limit: u64) -> Result<Option<u64>, SpoolError> {
    let mut offset = open.offset + ALIGNMENT;
    while offset + HEADER_BYTES as u64 <= limit {
        if header_at(disk, open, offset)?.is_ok() {
            return Ok(Some(offset));
        }
        offset += ALIGNMENT;
    }
    Ok(None)
}
