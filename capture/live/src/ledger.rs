//! The books: capture's columns and what the database has committed, joined.
//!
//! ```text
//! kernel_seen = kernel_dropped + in_ring + taken                                    frames
//! taken       = parsed_frames + non_ip + malformed + unsupported                    frames
//! parsed      = parsed_frames + coalesced                                           wire packets
//! parsed      = in_memory + in_spool + stored + coarsened + shed + parked + gap     wire packets, and bytes alike
//! ```
//!
//! Every term is counted where it happens; none is made by subtraction, or a difference could not show.

use serde::{Deserialize, Serialize};

/// capture's columns, cumulative in its epoch, all of one moment: each worker's state at the end of a block, and the
/// spooler's at the time it took that state from the worker's queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the terms are the equations' above")]
pub struct CaptureColumns {
    pub kernel_seen: u64,
    pub kernel_dropped: u64,
    pub in_ring: u64,
    pub taken: u64,
    pub parsed_frames: u64,
    pub non_ip: u64,
    pub malformed: u64,
    pub unsupported: u64,
    pub coalesced: u64,
    pub parsed: u64,
    pub parsed_bytes: u64,
    pub in_memory: u64,
    pub in_memory_bytes: u64,
    /// Wire packets of flow rows appended to the spool.
    pub spooled: u64,
    pub spooled_bytes: u64,
    pub coarsened: u64,
    pub coarsened_bytes: u64,
    pub shed: u64,
    pub shed_bytes: u64,
    pub gap: u64,
    pub gap_bytes: u64,
    /// Device counter minus frames that reached the tap; signed, an observation beside the books.
    pub pre_tap: i64,
    /// Packets that passed the device while capture was down, an observation.
    pub blind: u64,
}

/// What the database has of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct StoredColumns {
    pub epoch: u64,
    pub stream: u16,
    pub last_seq: u64,
    pub packets: u64,
    pub bytes: u64,
    pub parked_packets: u64,
    pub parked_bytes: u64,
    pub gap_packets: u64,
    pub gap_bytes: u64,
}

/// The joined terms; `ledger --json` prints them under these names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the terms are the equations' above")]
pub struct Ledger {
    pub kernel_seen: u64,
    pub kernel_dropped: u64,
    pub in_ring: u64,
    pub taken: u64,
    pub parsed_frames: u64,
    pub non_ip: u64,
    pub malformed: u64,
    pub unsupported: u64,
    pub coalesced: u64,
    pub parsed: u64,
    pub parsed_bytes: u64,
    pub in_memory: u64,
    pub in_memory_bytes: u64,
    pub in_spool: u64,
    pub in_spool_bytes: u64,
    pub stored: u64,
    pub stored_bytes: u64,
    pub coarsened: u64,
    pub coarsened_bytes: u64,
    pub shed: u64,
    pub shed_bytes: u64,
    pub parked: u64,
    pub parked_bytes: u64,
    pub gap: u64,
    pub gap_bytes: u64,
    pub pre_tap: i64,
    pub blind: u64,
    /// Σ |difference| of the lines; 0 = the books balance.
    pub imbalance: u64,
}

impl Ledger {
    /// Joins the columns: `in_spool` is what the frame headers beyond the committed rows say (packets, bytes).
    pub fn join(capture: &CaptureColumns, in_spool: (u64, u64), stored: (u64, u64), parked: (u64, u64)) -> Ledger {
        let mut ledger = Ledger {
            kernel_seen: capture.kernel_seen,
            kernel_dropped: capture.kernel_dropped,
            in_ring: capture.in_ring,
            taken: capture.taken,
            parsed_frames: capture.parsed_frames,
            non_ip: capture.non_ip,
            malformed: capture.malformed,
            unsupported: capture.unsupported,
            coalesced: capture.coalesced,
            parsed: capture.parsed,
            parsed_bytes: capture.parsed_bytes,
            in_memory: capture.in_memory,
            in_memory_bytes: capture.in_memory_bytes,
            in_spool: in_spool.0,
            in_spool_bytes: in_spool.1,
            stored: stored.0,
            stored_bytes: stored.1,
            coarsened: capture.coarsened,
            coarsened_bytes: capture.coarsened_bytes,
            shed: capture.shed,
            shed_bytes: capture.shed_bytes,
            parked: parked.0,
            parked_bytes: parked.1,
            gap: capture.gap,
            gap_bytes: capture.gap_bytes,
            pre_tap: capture.pre_tap,
            blind: capture.blind,
            imbalance: 0,
        };
        ledger.imbalance = ledger.differences().iter().map(|d| d.unsigned_abs()).sum();
        ledger
    }

    /// Left side minus right side of each line: seen, taken, parsed, packets, bytes.
    pub fn differences(&self) -> [i64; 5] {
        let difference = |left: u64, right: [u64; 7]| {
            let right: i128 = right.iter().map(|&term| i128::from(term)).sum();
            i64::try_from(i128::from(left) - right).unwrap_or(i64::MAX)
        };
        [
            difference(self.kernel_seen, [self.kernel_dropped, self.in_ring, self.taken, 0, 0, 0, 0]),
            difference(self.taken, [self.parsed_frames, self.non_ip, self.malformed, self.unsupported, 0, 0, 0]),
            difference(self.parsed, [self.parsed_frames, self.coalesced, 0, 0, 0, 0, 0]),
            difference(
                self.parsed,
                [self.in_memory, self.in_spool, self.stored, self.coarsened, self.shed, self.parked, self.gap],
            ),
            difference(
                self.parsed_bytes,
                [
                    self.in_memory_bytes,
                    self.in_spool_bytes,
                    self.stored_bytes,
                    self.coarsened_bytes,
                    self.shed_bytes,
                    self.parked_bytes,
                    self.gap_bytes,
                ],
            ),
        ]
    }

    /// Adds another epoch's books; the imbalances add up too, so that one cannot hide the other.
    pub fn add(&mut self, other: &Ledger) {
        self.kernel_seen += other.kernel_seen;
        self.kernel_dropped += other.kernel_dropped;
        self.in_ring += other.in_ring;
        self.taken += other.taken;
        self.parsed_frames += other.parsed_frames;
        self.non_ip += other.non_ip;
        self.malformed += other.malformed;
        self.unsupported += other.unsupported;
        self.coalesced += other.coalesced;
        self.parsed += other.parsed;
        self.parsed_bytes += other.parsed_bytes;
        self.in_memory += other.in_memory;
        self.in_memory_bytes += other.in_memory_bytes;
        self.in_spool += other.in_spool;
        self.in_spool_bytes += other.in_spool_bytes;
        self.stored += other.stored;
        self.stored_bytes += other.stored_bytes;
        self.coarsened += other.coarsened;
        self.coarsened_bytes += other.coarsened_bytes;
        self.shed += other.shed;
        self.shed_bytes += other.shed_bytes;
        self.parked += other.parked;
        self.parked_bytes += other.parked_bytes;
        self.gap += other.gap;
        self.gap_bytes += other.gap_bytes;
        self.pre_tap += other.pre_tap;
        self.blind += other.blind;
        self.imbalance += other.imbalance;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balanced() -> CaptureColumns {
        CaptureColumns {
            kernel_seen: 110,
            kernel_dropped: 5,
            in_ring: 5,
            taken: 100,
            parsed_frames: 90,
            non_ip: 6,
            malformed: 3,
            unsupported: 1,
            coalesced: 10,
            parsed: 100,
            parsed_bytes: 6400,
            in_memory: 20,
            in_memory_bytes: 1280,
            spooled: 80,
            spooled_bytes: 5120,
            ..CaptureColumns::default()
        }
    }

    #[test]
    fn balanced_books_have_no_imbalance() {
        let ledger = Ledger::join(&balanced(), (30, 1920), (49, 3136), (1, 64));
        assert_eq!((ledger.imbalance, ledger.differences()), (0, [0; 5]));
    }

    #[test]
    fn each_missing_packet_shows_and_opposite_errors_do_not_cancel() {
        let mut columns = balanced();
        columns.kernel_seen += 2;
        columns.taken -= 1;
        let ledger = Ledger::join(&columns, (30, 1920), (48, 3136), (1, 64));
        assert_eq!(ledger.differences(), [3, -1, 0, 1, 0]);
        assert_eq!(ledger.imbalance, 5);
    }
}
