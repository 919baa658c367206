//! The one writer of a spool directory.
//!
//! Single-threaded by design: the spooler owns it. [`Writer::append`] copies a frame into a buffer; [`Writer::commit`]
//! begins to write what is in the buffers, [`Writer::tend`] takes what the disk has done and goes on. Neither waits for
//! the disk: an append waits for a free buffer at most [`crate::limits::APPEND_WAIT`]. One operation is under way at a
//! time, so frames become durable in their order, and a reader sees no later one before an earlier one.
//!
//! What fails is never tried again on the same file: its segment is retired, kept for the sound frames in it, and all
//! frames that were not durable, which are still in their buffers, are written into the next one.

mod book;
mod engine;
mod group;
mod open;
mod spares;
mod trim;

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

use crate::disk::{Backend, Buffer, Disk, FileDisk, Means};
use crate::error::SpoolError;
use crate::frame::{Carried, FrameHeader, FrameKind, Place};
use crate::limits::{
    ALIGNMENT, APPEND_WAIT, FRAME_ROWS_MAX, PAYLOAD_BYTES_MAX, RETRY_WAIT_NS, SEGMENT_BYTES_MIN, SYNC_WAIT,
};
use crate::node::NodeId;
use crate::segment::FIRST_FRAME;

pub(crate) use book::Ends;

use book::Book;
use engine::{Flight, Open};
use group::{Group, Plan};
use spares::Spares;

/// A sync looks at the disk so often until its time is over.
const SYNC_LOOKS: u32 = 100;

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

/// What was accepted and is not durable yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Rows.
    pub rows: u64,
    /// Wire packets they account for.
    pub packets: u64,
    /// Their wire bytes.
    pub bytes: u64,
}

/// The writer; see the module.
#[derive(Debug)]
pub struct Writer<D: Disk = FileDisk> {
    disk: D,
    dir: PathBuf,
    options: WriterOptions,
    epoch: u64,
    accepted: BTreeMap<u16, StreamTotals>,
    written: BTreeMap<u16, StreamTotals>,
    pending: Pending,
    book: Book,
    spares: Spares<D::File>,
    open: Option<Open<D::File>>,
    /// Free buffers.
    pool: Vec<Buffer>,
    /// Frames on their way, oldest first; appends join the last one.
    queue: VecDeque<Group>,
    plan: Plan,
    /// What the disk has in hand.
    flight: Option<Flight>,
    /// So many groups go although the last of them may not be full.
    due: usize,
    /// An append waited for a buffer in vain, and none has come since.
    is_stalled: bool,
    now_ns: u64,
    retry_ns: u64,
    wait_ns: u64,
    /// What went wrong since it was last told.
    fault: Option<SpoolError>,
    keeps_ledger: bool,
    blocked: (u64, u32),
}

impl Writer<FileDisk> {
    /// Opens `dir` (made if absent) for writing, takes its lock and begins a new epoch.
    ///
    /// # Errors
    /// The directory is locked by another writer, belongs to another node or a newer format, or cannot be written.
    pub fn open(dir: &Path, options: WriterOptions) -> Result<Writer, SpoolError> {
        Writer::open_by(dir, options, Backend::Auto)
    }

    /// [`Writer::open`] by a given backend.
    ///
    /// # Errors
    /// As there; also when `backend` is named and refused.
    pub fn open_by(dir: &Path, options: WriterOptions, backend: Backend) -> Result<Writer, SpoolError> {
        Writer::on(FileDisk::writer(dir, backend)?, dir, options)
    }

    /// How the bytes go to the disk.
    pub fn means(&self) -> &Means {
        self.disk.means()
    }
}

impl<D: Disk> Writer<D> {
    /// The epoch that this writer began.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// What of `stream` is durable in this epoch: readers find it in the files.
    pub fn totals(&self, stream: u16) -> StreamTotals {
        self.written.get(&stream).copied().unwrap_or_default()
    }

    /// All streams that have durable rows in this epoch.
    pub fn streams(&self) -> impl Iterator<Item = (u16, StreamTotals)> + '_ {
        self.written.iter().map(|(stream, totals)| (*stream, *totals))
    }

    /// What was accepted beyond [`Writer::totals`]: in memory only.
    pub fn pending(&self) -> Pending {
        self.pending
    }

    /// Bytes of the segments with rows, those included that accepted rows will need.
    pub fn used_bytes(&self) -> u64 {
        self.book.bytes() + self.plan.ahead * self.options.segment_bytes
    }

    /// Bytes that they may take: what was configured, or, where the disk has no more, what there is.
    pub fn bytes_max(&self) -> u64 {
        if self.spares.cannot_grow() {
            (self.book.bytes() + self.spares.bytes()).min(self.options.bytes_max)
        } else {
            self.options.bytes_max
        }
    }

    /// Whether the disk refused more space although less than `bytes_max` is taken.
    pub fn cannot_grow(&self) -> bool {
        self.spares.cannot_grow()
    }

    /// Accepts one frame and answers the number of its last row. The rows are durable when [`Writer::totals`] has them.
    ///
    /// # Errors
    /// [`SpoolError::Full`] when no segment is left, [`SpoolError::Busy`] when the disk is behind and no buffer is free,
    /// [`SpoolError::TooLarge`]; the batch is then not accepted and its numbers are not used.
    pub fn append(&mut self, batch: &Batch<'_>) -> Result<u64, SpoolError> {
        assert!(batch.row_count >= 1 && batch.row_count <= FRAME_ROWS_MAX, "a frame has 1 to 65,535 rows");
        if batch.payload.len() > PAYLOAD_BYTES_MAX {
            return Err(SpoolError::TooLarge { bytes: batch.payload.len() });
        }
        faults::pass("spool.append").map_err(SpoolError::io("append to", &self.dir))?;
        self.advance();
        let totals = self.accepted.get(&batch.stream).copied().unwrap_or_default();
        let header = FrameHeader {
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
            place: Place::default(),
            payload_crc: crc32c::crc32c(batch.payload),
        };
        let (stride, last_seq) = (header.stride(), header.last_seq());
        if self.plan.needs_segment(stride) && self.used_bytes() + self.options.segment_bytes > self.bytes_max() {
            return Err(SpoolError::Full { used: self.used_bytes(), max: self.bytes_max() });
        }
        self.make_room(stride)?;
        self.plan.add(stride, self.options.segment_bytes - FIRST_FRAME);
        self.queue.back_mut().expect("make_room left one").push(header, batch.payload);
        let totals = self.accepted.entry(batch.stream).or_default();
        totals.last_seq = last_seq;
        totals.packets += batch.packets;
        totals.bytes += batch.bytes;
        self.pending.rows += u64::from(batch.row_count);
        self.pending.packets += batch.packets;
        self.pending.bytes += batch.bytes;
        if self.queue.len() > 1 {
            // Full groups go without being asked.
            self.advance();
        }
        Ok(last_seq)
    }

    /// Leaves a group at the end of the queue that a frame of `stride` bytes can join.
    fn make_room(&mut self, stride: u64) -> Result<(), SpoolError> {
        if self.queue.back().is_some_and(|group| group.has_room(stride)) {
            return Ok(());
        }
        if self.pool.is_empty() && !self.is_stalled {
            self.wait(APPEND_WAIT);
        }
        let Some(buffer) = self.pool.pop() else {
            self.is_stalled = true;
            return Err(self.fault.take().unwrap_or(SpoolError::Busy { pending: self.pending.rows }));
        };
        self.queue.push_back(Group::new(buffer));
        Ok(())
    }

    /// Begins to write all that was accepted, without waiting.
    ///
    /// # Errors
    /// What went wrong since the last call; the rows stay in memory and are written into another segment.
    pub fn commit(&mut self) -> Result<(), SpoolError> {
        self.due = self.queue.len();
        self.advance();
        self.fault.take().map_or(Ok(()), Err)
    }

    /// Takes what the disk has done and goes on, without waiting; the spooler calls it at every turn.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn tend(&mut self, now_ns: u64) -> Result<(), SpoolError> {
        self.now_ns = now_ns;
        self.advance();
        self.fault.take().map_or(Ok(()), Err)
    }

    /// Waits until all that was accepted is durable, [`SYNC_WAIT`] at most.
    ///
    /// # Errors
    /// The system's, or that the time was not enough; the rows stay in memory, and a further call goes on in a new
    /// segment.
    pub fn sync(&mut self) -> Result<(), SpoolError> {
        self.due = self.queue.len();
        self.retry_ns = 0;
        self.spares.try_now();
        for _ in 0..SYNC_LOOKS {
            self.advance();
            if self.pending.rows == 0 {
                return Ok(());
            }
            if !matches!(self.flight, Some(Flight::Rows(_) | Flight::Name)) {
                // Rows wait, and not for their own write.
                if let Some(fault) = self.fault.take() {
                    return Err(fault);
                }
                if self.flight.is_none() {
                    return Err(SpoolError::Full { used: self.used_bytes(), max: self.bytes_max() });
                }
            }
            self.wait(SYNC_WAIT / SYNC_LOOKS);
        }
        let source = std::io::Error::from(std::io::ErrorKind::TimedOut);
        Err(SpoolError::Io { operation: "wait for the disk of", path: self.dir.clone(), source })
    }

    /// Keeps the segment with the newest ledger row and all newer ones, acknowledged or not: the next start reads there
    /// how this life ended.
    pub fn keep_ledger(&mut self) {
        self.keeps_ledger = true;
    }

    fn ready(mut options: WriterOptions) -> Result<WriterOptions, SpoolError> {
        options.segment_bytes = options.segment_bytes.max(SEGMENT_BYTES_MIN) / ALIGNMENT * ALIGNMENT;
        if options.bytes_max < 2 * options.segment_bytes {
            return Err(SpoolError::Options(format!(
                "spool.bytes_max ({}) must hold at least two segments of spool.segment_bytes ({})",
                options.bytes_max, options.segment_bytes
            )));
        }
        Ok(options)
    }
}

/// The last rows are written if the disk lets us; whoever wants to know calls [`Writer::sync`] before.
impl<D: Disk> Drop for Writer<D> {
    fn drop(&mut self) {
        let _ = self.sync();
    }
}

const _: () = assert!(RETRY_WAIT_NS.0 < RETRY_WAIT_NS.1);
