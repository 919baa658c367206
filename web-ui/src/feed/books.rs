//! The ledger as far as the live lines tell it, without the store: capture's columns, and what ingest has committed.

use live::ledger::{CaptureColumns, Ledger};
use live::line::{CaptureLine, IngestLine};

/// The joined terms. What lies in the spool is what capture wrote less what ingest has committed, so this imbalance is
/// capture's own; `floodmark ledger` counts the spool's frames and so proves the last step too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Books {
    /// The terms. Of those that `is_stored_known` speaks of, `stored` and `parked` are 0 if it is false.
    pub ledger: Ledger,
    /// Whether ingest said what it has committed of this life of capture.
    pub is_stored_known: bool,
}

impl Books {
    /// Joins the newest lines.
    pub fn join(capture: &CaptureLine, ingest: Option<&IngestLine>) -> Books {
        let mut columns: CaptureColumns = capture.ledger;
        let (mut stored, mut parked, mut lost) = ((0u64, 0u64), (0u64, 0u64), (0u64, 0u64));
        for stream in ingest.into_iter().flat_map(|line| &line.streams) {
            if stream.epoch == capture.envelope.epoch {
                stored = (stored.0 + stream.packets, stored.1 + stream.bytes);
                parked = (parked.0 + stream.parked_packets, parked.1 + stream.parked_bytes);
                lost = (lost.0 + stream.gap_packets, lost.1 + stream.gap_bytes);
            }
        }
        // ingest's line may be younger than capture's by a second: it then knows rows that capture has not told of.
        let (spooled, spooled_bytes) = (columns.spooled, columns.spooled_bytes);
        let stored = (stored.0.min(spooled), stored.1.min(spooled_bytes));
        let parked = (parked.0.min(spooled - stored.0), parked.1.min(spooled_bytes - stored.1));
        let lost = (lost.0.min(spooled - stored.0 - parked.0), lost.1.min(spooled_bytes - stored.1 - parked.1));
        columns.gap += lost.0;
        columns.gap_bytes += lost.1;
        let in_spool = (spooled - stored.0 - parked.0 - lost.0, spooled_bytes - stored.1 - parked.1 - lost.1);
        Books { ledger: Ledger::join(&columns, in_spool, stored, parked), is_stored_known: ingest.is_some() }
    }
}
