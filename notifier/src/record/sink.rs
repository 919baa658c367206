//! The spool's writing end: opened as soon as it can be, never waited for.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use spool::limits::{PAYLOAD_BYTES_MAX, SEGMENT_BYTES_MIN, SEGMENTS_MIN, STREAM_NOTIFIER};
use spool::row::push_json;
use spool::{Ack, Batch, FrameKind, NodeId, SpoolError, Writer, WriterOptions};

/// notifier's spool is this part of what capture's may be: its rows are a few kilobytes a minute.
const SHARE: u64 = 8;

/// Largest segment: a segment goes when the last row in it is stored.
const SEGMENT_BYTES_MAX: u64 = 4 << 20;

/// A spool that cannot be opened is tried again after so long.
const OPEN_INTERVAL: Duration = Duration::from_secs(5);

/// How often the acknowledgement is looked at.
const TRIM_INTERVAL: Duration = Duration::from_secs(1);

/// An error is told again only after so long.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(60);

/// Above this share of the spool only incidents and events are written.
const SAMPLES_BELOW_PERCENT: u64 = 85;

/// Rows of one frame, at most, and bytes after which it is full: one more row still fits.
const FRAME_ROWS_MAX: u32 = 500;
pub(super) const FRAME_BYTES: usize = PAYLOAD_BYTES_MAX / 2;

/// Where the spool lies and how large it may be.
#[derive(Clone, Debug)]
pub struct Options {
    /// `DATA/spool/notifier`.
    pub dir: PathBuf,
    /// This node.
    pub node: NodeId,
    /// The `[spool]` section: notifier's may take an eighth of what it allows.
    pub spool: spool::config::Config,
}

/// How the spool stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Bytes of the segments with rows.
    pub used_bytes: u64,
    /// What they may take; 0 = it is not open.
    pub bytes_max: u64,
    /// Rows accepted and not durable yet.
    pub pending_rows: u64,
    /// Why rows are not written, if so.
    pub trouble: String,
}

/// See the module.
#[derive(Debug)]
pub struct Sink {
    options: Options,
    writer: Option<Writer>,
    started: Instant,
    tried: Option<Instant>,
    committed: Option<Instant>,
    trimmed: Option<Instant>,
    complained: Option<Instant>,
    trouble: String,
    /// Rows that were not written, since the start.
    pub shed: u64,
    /// Rows accepted, since the start.
    pub rows: u64,
}

impl Sink {
    /// Not open yet; `now` is a time that only goes on.
    pub fn new(options: Options, now: Instant) -> Sink {
        Sink {
            options,
            writer: None,
            started: now,
            tried: None,
            committed: None,
            trimmed: None,
            complained: None,
            trouble: String::new(),
            shed: 0,
            rows: 0,
        }
    }

    /// Opens the spool if it is not open and it is time; whether it was opened just now.
    pub fn open(&mut self, now_ns: u64, now: Instant) -> bool {
        let is_due = self.tried.is_none_or(|tried| now.duration_since(tried) >= OPEN_INTERVAL);
        if self.writer.is_some() || !is_due {
            return false;
        }
        self.tried = Some(now);
        let (bytes_max, segment_bytes) = sizes(&self.options.spool, &self.options.dir);
        let options = WriterOptions { node: self.options.node, segment_bytes, bytes_max, now_us: now_ns / 1000 };
        match Writer::open_by(&self.options.dir, options, self.options.spool.backend) {
            Ok(writer) => {
                self.trouble.clear();
                self.writer = Some(writer);
                true
            }
            Err(error) => {
                self.complain(&error, now);
                false
            }
        }
    }

    /// The epoch of the rows; 0 = it is not open.
    pub fn epoch(&self) -> u64 {
        self.writer.as_ref().map_or(0, Writer::epoch)
    }

    /// Rows up to and with this number are durable.
    pub fn durable_seq(&self) -> u64 {
        self.writer.as_ref().map_or(0, |writer| writer.totals(STREAM_NOTIFIER).last_seq)
    }

    /// Whether nothing is on its way to the disk.
    pub fn is_settled(&self) -> bool {
        self.writer.as_ref().is_some_and(|writer| writer.pending().rows == 0)
    }

    /// How the spool stands.
    pub fn standing(&self) -> Standing {
        let trouble = self.trouble.clone();
        self.writer.as_ref().map_or_else(
            || Standing { trouble: trouble.clone(), ..Standing::default() },
            |writer| Standing {
                used_bytes: writer.used_bytes(),
                bytes_max: writer.bytes_max(),
                pending_rows: writer.pending().rows,
                trouble: trouble.clone(),
            },
        )
    }

    /// Appends rows of samples; what the spool does not take is shed, and counted.
    pub fn samples<T: Serialize>(&mut self, kind: FrameKind, rows: &[T], now_ns: u64, now: Instant) {
        let (mut payload, mut count) = (Vec::new(), 0);
        for (at, row) in rows.iter().enumerate() {
            push_json(&mut payload, row);
            count += 1;
            if count < FRAME_ROWS_MAX && payload.len() < FRAME_BYTES && at + 1 < rows.len() {
                continue;
            }
            let has_room = self.writer.as_ref().is_some_and(|writer| {
                writer.used_bytes().saturating_mul(100) <= writer.bytes_max().saturating_mul(SAMPLES_BELOW_PERCENT)
            });
            if !has_room || self.append(kind, &payload, count, now_ns, now).is_none() {
                self.shed += u64::from(count);
            }
            payload.clear();
            count = 0;
        }
    }

    /// Appends one frame; the number of its last row, or `None` if the spool did not take it.
    pub fn append(&mut self, kind: FrameKind, payload: &[u8], rows: u32, now_ns: u64, now: Instant) -> Option<u64> {
        let batch = Batch {
            kind,
            stream: STREAM_NOTIFIER,
            payload,
            row_count: rows,
            first_ns: now_ns,
            last_ns: now_ns,
            packets: 0,
            bytes: 0,
        };
        match self.writer.as_mut()?.append(&batch) {
            Ok(last_seq) => {
                self.rows += u64::from(rows);
                Some(last_seq)
            }
            Err(error) => {
                self.complain(&error, now);
                None
            }
        }
    }

    /// Goes on with what was accepted, makes it durable and lets go what is stored, when it is time.
    pub fn tend(&mut self, now: Instant) {
        let Some(writer) = &mut self.writer else { return };
        let steady_ns = u64::try_from(now.saturating_duration_since(self.started).as_nanos()).unwrap_or(u64::MAX);
        let interval = self.options.spool.commit_interval;
        let is_due = self.committed.is_none_or(|committed| now.duration_since(committed) >= interval);
        let mut result = writer.tend(steady_ns).and(if is_due { writer.commit() } else { Ok(()) });
        if is_due {
            self.committed = Some(now);
        }
        if self.trimmed.is_none_or(|trimmed| now.duration_since(trimmed) >= TRIM_INTERVAL) {
            self.trimmed = Some(now);
            result = result.and(writer.trim(&Ack::load(&self.options.dir)).map(drop));
        }
        match result {
            Err(error) => self.complain(&error, now),
            // What was refused is taken again once there is room.
            Ok(()) if !self.trouble.is_empty() && writer.used_bytes() < writer.bytes_max() => self.trouble.clear(),
            Ok(()) => {}
        }
    }

    /// Waits until all is durable, two seconds at most.
    pub fn finish(&mut self, now: Instant) {
        if let Some(Err(error)) = self.writer.as_mut().map(Writer::sync) {
            self.complain(&error, now);
        }
    }

    fn complain(&mut self, error: &SpoolError, now: Instant) {
        self.trouble = error.to_string();
        if self.complained.is_none_or(|told| now.duration_since(told) >= COMPLAINT_INTERVAL) {
            self.complained = Some(now);
            tracing::error!(%error, "rows of notifier are not written; incidents wait in its state, samples are left out");
        }
    }
}

/// Bytes of all segments and of one.
fn sizes(config: &spool::config::Config, dir: &Path) -> (u64, u64) {
    let sizes = config.sizes(dir);
    let bytes_max = (sizes.bytes_max / SHARE).max(SEGMENTS_MIN * SEGMENT_BYTES_MIN);
    let segment_bytes = sizes.segment_bytes.min(bytes_max / SEGMENTS_MIN).clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
    (bytes_max, segment_bytes)
}

/// How far the spool in `dir` holds rows of an epoch of notifier, stored ones included.
pub(super) fn held(dir: &Path, node: NodeId, epoch: u64) -> u64 {
    let mut held = Ack::load(dir).last_seq(epoch, STREAM_NOTIFIER);
    let shown = spool::tail::headers(dir, node, |header| {
        if header.epoch == epoch && header.stream == STREAM_NOTIFIER {
            held = held.max(header.last_seq());
        }
    });
    if let Err(error) = shown {
        tracing::warn!(%error, "what the spool holds cannot be seen whole: rows may be written twice");
    }
    held
}

#[cfg(test)]
mod tests {
    use bytesize::ByteSize;

    use super::{Path, SEGMENT_BYTES_MAX, sizes};

    #[test]
    fn an_eighth_of_what_is_configured_in_small_segments() {
        let check = |configured: u64, expect: (u64, u64)| {
            let config = spool::config::Config { bytes_max: ByteSize(configured), ..Default::default() };
            assert_eq!(sizes(&config, Path::new("/")), expect, "{configured}");
        };
        check(4 << 30, (512 << 20, SEGMENT_BYTES_MAX));
        check(64 << 20, (8 << 20, 1 << 20));
        check(8 << 20, (8 << 20, 1 << 20));
        check(128 << 20, (16 << 20, 2 << 20));
    }
}
