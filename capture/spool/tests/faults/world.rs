//! A writer, a reader that keeps what it read as a database would, and what each was promised.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use faults::Seed;
use spool::disk::FaultDisk;
use spool::{Ack, Batch, FrameHeader, FrameKind, Next, NodeId, SpoolError, StreamAck, Tail, Writer, WriterOptions};

pub const NODE: NodeId = NodeId::from_bytes([1; 16]);
pub const STREAMS: u16 = 3;
const DIR: &str = "/spool";

type Key = (u64, u16);

/// What ingest does with frames, and whether it got what the writer promised.
#[derive(Default)]
pub struct Consumer {
    /// The fence of each epoch and stream.
    pub fences: BTreeMap<Key, u64>,
    /// Rows that were missed on the way.
    pub gaps: BTreeMap<Key, BTreeSet<u64>>,
    pub damaged: u64,
}

/// Everything on one side of a power cut.
pub struct World {
    pub disk: FaultDisk,
    pub writer: Option<Writer<FaultDisk>>,
    pub tail: Tail<FaultDisk>,
    pub consumer: Consumer,
    pub options: WriterOptions,
    /// Rows that were accepted, by epoch and stream.
    pub accepted: BTreeMap<Key, u64>,
    /// Rows that the writer said are durable.
    pub durable: BTreeMap<Key, u64>,
    pub now_ns: u64,
}

/// The rows' content follows from their number, so that a wrong one is seen.
pub fn payload(epoch: u64, stream: u16, seq: u64, bytes: usize) -> Vec<u8> {
    let mut seed = Seed::new(epoch ^ u64::from(stream) << 48 ^ seq << 24);
    let word = seed.draw().to_le_bytes();
    word.iter().copied().cycle().take(bytes).collect()
}

impl World {
    pub fn new(random: u64, segments: u64) -> World {
        let disk = FaultDisk::new(random);
        let options =
            WriterOptions { node: NODE, segment_bytes: 1 << 20, bytes_max: segments << 20, now_us: 1_000_000 };
        World {
            tail: Tail::on(disk.clone(), Path::new(DIR), NODE),
            disk,
            writer: None,
            consumer: Consumer::default(),
            options,
            accepted: BTreeMap::new(),
            durable: BTreeMap::new(),
            now_ns: 1,
        }
    }

    /// Starts a writer; an error is what the disk gave.
    pub fn start(&mut self) -> Result<(), SpoolError> {
        let mut writer = Writer::on(self.disk.clone(), Path::new(DIR), self.options.clone())?;
        assert!(self.accepted.keys().all(|(epoch, _)| *epoch < writer.epoch()), "an epoch is never given twice");
        writer.keep_ledger();
        self.writer = Some(writer);
        Ok(())
    }

    /// One thing that a spooler or ingest does.
    pub fn step(&mut self, seed: &mut Seed) {
        self.act(seed, 20);
    }

    /// One thing that a spooler does, while ingest is away.
    pub fn step_without_reader(&mut self, seed: &mut Seed) {
        self.act(seed, 18);
    }

    fn act(&mut self, seed: &mut Seed, choices: u64) {
        let choice = seed.below(choices);
        let Some(writer) = &mut self.writer else { return };
        self.now_ns += 20_000_000;
        match choice {
            0..=10 => self.append(seed),
            11..=13 => drop(writer.commit()),
            14..=16 => drop(writer.tend(self.now_ns)),
            17 => drop(writer.sync()),
            18 => self.read(),
            _ => {
                let ack = self.ack();
                drop(self.writer.as_mut().unwrap().trim(&ack));
            }
        }
        self.note_durable();
    }

    fn append(&mut self, seed: &mut Seed) {
        let writer = self.writer.as_mut().unwrap();
        let (epoch, stream) = (writer.epoch(), seed.below(u64::from(STREAMS)) as u16);
        let row_count = 1 + seed.below(5) as u32;
        let bytes = *seed.pick(&[10usize, 5_000, 60_000, 200_000]);
        let first = self.accepted.get(&(epoch, stream)).copied().unwrap_or(0) + 1;
        let payload = payload(epoch, stream, first, bytes);
        let kind = if stream == 0 { FrameKind::Ledger } else { FrameKind::Flow };
        let packets = 2 * u64::from(row_count);
        let batch =
            Batch { kind, stream, payload: &payload, row_count, first_ns: 1, last_ns: 2, packets, bytes: 64 * packets };
        if let Ok(last) = writer.append(&batch) {
            assert_eq!(last, first + u64::from(row_count) - 1, "refused frames use no numbers");
            self.accepted.insert((epoch, stream), last);
        }
    }

    pub fn note_durable(&mut self) {
        let Some(writer) = &self.writer else { return };
        let mut rows = 0;
        for stream in 0..STREAMS {
            let (key, durable) = ((writer.epoch(), stream), writer.totals(stream).last_seq);
            let accepted = self.accepted.get(&key).copied().unwrap_or(0);
            assert!(durable <= accepted);
            rows += accepted - durable;
            if durable > 0 {
                self.durable.insert(key, durable);
            }
        }
        assert_eq!(writer.pending().rows, rows, "what is accepted is durable or pending");
    }

    /// Reads all there is, as ingest does: what it has is skipped, what is missing is a gap.
    pub fn read(&mut self) {
        let mut bytes = Vec::new();
        loop {
            match self.tail.next(&mut bytes, |_| true).unwrap() {
                Next::Idle => return,
                Next::Damaged { .. } => self.consumer.damaged += 1,
                Next::Frame(header) => self.take(&header, &bytes),
            }
        }
    }

    fn take(&mut self, header: &FrameHeader, bytes: &[u8]) {
        let key = (header.epoch, header.stream);
        assert!(header.last_seq() <= self.accepted.get(&key).copied().unwrap_or(0), "nobody wrote {header:?}");
        assert_eq!(bytes, payload(header.epoch, header.stream, header.seq, bytes.len()), "{header:?}");
        let fence = self.consumer.fences.entry(key).or_default();
        if header.last_seq() <= *fence {
            return;
        }
        assert!(header.seq > *fence, "a frame is had whole or not at all: {header:?}, fence {fence}");
        self.consumer.gaps.entry(key).or_default().extend(*fence + 1..header.seq);
        *fence = header.last_seq();
    }

    pub fn ack(&self) -> Ack {
        let mut ack = Ack::default();
        for (&(epoch, stream), &last_seq) in &self.consumer.fences {
            ack.set(StreamAck { epoch, stream, last_seq, ..StreamAck::default() });
        }
        ack
    }

    /// The power goes and comes back: memory is gone, the consumer's database is not.
    pub fn power_cycle(&mut self) {
        self.note_durable();
        self.writer = None;
        self.disk = self.disk.power_on();
        self.tail = Tail::on(self.disk.clone(), Path::new(DIR), NODE);
        self.options.now_us = self.options.now_us.saturating_sub(500_000); // the clock may be behind, too
    }

    /// Rows that were promised and did not come, or are missing in the middle of what was promised.
    pub fn lost(&self) -> u64 {
        let mut lost = 0;
        for (key, &durable) in &self.durable {
            lost += durable.saturating_sub(self.consumer.fences.get(key).copied().unwrap_or(0));
            lost += self.consumer.gaps.get(key).map_or(0, |gap| gap.range(..=durable).count() as u64);
        }
        lost
    }

    /// Rows missing in the middle, promised or not.
    pub fn gaps(&self) -> u64 {
        self.consumer.gaps.values().map(|gap| gap.len() as u64).sum()
    }

    /// The disk is sound again: all that was accepted must come.
    pub fn settle(&mut self) {
        for _ in 0..50 {
            self.now_ns += 10_000_000_000;
            let ack = self.ack();
            let writer = self.writer.as_mut().unwrap();
            drop(writer.tend(self.now_ns));
            drop(writer.sync());
            drop(writer.trim(&ack));
            self.note_durable();
            self.read();
            if self.writer.as_ref().unwrap().pending().rows == 0 {
                break;
            }
        }
        let writer = self.writer.as_ref().unwrap();
        assert_eq!(writer.pending().rows, 0, "it recovers alone: {:?}", (writer.used_bytes(), writer.bytes_max()));
        self.read();
    }
}
