//! The segments that hold rows: what must be acknowledged before each may go, and in which order they go.

use std::collections::BTreeMap;

use crate::ack::Ack;
use crate::frame::{FrameHeader, FrameKind};
use crate::segment;

/// The last row of each (epoch, stream) that a segment holds.
pub(crate) type Ends = BTreeMap<(u64, u16), u64>;

/// A segment with rows.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// Size of the file.
    pub bytes: u64,
    /// `None` = of an earlier life, and not looked at yet.
    pub ends: Option<Ends>,
    /// Where its durable frames end.
    pub end: u64,
    /// A write to it failed: it is never written again.
    pub is_retired: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Book {
    segments: BTreeMap<u64, Segment>,
    bytes: u64,
    /// The newest segment with a ledger row.
    newest_ledger: Option<u64>,
}

impl Book {
    pub fn add(&mut self, index: u64, segment: Segment) {
        self.bytes += segment.bytes;
        self.segments.insert(index, segment);
    }

    pub fn remove(&mut self, index: u64) -> Option<Segment> {
        let segment = self.segments.remove(&index)?;
        self.bytes -= segment.bytes;
        Some(segment)
    }

    /// Bytes of the files.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn get(&mut self, index: u64) -> Option<&mut Segment> {
        self.segments.get_mut(&index)
    }

    pub fn oldest(&self) -> Option<u64> {
        self.segments.first_key_value().map(|(index, _)| *index)
    }

    pub fn newest(&self) -> Option<u64> {
        self.segments.last_key_value().map(|(index, _)| *index)
    }

    /// A file was cut to `bytes`.
    pub fn cut(&mut self, index: u64, bytes: u64) {
        if let Some(found) = self.segments.get_mut(&index) {
            self.bytes -= found.bytes.saturating_sub(bytes);
            found.bytes = found.bytes.min(bytes);
        }
    }

    /// The segment before `index`, and where its frames end. One that was given up whole counts only if it is the only
    /// one.
    pub fn before(&self, index: u64) -> Option<(u64, u64)> {
        let has_frames = |segment: &Segment| !segment.is_retired || segment.end > segment::FIRST_FRAME;
        let mut earlier = self.segments.range(..index).rev();
        let newest = earlier.clone().next();
        let found = earlier.find(|(_, segment)| has_frames(segment)).or(newest);
        found.map(|(index, segment)| (*index, segment.end))
    }

    /// Enters a durable frame.
    pub fn enter(&mut self, header: &FrameHeader) {
        if header.kind == FrameKind::Ledger {
            self.newest_ledger = self.newest_ledger.max(Some(header.segment));
        }
        if let Some(found) = self.segments.get_mut(&header.segment) {
            let end = found.ends.get_or_insert_default().entry((header.epoch, header.stream)).or_default();
            *end = (*end).max(header.last_seq());
            found.end = found.end.max(segment::FIRST_FRAME) + header.stride();
        }
    }

    /// Enters what a look at a segment of an earlier life found.
    pub fn surveyed(&mut self, index: u64, ends: Ends, end: u64, has_ledger: bool) {
        if has_ledger {
            self.newest_ledger = self.newest_ledger.max(Some(index));
        }
        if let Some(found) = self.segments.get_mut(&index) {
            (found.ends, found.end) = (Some(ends), end);
        }
    }

    /// Whether the newest ledger row, or what was written after it, lies here.
    pub fn holds_newest_ledger(&self, index: u64) -> bool {
        self.newest_ledger.is_some_and(|ledger| index >= ledger)
    }

    /// Whether every row of a segment is acknowledged; `None` = it was not looked at yet.
    pub fn is_acknowledged(&self, index: u64, ack: &Ack) -> Option<bool> {
        Some(acknowledged(self.segments.get(&index)?.ends.as_ref()?, ack))
    }

    /// Whether a segment after `index` has rows and all are acknowledged: the reader is beyond `index`.
    pub fn is_passed(&self, index: u64, ack: &Ack) -> bool {
        let rows = |s: &&Segment| s.ends.as_ref().is_some_and(|ends| !ends.is_empty() && acknowledged(ends, ack));
        self.segments.range(index + 1..).map(|(_, segment)| segment).find(rows).is_some()
    }
}

fn acknowledged(ends: &Ends, ack: &Ack) -> bool {
    ends.iter().all(|((epoch, stream), last)| ack.last_seq(*epoch, *stream) >= *last)
}
