//! The one writer of a spool directory.
//!
//! Single-threaded by design: the spooler owns it. A frame is one `pwrite`; durability comes by [`Writer::sync`], which
//! the caller calls at its commit interval (group commit).

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::ack::Ack;
use crate::error::SpoolError;
use crate::frame::{Carried, FrameHeader, FrameKind, HEADER_BYTES};
use crate::limits::{ALIGNMENT, FRAME_ROWS_MAX, PAYLOAD_BYTES_MAX, SEGMENT_BYTES_MIN};
use crate::node::NodeId;
use crate::segment::{self, SegmentHeader};

/// How a writer lays out its directory.
#[derive(Clone, Debug)]
pub struct WriterOptions {
    /// Who writes.
    pub node: NodeId,
    /// Bytes of one segment; rounded to 4 KiB.
    pub segment_bytes: u64,
    /// Bytes of all segments together; beyond it [`SpoolError::Full`].
    pub bytes_max: u64,
    /// The time now in microseconds since 1970: the least the new epoch can be.
    pub now_us: u64,
}

/// Rows to append as one frame.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// What the rows are.
    pub kind: FrameKind,
    /// The sequence they join.
    pub stream: u16,
    /// The encoded rows.
    pub payload: &'a [u8],
    /// How many.
    pub row_count: u32,
    /// Earliest time in them, ns.
    pub first_ns: u64,
    /// Latest time in them, ns.
    pub last_ns: u64,
    /// Wire packets they account for.
    pub packets: u64,
    /// Wire bytes they account for.
    pub bytes: u64,
}

/// What a stream has received in this epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamTotals {
    /// Number of the last row.
    pub last_seq: u64,
    /// Wire packets of all its rows.
    pub packets: u64,
    /// Wire bytes of all its rows.
    pub bytes: u64,
}

/// Rows of one stream that lie in one segment: the segment may go when all are acknowledged.
type SegmentEnds = BTreeMap<(u64, u16), u64>;

/// The writer; see the module.
#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    options: WriterOptions,
    epoch: u64,
    streams: BTreeMap<u16, StreamTotals>,
    segments: BTreeMap<u64, SegmentEnds>,
    open: Option<OpenSegment>,
    scratch: Vec<u8>,
    dirty: bool,
    _lock: File,
}

#[derive(Debug)]
struct OpenSegment {
    index: u64,
    file: File,
    path: PathBuf,
    offset: u64,
}

impl Writer {
    /// Opens `dir` (made if absent) for writing, takes its lock and begins a new epoch.
    ///
    /// # Errors
    /// The directory is locked by another writer, belongs to another node or a newer format, or cannot be written.
    pub fn open(dir: &Path, mut options: WriterOptions) -> Result<Writer, SpoolError> {
        options.segment_bytes = options.segment_bytes.max(SEGMENT_BYTES_MIN) / ALIGNMENT * ALIGNMENT;
        if options.bytes_max < 2 * options.segment_bytes {
            return Err(SpoolError::Options(format!(
                "spool.bytes_max ({}) must hold at least two segments of spool.segment_bytes ({})",
                options.bytes_max, options.segment_bytes
            )));
        }
        fs::create_dir_all(dir).map_err(SpoolError::io("create", dir))?;
        let lock = lock(dir, "writer")?;
        let mut segments = BTreeMap::new();
        for index in segment::list(dir)? {
            segments.insert(index, survey(dir, index, options.node)?);
        }
        let epoch = begin_epoch(dir, options.now_us)?;
        Ok(Writer {
            dir: dir.to_path_buf(),
            options,
            epoch,
            streams: BTreeMap::new(),
            segments,
            open: None,
            scratch: Vec::with_capacity(PAYLOAD_BYTES_MAX / 4),
            dirty: false,
            _lock: lock,
        })
    }

    /// The epoch that this writer began.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// What `stream` has received in this epoch.
    pub fn totals(&self, stream: u16) -> StreamTotals {
        self.streams.get(&stream).copied().unwrap_or_default()
    }

    /// All streams that have received rows in this epoch.
    pub fn streams(&self) -> impl Iterator<Item = (u16, StreamTotals)> + '_ {
        self.streams.iter().map(|(stream, totals)| (*stream, *totals))
    }

    /// Bytes that the segment files take.
    pub fn used_bytes(&self) -> u64 {
        self.segments.len() as u64 * self.options.segment_bytes
    }

    /// Bytes that the segment files may take.
    pub fn bytes_max(&self) -> u64 {
        self.options.bytes_max
    }

    /// Appends one frame and answers the number of its last row.
    ///
    /// # Errors
    /// [`SpoolError::Full`] when no segment is left, or the system's error; the batch is then not written and its
    /// numbers are not used.
    pub fn append(&mut self, batch: &Batch<'_>) -> Result<u64, SpoolError> {
        assert!(batch.row_count >= 1 && batch.row_count <= FRAME_ROWS_MAX, "a frame has 1 to 65,535 rows");
        assert!(batch.payload.len() <= PAYLOAD_BYTES_MAX, "a payload is at most PAYLOAD_BYTES_MAX");
        let totals = self.totals(batch.stream);
        let mut header = FrameHeader {
            kind: batch.kind,
            stream: batch.stream,
            node: self.options.node,
            epoch: self.epoch,
            seq: totals.last_seq + 1,
            row_count: batch.row_count,
            payload_bytes: batch.payload.len() as u32,
            first_ns: batch.first_ns,
            last_ns: batch.last_ns,
            packets: batch.packets,
            bytes: batch.bytes,
            segment: 0,
            before: Some(Carried { packets: totals.packets, bytes: totals.bytes }),
            payload_crc: crc32c::crc32c(batch.payload),
        };
        let segment_bytes = self.options.segment_bytes;
        if self.open.as_ref().is_none_or(|open| open.offset + header.stride() > segment_bytes) {
            self.begin_segment()?;
        }
        let open = self.open.as_mut().expect("begin_segment leaves one open");
        header.segment = open.index;
        self.scratch.clear();
        self.scratch.extend_from_slice(&header.encode());
        self.scratch.extend_from_slice(batch.payload);
        debug_assert_eq!(self.scratch.len(), HEADER_BYTES + batch.payload.len());
        // The rest up to the next 4 KiB is zero already: the segment was allocated and nothing lies behind its end.
        open.file.write_all_at(&self.scratch, open.offset).map_err(SpoolError::io("write", &open.path))?;
        open.offset += header.stride();
        self.dirty = true;
        self.segments.entry(open.index).or_default().insert((self.epoch, batch.stream), header.last_seq());
        let totals = self.streams.entry(batch.stream).or_default();
        totals.last_seq = header.last_seq();
        totals.packets += batch.packets;
        totals.bytes += batch.bytes;
        Ok(header.last_seq())
    }

    /// Makes all appended frames durable.
    ///
    /// # Errors
    /// The system's; the frames may then not survive a power cut, and the same file must not be synced again.
    pub fn sync(&mut self) -> Result<(), SpoolError> {
        let (true, Some(open)) = (self.dirty, &self.open) else { return Ok(()) };
        self.dirty = false;
        if let Err(source) = open.file.sync_data() {
            let path = open.path.clone();
            // The kernel may have marked the lost pages clean: a second sync of this file would lie. Go on in a new one.
            self.open = None;
            return Err(SpoolError::Io { operation: "sync", path, source });
        }
        Ok(())
    }

    /// Whether frames were appended since the last [`Writer::sync`].
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Removes the closed segments of which every row is acknowledged; answers how many.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn trim(&mut self, ack: &Ack) -> Result<usize, SpoolError> {
        let open = self.open.as_ref().map(|o| o.index);
        let done: Vec<u64> = self
            .segments
            .iter()
            .filter(|(index, ends)| {
                Some(**index) != open
                    && ends.iter().all(|((epoch, stream), last)| ack.last_seq(*epoch, *stream) >= *last)
            })
            .map(|(index, _)| *index)
            .collect();
        for index in &done {
            let path = segment::path(&self.dir, *index);
            fs::remove_file(&path).map_err(SpoolError::io("remove", &path))?;
            self.segments.remove(index);
        }
        Ok(done.len())
    }

    fn begin_segment(&mut self) -> Result<(), SpoolError> {
        if self.used_bytes() + self.options.segment_bytes > self.options.bytes_max {
            return Err(SpoolError::Full { used: self.used_bytes(), max: self.options.bytes_max });
        }
        // What lies in the segment that is left must not depend on a later sync of another file.
        self.sync()?;
        let index = self.segments.keys().next_back().map_or(1, |last| last + 1);
        let hidden = self.dir.join(format!(".{index}.new"));
        let path = segment::path(&self.dir, index);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&hidden);
        let file = file.map_err(SpoolError::io("create", &hidden))?;
        let header = SegmentHeader { node: self.options.node, index, bytes: self.options.segment_bytes };
        let prepared = file
            .set_len(self.options.segment_bytes)
            .and_then(|()| file.write_all_at(&header.encode(), 0))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&hidden, &path))
            .and_then(|()| File::open(&self.dir)?.sync_all());
        if let Err(source) = prepared {
            let _ = fs::remove_file(&hidden);
            return Err(SpoolError::Io { operation: "prepare", path, source });
        }
        self.segments.insert(index, SegmentEnds::new());
        self.open = Some(OpenSegment { index, file, path, offset: segment::FIRST_FRAME });
        Ok(())
    }
}

/// Takes the lock of a role in `dir`; it is held as long as the file lives, also across a crash of its holder.
pub(crate) fn lock(dir: &Path, role: &'static str) -> Result<File, SpoolError> {
    let path = dir.join(format!("{role}.lock"));
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(SpoolError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::Locked { path: dir.to_path_buf(), role }),
        Err(TryLockError::Error(source)) => Err(SpoolError::Io { operation: "lock", path, source }),
    }
}

/// The next epoch: above the last one kept in the directory and not below the clock, so that a wiped directory does
/// not repeat an epoch and a clock that jumped back does not either.
fn begin_epoch(dir: &Path, now_us: u64) -> Result<u64, SpoolError> {
    let path = dir.join("epoch");
    let last: u64 = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let epoch = now_us.max(last + 1);
    let hidden = dir.join(".epoch");
    fs::write(&hidden, format!("{epoch}\n"))
        .and_then(|()| File::open(&hidden)?.sync_all())
        .and_then(|()| fs::rename(&hidden, &path))
        .and_then(|()| File::open(dir)?.sync_all())
        .map_err(SpoolError::io("write", &path))?;
    Ok(epoch)
}

/// The last row of each stream in a segment of an earlier life, by its frame headers.
fn survey(dir: &Path, index: u64, node: NodeId) -> Result<SegmentEnds, SpoolError> {
    let path = segment::path(dir, index);
    let file = File::open(&path).map_err(SpoolError::io("open", &path))?;
    let mut ends = SegmentEnds::new();
    if SegmentHeader::read(&file, &path, node)?.is_none() {
        return Ok(ends);
    }
    let size = file.metadata().map_err(SpoolError::io("read", &path))?.len();
    let mut offset = segment::FIRST_FRAME;
    let mut bytes = [0u8; HEADER_BYTES];
    while offset + HEADER_BYTES as u64 <= size {
        file.read_exact_at(&mut bytes, offset).map_err(SpoolError::io("read", &path))?;
        match FrameHeader::decode(&bytes) {
            Ok(header) if header.segment == index => {
                let end = ends.entry((header.epoch, header.stream)).or_default();
                *end = (*end).max(header.last_seq());
                offset += header.stride();
            }
            // Damage in the middle: whole frames may follow. A sparse file's zeros are read fast.
            _ => offset += ALIGNMENT,
        }
    }
    Ok(ends)
}
