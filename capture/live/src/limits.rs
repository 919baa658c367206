//! Bounds of the live sockets.

use std::time::Duration;

/// Peers of one role at a time; further ones are refused with a line that says so.
pub const PEERS_MAX: usize = 32;

/// A peer that has not said what it wants by then is a subscriber of the lines.
pub const FIRST_BYTE_WAIT: Duration = Duration::from_millis(150);

/// A peer that does not take a line in this time is cut.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// Bytes of an HTTP request, at most.
pub const REQUEST_BYTES_MAX: usize = 8192;

/// Bytes of one line, at most (a reader allocates no more).
pub const LINE_BYTES_MAX: usize = 4 << 20;

/// Health is `stale` when a role has not published for this long.
pub const STALE_AFTER: Duration = Duration::from_secs(10);

/// Bytes of the body of a control request, at most.
pub const CONTROL_BYTES_MAX: usize = 4096;

/// Control requests that are remembered, so that none is executed twice.
pub const CONTROL_IDS_MAX: usize = 64;

/// Characters of a control request's id, at most.
pub const CONTROL_ID_CHARS_MAX: usize = 64;

/// A role tells its supervisor this often that it makes progress, or four times in the time of its watchdog.
pub const BEAT_INTERVAL: Duration = Duration::from_secs(1);

/// Characters of each sentence in a heartbeat; three of them and the numbers stay below 4 KiB.
pub const BEAT_TEXT_CHARS_MAX: usize = 200;

/// A heartbeat's bytes, at most.
pub const BEAT_BYTES_MAX: usize = 4096;

/// Descriptors that travel with one datagram; the kernel allows 253.
pub const DESCRIPTORS_AT_ONCE: usize = 64;

/// Descriptors that a store keeps for a role: a ring for each worker on each interface.
pub const DESCRIPTORS_MAX: usize = 2048;
