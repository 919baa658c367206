//! One connection: commits the jobs of its streams, tries again until each is stored, and says what is.

use std::sync::Arc;
use std::time::Duration;

use store::{Batch, CommitOutcome, Counts, NodeIdentity, RefusedRow, Store, StoreError, Writer};
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::board::{Board, Connection, Counters};
use crate::job::Job;
use crate::limits::{BATCH_ROWS_MIN, ENDS_POLL, RETRY_WAIT};
use crate::park::{Line, Parking};
use crate::pulse::Part;
use crate::role::{now_ns, now_seconds};

/// What a lane needs.
pub struct Lane {
    /// Its number.
    pub lane: usize,
    /// Where to.
    pub store: Store,
    /// For whom.
    pub node: NodeIdentity,
    /// Where rows go that cannot be stored.
    pub parking: Arc<Parking>,
    /// What it tells.
    pub board: Arc<Board>,
    /// Set when the rest must be given up.
    pub give_up: watch::Receiver<bool>,
}

/// How a lane ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneEnd {
    /// Its reader is done, or the rest was given up: so many rows in hand stay in the spool.
    Done {
        /// Rows that were in hand.
        left: u64,
    },
    /// The database has less than it had acknowledged: all begins anew from its fences.
    Setback,
}

/// Why a job was not stored.
enum Stopped {
    GivenUp { left: u64 },
    Setback,
}

/// How long to wait before the next attempt: doubled each time, with a share that differs between lanes and processes
/// so that they do not return all at once.
struct Backoff {
    wait: Duration,
}

impl Backoff {
    fn next(&mut self) -> Duration {
        let wait = self.wait;
        self.wait = (self.wait * 2).min(RETRY_WAIT.1);
        let spread = u64::from(now_ns() as u32) % 1000;
        wait / 2 + wait.mul_f64(spread as f64 / 2000.0)
    }
}

/// A lane's connection, and how much it is trusted with.
struct Link {
    writer: Option<Writer>,
    /// The last call failed: the fences are to be read before the next commit, on a new connection if need be.
    in_doubt: bool,
    used: Instant,
    /// Rows of a transaction, at most: less when the database asks for less.
    rows_max: usize,
}

impl Lane {
    /// Commits jobs until their sender is gone.
    pub async fn run(mut self, writer: Option<Writer>, mut jobs: Receiver<Job>) -> LaneEnd {
        let mut link = Link { writer, in_doubt: false, used: Instant::now(), rows_max: usize::MAX };
        // Not at the first batch: a stream may be silent for long, and whether the database takes us is to be told now.
        self.try_open(&mut link).await;
        let mut given_up = self.give_up.clone();
        loop {
            // Also while there is nothing to do: a setback ends all lanes.
            let next = tokio::select! {
                job = jobs.recv() => Some(job),
                _ = given_up.wait_for(|given_up| *given_up) => Some(None),
                () = sleep(RETRY_WAIT.1), if link.writer.is_none() => None,
            };
            let job = match next {
                Some(Some(job)) => job,
                Some(None) => return LaneEnd::Done { left: 0 },
                None => {
                    self.try_open(&mut link).await;
                    continue;
                }
            };
            self.board.set_pending(self.lane, Some(job.oldest_ns).filter(|since| *since > 0));
            self.board.pulse.moves(Part::Lane(self.lane));
            match self.store_job(&mut link, job).await {
                Ok(()) => {
                    self.board.set_pending(self.lane, None);
                    self.board.pulse.waits(Part::Lane(self.lane));
                }
                Err(Stopped::Setback) => {
                    self.board.pulse.waits(Part::Lane(self.lane));
                    return LaneEnd::Setback;
                }
                Err(Stopped::GivenUp { mut left }) => {
                    self.board.pulse.waits(Part::Lane(self.lane));
                    while let Ok(job) = jobs.try_recv() {
                        left += job.batch.rows() as u64;
                    }
                    return LaneEnd::Done { left };
                }
            }
        }
    }

    /// Opens a connection while there is nothing to store.
    async fn try_open(&mut self, link: &mut Link) {
        match self.open(link).await {
            Ok(()) => self.board.set_connection(self.lane, Connection::Up, now_ns()),
            Err(error) => {
                tracing::warn!(lane = self.lane, %error, "this connection cannot be opened; it is tried again");
                self.board.set_connection(self.lane, Connection::Down(error.to_string()), now_ns());
            }
        }
    }

    /// Tries until the job is stored, or found stored, in one transaction or several.
    async fn store_job(&mut self, link: &mut Link, job: Job) -> Result<(), Stopped> {
        let mut backoff = Backoff { wait: RETRY_WAIT.0 };
        let (mut todo, mut halve) = (vec![job], false);
        while let Some(mut job) = todo.pop() {
            if *self.give_up.borrow() || !self.ends_are_stored(&job).await {
                todo.push(job);
                return Err(Stopped::GivenUp { left: rows_of(&todo) });
            }
            if job.batch.rows() > link.rows_max
                && let Some(middle) = job.middle()
            {
                todo.push(job.split_off(middle));
                todo.push(job);
                continue;
            }
            self.board.set_asked(self.lane, Some(now_ns()));
            let attempt = self.attempt(link, &mut job, halve).await;
            self.board.pulse.moves(Part::Lane(self.lane));
            self.board.set_asked(self.lane, None);
            match attempt {
                Ok(CommitOutcome::Stored { .. }) => {
                    link.rows_max = link.rows_max.saturating_mul(2);
                    backoff = Backoff { wait: RETRY_WAIT.0 };
                }
                Ok(CommitOutcome::AlreadyStored { .. }) => {}
                Ok(CommitOutcome::PartlyStored { last_seq }) => todo.push(job.split_off(last_seq)),
                Ok(CommitOutcome::Behind { last_seq }) => {
                    self.tell_setback(&job.batch, last_seq);
                    return Err(Stopped::Setback);
                }
                Err(error) if error.is_row_error() && !halve => {
                    halve = true;
                    todo.push(job);
                }
                Err(error) => {
                    let less = error.asks_for_less() && job.batch.rows() > BATCH_ROWS_MIN;
                    if less {
                        link.rows_max = (job.batch.rows() / 2).max(BATCH_ROWS_MIN);
                    }
                    todo.push(job);
                    let at_once = less && matches!(error, StoreError::TooLarge { .. });
                    if !self.wait(&mut backoff, &error, at_once).await {
                        return Err(Stopped::GivenUp { left: rows_of(&todo) });
                    }
                }
            }
        }
        Ok(())
    }

    /// Waits before the next attempt; false = given up.
    async fn wait(&mut self, backoff: &mut Backoff, error: &StoreError, at_once: bool) -> bool {
        Counters::add(&self.board.counters.retries, 1);
        self.board.set_connection(self.lane, Connection::Down(error.to_string()), now_ns());
        let wait = if at_once { Duration::ZERO } else { backoff.next() };
        tracing::warn!(lane = self.lane, %error, ?wait, "the database does not take rows; they wait in the spool");
        tokio::select! {
            () = sleep(wait) => true,
            _ = self.give_up.wait_for(|given_up| *given_up) => false,
        }
    }

    /// Waits until the streams of other lanes that end in the job's rows are stored; false = given up. They are not
    /// waited for in vain: their reader has the same rows, and gives up as lost what it cannot find.
    async fn ends_are_stored(&mut self, job: &Job) -> bool {
        loop {
            let board = &self.board;
            if job.ends.iter().all(|(epoch, stream, last_seq)| board.has(*epoch, *stream, *last_seq)) {
                return true;
            }
            // Another lane may be slow for as long as it likes.
            self.board.pulse.moves(Part::Lane(self.lane));
            tokio::select! {
                () = sleep(ENDS_POLL) => {}
                _ = self.give_up.wait_for(|given_up| *given_up) => return false,
            }
        }
    }

    /// Opens a connection if there is none that can be trusted, and reads what is stored.
    async fn open(&self, link: &mut Link) -> Result<(), StoreError> {
        if link.writer.is_some() && link.used.elapsed() > store::limits::IDLE_TIMEOUT / 2 {
            // The server ends idle connections: better here, where it is no failure.
            link.writer = None;
            link.in_doubt = false;
        }
        match &mut link.writer {
            Some(writer) if link.in_doubt => {
                let fences = writer.fences().await?;
                self.board.set_fences(&fences);
                Counters::add(&self.board.counters.reconnects, 1);
            }
            Some(_) => return Ok(()),
            none => {
                let mut writer = self.store.writer(&self.node, now_seconds()).await?;
                let fences = writer.fences().await?;
                self.board.set_fences(&fences);
                *none = Some(writer);
                if link.in_doubt {
                    Counters::add(&self.board.counters.reconnects, 1);
                }
            }
        }
        (link.in_doubt, link.used) = (false, Instant::now());
        tracing::info!(lane = self.lane, "connected: the database takes rows");
        Ok(())
    }

    /// One transaction.
    async fn attempt(&self, link: &mut Link, job: &mut Job, halve: bool) -> Result<CommitOutcome, StoreError> {
        let result = async {
            self.open(link).await?;
            let writer = link.writer.as_mut().expect("open() leaves a writer");
            job.batch.arrived = now_seconds();
            self.commit(writer, job, halve).await
        }
        .await;
        match &result {
            Ok(outcome) => {
                link.used = Instant::now();
                self.board.set_connection(self.lane, Connection::Up, now_ns());
                tracing::trace!(?outcome, "an answer");
            }
            Err(error) => link.in_doubt = !error.is_row_error(),
        }
        result
    }

    async fn commit(&self, writer: &mut Writer, job: &Job, halve: bool) -> Result<CommitOutcome, StoreError> {
        let place = (job.batch.epoch, job.batch.stream);
        let lines: Vec<_> = job.parked.iter().map(|parked| Line::unread(place, parked)).collect();
        self.parking.keep(&lines).map_err(|source| StoreError::Park { source })?;
        let mut refused: Vec<RefusedRow> = Vec::new();
        let outcome = if halve {
            let mut keep = |found: &[RefusedRow]| {
                refused = found.to_vec();
                let line = |row| Line::refused(place, row, describe(&job.batch, row.seq));
                self.parking.keep(&found.iter().map(line).collect::<Vec<_>>())
            };
            writer.commit_halving(&job.batch, &mut keep).await?
        } else {
            writer.commit(&job.batch).await?
        };
        match outcome {
            CommitOutcome::Stored { .. } => self.count_stored(&job.batch, &refused),
            // The answer to a COMMIT was lost: what it stored is in the fence, not in our count.
            CommitOutcome::AlreadyStored { .. } | CommitOutcome::PartlyStored { .. } => {
                self.board.set_fences(&writer.fences().await?);
            }
            CommitOutcome::Behind { .. } => {}
        }
        self.parking.committed(place.0, place.1, self.board.last_seq(place.0, place.1));
        Ok(outcome)
    }

    fn count_stored(&self, batch: &Batch, refused: &[RefusedRow]) {
        let one = |row: &RefusedRow| Counts { rows: 1, packets: row.packets, bytes: row.bytes };
        let aside = refused.iter().fold(Counts::default(), |sum, row| sum.plus(one(row)));
        self.board.advance(batch, aside);
        let counters = &self.board.counters;
        Counters::add(&counters.rows_stored, batch.rows() as u64 - aside.rows);
        Counters::add(&counters.commits, 1);
        Counters::add(&counters.rows_gap, batch.gap.rows);
        Counters::add(&counters.packets_gap, batch.gap.packets);
        Counters::add(&counters.rows_parked, aside.rows + batch.parked.rows);
        for row in refused {
            tracing::error!(table = row.table, reason = %row.reason, seq = row.seq, "a row was refused and parked");
        }
        if batch.parked.rows > 0 {
            tracing::error!(rows = batch.parked.rows, "rows that are not understood were parked");
        }
    }

    fn tell_setback(&self, batch: &Batch, last_seq: u64) {
        Counters::add(&self.board.counters.setbacks, 1);
        tracing::error!(
            epoch = batch.epoch,
            stream = batch.stream,
            fence = last_seq,
            acknowledged = batch.first_seq - 1,
            "the database has less than it had acknowledged (was it restored from a backup?): what the spool still has \
             is stored again, the rest is a gap"
        );
    }
}

fn rows_of(jobs: &[Job]) -> u64 {
    jobs.iter().map(|job| job.batch.rows() as u64).sum()
}

/// A row as text for the dead-letter file.
fn describe(batch: &Batch, seq: u64) -> String {
    let flow = batch.flows.iter().find(|r| r.seq == seq).map(|r| format!("{r:?}"));
    flow.or_else(|| batch.traffic.iter().find(|r| r.seq == seq).map(|r| format!("{r:?}")))
        .or_else(|| batch.talkers.iter().find(|r| r.seq == seq).map(|r| format!("{r:?}")))
        .or_else(|| batch.ledger.iter().find(|r| r.seq == seq).map(|r| format!("{r:?}")))
        .or_else(|| batch.interfaces.iter().find(|r| r.seq == seq).map(|r| format!("{r:?}")))
        .or_else(|| batch.events.iter().find(|r| r.seq == seq).map(|r| format!("{r:?}")))
        .unwrap_or_default()
}
