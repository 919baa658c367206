//! Joins the books: what capture says, what lies in the spool, what the store has committed.
//!
//! To be exact while everything moves, the order is: the store's fences first, then capture's next cut, then the frame
//! headers between the two. A segment that was trimmed meanwhile leaves a hole between fence and cut: then all is read
//! again.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use live::ledger::{CaptureColumns, Ledger};
use live::line::StreamState;
use live::{Line, Role, Subscriber};
use serde::Serialize;
use spool::{FrameHeader, FrameKind, Next, NodeId, SpoolError, Tail};
use store::{Batch, Fence, LedgerEntry, LedgerKind, LedgerRow, Reader};

use crate::commands::{node_of, wait_for_store};
use crate::config::Config;
use crate::exit::Failure;

/// How often the three sources are read until they fit together.
const ATTEMPTS: u32 = 5;

/// capture publishes once a second; a line that is not there by then does not come.
const LINE_WAIT: Duration = Duration::from_secs(3);

/// Writers of packets whose spools lie in a data directory; notifier's rows account for none.
const WRITERS: [&str; 2] = ["capture", "replay"];

/// How an epoch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// capture runs; the columns are of its last cut.
    Live,
    /// It ended in order.
    Final,
    /// It was killed; a later start has closed its books, and what was lost is in `gap`.
    Gap,
    /// As `Gap`; how much was lost is an estimate.
    #[serde(rename = "gap_estimate")]
    GapEstimate,
    /// It did not end in order (killed, power cut) and capture has not started since, or its end is not stored yet: the
    /// columns are of the last checkpoint.
    Unfinished,
}

impl Standing {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Live => "running",
            Standing::Final => "closed",
            Standing::Gap => "closed by a later start (it was killed)",
            Standing::GapEstimate => "closed by a later start (it was killed; the gap is an estimate)",
            Standing::Unfinished => "not closed (killed and not started again, or its end is not stored yet)",
        }
    }
}

/// The books of one epoch.
#[derive(Clone, Debug, Serialize)]
pub struct EpochBooks {
    /// The node's number in the store; 0 = it has stored nothing yet.
    pub node_id: u16,
    /// The epoch.
    pub epoch: u64,
    /// How it stands.
    pub standing: Standing,
    /// The terms.
    #[serde(flatten)]
    pub ledger: Ledger,
}

struct LiveCut {
    epoch: u64,
    columns: CaptureColumns,
    streams: Vec<StreamState>,
}

/// The books of all epochs that the store or a running capture knows, oldest first.
///
/// # Errors
/// The store or the spool cannot be read.
pub fn read(config: &Config) -> Result<Vec<EpochBooks>, Failure> {
    let node = node_of(config)?;
    for attempt in 1.. {
        let (fences, entries) = wait_for_store(async {
            let mut reader = Reader::connect(&config.store, &config.node.data_dir).await?;
            let fences = reader.fences().await?;
            let mut entries = reader.ledger_latest().await?;
            entries.extend(reader.ledger_gaps().await?);
            Ok((fences, entries))
        })?;
        let cut = next_cut(&config.node.run_dir);
        let joined = join(config, node, &fences, &entries, cut.as_ref())?;
        if let Some(books) = joined.whole_or_last(attempt == ATTEMPTS) {
            return Ok(books);
        }
    }
    unreachable!("the last attempt is answered")
}

/// The next line that capture publishes; `None` = it does not run. The first line of a new connection is the last one
/// published, which may be older than the fences that were read.
fn next_cut(run_dir: &Path) -> Option<LiveCut> {
    let mut live = Subscriber::connect(run_dir, Role::Capture, LINE_WAIT).ok()?;
    let _last = live.receive().ok()?;
    match live.receive().ok()? {
        Line::Capture(line) => {
            Some(LiveCut { epoch: line.envelope.epoch, columns: line.ledger, streams: line.spool.streams })
        }
        _ => None,
    }
}

struct Joined {
    books: Vec<EpochBooks>,
    has_hole: bool,
}

impl Joined {
    fn whole_or_last(self, last: bool) -> Option<Vec<EpochBooks>> {
        (!self.has_hole || last).then_some(self.books)
    }
}

fn join(
    config: &Config,
    node: NodeId,
    fences: &[Fence],
    entries: &[LedgerEntry],
    cut: Option<&LiveCut>,
) -> Result<Joined, Failure> {
    let mut spooled = Spooled::read(config, node, fences)?;
    let mut epochs: BTreeMap<u64, EpochBooks> = BTreeMap::new();
    let mut has_hole = false;
    let mut newest: BTreeMap<u64, LedgerRow> = BTreeMap::new();
    // What capture wrote and ingest has not stored is newer than what the store has; a closing row stands in any case.
    for row in entries.iter().map(|entry| &entry.row).chain(spooled.ledger.iter()) {
        let is_open = newest.get(&row.about_epoch).is_none_or(|known| standing(known) == Standing::Unfinished);
        if row.kind != LedgerKind::Blind && is_open {
            newest.insert(row.about_epoch, row.clone());
        }
    }
    for (epoch, row) in newest {
        let node_id = fences.iter().find(|f| f.epoch == epoch).map_or(0, |f| f.node_id);
        let standing = standing(&row);
        let in_spool = spooled.after_fence(epoch, None, &mut has_hole);
        epochs.insert(epoch, books(node_id, epoch, standing, &columns_of(&row), in_spool, fences));
    }
    if let Some(cut) = cut {
        let in_spool = spooled.after_fence(cut.epoch, Some(&cut.streams), &mut has_hole);
        let node_id = fences.iter().find(|f| f.epoch == cut.epoch).map_or(0, |f| f.node_id);
        epochs.insert(cut.epoch, books(node_id, cut.epoch, Standing::Live, &cut.columns, in_spool, fences));
    }
    Ok(Joined { books: epochs.into_values().collect(), has_hole })
}

fn standing(row: &LedgerRow) -> Standing {
    match row.kind {
        LedgerKind::Final => Standing::Final,
        LedgerKind::Gap => Standing::Gap,
        LedgerKind::GapEstimate => Standing::GapEstimate,
        LedgerKind::Checkpoint | LedgerKind::Blind => Standing::Unfinished,
    }
}

fn books(
    node_id: u16,
    epoch: u64,
    standing: Standing,
    columns: &CaptureColumns,
    in_spool: (u64, u64),
    fences: &[Fence],
) -> EpochBooks {
    let (mut stored, mut parked) = ((0, 0), (0, 0));
    let mut columns = *columns;
    for fence in fences.iter().filter(|f| f.epoch == epoch) {
        stored = (stored.0 + fence.stored.packets, stored.1 + fence.stored.bytes);
        parked = (parked.0 + fence.parked.packets, parked.1 + fence.parked.bytes);
        // What capture lost with its memory, and what the spool lost.
        columns.gap += fence.gap.packets;
        columns.gap_bytes += fence.gap.bytes;
    }
    EpochBooks { node_id, epoch, standing, ledger: Ledger::join(&columns, in_spool, stored, parked) }
}

/// A frame by its header.
struct SpooledFrame {
    first_seq: u64,
    last_seq: u64,
    packets: u64,
    bytes: u64,
}

/// What lies in the spools beyond the fences, by epoch and stream.
struct Spooled {
    frames: BTreeMap<(u64, u16), Vec<SpooledFrame>>,
    fences: BTreeMap<(u64, u16), u64>,
    /// The ledger rows beyond the fences that count: the newest checkpoint of each epoch, and all closing ones.
    ledger: Vec<LedgerRow>,
}

impl Spooled {
    fn read(config: &Config, node: NodeId, fences: &[Fence]) -> Result<Spooled, Failure> {
        let fences = fences.iter().map(|f| ((f.epoch, f.stream), f.last_seq)).collect();
        let mut spooled = Spooled { frames: BTreeMap::new(), fences, ledger: Vec::new() };
        for writer in WRITERS {
            let dir = capture::role::spool_dir(&config.node.data_dir, writer);
            spooled.read_one(&dir, node).map_err(Failure::failed)?;
        }
        Ok(spooled)
    }

    /// The frames in the spool `dir` that the store does not have yet, and of their ledger rows the newest checkpoint of
    /// each epoch, then what closes an epoch.
    fn read_one(&mut self, dir: &Path, node: NodeId) -> Result<(), SpoolError> {
        let Spooled { frames, fences, ledger } = self;
        let frames = RefCell::new(frames);
        let mut tail = Tail::open(dir, node);
        let mut payload = Vec::new();
        let mut newest = BTreeMap::new();
        // Asked of every sound header, perhaps twice of one: a frame that is known by its numbers is not added again.
        let want = |header: &FrameHeader| {
            let key = (header.epoch, header.stream);
            let (first_seq, last_seq) = (header.seq, header.last_seq());
            if last_seq <= fences.get(&key).copied().unwrap_or(0) {
                return false;
            }
            let mut frames = frames.borrow_mut();
            let of_stream = frames.entry(key).or_default();
            if of_stream.last().is_none_or(|last: &SpooledFrame| last.last_seq != last_seq) {
                let (packets, bytes) = (header.packets, header.bytes);
                of_stream.push(SpooledFrame { first_seq, last_seq, packets, bytes });
            }
            header.kind == FrameKind::Ledger
        };
        loop {
            match tail.next(&mut payload, want)? {
                Next::Idle => break,
                Next::Damaged { .. } => {}
                Next::Frame(header) => {
                    let mut batch = Batch::default();
                    ingest::batch::add_frame(&mut batch, &header, &payload);
                    for row in batch.ledger {
                        match standing(&row) {
                            Standing::Unfinished => drop(newest.insert(row.about_epoch, row)),
                            _ => ledger.push(row),
                        }
                    }
                }
            }
        }
        ledger.extend(newest.into_values());
        Ok(())
    }

    /// Packets and bytes in frames after the fences of an epoch, up to what `streams` had received (all, when not
    /// given), each counted once. A frame that should be there and is not makes a hole.
    fn after_fence(&mut self, epoch: u64, streams: Option<&[StreamState]>, has_hole: &mut bool) -> (u64, u64) {
        let mut sum = (0, 0);
        for (&(of, stream), frames) in &self.frames {
            if of != epoch {
                continue;
            }
            let limit = streams.map_or(u64::MAX, |s| s.iter().find(|s| s.stream == stream).map_or(0, |s| s.last_seq));
            let mut expected = self.fences.get(&(epoch, stream)).copied().unwrap_or(0) + 1;
            for frame in frames.iter().filter(|frame| frame.last_seq <= limit) {
                // After a failed write rows lie in two segments.
                if frame.last_seq < expected {
                    continue;
                }
                *has_hole |= frame.first_seq > expected;
                expected = frame.last_seq + 1;
                sum = (sum.0 + frame.packets, sum.1 + frame.bytes);
            }
        }
        for state in streams.into_iter().flatten() {
            let fence = self.fences.get(&(epoch, state.stream)).copied().unwrap_or(0);
            let seen = self.frames.get(&(epoch, state.stream)).and_then(|f| f.last()).map_or(0, |f| f.last_seq);
            *has_hole |= fence.max(seen) < state.last_seq;
        }
        sum
    }
}

fn columns_of(row: &LedgerRow) -> CaptureColumns {
    CaptureColumns {
        kernel_seen: row.kernel_seen,
        kernel_dropped: row.kernel_dropped,
        in_ring: row.in_ring,
        taken: row.taken,
        parsed_frames: row.parsed_frames,
        non_ip: row.non_ip,
        malformed: row.malformed,
        unsupported: row.unsupported,
        coalesced: row.coalesced,
        parsed: row.parsed,
        parsed_bytes: row.parsed_bytes,
        in_memory: row.in_memory,
        in_memory_bytes: row.in_memory_bytes,
        spooled: row.spooled,
        spooled_bytes: row.spooled_bytes,
        coarsened: row.coarsened,
        coarsened_bytes: row.coarsened_bytes,
        shed: row.shed,
        shed_bytes: row.shed_bytes,
        gap: row.gap,
        gap_bytes: row.gap_bytes,
        pre_tap: row.pre_tap,
        blind: row.blind,
    }
}
