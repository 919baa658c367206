//! A lane's reading thread: follows the spools, picks the lane's streams, cuts batches.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use spool::{Next, NodeId, SpoolError, Tail};
use store::Batch;
use tokio::sync::mpsc::Sender;

use crate::batch::add_frame;
use crate::board::{Board, Counters};
use crate::limits::IDLE_WAIT;
use crate::pulse::Part;

/// Which streams a lane has, and how it cuts batches.
#[derive(Clone)]
pub struct ReaderOptions {
    /// The lane's number.
    pub lane: usize,
    /// Lanes in all: a lane has the streams whose number leaves its own as the remainder.
    pub lanes: usize,
    /// The spool directories.
    pub spools: Vec<PathBuf>,
    /// Whose rows.
    pub node: NodeId,
    /// Rows of a batch, at most (a frame is never split, so a little more).
    pub batch_rows_max: usize,
    /// Age at which a batch is cut although it is not full.
    pub batch_age_max: Duration,
}

/// A batch with the time of its oldest row.
pub struct Job {
    /// What to store.
    pub batch: Batch,
    /// Time of its oldest frame, ns.
    pub oldest_ns: u64,
}

struct Open {
    job: Job,
    since: Instant,
}

/// Reads until `stop` is set and the spools have nothing more, then ends by dropping `jobs`. A spool that cannot be
/// read is tried again: the disk may come back.
pub fn read(
    options: &ReaderOptions,
    board: &Arc<Board>,
    jobs: &Sender<Job>,
    stop: &AtomicBool,
) -> Result<(), SpoolError> {
    let mut tails: Vec<Tail> = options.spools.iter().map(|dir| Tail::open(dir, options.node)).collect();
    let mut open: HashMap<(u64, u16), Open> = HashMap::new();
    let mut last_read: HashMap<(u64, u16), u64> = HashMap::new();
    let mut payload = Vec::new();
    let me = Part::Reader(options.lane);
    // The lane may be busy for as long as it likes.
    let send = |job: Job| {
        board.pulse.waits(me);
        let sent = jobs.blocking_send(job).is_ok();
        board.pulse.moves(me);
        sent
    };
    loop {
        board.pulse.moves(me);
        // Read the flag before looking: what was written before the stop is then surely seen.
        let stopping = stop.load(Ordering::Acquire);
        let mut busy = false;
        for tail in &mut tails {
            while let Some(full) = read_one(tail, options, board, &mut open, &mut last_read, &mut payload)? {
                busy = true;
                board.pulse.moves(me);
                if let Some(key) = full
                    && let Some(done) = open.remove(&key)
                    && !send(done.job)
                {
                    return Ok(());
                }
                if open.values().any(|o| o.since.elapsed() >= options.batch_age_max) {
                    break;
                }
            }
        }
        let due: Vec<_> = open
            .iter()
            .filter(|(_, o)| (stopping && !busy) || o.since.elapsed() >= options.batch_age_max)
            .map(|(key, _)| *key)
            .collect();
        for key in due {
            if let Some(done) = open.remove(&key)
                && !send(done.job)
            {
                return Ok(());
            }
        }
        if !busy {
            if stopping {
                return Ok(());
            }
            std::thread::sleep(IDLE_WAIT);
        }
    }
}

/// One frame; `None` = nothing more now, `Some(Some(key))` = that batch is full.
#[expect(clippy::disallowed_methods, reason = "the age of a batch is time on this machine")]
fn read_one(
    tail: &mut Tail,
    options: &ReaderOptions,
    board: &Board,
    open: &mut HashMap<(u64, u16), Open>,
    last_read: &mut HashMap<(u64, u16), u64>,
    payload: &mut Vec<u8>,
) -> Result<Option<Option<(u64, u16)>>, SpoolError> {
    let wanted = |header: &spool::FrameHeader| usize::from(header.stream) % options.lanes == options.lane;
    match tail.next(payload, wanted)? {
        Next::Idle => Ok(None),
        Next::Damaged { segment, offset, bytes, header } => {
            // Every lane steps over it; one of them tells.
            if options.lane == 0 {
                Counters::add(&board.counters.damaged_bytes, bytes);
                tracing::error!(segment, offset, bytes, header = ?header, "damaged spool bytes are stepped over; their rows are counted as a gap");
            }
            Ok(Some(None))
        }
        Next::Frame(header) => {
            let key = (header.epoch, header.stream);
            let stored = *last_read.entry(key).or_insert_with(|| board.last_seq(header.epoch, header.stream));
            if header.last_seq() <= stored {
                return Ok(Some(None));
            }
            last_read.insert(key, header.last_seq());
            let fits = open.get(&key).is_none_or(|o| o.job.batch.last_seq + 1 == header.seq);
            let entry = open.entry(key).or_insert_with(|| Open {
                job: Job { batch: Batch::default(), oldest_ns: header.last_ns },
                since: Instant::now(),
            });
            if !fits {
                // Frames between were damaged: their rows are a gap inside the batch.
                entry.job.batch.gap_rows += header.seq - entry.job.batch.last_seq - 1;
                entry.job.batch.last_seq = header.seq - 1;
            }
            add_frame(&mut entry.job.batch, &header, payload);
            Ok(Some((entry.job.batch.rows() >= options.batch_rows_max).then_some(key)))
        }
    }
}
