//! The imbalance of the books, from capture's line and ingest's.

use live::ledger::Ledger;
use live::{CaptureLine, IngestLine};

/// Packets and bytes that the books cannot place, of capture's present epoch.
///
/// Between what capture has written and ingest has stored lies the spool. Where both name the same last row of a
/// stream, nothing lies there and every difference shows; else the rest is taken to lie there. `None` = ingest is
/// ahead of this line: the next one tells.
pub fn imbalance(capture: &CaptureLine, ingest: &IngestLine) -> Option<u64> {
    let (mut in_spool, mut stored, mut parked, mut gap) = ((0, 0), (0, 0), (0, 0), (0, 0));
    for written in &capture.spool.streams {
        let done = ingest
            .streams
            .iter()
            .find(|stored| stored.epoch == capture.envelope.epoch && stored.stream == written.stream)
            .copied()
            .unwrap_or_default();
        if done.last_seq > written.last_seq {
            return None;
        }
        stored = add(stored, (done.packets, done.bytes));
        parked = add(parked, (done.parked_packets, done.parked_bytes));
        gap = add(gap, (done.gap_packets, done.gap_bytes));
        if done.last_seq < written.last_seq {
            let packets = done.packets.saturating_add(done.parked_packets).saturating_add(done.gap_packets);
            let bytes = done.bytes.saturating_add(done.parked_bytes).saturating_add(done.gap_bytes);
            let rest = (written.packets.saturating_sub(packets), written.bytes.saturating_sub(bytes));
            in_spool = add(in_spool, rest);
        }
    }
    let mut columns = capture.ledger;
    (columns.gap, columns.gap_bytes) = add((columns.gap, columns.gap_bytes), gap);
    Some(Ledger::join(&columns, in_spool, stored, parked).imbalance)
}

fn add(left: (u64, u64), right: (u64, u64)) -> (u64, u64) {
    (left.0.saturating_add(right.0), left.1.saturating_add(right.1))
}
