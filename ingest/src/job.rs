//! A batch on its way to the store: its rows, and what stands for the rows of its range that are not among them.

use spool::FrameHeader;
use store::{Batch, Counts};

use crate::batch::{Parked, add_frame};
use crate::progress::Gap;

/// Rows of one stream without a hole: to be stored, parked, or lost.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// The rows; its counts of parked and lost ones are those of the lists below.
    pub batch: Batch,
    /// Rows that cannot be stored, in order.
    pub parked: Vec<Parked>,
    /// Rows that are lost, in order.
    pub gaps: Vec<Gap>,
    /// Streams of other lanes (epoch, stream, number of the row) that must be stored before this: its rows say where
    /// those streams end, and must stay in the spool until that is in their fences.
    pub ends: Vec<(u64, u16, u64)>,
    /// Time of its oldest frame, ns.
    pub oldest_ns: u64,
}

impl Job {
    /// Adds the rows of a frame that come after row `after`; the frame follows what is in the job.
    pub fn add_frame(&mut self, header: &FrameHeader, payload: &[u8], after: u64) {
        if header.seq > after {
            self.parked.extend(add_frame(&mut self.batch, header, payload));
        } else {
            // Only part of the frame is new: batches were cut otherwise before, or the frame was written again.
            assert!(self.batch.first_seq == 0, "a frame that is known in part begins a job");
            let mut whole = Job { oldest_ns: self.oldest_ns, ..Job::default() };
            whole.parked = add_frame(&mut whole.batch, header, payload);
            *self = whole.split_off(after);
        }
        self.recount();
    }

    /// Adds lost rows, which follow what is in the job.
    pub fn add_gap(&mut self, epoch: u64, stream: u16, gap: Gap) {
        if self.batch.first_seq == 0 {
            (self.batch.epoch, self.batch.stream, self.batch.first_seq) = (epoch, stream, gap.first_seq);
        }
        self.batch.last_seq = gap.last_seq();
        self.gaps.push(gap);
        self.recount();
    }

    /// How full it is: its rows, and parked content as if it were rows.
    pub fn weight(&self) -> usize {
        self.batch.rows() + self.parked.iter().map(|p| 1 + p.content.len() / 128).sum::<usize>()
    }

    /// Takes out what comes after row `last_seq`. Of lost rows that are cut in the middle, what they accounted for
    /// stays with the first part.
    pub fn split_off(&mut self, last_seq: u64) -> Job {
        let from = |seq: u64| seq > last_seq;
        let batch = &mut self.batch;
        let mut tail = Batch { epoch: batch.epoch, stream: batch.stream, arrived: batch.arrived, ..Batch::default() };
        (tail.first_seq, tail.last_seq) = (last_seq + 1, batch.last_seq);
        tail.flows = batch.flows.split_off(batch.flows.partition_point(|r| !from(r.seq)));
        tail.traffic = batch.traffic.split_off(batch.traffic.partition_point(|r| !from(r.seq)));
        tail.talkers = batch.talkers.split_off(batch.talkers.partition_point(|r| !from(r.seq)));
        tail.ledger = batch.ledger.split_off(batch.ledger.partition_point(|r| !from(r.seq)));
        tail.interfaces = batch.interfaces.split_off(batch.interfaces.partition_point(|r| !from(r.seq)));
        tail.events = batch.events.split_off(batch.events.partition_point(|r| !from(r.seq)));
        tail.hosts = batch.hosts.split_off(batch.hosts.partition_point(|r| !from(r.seq)));
        tail.processes = batch.processes.split_off(batch.processes.partition_point(|r| !from(r.seq)));
        tail.subjects = batch.subjects.split_off(batch.subjects.partition_point(|r| !from(r.seq)));
        tail.incidents = batch.incidents.split_off(batch.incidents.partition_point(|r| !from(r.seq)));
        // What the headers said is kept to the packet: the first part has what its rows say, the second the rest.
        let head = batch.flows.iter().fold((0_u64, 0_u64), |sum, r| {
            (
                sum.0.saturating_add(r.packets_fwd.saturating_add(r.packets_rev)),
                sum.1.saturating_add(r.bytes_fwd.saturating_add(r.bytes_rev)),
            )
        });
        let head = (head.0.min(batch.packets), head.1.min(batch.bytes));
        (tail.packets, tail.bytes) = (batch.packets - head.0, batch.bytes - head.1);
        (batch.packets, batch.bytes, batch.last_seq) = (head.0, head.1, last_seq);
        let mut rest = Job { batch: tail, oldest_ns: self.oldest_ns, ends: self.ends.clone(), ..Job::default() };
        rest.parked = self.parked.split_off(self.parked.partition_point(|p| !from(p.first_seq)));
        rest.gaps = self.gaps.split_off(self.gaps.partition_point(|g| !from(g.first_seq)));
        if let Some(cut) = self.parked.last_mut().filter(|p| from(p.last_seq())) {
            let rows = cut.last_seq() - last_seq;
            cut.rows -= rows;
            rest.parked.insert(0, Parked { first_seq: last_seq + 1, rows, packets: 0, bytes: 0, ..cut.clone() });
        }
        if let Some(cut) = self.gaps.last_mut().filter(|g| from(g.last_seq())) {
            let rows = cut.last_seq() - last_seq;
            cut.counts.rows -= rows;
            rest.gaps.insert(0, Gap { first_seq: last_seq + 1, counts: Counts { rows, ..Counts::default() } });
        }
        self.recount();
        rest.recount();
        rest
    }

    /// The number of the row in the middle: where a batch that is too much is cut. `None` = it is a single row.
    pub fn middle(&self) -> Option<u64> {
        (self.batch.last_seq > self.batch.first_seq)
            .then(|| self.batch.first_seq + (self.batch.last_seq - self.batch.first_seq) / 2)
    }

    fn recount(&mut self) {
        self.batch.parked = self
            .parked
            .iter()
            .fold(Counts::default(), |sum, p| sum.plus(Counts { rows: p.rows, packets: p.packets, bytes: p.bytes }));
        self.batch.gap = self.gaps.iter().fold(Counts::default(), |sum, g| sum.plus(g.counts));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};
    use spool::row::{FLOW_ROW_BYTES, FlowRecord};
    use spool::{Carried, FrameKind, NodeId};

    use super::*;

    fn header(kind: FrameKind, seq: u64, rows: u32) -> FrameHeader {
        FrameHeader {
            kind,
            stream: 1,
            node: NodeId::from_bytes([1; 16]),
            epoch: 9,
            seq,
            row_count: rows,
            payload_bytes: rows * FLOW_ROW_BYTES as u32,
            first_ns: 0,
            last_ns: 0,
            packets: u64::from(rows) * 2,
            bytes: u64::from(rows) * 200,
            segment: 1,
            before: Some(Carried::default()),
            place: spool::frame::Place::default(),
            payload_crc: 0,
        }
    }

    fn flows(seq: u64, rows: u32) -> (FrameHeader, Vec<u8>) {
        let record = FlowRecord { packets_fwd: 2, bytes_fwd: 200, ..FlowRecord::default() };
        (header(FrameKind::Flow, seq, rows), record.encode().repeat(rows as usize))
    }

    /// Ten rows, five that are not known, four lost, three rows.
    fn mixed() -> Job {
        let mut job = Job::default();
        let (first, rows) = flows(1, 10);
        job.add_frame(&first, &rows, 0);
        job.add_frame(&header(FrameKind::Unknown(7), 11, 5), b"?", 10);
        job.add_gap(9, 1, Gap { first_seq: 16, counts: Counts { rows: 4, packets: 8, bytes: 800 } });
        let (last, rows) = flows(20, 3);
        job.add_frame(&last, &rows, 19);
        job
    }

    fn sum(job: &Job) -> Counts {
        let rows = Counts { rows: job.batch.rows() as u64, packets: job.batch.packets, bytes: job.batch.bytes };
        rows.plus(job.batch.parked).plus(job.batch.gap)
    }

    proptest! {
        #[test]
        fn a_job_cut_anywhere_accounts_for_the_same(at in 1_u64..22) {
            let (mut head, whole) = (mixed(), mixed());
            let tail = head.split_off(at);
            prop_assert_eq!((head.batch.first_seq, head.batch.last_seq), (1, at));
            prop_assert_eq!((tail.batch.first_seq, tail.batch.last_seq), (at + 1, 22));
            prop_assert_eq!(sum(&head).plus(sum(&tail)), sum(&whole));
            prop_assert_eq!((sum(&head).rows, sum(&tail).rows), (at, 22 - at));
            let kept = [&head, &tail].map(|job| job.batch.flows.clone()).concat();
            prop_assert_eq!(kept, whole.batch.flows);
        }
    }

    #[test]
    fn a_frame_that_is_known_in_part_adds_its_rest() {
        let mut job = Job::default();
        let (frame, rows) = flows(5, 10);
        job.add_frame(&frame, &rows, 8);
        assert_eq!((job.batch.first_seq, job.batch.last_seq, job.batch.rows()), (9, 14, 6));
        assert_eq!((job.batch.packets, job.batch.bytes), (12, 1200));
    }
}
