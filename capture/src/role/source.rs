//! A worker's source on one interface: a ring, or the copying backend.

use crate::copy::CopySource;
use crate::limits::GROUP_FRAMES;
use crate::ring::{Ring, RingError, Statistics};
use crate::worker::Worker;

/// Blocks taken from one ring before the next has its turn.
const BLOCKS_PER_TURN: usize = 4;

/// An open source.
pub enum Source {
    /// TPACKET_V3.
    Ring(Ring),
    /// One read per packet.
    Copy(Box<CopySource>),
}

impl Source {
    /// Gives what waits to the worker, a bounded share; true = there was something.
    pub fn take(&mut self, interface: u16, worker: &mut Worker, now_ns: u64) -> bool {
        match self {
            Source::Ring(ring) => take_blocks(ring, interface, worker, now_ns),
            Source::Copy(copy) => match copy.next_group(now_ns) {
                Ok(group) if group.is_empty() => false,
                Ok(group) => {
                    let mut frames = group.frames().map(|frame| (interface, frame));
                    while worker.group(&mut frames) == GROUP_FRAMES {}
                    true
                }
                Err(error) => {
                    tracing::warn!(%error, "reading packets failed");
                    false
                }
            },
        }
    }

    /// The kernel's counters since the source was opened.
    pub fn statistics(&mut self) -> Result<Statistics, RingError> {
        match self {
            Source::Ring(ring) => ring.statistics(),
            Source::Copy(copy) => copy.statistics(),
        }
    }

    /// Refuses every further frame.
    pub fn drop_all(&self) -> Result<(), RingError> {
        match self {
            Source::Ring(ring) => ring.drop_all(),
            Source::Copy(copy) => copy.drop_all(),
        }
    }

    /// The interface it was opened on is gone.
    pub fn interface_gone(&self) -> bool {
        match self {
            Source::Ring(ring) => ring.interface_gone(),
            Source::Copy(copy) => copy.interface_gone(),
        }
    }
}

fn take_blocks(ring: &mut Ring, interface: u16, worker: &mut Worker, now_ns: u64) -> bool {
    for turn in 0..BLOCKS_PER_TURN {
        let Some(block) = ring.next_block() else { return turn > 0 };
        let mut frames = block.frames();
        while worker.group(&mut frames.by_ref().map(|frame| (interface, frame))) == GROUP_FRAMES {}
        let damaged = frames.damaged();
        if damaged > 0 {
            worker.damaged(interface, damaged, now_ns);
        }
    }
    true
}
