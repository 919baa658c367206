//! What the server counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Counts `n` more.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What happened to connections since the role began.
#[derive(Debug, Default)]
pub struct Counts {
    /// Accepted and given a place.
    pub accepted: Count,
    /// Refused: too many in all.
    pub refused_all: Count,
    /// Refused: too many from their address.
    pub refused_address: Count,
    /// Ended before their first request, because others came.
    pub evicted: Count,
    /// Accepting failed: descriptors are short, or the peer was gone.
    pub accept_errors: Count,
    /// Ended because a request's head did not come in time.
    pub head_timeouts: Count,
    /// Requests that took too long.
    pub request_timeouts: Count,
    /// Connections on the TLS port whose handshake failed or took too long.
    pub handshake_errors: Count,
    /// Plain HTTP on the TLS port.
    pub plain_on_tls: Count,
    /// Connections that a handler took.
    pub taken: Count,
    /// Requests.
    pub requests: Count,
}

impl Counts {
    /// Name, meaning and value of each.
    pub fn list(&self) -> [(&'static str, &'static str, u64); 11] {
        [
            ("accepted", "connections that were given a place", self.accepted.get()),
            ("refused_all", "connections refused: too many in all", self.refused_all.get()),
            ("refused_address", "connections refused: too many from their address", self.refused_address.get()),
            ("evicted", "connections ended before their first request, because others came", self.evicted.get()),
            ("accept_errors", "connections that could not be accepted", self.accept_errors.get()),
            ("head_timeouts", "connections that did not send a request in time", self.head_timeouts.get()),
            ("request_timeouts", "requests that took too long", self.request_timeouts.get()),
            (
                "handshake_errors",
                "connections whose TLS handshake failed or took too long",
                self.handshake_errors.get(),
            ),
            ("plain_on_tls", "connections that spoke plain HTTP to the TLS port", self.plain_on_tls.get()),
            ("taken", "connections that became a push stream, each long-poll request counted", self.taken.get()),
            ("requests", "requests", self.requests.get()),
        ]
    }
}
