//! What is committed, and how it goes: shared by the lanes, the acknowledgement file, the live line and the metrics.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use live::ledger::StoredColumns;
use spool::{Ack, StreamAck};
use store::Fence;

use crate::limits::ACK_ENTRIES_MAX;
use crate::pulse::Pulse;

/// The state of a connection of which nothing is known yet.
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
    /// Rows that the schema refused.
    pub rows_parked: AtomicU64,
    /// Rows that the spool lost.
    pub rows_gap: AtomicU64,
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

#[derive(Default)]
struct State {
    streams: BTreeMap<(u64, u16), StreamAck>,
    changed: bool,
    database: Vec<String>,
    pending_since_ns: BTreeMap<usize, u64>,
    arrivals: Vec<u32>,
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
    pub fn new(lanes: usize) -> Board {
        let state = State { database: vec![CONNECTING.to_owned(); lanes], ..State::default() };
        Board { counters: Counters::default(), pulse: Pulse::new(lanes), state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole: a lane that panicked cannot have left half of one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the fences that the database has.
    pub fn set_fences(&self, fences: &[Fence]) {
        let mut state = self.lock();
        if state.arrivals.is_empty() {
            state.arrivals = fences.iter().map(|fence| fence.updated).collect();
        }
        for fence in fences {
            let ack = StreamAck {
                epoch: fence.epoch,
                stream: fence.stream,
                last_seq: fence.last_seq,
                packets: fence.stored.packets,
                bytes: fence.stored.bytes,
                parked_packets: fence.parked.packets,
                parked_bytes: fence.parked.bytes,
            };
            state.streams.insert((fence.epoch, fence.stream), ack);
        }
        while state.streams.len() > ACK_ENTRIES_MAX {
            state.streams.pop_first();
        }
        state.changed = true;
    }

    /// When rows of each stream last arrived, as the first look at the fences told; UNIX seconds by the clock of then.
    pub fn arrivals(&self) -> Vec<u32> {
        self.lock().arrivals.clone()
    }

    /// The last committed row of a stream; 0 = none.
    pub fn last_seq(&self, epoch: u64, stream: u16) -> u64 {
        self.lock().streams.get(&(epoch, stream)).map_or(0, |s| s.last_seq)
    }

    /// A batch was committed: what it adds to its stream.
    pub fn advance(&self, add: &StreamAck) {
        let mut state = self.lock();
        let entry = state.streams.entry((add.epoch, add.stream)).or_insert(StreamAck {
            epoch: add.epoch,
            stream: add.stream,
            ..StreamAck::default()
        });
        entry.last_seq = add.last_seq;
        entry.packets += add.packets;
        entry.bytes += add.bytes;
        entry.parked_packets += add.parked_packets;
        entry.parked_bytes += add.parked_bytes;
        state.changed = true;
    }

    /// Writes the acknowledgement file of each spool if something changed.
    pub fn save_ack(&self, spools: &[&Path]) {
        let ack = {
            let mut state = self.lock();
            if !std::mem::take(&mut state.changed) {
                return;
            }
            Ack { streams: state.streams.values().copied().collect() }
        };
        for dir in spools {
            if let Err(error) = ack.save(dir) {
                tracing::warn!(%error, "the spool is trimmed later");
                self.lock().changed = true;
            }
        }
    }

    /// What is committed, for the live line.
    pub fn stored(&self) -> Vec<StoredColumns> {
        let columns = |s: &StreamAck| StoredColumns {
            epoch: s.epoch,
            stream: s.stream,
            last_seq: s.last_seq,
            packets: s.packets,
            bytes: s.bytes,
            parked_packets: s.parked_packets,
            parked_bytes: s.parked_bytes,
        };
        self.lock().streams.values().map(columns).collect()
    }

    /// A lane says how its connection is.
    pub fn set_database(&self, lane: usize, state: &str) {
        let mut all = self.lock();
        if all.database[lane] != state {
            all.database[lane] = state.to_owned();
        }
    }

    /// The worst of the lanes: "connected" only when all are.
    pub fn database(&self) -> String {
        let state = self.lock();
        state.database.iter().find(|s| *s != "connected").cloned().unwrap_or_else(|| "connected".to_owned())
    }

    /// A lane's oldest row that is in hand and not stored: its time in ns, or `None`.
    pub fn set_pending(&self, lane: usize, since_ns: Option<u64>) {
        let mut state = self.lock();
        match since_ns {
            Some(since) => {
                state.pending_since_ns.entry(lane).or_insert(since);
            }
            None => {
                state.pending_since_ns.remove(&lane);
            }
        }
    }

    /// The oldest row in hand, ns.
    pub fn pending_since_ns(&self) -> Option<u64> {
        self.lock().pending_since_ns.values().min().copied()
    }
}
