//! Rows of `ledger`: the terms of the books, cumulative per node and epoch.

use super::{Bind, Row};

/// What a ledger row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum LedgerKind {
    /// The cumulative terms of `about_epoch` at this time.
    Checkpoint = 1,
    /// Packets of `about_epoch` whose flow detail was lost in a crash: `gap` and `gap_bytes`, exact.
    Gap = 2,
    /// As `Gap`, but estimated.
    GapEstimate = 3,
    /// Packets that passed while nothing captured: `blind`.
    Blind = 4,
    /// As `Checkpoint`, the last of its epoch: the writer ended in order and holds nothing any more.
    Final = 5,
}

/// The capture's columns of the ledger at one time; `stored` and `parked` stand in the fences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// UNIX seconds.
    pub ts: u32,
    /// Number within (node, epoch, stream), from 1 without gaps.
    pub seq: u64,
    /// What this row says.
    pub kind: LedgerKind,
    /// The epoch that the terms are of.
    pub about_epoch: u64,
    /// Frames the kernel showed.
    pub kernel_seen: u64,
    /// Frames it dropped because a ring was full.
    pub kernel_dropped: u64,
    /// Frames that still lie in the rings.
    pub in_ring: u64,
    /// Frames that workers took.
    pub taken: u64,
    /// Frames that were IP and read.
    pub parsed_frames: u64,
    /// Frames that are not IP.
    pub non_ip: u64,
    /// Frames with broken headers.
    pub malformed: u64,
    /// Frames of a kind that is not read.
    pub unsupported: u64,
    /// Wire packets that GRO had merged into other frames.
    pub coalesced: u64,
    /// Wire packets read.
    pub parsed: u64,
    /// Wire bytes read.
    pub parsed_bytes: u64,
    /// Packets in the flow tables.
    pub in_memory: u64,
    /// Bytes in the flow tables.
    pub in_memory_bytes: u64,
    /// Packets written to the spool since the epoch began.
    pub spooled: u64,
    /// Bytes written to the spool.
    pub spooled_bytes: u64,
    /// Packets whose flow rows were given up for summaries.
    pub coarsened: u64,
    /// Bytes of those.
    pub coarsened_bytes: u64,
    /// Packets whose rows were not written.
    pub shed: u64,
    /// Bytes of those.
    pub shed_bytes: u64,
    /// Packets lost in a crash.
    pub gap: u64,
    /// Bytes of those.
    pub gap_bytes: u64,
    /// Device rx packets less what reached the tap; an observation, signed.
    pub pre_tap: i64,
    /// Packets that passed while nothing captured.
    pub blind: u64,
}

impl Row for LedgerRow {
    const COLUMNS: &'static [&'static str] = &[
        "kind",
        "about_epoch",
        "kernel_seen",
        "kernel_dropped",
        "in_ring",
        "taken",
        "parsed_frames",
        "non_ip",
        "malformed",
        "unsupported",
        "coalesced",
        "parsed",
        "parsed_bytes",
        "in_memory",
        "in_memory_bytes",
        "spooled",
        "spooled_bytes",
        "coarsened",
        "coarsened_bytes",
        "shed",
        "shed_bytes",
        "gap",
        "gap_bytes",
        "pre_tap",
        "blind",
    ];

    fn table(&self) -> &'static str {
        "ledger"
    }

    fn seq(&self) -> u64 {
        self.seq
    }

    fn ts(&self) -> u32 {
        self.ts
    }

    fn bind<B: Bind>(&self, to: &mut B) {
        to.u8(self.kind as u8);
        to.u64(self.about_epoch);
        to.u64(self.kernel_seen);
        to.u64(self.kernel_dropped);
        to.u64(self.in_ring);
        to.u64(self.taken);
        to.u64(self.parsed_frames);
        to.u64(self.non_ip);
        to.u64(self.malformed);
        to.u64(self.unsupported);
        to.u64(self.coalesced);
        to.u64(self.parsed);
        to.u64(self.parsed_bytes);
        to.u64(self.in_memory);
        to.u64(self.in_memory_bytes);
        to.u64(self.spooled);
        to.u64(self.spooled_bytes);
        to.u64(self.coarsened);
        to.u64(self.coarsened_bytes);
        to.u64(self.shed);
        to.u64(self.shed_bytes);
        to.u64(self.gap);
        to.u64(self.gap_bytes);
        to.i64(self.pre_tap);
        to.u64(self.blind);
    }
}
