//! Bounds of ingest.

use std::time::Duration;

/// Batches between a lane's reader and its connection: one is being committed, one waits, one is being cut.
pub const BATCHES_AHEAD: usize = 1;

/// The reader looks again after this time when the spool has nothing new.
pub const IDLE_WAIT: Duration = Duration::from_millis(25);

/// The acknowledgement file is replaced at most this often.
pub const ACK_INTERVAL: Duration = Duration::from_millis(100);

/// First and longest wait between attempts at a database that does not take a batch.
pub const RETRY_WAIT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// On a stop the rest of the spool is loaded for at most this time, and given up when nothing is committed for
/// `DRAIN_STALL`; what is left stays in the spool.
pub const DRAIN_MAX: Duration = Duration::from_secs(60);

/// See [`DRAIN_MAX`].
pub const DRAIN_STALL: Duration = Duration::from_secs(10);

/// How often retention runs.
pub const RETENTION_INTERVAL: Duration = Duration::from_secs(300);

/// A database that owes an answer for so long is told to be slow.
pub const SLOW_AFTER: Duration = Duration::from_secs(5);

/// Rows of a transaction, at least, when the database asks for less by time-outs or refused packets.
pub const BATCH_ROWS_MIN: usize = 16;

/// Bytes of the dead-letter file, at most: beyond it rows are refused to be parked, so that a wrong schema stops instead
/// of filling the disk.
pub const PARKED_BYTES_MAX: u64 = 256 << 20;

/// Headers of damaged frames that are remembered for a stream until it is known what became of their rows.
pub const DAMAGED_HEADERS_MAX: usize = 1024;

/// Streams of which a reader knows how far it is; older epochs are asked for again.
pub const STREAMS_KNOWN_MAX: usize = 1024;

/// The reader looks again after this time when the spool cannot be read.
pub const SPOOL_RETRY_WAIT: Duration = Duration::from_secs(1);

/// How often a lane looks whether the streams that end in its rows are stored.
pub const ENDS_POLL: Duration = Duration::from_millis(20);

/// Ingest says that it is ready when the database has answered, or after this time: the start of capture waits for that
/// word (`After=` of its unit), and a connection may take much longer.
pub const READY_AFTER: Duration = Duration::from_secs(2);

/// Connections at most: more only wait for each other in the database.
pub const CONNECTIONS_MAX: usize = 8;

/// Entries of the acknowledgement file for each writer: older epochs than these have no rows in a spool.
pub const ACK_ENTRIES_MAX: usize = 512;

/// A clock that differs by more from what the steady clock leads to expect was set; retention counts in days.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(2 * 3600);

/// A clock that was set is believed by the retention after it has run for this time.
pub const CLOCK_CONFIRM: Duration = Duration::from_secs(24 * 3600);

/// A start so long after the last row arrived is held for a clock that was set wrong while the machine was off.
pub const CLOCK_GAP_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
