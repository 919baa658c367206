//! How far one stream was read, and what it carried until then: so that what is missing is known to the packet.
//!
//! Every frame says what its stream had carried before it, and the last ledger row of an epoch what it carried in all.
//! The difference to what was read is what the lost rows held.

use spool::row::StreamEnd;
use spool::{Carried, FrameHeader};
use store::{Counts, Fence};

use crate::limits::DAMAGED_HEADERS_MAX;

/// Lost rows that follow each other, and what they accounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Number of the first one.
    pub first_seq: u64,
    /// How many, and what they accounted for; 0 packets where nobody knows.
    pub counts: Counts,
}

impl Gap {
    /// Number of the last one.
    pub fn last_seq(&self) -> u64 {
        self.first_seq + self.counts.rows - 1
    }
}

/// What a frame is to a stream that was read so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Its rows are known.
    Old,
    /// Its rows after `after` are new; `gap` rows are missing before it.
    New {
        /// The last known row.
        after: u64,
        /// What is missing.
        gap: Option<Gap>,
    },
}

/// A damaged frame of which the header is sound.
#[derive(Clone, Copy, Debug)]
struct Damaged {
    first_seq: u64,
    last_seq: u64,
    before: Option<Carried>,
    packets: u64,
    bytes: u64,
}

/// One stream of one epoch.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    last_seq: u64,
    carried: Carried,
    damaged: Vec<Damaged>,
}

impl Progress {
    /// A stream that was read as far as it is stored.
    pub fn of(fence: Option<&Fence>) -> Progress {
        let Some(fence) = fence else { return Progress::default() };
        let Counts { packets, bytes, .. } = fence.carried();
        Progress { last_seq: fence.last_seq, carried: Carried { packets, bytes }, damaged: Vec::new() }
    }

    /// Goes on over a frame.
    pub fn frame(&mut self, header: &FrameHeader) -> Seen {
        if header.last_seq() <= self.last_seq {
            return Seen::Old;
        }
        let gap = (header.seq > self.last_seq + 1).then(|| self.missing(header.seq - 1, header.before));
        let after = self.last_seq;
        let before = header.before.unwrap_or(match gap {
            Some(gap) => add(self.carried, gap.counts.packets, gap.counts.bytes),
            None => self.carried,
        });
        self.advance(header.last_seq(), add(before, header.packets, header.bytes));
        Seen::New { after: after.max(gap.map_or(0, |gap| gap.last_seq())), gap }
    }

    /// Notes a damaged frame: it may have been written again behind, so it is not lost yet.
    pub fn damaged(&mut self, header: &FrameHeader) {
        if header.last_seq() > self.last_seq && self.damaged.len() < DAMAGED_HEADERS_MAX {
            self.damaged.push(Damaged {
                first_seq: header.seq,
                last_seq: header.last_seq(),
                before: header.before,
                packets: header.packets,
                bytes: header.bytes,
            });
        }
    }

    /// The stream has ended there: what was not read is lost.
    pub fn end(&mut self, end: &StreamEnd) -> Option<Gap> {
        if end.last_seq <= self.last_seq {
            return None;
        }
        let all = Carried { packets: end.packets, bytes: end.bytes };
        let gap = self.missing(end.last_seq, Some(all));
        self.advance(end.last_seq, all);
        Some(gap)
    }

    /// Nothing more of this epoch can follow: frames whose headers tell of rows beyond are lost.
    pub fn close(&mut self) -> Option<Gap> {
        let last = *self.damaged.iter().max_by_key(|frame| frame.last_seq)?;
        if last.last_seq <= self.last_seq {
            return None;
        }
        let all = last.before.map(|before| add(before, last.packets, last.bytes));
        let gap = self.missing(last.last_seq, all);
        self.advance(last.last_seq, all.unwrap_or(add(self.carried, gap.counts.packets, gap.counts.bytes)));
        Some(gap)
    }

    /// The rows up to `last_seq`, at whose end the stream had carried `carried`; if that is not known, what the
    /// headers of damaged frames say.
    fn missing(&self, last_seq: u64, carried: Option<Carried>) -> Gap {
        let (packets, bytes) = match carried {
            Some(all) => {
                (all.packets.saturating_sub(self.carried.packets), all.bytes.saturating_sub(self.carried.bytes))
            }
            None => {
                let lost = |frame: &&Damaged| frame.first_seq > self.last_seq && frame.last_seq <= last_seq;
                let sum =
                    |sum: (u64, u64), f: &Damaged| (sum.0.saturating_add(f.packets), sum.1.saturating_add(f.bytes));
                self.damaged.iter().filter(lost).fold((0, 0), sum)
            }
        };
        let rows = last_seq - self.last_seq;
        Gap { first_seq: self.last_seq + 1, counts: Counts { rows, packets, bytes } }
    }

    fn advance(&mut self, last_seq: u64, carried: Carried) {
        (self.last_seq, self.carried) = (last_seq, carried);
        self.damaged.retain(|frame| frame.last_seq > last_seq);
    }
}

fn add(to: Carried, packets: u64, bytes: u64) -> Carried {
    Carried { packets: to.packets.saturating_add(packets), bytes: to.bytes.saturating_add(bytes) }
}

#[cfg(test)]
mod tests {
    use spool::{FrameKind, NodeId};

    use super::*;

    /// A frame of `rows` rows with 10 packets and 1000 bytes each.
    fn frame(seq: u64, rows: u32, version_2: bool) -> FrameHeader {
        let before = (seq - 1) * 10;
        FrameHeader {
            kind: FrameKind::Flow,
            stream: 1,
            node: NodeId::from_bytes([1; 16]),
            epoch: 1,
            seq,
            row_count: rows,
            payload_bytes: 0,
            first_ns: 0,
            last_ns: 0,
            packets: u64::from(rows) * 10,
            bytes: u64::from(rows) * 1000,
            segment: 1,
            before: version_2.then_some(Carried { packets: before, bytes: before * 100 }),
            place: spool::frame::Place::default(),
            payload_crc: 0,
        }
    }

    fn gap(first_seq: u64, rows: u64, packets: u64) -> Gap {
        Gap { first_seq, counts: Counts { rows, packets, bytes: packets * 100 } }
    }

    #[test]
    fn what_is_missing_is_known_from_the_next_frame() {
        let mut stream = Progress::default();
        assert_eq!(stream.frame(&frame(1, 10, true)), Seen::New { after: 0, gap: None });
        assert_eq!(stream.frame(&frame(1, 10, true)), Seen::Old, "written again");
        assert_eq!(stream.frame(&frame(31, 5, true)), Seen::New { after: 30, gap: Some(gap(11, 20, 200)) });
        assert_eq!(stream.frame(&frame(33, 7, true)), Seen::New { after: 35, gap: None }, "known in part");
        let mut first = Progress::default();
        assert_eq!(first.frame(&frame(6, 1, true)), Seen::New { after: 5, gap: Some(gap(1, 5, 50)) });
    }

    #[test]
    fn a_restart_goes_on_from_the_fence() {
        let counts = |rows| Counts { rows, packets: rows * 10, bytes: rows * 1000 };
        let fence = Fence { last_seq: 30, stored: counts(20), parked: counts(4), gap: counts(6), ..Fence::default() };
        let mut stream = Progress::of(Some(&fence));
        assert_eq!(stream.frame(&frame(21, 10, true)), Seen::Old);
        assert_eq!(stream.frame(&frame(41, 10, true)), Seen::New { after: 40, gap: Some(gap(31, 10, 100)) });
    }

    #[test]
    fn old_frames_tell_by_their_damaged_headers_or_not_at_all() {
        let mut stream = Progress::default();
        stream.frame(&frame(1, 10, false));
        stream.damaged(&frame(11, 10, false));
        assert_eq!(stream.frame(&frame(21, 1, false)), Seen::New { after: 20, gap: Some(gap(11, 10, 100)) });
        assert_eq!(stream.frame(&frame(31, 1, false)), Seen::New { after: 30, gap: Some(gap(22, 9, 0)) });
    }

    #[test]
    fn a_damaged_end_is_lost_when_the_epoch_is_over() {
        let mut stream = Progress::default();
        stream.frame(&frame(1, 10, true));
        stream.damaged(&frame(21, 10, true));
        let mut closed = stream.clone();
        assert_eq!(closed.close(), Some(gap(11, 20, 200)), "the header tells of both frames");
        assert_eq!(closed.close(), None);
        let end = StreamEnd { stream: 1, last_seq: 40, packets: 400, bytes: 40_000 };
        assert_eq!(closed.end(&end), Some(gap(31, 10, 100)));
        assert_eq!(stream.end(&end), Some(gap(11, 30, 300)));
        assert_eq!(stream.end(&end), None);
        let mut unread = Progress::default();
        assert_eq!(unread.end(&end), Some(gap(1, 40, 400)), "an epoch of which nothing could be read");
    }

    #[test]
    fn numbers_that_contradict_each_other_do_not_overflow() {
        let mut stream = Progress::default();
        let mut header = frame(1, 10, true);
        header.packets = u64::MAX;
        stream.frame(&header);
        header = frame(100, 1, true);
        assert_eq!(
            stream.frame(&header),
            Seen::New {
                after: 99,
                gap: Some(Gap { first_seq: 11, counts: Counts { rows: 89, packets: 0, bytes: 89_000 } })
            }
        );
    }
}
