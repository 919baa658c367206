//! A lane's reading thread: follows the spools, hands batches of the lane's streams over.

use std::cell::Cell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use spool::{FrameHeader, FrameKind, Next, NodeId, SpoolError, Tail};
use tokio::sync::mpsc::Sender;

use crate::board::{Board, Counters};
use crate::cutter::Cutter;
use crate::job::Job;
use crate::limits::{IDLE_WAIT, SPOOL_RETRY_WAIT};
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

impl ReaderOptions {
    /// Whether a stream is this lane's.
    pub fn has(&self, stream: u16) -> bool {
        usize::from(stream) % self.lanes == self.lane
    }

    /// Whether a frame is to be read: every lane reads in the ledger where its streams end.
    fn wants(&self, header: &FrameHeader) -> bool {
        self.has(header.stream) || (header.stream == spool::limits::STREAM_META && header.kind == FrameKind::Ledger)
    }
}

/// Reads until `stop` is set and the spools have nothing more, or the lane is gone; ends by dropping `jobs`. A spool
/// that cannot be read now is tried again: the disk may come back.
///
/// # Errors
/// The spool is not one for this program.
pub fn read(
    options: &ReaderOptions,
    board: &Arc<Board>,
    jobs: &Sender<Job>,
    stop: &AtomicBool,
) -> Result<(), SpoolError> {
    let mut tails: Vec<Tail> = options.spools.iter().map(|dir| Tail::open(dir, options.node)).collect();
    let mut cutter = Cutter::new(options.clone(), board.clone());
    let (mut payload, mut ready) = (Vec::new(), VecDeque::new());
    let pulse = || board.pulse.moves(Part::Reader(options.lane));
    let end = || board.pulse.waits(Part::Reader(options.lane));
    while !jobs.is_closed() {
        pulse();
        // Read the flag before looking: what was written before the stop is then surely seen.
        let stopping = stop.load(Ordering::Acquire);
        let mut busy = false;
        for (spool, tail) in tails.iter_mut().enumerate() {
            match read_some(options, board, tail, (spool, &mut cutter), &mut payload, &mut ready, jobs) {
                Ok(read) => busy |= read,
                Err(error) if error.is_transient() => {
                    wait_for_spool(board, &error, jobs);
                    // Not idle: a stop must not take what cannot be read for the end of the spool at once.
                    busy |= !stopping;
                }
                Err(error) => {
                    end();
                    return Err(error);
                }
            }
        }
        cutter.cut_due(now(), stopping && !busy, &mut ready);
        if !hand_over(options, board, &mut ready, jobs) || (!busy && stopping) {
            break;
        }
        if !busy {
            std::thread::sleep(IDLE_WAIT);
        }
    }
    end();
    Ok(())
}

/// Reads until there is nothing more, or a batch is due; whether there was something.
fn read_some(
    options: &ReaderOptions,
    board: &Board,
    tail: &mut Tail,
    (spool, cutter): (usize, &mut Cutter),
    payload: &mut Vec<u8>,
    ready: &mut VecDeque<Job>,
    jobs: &Sender<Job>,
) -> Result<bool, SpoolError> {
    let mut busy = false;
    loop {
        faults::pass("ingest.read").map_err(|source| SpoolError::Io {
            operation: "read",
            path: options.spools[spool].clone(),
            source,
        })?;
        let epoch = Cell::new(0);
        let next = tail.next(payload, |header| {
            // Also the frames of other lanes tell that a new epoch has begun.
            epoch.set(epoch.get().max(header.epoch));
            options.wants(header)
        })?;
        cutter.epoch(spool, epoch.get(), now(), ready);
        match next {
            Next::Idle => break,
            Next::Damaged { segment, offset, bytes, header } => {
                // Every lane steps over it; one of them tells.
                if header.as_ref().map_or(options.lane == 0, |header| options.has(header.stream)) {
                    Counters::add(&board.counters.damaged_bytes, bytes);
                    tracing::error!(segment, offset, bytes, header = ?header, "damaged spool bytes are stepped over");
                }
                cutter.damaged(spool, header.as_deref());
            }
            Next::Frame(header) => cutter.frame(spool, &header, payload, now(), ready),
        }
        busy = true;
        board.pulse.moves(Part::Reader(options.lane));
        if !hand_over(options, board, ready, jobs) || cutter.is_due(now()) {
            break;
        }
    }
    if busy {
        board.set_spool(None);
    }
    Ok(busy)
}

#[expect(clippy::disallowed_methods, reason = "the age of a batch is time on this machine")]
fn now() -> Instant {
    Instant::now()
}

/// Gives the jobs to the lane, waiting for it; false = it is gone.
fn hand_over(options: &ReaderOptions, board: &Board, ready: &mut VecDeque<Job>, jobs: &Sender<Job>) -> bool {
    while let Some(job) = ready.pop_front() {
        while let Err(error) = faults::pass("ingest.send") {
            tracing::warn!(%error, "a batch is handed over later");
            std::thread::sleep(IDLE_WAIT);
        }
        // The lane may be busy for as long as it likes.
        board.pulse.waits(Part::Reader(options.lane));
        let sent = jobs.blocking_send(job).is_ok();
        board.pulse.moves(Part::Reader(options.lane));
        if !sent {
            return false;
        }
    }
    true
}

fn wait_for_spool(board: &Board, error: &SpoolError, jobs: &Sender<Job>) {
    tracing::error!(%error, "the spool cannot be read; it is tried again");
    board.set_spool(Some(error.to_string()));
    let steps = (SPOOL_RETRY_WAIT.as_millis() / IDLE_WAIT.as_millis()).max(1);
    for _ in 0..steps {
        if jobs.is_closed() {
            return;
        }
        std::thread::sleep(IDLE_WAIT);
    }
}
