//! One connection: commits the batches of its streams, tries again until each is stored, and says what is.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use spool::StreamAck;
use store::{Batch, CommitOutcome, NodeIdentity, RefusedRow, Store, StoreError, Writer};
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;

use crate::batch::cut;
use crate::board::{Board, Counters};
use crate::limits::RETRY_WAIT;
use crate::park::park;
use crate::pulse::Part;
use crate::reader::Job;
use crate::role::{now_ns, now_seconds};

/// What a lane needs.
pub struct Lane {
    /// Its number.
    pub lane: usize,
    /// Where to.
    pub store: Store,
    /// For whom.
    pub node: NodeIdentity,
    /// Where refused rows go.
    pub data_dir: PathBuf,
    /// What it tells.
    pub board: Arc<Board>,
    /// Set when the rest must be given up.
    pub give_up: watch::Receiver<bool>,
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

impl Lane {
    /// Commits jobs until their sender is gone. Answers how many rows it had to leave in the spool.
    pub async fn run(mut self, mut writer: Option<Writer>, mut jobs: Receiver<Job>) -> u64 {
        // Not at the first batch: a stream may be silent for long, and whether the database takes us is to be told now.
        if writer.is_none()
            && let Err(error) = self.open(&mut writer).await
        {
            tracing::warn!(lane = self.lane, %error, "this connection cannot be opened; it is tried again when there are rows");
            self.board.set_database(self.lane, &format!("down: {error}"));
        }
        while let Some(job) = jobs.recv().await {
            self.board.set_pending(self.lane, Some(job.oldest_ns));
            self.board.pulse.moves(Part::Lane(self.lane));
            let mut batch = job.batch;
            if !self.store_batch(&mut writer, &mut batch).await {
                let mut left = batch.rows() as u64;
                while let Ok(job) = jobs.try_recv() {
                    left += job.batch.rows() as u64;
                }
                return left;
            }
            self.board.set_pending(self.lane, None);
            self.board.pulse.waits(Part::Lane(self.lane));
        }
        0
    }

    /// Tries until the batch is stored (or found stored); false = given up.
    async fn store_batch(&mut self, writer: &mut Option<Writer>, batch: &mut Batch) -> bool {
        let mut backoff = Backoff { wait: RETRY_WAIT.0 };
        let mut halve = false;
        loop {
            let attempt = match writer {
                Some(open) => self.commit(open, batch, halve).await,
                None => self.open(writer).await.map(|()| {
                    Counters::add(&self.board.counters.reconnects, 1);
                    false
                }),
            };
            self.board.pulse.moves(Part::Lane(self.lane));
            match attempt {
                Ok(true) => return true,
                Ok(false) => {}
                Err(error) if error.is_row_error() && !halve => halve = true,
                Err(error) => {
                    *writer = None;
                    Counters::add(&self.board.counters.retries, 1);
                    self.board.set_database(self.lane, &format!("down: {error}"));
                    let wait = backoff.next();
                    tracing::warn!(lane = self.lane, %error, ?wait, "the database does not take rows; they wait in the spool");
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        _ = self.give_up.wait_for(|given_up| *given_up) => return false,
                    }
                }
            }
            if *self.give_up.borrow() {
                return false;
            }
        }
    }

    /// Opens a connection and reads what is stored.
    async fn open(&mut self, writer: &mut Option<Writer>) -> Result<(), StoreError> {
        let mut open = self.store.writer(&self.node, now_seconds()).await?;
        let fences = open.fences().await?;
        self.board.set_fences(&fences);
        self.board.set_database(self.lane, "connected");
        tracing::info!(lane = self.lane, "connected: the database takes rows");
        *writer = Some(open);
        Ok(())
    }

    /// One transaction. `Ok(true)` = the batch is stored; `Ok(false)` = it was changed to fit the fence, try again.
    async fn commit(&mut self, writer: &mut Writer, batch: &mut Batch, halve: bool) -> Result<bool, StoreError> {
        batch.arrived = now_seconds();
        let mut refused: Vec<RefusedRow> = Vec::new();
        let outcome = if halve {
            let (data_dir, place, rows) = (&self.data_dir, (batch.epoch, batch.stream), &*batch);
            let mut keep = |found: &[RefusedRow]| {
                refused = found.to_vec();
                park(data_dir, place, found, |seq| describe(rows, seq))
            };
            writer.commit_halving(rows, &mut keep).await?
        } else {
            writer.commit(batch).await?
        };
        match outcome {
            CommitOutcome::Stored { parked } => {
                self.count_stored(batch, &refused, parked);
                Ok(true)
            }
            CommitOutcome::AlreadyStored { .. } => {
                // The answer to a COMMIT was lost: what it stored is in the fence, not in our count.
                let fences = writer.fences().await?;
                self.board.set_fences(&fences);
                Ok(true)
            }
            CommitOutcome::PartlyStored { last_seq } => {
                let fences = writer.fences().await?;
                self.board.set_fences(&fences);
                cut(batch, last_seq);
                Ok(false)
            }
            CommitOutcome::Behind { last_seq } => {
                let missing = batch.first_seq - last_seq - 1;
                tracing::error!(
                    epoch = batch.epoch,
                    stream = batch.stream,
                    missing,
                    "rows are missing in the spool; they are counted as a gap"
                );
                batch.gap_rows += missing;
                batch.first_seq = last_seq + 1;
                Ok(false)
            }
        }
    }

    fn count_stored(&self, batch: &Batch, refused: &[RefusedRow], parked: u64) {
        let aside = refused.iter().fold((0, 0), |sum, r| (sum.0 + r.packets, sum.1 + r.bytes));
        self.board.advance(&StreamAck {
            epoch: batch.epoch,
            stream: batch.stream,
            last_seq: batch.last_seq,
            packets: batch.packets.saturating_sub(aside.0),
            bytes: batch.bytes.saturating_sub(aside.1),
            parked_packets: batch.parked.packets + aside.0,
            parked_bytes: batch.parked.bytes + aside.1,
        });
        let counters = &self.board.counters;
        Counters::add(&counters.rows_stored, batch.rows() as u64 - refused.len() as u64);
        Counters::add(&counters.commits, 1);
        Counters::add(&counters.rows_gap, batch.gap_rows);
        Counters::add(&counters.rows_parked, parked.max(refused.len() as u64) + batch.parked.rows);
        for row in refused {
            tracing::error!(table = row.table, reason = %row.reason, seq = row.seq, "a row was refused and parked");
        }
    }
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
