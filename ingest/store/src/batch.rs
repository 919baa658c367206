//! What a writer is given (a batch of one stream), what it answers, and the fence between the two.

use crate::error::StoreError;
use crate::limits::BATCH_ROWS_MAX;
use crate::rows::{
    EventRow, FlowRow, HostRow, IncidentRow, InterfaceRow, LedgerRow, ProcessRow, Row, SubjectRow, TalkerRow,
    TrafficRow,
};

/// Stream of capture's low-rate rows (traffic, talkers, ledger, interfaces, events); streams from 1 carry flow rows.
pub const LOW_RATE_STREAM: u16 = 0;

/// Stream of notifier's rows, low-rate too: a number of its own, because both writers have the same node, and an epoch
/// that both began in the same microsecond must not give them one fence.
pub const NOTIFIER_STREAM: u16 = 16;

/// Whether a stream carries low-rate rows; the others carry flow rows.
pub const fn is_low_rate(stream: u16) -> bool {
    stream == LOW_RATE_STREAM || stream == NOTIFIER_STREAM
}

/// What every row of a batch has in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) node_id: u16,
    pub(crate) epoch: u64,
    pub(crate) stream: u16,
}

/// Rows and what they account for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows.
    pub rows: u64,
    /// Wire packets.
    pub packets: u64,
    /// Wire bytes.
    pub bytes: u64,
}

impl Counts {
    /// Both together; sticks at the largest number, because what it adds comes from outside.
    pub fn plus(self, more: Counts) -> Counts {
        Counts {
            rows: self.rows.saturating_add(more.rows),
            packets: self.packets.saturating_add(more.packets),
            bytes: self.bytes.saturating_add(more.bytes),
        }
    }
}

/// Rows of one stream that are to be stored in one transaction: `first_seq ..= last_seq` without a hole, but for what
/// `parked` and `gap` account for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Epoch of the spool that the rows come from.
    pub epoch: u64,
    /// 0 = capture's low-rate rows, [`NOTIFIER_STREAM`] = notifier's, all others = flow rows.
    pub stream: u16,
    /// Number of the first row.
    pub first_seq: u64,
    /// Number of the last row.
    pub last_seq: u64,
    /// Now, UNIX seconds: the fence's `updated`; chooses the day file on SQLite.
    pub arrived: u32,
    /// Wire packets that the rows below account for (parked ones not).
    pub packets: u64,
    /// Wire bytes that the rows below account for (parked ones not).
    pub bytes: u64,
    /// Rows of the range that the caller parked before (they could not be read).
    pub parked: Counts,
    /// Rows of the range that are lost (spool damaged or not there any more), and what they accounted for as far as
    /// that is known.
    pub gap: Counts,
    /// Flow rows.
    pub flows: Vec<FlowRow>,
    /// Traffic buckets of all resolutions.
    pub traffic: Vec<TrafficRow>,
    /// Talkers of all resolutions.
    pub talkers: Vec<TalkerRow>,
    /// Ledger rows.
    pub ledger: Vec<LedgerRow>,
    /// Interface names.
    pub interfaces: Vec<InterfaceRow>,
    /// Events.
    pub events: Vec<EventRow>,
    /// How the host went, all resolutions.
    pub hosts: Vec<HostRow>,
    /// Main processes.
    pub processes: Vec<ProcessRow>,
    /// Metrics of hosts and prefixes.
    pub subjects: Vec<SubjectRow>,
    /// Incidents.
    pub incidents: Vec<IncidentRow>,
}

impl Batch {
    /// Rows to be stored.
    pub fn rows(&self) -> usize {
        self.flows.len()
            + self.traffic.len()
            + self.talkers.len()
            + self.ledger.len()
            + self.interfaces.len()
            + self.events.len()
            + self.hosts.len()
            + self.processes.len()
            + self.subjects.len()
            + self.incidents.len()
    }

    /// Whether the numbers fit the rows; a batch that does not would make the fence lie.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let wrong = |reason: String| Err(StoreError::Batch { epoch: self.epoch, stream: self.stream, reason });
        if self.first_seq == 0 || self.last_seq < self.first_seq {
            return wrong(format!("rows {} to {}: numbers begin with 1 and rise", self.first_seq, self.last_seq));
        }
        if self.rows() > BATCH_ROWS_MAX {
            return wrong(format!("{} rows; at most {BATCH_ROWS_MAX}", self.rows()));
        }
        let covered = self.last_seq - self.first_seq + 1;
        let given = (self.rows() as u64).checked_add(self.parked.rows).and_then(|n| n.checked_add(self.gap.rows));
        if given != Some(covered) {
            return wrong(format!("the range covers {covered} rows, rows, parked and gap are {given:?}"));
        }
        if is_low_rate(self.stream) != self.flows.is_empty() && self.rows() > 0 {
            return wrong(
                "flow rows belong into streams from 1, all others into stream 0, notifier's into 16".to_owned(),
            );
        }
        let inside = |seq: u64| (self.first_seq..=self.last_seq).contains(&seq);
        let all_inside = self.flows.iter().all(|r| inside(r.seq))
            && self.traffic.iter().all(|r| inside(r.seq))
            && self.talkers.iter().all(|r| inside(r.seq))
            && self.ledger.iter().all(|r| inside(r.seq))
            && self.interfaces.iter().all(|r| inside(r.seq))
            && self.events.iter().all(|r| inside(r.seq))
            && self.hosts.iter().all(|r| inside(r.seq))
            && self.processes.iter().all(|r| inside(r.seq))
            && self.subjects.iter().all(|r| inside(r.seq))
            && self.incidents.iter().all(|r| inside(r.seq));
        if !all_inside {
            return wrong("a row's number lies outside of the range".to_owned());
        }
        Ok(())
    }

    /// Smallest and largest time of the flow rows.
    pub(crate) fn flow_span(&self) -> Option<(u32, u32)> {
        let first = self.flows.first()?.ts;
        Some(self.flows.iter().fold((first, first), |(low, high), row| (low.min(row.ts), high.max(row.ts))))
    }
}

/// How far a stream is stored, and the cumulative totals of its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fence {
    /// Node.
    pub node_id: u16,
    /// Epoch.
    pub epoch: u64,
    /// Stream.
    pub stream: u16,
    /// Number of the last row that is stored, parked or lost.
    pub last_seq: u64,
    /// What is stored.
    pub stored: Counts,
    /// What the database refused.
    pub parked: Counts,
    /// What was lost before it was stored.
    pub gap: Counts,
    /// Stored flow rows of which the addresses are noted for searches; the others are of an earlier version's program.
    pub noted_rows: u64,
    /// When it last advanced, UNIX seconds.
    pub updated: u32,
}

impl Fence {
    /// What the stream's rows up to the fence account for, wherever they went.
    pub fn carried(&self) -> Counts {
        self.stored.plus(self.parked).plus(self.gap)
    }
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is durable now, exactly once.
    Stored {
        /// Rows that were refused and parked.
        parked: u64,
    },
    /// All of it was stored before: go on after `last_seq`.
    AlreadyStored {
        /// Where the fence stands.
        last_seq: u64,
    },
    /// Its beginning was stored before (batches were cut otherwise before a restart): cut it and send the rest.
    PartlyStored {
        /// Where the fence stands.
        last_seq: u64,
    },
    /// Rows are missing before it: send those first, or account for them as a gap.
    Behind {
        /// Where the fence stands; 0 = nothing is stored of this stream.
        last_seq: u64,
    },
}

impl CommitOutcome {
    /// The answer when the fence is not just before the batch.
    pub(crate) fn refused(batch: &Batch, last_seq: u64) -> CommitOutcome {
        if last_seq >= batch.last_seq {
            CommitOutcome::AlreadyStored { last_seq }
        } else if last_seq >= batch.first_seq {
            CommitOutcome::PartlyStored { last_seq }
        } else {
            CommitOutcome::Behind { last_seq }
        }
    }
}

/// A row that the database refuses, found by halving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// Its table.
    pub table: &'static str,
    /// Its number within the stream: the caller has its bytes.
    pub seq: u64,
    /// What the database says.
    pub reason: String,
    /// Wire packets it accounts for.
    pub packets: u64,
    /// Wire bytes it accounts for.
    pub bytes: u64,
}

/// How much a batch adds to its fence.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Advance {
    pub(crate) stored: Counts,
    pub(crate) parked: Counts,
    pub(crate) gap: Counts,
}

impl Advance {
    /// The batch, when `refused` of its rows were refused.
    pub(crate) fn of(batch: &Batch, refused: &[RefusedRow]) -> Advance {
        let aside = refused
            .iter()
            .fold(Counts::default(), |sum, row| sum.plus(Counts { rows: 1, packets: row.packets, bytes: row.bytes }));
        Advance {
            stored: Counts {
                rows: (batch.rows() - refused.len()) as u64,
                packets: batch.packets.saturating_sub(aside.packets),
                bytes: batch.bytes.saturating_sub(aside.bytes),
            },
            parked: batch.parked.plus(aside),
            gap: batch.gap,
        }
    }
}

/// What a refused row was.
pub(crate) fn refused_row<R: Row>(row: &R, reason: String) -> RefusedRow {
    RefusedRow { table: row.table(), seq: row.seq(), reason, packets: row.packets(), bytes: row.bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flows(first: u64, last: u64) -> Batch {
        let flows = (first..=last).map(|seq| FlowRow { seq, ..FlowRow::default() }).collect();
        Batch { epoch: 1, stream: 1, first_seq: first, last_seq: last, flows, ..Batch::default() }
    }

    #[test]
    fn a_batch_whose_numbers_do_not_fit_its_rows_is_refused() {
        assert!(flows(1, 10).check().is_ok());
        let mut short = flows(1, 10);
        short.flows.pop();
        assert!(short.check().is_err());
        short.gap.rows = 1;
        assert!(short.check().is_ok());
        let mut outside = flows(1, 10);
        outside.flows[0].seq = 11;
        assert!(outside.check().is_err());
        let low = Batch { stream: LOW_RATE_STREAM, ..flows(1, 10) };
        assert!(low.check().is_err());
        let lost = Counts { rows: 1, ..Counts::default() };
        assert!(Batch { first_seq: 0, last_seq: 0, gap: lost, ..Batch::default() }.check().is_err());
    }

    #[test]
    fn the_answer_says_where_the_fence_stands() {
        let batch = flows(11, 20);
        assert_eq!(CommitOutcome::refused(&batch, 20), CommitOutcome::AlreadyStored { last_seq: 20 });
        assert_eq!(CommitOutcome::refused(&batch, 15), CommitOutcome::PartlyStored { last_seq: 15 });
        assert_eq!(CommitOutcome::refused(&batch, 9), CommitOutcome::Behind { last_seq: 9 });
    }

    #[test]
    fn a_refused_row_moves_its_packets_from_stored_to_parked() {
        let batch = Batch { packets: 100, bytes: 1000, ..flows(1, 10) };
        let refused = RefusedRow { table: "flows", seq: 3, reason: String::new(), packets: 7, bytes: 70 };
        let advance = Advance::of(&batch, &[refused]);
        assert_eq!(advance.stored, Counts { rows: 9, packets: 93, bytes: 930 });
        assert_eq!(advance.parked, Counts { rows: 1, packets: 7, bytes: 70 });
    }
}
