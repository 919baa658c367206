//! Closes the books of earlier epochs that ended without a final row: a process that was killed, a power cut.
//!
//! The newest checkpoint of such an epoch says what was in memory; the frame headers say what reached the spool after
//! it. What did not is lost, and becomes a `gap` row of the epoch that begins now. The process may have parsed packets
//! after its last checkpoint (a second at most): of those only the ones that reached the spool are in the books, the
//! others show in the devices' counters, as `blind`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use spool::row::{self, DeviceCount, LedgerKind, LedgerRow, StreamEnd};
use spool::{FrameHeader, FrameKind, Next, NodeId, SpoolError, Tail};

/// What a spool tells of the time before this start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// A row for each epoch that did not close its books.
    pub gaps: Vec<LedgerRow>,
    /// What the devices had counted when the last word of the books was written.
    pub devices: Vec<DeviceCount>,
}

/// Reads the spool in `dir`, of which the caller holds the writer's lock; `epoch` is the one that begins.
///
/// Only its newest end is read, as far back as the last ledger row: who wrote that had closed all earlier epochs
/// before, and what a row does not tell of its own epoch stands behind it. So a backlog of gigabytes delays no start.
///
/// # Errors
/// The spool cannot be read.
pub fn read(dir: &Path, node: NodeId, epoch: u64) -> Result<Past, SpoolError> {
    let segments = spool::tail::segments(dir)?;
    // The newest segments may be empty, or damaged; looking twice as far each time reads nothing more than twice.
    let mut count = 1;
    loop {
        let from = segments.len().saturating_sub(count);
        let seen = Seen::read(dir, node, segments.get(from).copied().unwrap_or(0))?;
        if seen.writer.is_some() || from == 0 {
            return Ok(seen.past(epoch));
        }
        count *= 2;
    }
}

/// Packets that the devices received since their last known counters; `now` are those of this start. A device that
/// counts from 0 again (made anew, another boot) has seen all that it counts meanwhile.
pub fn blind(before: &[DeviceCount], now: &[DeviceCount]) -> u64 {
    let since = |now: &DeviceCount| {
        let last = before.iter().find(|last| last.name == now.name)?;
        let goes_on = last.index == now.index && last.received <= now.received;
        Some(if goes_on { now.received - last.received } else { now.received })
    };
    now.iter().filter_map(since).fold(0, u64::saturating_add)
}

/// What the newest end of a spool holds.
#[derive(Default)]
struct Seen {
    /// The epoch that wrote the newest ledger row.
    writer: Option<u64>,
    /// The newest checkpoint of each epoch.
    newest: BTreeMap<u64, LedgerRow>,
    /// Epochs with a final or a gap row.
    closed: BTreeSet<u64>,
    /// What the devices had counted at the newest row about each epoch.
    devices: BTreeMap<u64, Vec<DeviceCount>>,
    /// How far the frames of each epoch's streams go.
    ends: BTreeMap<u64, BTreeMap<u16, StreamEnd>>,
}

impl Seen {
    /// Reads from segment `first` on.
    fn read(dir: &Path, node: NodeId, first: u64) -> Result<Seen, SpoolError> {
        let mut seen = Seen::default();
        let ends = RefCell::new(BTreeMap::<u64, BTreeMap<u16, StreamEnd>>::new());
        let mut tail = Tail::from_segment(dir, node, first);
        let mut payload = Vec::new();
        // Asked of every sound header, perhaps twice of one.
        let want = |header: &FrameHeader| {
            extend(ends.borrow_mut().entry(header.epoch).or_default().entry(header.stream).or_default(), header);
            header.kind == FrameKind::Ledger
        };
        loop {
            match tail.next(&mut payload, want)? {
                Next::Idle => break,
                Next::Damaged { .. } => {}
                Next::Frame(header) => {
                    row::read_json::<LedgerRow>(&payload).0.into_iter().for_each(|row| seen.note(header.epoch, row));
                }
            }
        }
        seen.ends = ends.into_inner();
        Ok(seen)
    }

    fn note(&mut self, epoch: u64, row: LedgerRow) {
        self.writer = Some(epoch);
        if row.kind != LedgerKind::Checkpoint {
            self.closed.insert(row.about_epoch);
        }
        if !row.devices.is_empty() {
            self.devices.insert(row.about_epoch, row.devices.clone());
        }
        if row.about_epoch == epoch {
            self.newest.insert(epoch, row);
        }
    }

    fn past(mut self, epoch: u64) -> Past {
        let oldest_open = self.writer.unwrap_or(0);
        let is_open = |about: &u64| *about >= oldest_open && *about < epoch && !self.closed.contains(about);
        self.ends.retain(|about, _| is_open(about));
        self.newest.retain(|about, _| is_open(about));
        for (about, row) in &self.newest {
            let ends = self.ends.entry(*about).or_default();
            // A stream may have no frame left in the spool, or none behind the checkpoint.
            for end in &row.streams {
                let known = ends.entry(end.stream).or_default();
                if known.last_seq <= end.last_seq {
                    *known = *end;
                }
            }
        }
        let mut gaps = Vec::new();
        let mut devices = self.devices;
        for (about, ends) in self.ends {
            let checkpoint = self.newest.get(&about);
            let mut gap = gap_row(about, checkpoint, ends.into_values().collect());
            let since = gap.kernel_seen - checkpoint.map_or(0, |row| row.kernel_seen);
            // An epoch that died before its first checkpoint goes on from the devices of the one before.
            let mut counted = devices.range(..=about).next_back().map(|(_, of)| of.clone()).unwrap_or_default();
            // Which device it was is not known; the sum is.
            counted.iter_mut().take(1).for_each(|device| device.received = device.received.saturating_add(since));
            gap.devices.clone_from(&counted);
            devices.insert(about, counted);
            gaps.push(gap);
        }
        Past { gaps, devices: devices.into_values().next_back().unwrap_or_default() }
    }
}

/// The stream goes at least as far as this frame; a frame that was written twice counts once.
fn extend(end: &mut StreamEnd, header: &FrameHeader) {
    if header.last_seq() <= end.last_seq {
        return;
    }
    let before = header.before.map_or((end.packets, end.bytes), |before| (before.packets, before.bytes));
    *end = StreamEnd {
        stream: header.stream,
        last_seq: header.last_seq(),
        packets: before.0.saturating_add(header.packets),
        bytes: before.1.saturating_add(header.bytes),
    };
}

/// The books of the epoch `about` at its death: its newest checkpoint, moved on by what reached the spool after it.
fn gap_row(about: u64, checkpoint: Option<&LedgerRow>, streams: Vec<StreamEnd>) -> LedgerRow {
    let mut row = checkpoint.cloned().unwrap_or_default();
    // A device or the kernel that merges packets counts others than the wire's, and without a checkpoint nothing is
    // known of the memory: the sum with `blind` is then near, not exact.
    let is_estimate = checkpoint.is_none() || row.coalesced > 0;
    row.kind = if is_estimate { LedgerKind::GapEstimate } else { LedgerKind::Gap };
    row.about_epoch = about;
    // Under load the devices' counters are read a moment before the workers' reports: less than nothing is that moment.
    row.pre_tap = row.pre_tap.max(0);
    let sum = |of: fn(&StreamEnd) -> u64| streams.iter().map(of).fold(0, u64::saturating_add);
    let spooled = (sum(|end| end.packets), sum(|end| end.bytes));
    let later = (spooled.0.saturating_sub(row.spooled), spooled.1.saturating_sub(row.spooled_bytes));
    // What reached the spool after the checkpoint came first from memory; more than was there was parsed since.
    let parsed_since = later.0.saturating_sub(row.in_memory);
    for column in [&mut row.parsed, &mut row.parsed_frames, &mut row.taken] {
        *column = column.saturating_add(parsed_since);
    }
    let from_ring = parsed_since.min(row.in_ring);
    row.in_ring -= from_ring;
    row.kernel_seen = row.kernel_seen.saturating_add(parsed_since - from_ring);
    row.parsed_bytes = row.parsed_bytes.saturating_add(later.1.saturating_sub(row.in_memory_bytes));
    row.gap = row.gap.saturating_add(row.in_memory.saturating_sub(later.0));
    row.gap_bytes = row.gap_bytes.saturating_add(row.in_memory_bytes.saturating_sub(later.1));
    (row.in_memory, row.in_memory_bytes) = (0, 0);
    (row.spooled, row.spooled_bytes) = (row.spooled.max(spooled.0), row.spooled_bytes.max(spooled.1));
    row.streams = streams;
    row
}

#[cfg(test)]
#[path = "closing/tests.rs"]
mod tests;
