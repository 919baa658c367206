//! What the hub has done.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of a hub; each only grows.
#[derive(Debug, Default)]
pub struct Counts {
    /// Messages published, each once, to however many channels.
    pub published: Count,
    /// Messages handed to readers.
    pub delivered: Count,
    /// Older values of gauges that a slow reader was not sent, because a newer one waited.
    pub conflated: Count,
    /// Readers who were told that messages are missing.
    pub resyncs: Count,
    /// Publications that were refused: no such channel, too long, too many channels.
    pub refused: Count,
    /// Places in rings given up before their age, for want of room.
    pub evicted: Count,
    /// Script channels that ran out or were closed.
    pub closed: Count,
}

/// One counter.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds `by`.
    pub fn add(&self, by: usize) {
        self.0.fetch_add(by as u64, Ordering::Relaxed);
    }

    /// Its value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
