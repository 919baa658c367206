//! capture's columns of the ledger, from the workers' reports and the spooler's own counts.

use live::ledger::CaptureColumns;
use spool::row::{LedgerKind, LedgerRow};

use crate::worker::message::Report;

/// What the spooler did with the batches, cumulative; packets and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpoolerTotals {
    /// Received from the workers.
    pub received: (u64, u64),
    /// Appended to the spool.
    pub spooled: (u64, u64),
    /// Kept only as totals, because the spool was nearly full.
    pub coarsened: (u64, u64),
    /// Not written, because the spool was full or its disk failed.
    pub shed: (u64, u64),
    /// Frames that could not be appended.
    pub errors: u64,
}

/// Joins the reports of one moment. `in_ring_max` is what all rings together can hold: more than that is no backlog
/// but a fault, and shows as imbalance.
pub fn columns(reports: &[Report], spooler: &SpoolerTotals, in_ring_max: u64, is_final: bool) -> CaptureColumns {
    let mut columns = CaptureColumns::default();
    let mut handed = (0u64, 0u64);
    for report in reports {
        let totals = &report.totals;
        columns.taken += totals.taken;
        columns.parsed_frames += totals.parsed_frames;
        columns.non_ip += totals.skipped[0];
        columns.malformed += totals.skipped[1];
        columns.unsupported += totals.skipped[2];
        columns.coalesced += totals.coalesced;
        columns.parsed += totals.parsed;
        columns.parsed_bytes += totals.parsed_bytes;
        columns.in_memory += totals.held_packets;
        columns.in_memory_bytes += totals.held_bytes;
        columns.shed += totals.shed_packets;
        columns.shed_bytes += totals.shed_bytes;
        handed.0 += totals.handed_packets;
        handed.1 += totals.handed_bytes;
        for interface in &report.interfaces {
            columns.kernel_seen += interface.seen;
            columns.kernel_dropped += interface.dropped;
        }
    }
    // Batches between a worker's hand and the spooler's: none at a cut, because the report follows them in the queue.
    columns.in_memory += handed.0.saturating_sub(spooler.received.0);
    columns.in_memory_bytes += handed.1.saturating_sub(spooler.received.1);
    columns.spooled = spooler.spooled.0;
    columns.spooled_bytes = spooler.spooled.1;
    columns.coarsened = spooler.coarsened.0;
    columns.coarsened_bytes = spooler.coarsened.1;
    columns.shed += spooler.shed.0;
    columns.shed_bytes += spooler.shed.1;
    // While capture runs, what the kernel showed and nobody took yet lies in the rings: the statistics are read after
    // the last block was counted. At the end the rings were walked to the last frame, so nothing may be left.
    if !is_final {
        columns.in_ring = columns.kernel_seen.saturating_sub(columns.kernel_dropped + columns.taken).min(in_ring_max);
    }
    columns
}

/// The columns as a ledger row.
pub fn ledger_row(columns: &CaptureColumns, ts: u64, epoch: u64, kind: LedgerKind) -> LedgerRow {
    LedgerRow {
        ts,
        kind,
        about_epoch: epoch,
        kernel_seen: columns.kernel_seen,
        kernel_dropped: columns.kernel_dropped,
        in_ring: columns.in_ring,
        taken: columns.taken,
        parsed_frames: columns.parsed_frames,
        non_ip: columns.non_ip,
        malformed: columns.malformed,
        unsupported: columns.unsupported,
        coalesced: columns.coalesced,
        parsed: columns.parsed,
        parsed_bytes: columns.parsed_bytes,
        in_memory: columns.in_memory,
        in_memory_bytes: columns.in_memory_bytes,
        spooled: columns.spooled,
        spooled_bytes: columns.spooled_bytes,
        coarsened: columns.coarsened,
        coarsened_bytes: columns.coarsened_bytes,
        shed: columns.shed,
        shed_bytes: columns.shed_bytes,
        gap: columns.gap,
        gap_bytes: columns.gap_bytes,
        pre_tap: columns.pre_tap,
        blind: columns.blind,
        ..LedgerRow::default()
    }
}
