//! From frames to jobs: which rows are new, which are missing, when a batch is full.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use spool::row::{self, LedgerKind, LedgerRow, StreamEnd};
use spool::{FrameHeader, FrameKind};

use crate::board::Board;
use crate::job::Job;
use crate::limits::STREAMS_KNOWN_MAX;
use crate::progress::{Gap, Progress, Seen};
use crate::reader::ReaderOptions;

type Key = (u64, u16);

struct Open {
    job: Job,
    since: Instant,
}

struct Stream {
    spool: usize,
    progress: Progress,
}

/// The batches that a lane's reader has begun, and how far it read each stream.
pub struct Cutter {
    options: ReaderOptions,
    board: Arc<Board>,
    open: HashMap<Key, Open>,
    streams: BTreeMap<Key, Stream>,
    /// The newest epoch seen in each spool.
    newest: Vec<u64>,
}

impl Cutter {
    /// Begins with what the board says is stored.
    pub fn new(options: ReaderOptions, board: Arc<Board>) -> Cutter {
        let newest = vec![0; options.spools.len()];
        Cutter { options, board, open: HashMap::new(), streams: BTreeMap::new(), newest }
    }

    fn progress(&mut self, spool: usize, (epoch, stream): Key) -> &mut Progress {
        if self.streams.len() >= STREAMS_KNOWN_MAX {
            // Its rows are stored long since, and the fence says so when it is asked for again.
            self.streams.pop_first();
        }
        let board = &self.board;
        let new = || Stream { spool, progress: Progress::of(board.fence(epoch, stream).as_ref()) };
        &mut self.streams.entry((epoch, stream)).or_insert_with(new).progress
    }

    /// A frame that the lane wants, in the order of the spool; full batches go to `ready`.
    pub fn frame(
        &mut self,
        spool: usize,
        header: &FrameHeader,
        payload: &[u8],
        now: Instant,
        ready: &mut VecDeque<Job>,
    ) {
        self.epoch(spool, header.epoch, now, ready);
        let ends =
            if header.kind == FrameKind::Ledger { self.ends(spool, header, payload, now, ready) } else { Vec::new() };
        if !self.options.has(header.stream) {
            return;
        }
        let key = (header.epoch, header.stream);
        let Seen::New { after, gap } = self.progress(spool, key).frame(header) else { return };
        if let Some(gap) = gap {
            self.lose(key, gap, now);
        }
        if header.seq <= after {
            ready.extend(self.open.remove(&key).map(|open| open.job));
        }
        let open = self.open(key, now);
        if open.job.oldest_ns == 0 {
            open.job.oldest_ns = header.last_ns;
        }
        open.job.add_frame(header, payload, after);
        let is_full = !ends.is_empty() || open.job.weight() >= self.options.batch_rows_max;
        self.open.get_mut(&key).expect("it was just used").job.ends.extend(ends);
        if is_full {
            ready.extend(self.open.remove(&key).map(|open| open.job));
        }
    }

    /// A damaged frame; its header, if that much is sound.
    pub fn damaged(&mut self, spool: usize, header: Option<&FrameHeader>) {
        if let Some(header) = header.filter(|header| self.options.has(header.stream)) {
            self.progress(spool, (header.epoch, header.stream)).damaged(header);
        }
    }

    /// Whether a batch is old enough.
    pub fn is_due(&self, now: Instant) -> bool {
        self.open.values().any(|open| now - open.since >= self.options.batch_age_max)
    }

    /// Cuts what is old enough, or all.
    pub fn cut_due(&mut self, now: Instant, all: bool, ready: &mut VecDeque<Job>) {
        let age = self.options.batch_age_max;
        let due: Vec<Key> =
            self.open.iter().filter(|(_, open)| all || now - open.since >= age).map(|(key, _)| *key).collect();
        ready.extend(due.iter().filter_map(|key| self.open.remove(key)).map(|open| open.job));
    }

    fn open(&mut self, key: Key, now: Instant) -> &mut Open {
        self.open.entry(key).or_insert_with(|| Open { job: Job::default(), since: now })
    }

    /// Ledger rows that say where an epoch's streams end: what was not read of this lane's streams is lost, for they
    /// stand behind everything that they speak of. Answers the ends of other lanes' streams.
    fn ends(
        &mut self,
        spool: usize,
        header: &FrameHeader,
        payload: &[u8],
        now: Instant,
        ready: &mut VecDeque<Job>,
    ) -> Vec<(u64, u16, u64)> {
        let mut others = Vec::new();
        let (rows, _) = row::read_json::<LedgerRow>(payload);
        for row in rows.iter().filter(|row| row.kind != LedgerKind::Checkpoint) {
            for end in &row.streams {
                if self.options.has(end.stream) {
                    self.end(spool, row.about_epoch, end, now);
                } else if end.last_seq > 0 {
                    others.push((row.about_epoch, end.stream, end.last_seq));
                }
            }
            // They must be stored before the row: after a restart nobody else says where they end.
            let own = |key: &&Key| key.0 == row.about_epoch && **key != (header.epoch, header.stream);
            let keys: Vec<Key> = self.open.keys().filter(own).copied().collect();
            ready.extend(keys.iter().filter_map(|key| self.open.remove(key)).map(|open| open.job));
        }
        others
    }

    fn end(&mut self, spool: usize, epoch: u64, end: &StreamEnd, now: Instant) {
        let key = (epoch, end.stream);
        if let Some(gap) = self.progress(spool, key).end(end) {
            self.lose(key, gap, now);
        }
    }

    /// A frame of this epoch was seen, whosoever it is. A spool's writer writes one epoch after the other: damaged
    /// frames of older ones were not written again.
    pub fn epoch(&mut self, spool: usize, epoch: u64, now: Instant, ready: &mut VecDeque<Job>) {
        if epoch <= self.newest[spool] {
            return;
        }
        self.newest[spool] = epoch;
        let older = |(key, stream): (&Key, &mut Stream)| {
            let gap = (stream.spool == spool && key.0 < epoch).then(|| stream.progress.close()).flatten();
            gap.map(|gap| (*key, gap))
        };
        let lost: Vec<(Key, Gap)> = self.streams.iter_mut().filter_map(older).collect();
        for (key, gap) in lost {
            self.lose(key, gap, now);
            ready.extend(self.open.remove(&key).map(|open| open.job));
        }
    }

    fn lose(&mut self, (epoch, stream): Key, gap: Gap, now: Instant) {
        tracing::error!(
            epoch,
            stream,
            first = gap.first_seq,
            last = gap.last_seq(),
            packets = gap.counts.packets,
            "rows are missing in the spool: they are in the books as a gap (0 packets = unknown, or none)"
        );
        self.open((epoch, stream), now).job.add_gap(epoch, stream, gap);
    }
}
