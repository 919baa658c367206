//! What the transports have done.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::hub::Count;

/// How a subscriber is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Server-sent events.
    Events,
    /// Long-poll.
    Poll,
    /// WebSocket.
    Socket,
}

impl Transport {
    /// All.
    pub const ALL: [Transport; 3] = [Transport::Events, Transport::Poll, Transport::Socket];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Transport::Events => "events",
            Transport::Poll => "poll",
            Transport::Socket => "socket",
        }
    }
}

/// Counters of the transports.
#[derive(Debug, Default)]
pub struct Counts {
    /// Subscribers now, by transport.
    subscribers: [AtomicU64; 3],
    /// Subscribers cut because they did not read.
    pub slow: Count,
    /// Streams ended because the session or the token no longer holds.
    pub revoked: Count,
    /// Publications refused because the token's rate was passed.
    pub limited: Count,
}

impl Counts {
    /// Subscribers now.
    pub fn subscribers(&self, transport: Transport) -> u64 {
        self.subscribers[transport as usize].load(Ordering::Relaxed)
    }

    /// Counts one more.
    pub(super) fn enter(&self, transport: Transport) {
        self.subscribers[transport as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one less.
    pub(super) fn leave(&self, transport: Transport) {
        self.subscribers[transport as usize].fetch_sub(1, Ordering::Relaxed);
    }
}
