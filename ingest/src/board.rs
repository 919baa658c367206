//! What is committed, and how it goes: shared by the lanes, the acknowledgement file, the live line and the metrics.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use live::ledger::StoredColumns;
use spool::limits::STREAM_NOTIFIER;
use spool::{Ack, StreamAck};
use store::{Batch, Counts, Fence};

use crate::limits::{ACK_ENTRIES_MAX, SLOW_AFTER};
use crate::pulse::Pulse;

/// The state of a database of which nothing is known yet.
pub const CONNECTING: &str = "connecting";

/// Counters since the start; each moves by its own.
#[derive(Debug, Default)]
pub struct Counters {
    /// Rows committed.
    pub rows_stored: AtomicU64,
    /// Transactions committed.
    pub commits: AtomicU64,
    /// Transactions tried again.
    pub retries: AtomicU64,
    /// Connections opened again after they were lost.
    pub reconnects: AtomicU64,
    /// Rows that were parked.
    pub rows_parked: AtomicU64,
    /// Rows that the spool lost.
    pub rows_gap: AtomicU64,
    /// Wire packets of those, as far as they are known.
    pub packets_gap: AtomicU64,
    /// Times that the database had less than it had acknowledged.
    pub setbacks: AtomicU64,
    /// Rows that the retention removed.
    pub rows_removed: AtomicU64,
    /// Bytes that it gave back.
    pub bytes_removed: AtomicU64,
    /// Spool bytes that were stepped over as damaged.
    pub damaged_bytes: AtomicU64,
}

impl Counters {
    /// Adds `n` to a counter.
    pub fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }

    /// Reads a counter.
    pub fn get(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}

/// How a lane's connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Not tried yet.
    Connecting,
    /// It takes rows.
    Up,
    /// It does not, and why.
    Down(String),
}

#[derive(Clone)]
struct Lane {
    connection: Connection,
    /// Since when, ns.
    since_ns: u64,
    /// Since when the database has owed an answer, ns.
    asked_ns: Option<u64>,
    /// Time of the oldest row in hand, ns.
    pending_ns: Option<u64>,
}

/// The database as all lanes together see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// "connected", "connecting", "slow: …" or "down: …".
    pub state: String,
    /// Since when, UNIX nanoseconds.
    pub since_ns: u64,
    /// Whether it takes rows.
    pub is_up: bool,
}

#[derive(Default)]
struct State {
    streams: BTreeMap<(u64, u16), Fence>,
    changed: bool,
    lanes: Vec<Lane>,
    spool: Option<String>,
    arrivals: Vec<u32>,
}

impl State {
    /// Lets the oldest epochs of one writer go that are too many; each writer's apart, so that one that starts often
    /// does not push out what the other still writes.
    fn forget_old(&mut self, of_notifier: bool) {
        let of = |key: &&(u64, u16)| (key.1 == STREAM_NOTIFIER) == of_notifier;
        let more = self.streams.keys().filter(of).count().saturating_sub(ACK_ENTRIES_MAX);
        let old: Vec<(u64, u16)> = self.streams.keys().filter(of).take(more).copied().collect();
        for key in old {
            self.streams.remove(&key);
        }
    }
}

/// The board.
#[derive(Default)]
pub struct Board {
    /// Counters since the start.
    pub counters: Counters,
    /// Whether readers and lanes move.
    pub pulse: Pulse,
    state: Mutex<State>,
}

impl Board {
    /// A board for `lanes` connections.
    pub fn new(lanes: usize, now_ns: u64) -> Board {
        let lane = Lane { connection: Connection::Connecting, since_ns: now_ns, asked_ns: None, pending_ns: None };
        let state = State { lanes: vec![lane; lanes], ..State::default() };
        Board { counters: Counters::default(), pulse: Pulse::new(lanes), state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole: a lane that panicked cannot have left half of one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the fences that the database has; one that is behind what a lane committed meanwhile changes nothing.
    pub fn set_fences(&self, fences: &[Fence]) {
        let mut state = self.lock();
        if state.arrivals.is_empty() {
            state.arrivals = fences.iter().map(|fence| fence.updated).collect();
        }
        for fence in fences {
            let known = state.streams.entry((fence.epoch, fence.stream)).or_insert(*fence);
            if fence.last_seq > known.last_seq {
                *known = *fence;
            }
        }
        for of_notifier in [false, true] {
            state.forget_old(of_notifier);
        }
        state.changed = true;
    }

    /// When rows of each stream last arrived, as the first look at the fences told; UNIX seconds by the clock of then.
    pub fn arrivals(&self) -> Vec<u32> {
        self.lock().arrivals.clone()
    }

    /// Forgets what was committed: the database does not have it any more.
    pub fn forget(&self) {
        self.lock().streams.clear();
    }

    /// How far a stream is committed; `None` = nothing of it is.
    pub fn fence(&self, epoch: u64, stream: u16) -> Option<Fence> {
        self.lock().streams.get(&(epoch, stream)).copied()
    }

    /// The last committed row of a stream; 0 = none.
    pub fn last_seq(&self, epoch: u64, stream: u16) -> u64 {
        self.fence(epoch, stream).map_or(0, |fence| fence.last_seq)
    }

    /// Whether a stream is committed up to a row. Of epochs that are older than all that are known nobody waits for more.
    pub fn has(&self, epoch: u64, stream: u16, last_seq: u64) -> bool {
        let state = self.lock();
        let mut known = state.streams.keys().filter(|key| key.1 != STREAM_NOTIFIER);
        let oldest = known.next().map(|key| key.0);
        let forgotten = known.count() + 1 >= ACK_ENTRIES_MAX && oldest.is_some_and(|oldest| epoch < oldest);
        forgotten || state.streams.get(&(epoch, stream)).is_some_and(|fence| fence.last_seq >= last_seq)
    }

    /// A batch was committed, of which `refused` was parked by the database's word.
    pub fn advance(&self, batch: &Batch, refused: Counts) {
        let mut state = self.lock();
        let new = Fence { epoch: batch.epoch, stream: batch.stream, ..Fence::default() };
        let fence = state.streams.entry((batch.epoch, batch.stream)).or_insert(new);
        // Another lane may have read the fences since the commit: then it is in them.
        if fence.last_seq + 1 == batch.first_seq {
            fence.last_seq = batch.last_seq;
            fence.stored = fence.stored.plus(Counts {
                rows: (batch.rows() as u64).saturating_sub(refused.rows),
                packets: batch.packets.saturating_sub(refused.packets),
                bytes: batch.bytes.saturating_sub(refused.bytes),
            });
            fence.parked = fence.parked.plus(batch.parked).plus(refused);
            fence.gap = fence.gap.plus(batch.gap);
        }
        state.changed = true;
    }

    /// Writes the acknowledgement file of each spool if something changed.
    pub fn save_ack(&self, spools: &[&Path]) {
        let ack = {
            let mut state = self.lock();
            if !std::mem::take(&mut state.changed) {
                return;
            }
            let entry = |fence: &Fence| StreamAck {
                epoch: fence.epoch,
                stream: fence.stream,
                last_seq: fence.last_seq,
                packets: fence.stored.packets,
                bytes: fence.stored.bytes,
                parked_packets: fence.parked.packets,
                parked_bytes: fence.parked.bytes,
            };
            Ack { streams: state.streams.values().map(entry).collect() }
        };
        for dir in spools {
            let saved = faults::pass("ingest.ack").map_err(|error| error.to_string());
            if let Err(error) = saved.and_then(|()| ack.save(dir).map_err(|error| error.to_string())) {
                tracing::warn!(%error, "the spool is trimmed later");
                self.lock().changed = true;
            }
        }
    }

    /// What is committed, for the live line.
    pub fn stored(&self) -> Vec<StoredColumns> {
        let columns = |fence: &Fence| StoredColumns {
            epoch: fence.epoch,
            stream: fence.stream,
            last_seq: fence.last_seq,
            packets: fence.stored.packets,
            bytes: fence.stored.bytes,
            parked_packets: fence.parked.packets,
            parked_bytes: fence.parked.bytes,
            gap_packets: fence.gap.packets,
            gap_bytes: fence.gap.bytes,
        };
        self.lock().streams.values().map(columns).collect()
    }

    /// A lane says how its connection is.
    pub fn set_connection(&self, lane: usize, connection: Connection, now_ns: u64) {
        let mut state = self.lock();
        let lane = &mut state.lanes[lane];
        lane.asked_ns = None;
        if std::mem::discriminant(&lane.connection) != std::mem::discriminant(&connection) {
            lane.since_ns = now_ns;
        }
        lane.connection = connection;
    }

    /// A lane asks the database something now, or (`None`) has its answer.
    pub fn set_asked(&self, lane: usize, now_ns: Option<u64>) {
        self.lock().lanes[lane].asked_ns = now_ns;
    }

    /// The spool cannot be read, and why; `None` = it can.
    pub fn set_spool(&self, trouble: Option<String>) {
        let mut state = self.lock();
        if state.spool != trouble {
            state.spool = trouble;
        }
    }

    /// Why the spool cannot be read, if so.
    pub fn spool(&self) -> Option<String> {
        self.lock().spool.clone()
    }

    /// The worst of the lanes: "connected" only when all are.
    pub fn database(&self, now_ns: u64) -> Database {
        let state = self.lock();
        let told = |word: String, since_ns, is_up| Database { state: word, since_ns, is_up };
        for lane in &state.lanes {
            if let Connection::Down(reason) = &lane.connection {
                return told(format!("down: {reason}"), lane.since_ns, false);
            }
        }
        if let Some(lane) = state.lanes.iter().find(|lane| lane.connection == Connection::Connecting) {
            return told(CONNECTING.to_owned(), lane.since_ns, false);
        }
        let slow = SLOW_AFTER.as_nanos() as u64;
        let oldest = state.lanes.iter().filter_map(|lane| lane.asked_ns).min();
        if let Some(asked) = oldest.filter(|asked| now_ns.saturating_sub(*asked) >= slow) {
            let seconds = now_ns.saturating_sub(asked) / 1_000_000_000;
            return told(format!("slow: no answer for {seconds} s"), asked, false);
        }
        let since = state.lanes.iter().map(|lane| lane.since_ns).max().unwrap_or(0);
        told("connected".to_owned(), since, true)
    }

    /// A lane's oldest row that is in hand and not stored: its time in ns, or `None`.
    pub fn set_pending(&self, lane: usize, since_ns: Option<u64>) {
        self.lock().lanes[lane].pending_ns = since_ns;
    }

    /// The oldest row in hand, ns.
    pub fn pending_since_ns(&self) -> Option<u64> {
        self.lock().lanes.iter().filter_map(|lane| lane.pending_ns).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn the_worst_lane_is_the_databases_state() {
        let board = Board::new(2, SECOND);
        assert_eq!(board.database(SECOND).state, "connecting");
        board.set_connection(0, Connection::Up, 2 * SECOND);
        board.set_connection(1, Connection::Up, 3 * SECOND);
        let up = Database { state: "connected".into(), since_ns: 3 * SECOND, is_up: true };
        assert_eq!(board.database(4 * SECOND), up);
        board.set_asked(1, Some(10 * SECOND));
        assert_eq!(board.database(11 * SECOND), up);
        assert_eq!(board.database(30 * SECOND).state, "slow: no answer for 20 s");
        board.set_connection(1, Connection::Down("gone".into()), 31 * SECOND);
        board.set_connection(1, Connection::Down("gone for good".into()), 40 * SECOND);
        let down = Database { state: "down: gone for good".into(), since_ns: 31 * SECOND, is_up: false };
        assert_eq!(board.database(41 * SECOND), down);
    }

    #[test]
    fn a_commit_that_another_lane_has_read_already_is_not_counted_twice() {
        let board = Board::new(1, 0);
        let batch = Batch { epoch: 1, stream: 1, first_seq: 1, last_seq: 10, packets: 30, ..Batch::default() };
        let stored = Counts { rows: 10, packets: 30, bytes: 0 };
        board.set_fences(&[Fence { epoch: 1, stream: 1, last_seq: 10, stored, ..Fence::default() }]);
        board.advance(&batch, Counts::default());
        assert_eq!(board.fence(1, 1).map(|fence| fence.stored), Some(stored));
        board.set_fences(&[Fence { epoch: 1, stream: 1, last_seq: 5, ..Fence::default() }]);
        assert_eq!(board.last_seq(1, 1), 10, "an old answer moves nothing back");
    }
}
