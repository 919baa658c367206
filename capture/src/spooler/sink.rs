//! Where the spooler's rows go: the spool, a tap that reads along (`replay --flows`), or nowhere (`--dry-run`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use live::line::StreamState;
use serde::Serialize;
use spool::limits::{FLOW_STREAMS, PAYLOAD_BYTES_MAX, STREAM_META};
use spool::row::{FlowRecord, push_json};
use spool::{Ack, Batch, FrameKind, Pending, SpoolError, Writer};

use crate::worker::batch::FlowBatch;

/// JSON rows of one frame, at most.
const META_ROWS_PER_FRAME: u32 = 500;

/// A frame of JSON rows that has so many bytes is full: a further row still fits below a frame's payload bound.
const META_FRAME_BYTES: usize = PAYLOAD_BYTES_MAX / 2;

/// Above this share of what the spool can have flow rows are no longer written: what is left is for totals.
const COARSE_ABOVE_PERCENT: u64 = 85;

/// How often the acknowledgement is looked at.
const TRIM_INTERVAL_NS: u64 = 200_000_000;

/// A replay gives a disk that fails so many chances: each takes another file.
const REPLAY_DISK_TRIES: u32 = 10;

/// Why a spool error is told again only after a while.
const COMPLAINT_INTERVAL_NS: u64 = 10_000_000_000;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in the spool (or was discarded on purpose: a dry run).
    Spooled,
    /// The spool is nearly full: only totals are kept.
    Coarsened,
    /// The spool refused it.
    Shed,
}

/// How the spool stands at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Bytes of the segments with rows.
    pub used_bytes: u64,
    /// What they may take: less than configured while the disk has no more.
    pub bytes_max: u64,
    /// Rows that were accepted and are not in the files yet.
    pub pending_rows: u64,
    /// How the bytes go to the disk; "" = they do not.
    pub backend: &'static str,
}

/// What to do when the spool is full.
#[derive(Clone)]
pub enum WhenFull {
    /// Count and go on: live capture never waits.
    Shed,
    /// Wait for ingest, until the flag says that it has gone: a replay sheds nothing.
    Wait(Arc<AtomicBool>),
}

/// Reads along what is written.
pub type FlowTap = Box<dyn FnMut(&FlowRecord) + Send>;

/// See the module.
pub struct Sink {
    writer: Option<Writer>,
    dir: PathBuf,
    commit_interval_ns: u64,
    when_full: WhenFull,
    tap: Option<FlowTap>,
    next_stream: u16,
    scratch: Vec<u8>,
    synced_ns: u64,
    trimmed_ns: u64,
    complained_ns: u64,
    now_ns: u64,
}

impl Sink {
    /// Rows go to the spool in `dir`, made durable every `commit_interval`.
    pub fn spool(writer: Writer, dir: &Path, commit_interval: Duration, when_full: WhenFull) -> Sink {
        let commit_interval_ns = u64::try_from(commit_interval.as_nanos()).unwrap_or(u64::MAX);
        Sink { writer: Some(writer), dir: dir.to_path_buf(), commit_interval_ns, when_full, ..Sink::nowhere() }
    }

    /// Rows go nowhere.
    pub fn nowhere() -> Sink {
        Sink {
            writer: None,
            dir: PathBuf::new(),
            commit_interval_ns: u64::MAX,
            when_full: WhenFull::Shed,
            tap: None,
            next_stream: 0,
            scratch: Vec::new(),
            synced_ns: 0,
            trimmed_ns: 0,
            complained_ns: 0,
            now_ns: 0,
        }
    }

    /// Shows every flow record to `tap` too.
    pub fn with_tap(self, tap: Option<FlowTap>) -> Sink {
        Sink { tap, ..self }
    }

    /// The epoch of the rows; 0 = they go nowhere.
    pub fn epoch(&self) -> u64 {
        self.writer.as_ref().map_or(0, Writer::epoch)
    }

    /// How the spool stands.
    pub fn standing(&self) -> Standing {
        self.writer.as_ref().map_or_else(Standing::default, |w| Standing {
            used_bytes: w.used_bytes(),
            bytes_max: w.bytes_max(),
            pending_rows: w.pending().rows,
            backend: w.means().name(),
        })
    }

    /// What was accepted and is not in the files yet.
    pub fn pending(&self) -> Pending {
        self.writer.as_ref().map(Writer::pending).unwrap_or_default()
    }

    /// What of each stream is in the files.
    pub fn streams(&self) -> Vec<StreamState> {
        let state = |(stream, totals): (u16, spool::StreamTotals)| StreamState {
            stream,
            last_seq: totals.last_seq,
            packets: totals.packets,
            bytes: totals.bytes,
        };
        self.writer.as_ref().map(|w| w.streams().map(state).collect()).unwrap_or_default()
    }

    /// Appends a worker's batch to the next flow stream in turn.
    pub fn append_flows(&mut self, batch: &FlowBatch) -> Fate {
        if let Some(tap) = &mut self.tap {
            FlowRecord::rows(&batch.payload).for_each(|record| tap(&record));
        }
        let Some(writer) = &self.writer else { return Fate::Spooled };
        let waits = matches!(self.when_full, WhenFull::Wait(_));
        if !waits && writer.used_bytes() * 100 > writer.bytes_max() * COARSE_ABOVE_PERCENT {
            return Fate::Coarsened;
        }
        let frame = Batch {
            kind: FrameKind::Flow,
            stream: 1 + self.next_stream,
            payload: &batch.payload,
            row_count: batch.rows,
            first_ns: batch.first_ns,
            last_ns: batch.last_ns,
            packets: batch.packets,
            bytes: batch.bytes,
        };
        self.next_stream = (self.next_stream + 1) % FLOW_STREAMS;
        if self.append(&frame) { Fate::Spooled } else { Fate::Shed }
    }

    /// Appends low-rate rows; counts the frames that the spool refused.
    pub fn append_rows<T: Serialize>(&mut self, kind: FrameKind, rows: &[T], now_ns: u64, errors: &mut u64) {
        let mut payload = std::mem::take(&mut self.scratch);
        let mut row_count = 0;
        payload.clear();
        for (at, row) in rows.iter().enumerate() {
            push_json(&mut payload, row);
            row_count += 1;
            let is_full = row_count == META_ROWS_PER_FRAME || payload.len() >= META_FRAME_BYTES;
            if !is_full && at + 1 < rows.len() {
                continue;
            }
            let frame = Batch {
                kind,
                stream: STREAM_META,
                payload: &payload,
                row_count,
                first_ns: now_ns,
                last_ns: now_ns,
                packets: 0,
                bytes: 0,
            };
            if !self.append(&frame) {
                *errors += 1;
            }
            payload.clear();
            row_count = 0;
        }
        self.scratch = payload;
    }

    fn append(&mut self, frame: &Batch<'_>) -> bool {
        let mut failures = 0;
        loop {
            let Some(writer) = &mut self.writer else { return true };
            let error = match writer.append(frame) {
                Ok(_) => return true,
                Err(error) => error,
            };
            let WhenFull::Wait(ingest_is_gone) = &self.when_full else {
                self.complain(&error);
                return false;
            };
            let waits = matches!(error, SpoolError::Full { .. } | SpoolError::Busy { .. });
            if !waits || failures == REPLAY_DISK_TRIES || ingest_is_gone.load(Ordering::Acquire) {
                self.complain(&error);
                return false;
            }
            // What ingest is to take must be in the files.
            if let Err(error @ SpoolError::Io { .. }) = writer.sync() {
                failures += 1;
                self.complain(&error);
            }
            if matches!(error, SpoolError::Full { .. }) {
                std::thread::sleep(Duration::from_millis(20));
            }
            let ack = Ack::load(&self.dir);
            self.trim(&ack);
        }
    }

    fn complain(&mut self, error: &SpoolError) {
        if self.now_ns.saturating_sub(self.complained_ns) >= COMPLAINT_INTERVAL_NS || self.complained_ns == 0 {
            self.complained_ns = self.now_ns.max(1);
            tracing::error!(%error, "rows are not written; totals are kept and what is lost is counted as shed");
        }
    }

    /// Goes on with what was accepted, begins to make it durable and lets go what is acknowledged, when it is time.
    /// Nothing of it waits for the disk; `now_ns` is a time that only goes on.
    pub fn tend(&mut self, now_ns: u64) {
        self.now_ns = now_ns;
        let Some(writer) = &mut self.writer else { return };
        let is_due = now_ns.saturating_sub(self.synced_ns) >= self.commit_interval_ns;
        let tended = writer.tend(now_ns).and(if is_due { writer.commit() } else { Ok(()) });
        if is_due {
            self.synced_ns = now_ns;
        }
        if let Err(error) = tended {
            self.complain(&error);
        }
        if now_ns.saturating_sub(self.trimmed_ns) >= TRIM_INTERVAL_NS {
            self.trimmed_ns = now_ns;
            let ack = Ack::load(&self.dir);
            self.trim(&ack);
        }
    }

    /// Lets go what the database has committed.
    pub fn trim(&mut self, ack: &Ack) {
        if let Some(Err(error)) = self.writer.as_mut().map(|w| w.trim(ack)) {
            self.complain(&error);
        }
    }

    /// Waits until everything is durable, for a bounded time.
    pub fn finish(&mut self) {
        if let Some(Err(error)) = self.writer.as_mut().map(Writer::sync) {
            self.complain(&error);
        }
    }
}
