//! Bounds of capture, with the sums they come from.

use std::time::Duration;

/// Frames that a worker parses before it touches the flow table, so that the table's lines are on their way.
pub const GROUP_FRAMES: usize = 32;

/// Rows of one batch that a worker hands to the spooler: 53 KB, which ingest loads as one multi-row statement.
pub const BATCH_ROWS: usize = 512;

/// Batches that may wait for the spooler, per worker: 64 × 512 rows are 0.3 s of 100,000 rows a second, and 3.4 MB.
pub const QUEUE_BATCHES: usize = 64;

/// A batch that is not full is handed over after this time: with the commit interval and ingest's batch age it keeps a
/// row's way to the database below two seconds.
pub const BATCH_AGE_MAX: Duration = Duration::from_millis(300);

/// Ways of a flow table bucket; one bucket's tags are 16 bytes.
pub const WAYS: usize = 8;

/// Summaries of folded flows per worker; each has a 1 KiB sketch of the addresses it stands for.
pub const FOLD_SLOTS: usize = 4096;

/// Folded summaries are written at least this often (packet time).
pub const FOLD_FLUSH_NS: u64 = 10 * SECOND_NS;

/// A TCP connection that was closed by both sides or reset is written after this time without packets.
pub const CLOSED_LINGER_NS: u64 = 2 * SECOND_NS;

/// Slots of a one-second top table (hosts, sources, ports), per worker.
pub const TOP_SLOTS_SECOND: usize = 1024;

/// Slots of a one-minute talker table, per worker and kind.
pub const TOP_SLOTS_MINUTE: usize = 4096;

/// Entries of a top list in the live line.
pub const TOP_LIST: usize = 20;

/// Named rows of each talker kind and minute.
pub const TALKERS_PER_MINUTE: usize = 100;

/// Named rows of each talker kind and hour.
pub const TALKERS_PER_HOUR: usize = 500;

/// Most interfaces at once: the flow key has 12 bits for the number.
pub const INTERFACES_MAX: usize = 64;

/// Most workers: more cores than any supported machine has.
pub const WORKERS_MAX: usize = 256;

/// Packet sockets opened in advance, per worker: one is used each time an interface comes back. 128 deletions of an
/// interface are more than a reboot of anything makes; at a quarter of them capture asks for a restart.
pub const SPARES_PER_WORKER: usize = 128;

/// Packet sockets opened in advance, at most: closing one occupies the kernel for some 13 ms, in its own time.
pub const SPARES_MAX: usize = 1024;

/// A wall clock that moved by so much against the steady one was set, not slewed.
pub const CLOCK_STEP_MIN_NS: u64 = 2 * SECOND_NS;

/// A live frame's stamp is believed when it lies so far behind the clock at most: longer no ring holds frames back.
pub const STAMP_BEHIND_MAX_NS: u64 = 60 * SECOND_NS;

/// And so far ahead of the clock as it was at the last look, at most.
pub const STAMP_AHEAD_MAX_NS: u64 = 2 * SECOND_NS;

/// Entries that a live worker sweeps in one step: after a pause all flows are idle at once, and their rows must find
/// room in half of the queue.
pub const SWEEP_ENTRIES_MAX: usize = QUEUE_BATCHES / 2 * BATCH_ROWS;

/// Groups in a row that lie [`STAMP_BEHIND_MAX_NS`] behind the newest packet after which a capture file's time is held
/// to have gone back: 4096 packets, more than a file's interfaces are mixed up by.
pub const GROUPS_BEHIND_MAX: u32 = 128;

/// Nanoseconds of a second.
pub const SECOND_NS: u64 = 1_000_000_000;

/// Bytes of a flow table for each entry: the entry, its share of a bucket, its place in the list of free ones.
pub const FLOW_ENTRY_BYTES: u64 = 128 + 8 + 4;

/// Beside its table a worker has 5.5 MiB of flow summaries, 2 MiB of top tables (as much again on their way to the
/// spooler), 3.4 MiB of batches in its queue, and less than 1 MiB of batches and groups in hand.
pub const WORKER_BYTES: u64 = 16 << 20;

/// The process beside its workers: the program, the spooler's talker tables of an open hour (8000 names of four kinds),
/// the spool's buffers, the live line.
pub const PROCESS_BYTES: u64 = 24 << 20;

/// Bytes that capture holds resident at most, with rings of `ring_bytes` in all.
pub const fn memory_max(workers: u64, flow_table_entries: u64, ring_bytes: u64) -> u64 {
    let worker = flow_table_entries.saturating_mul(FLOW_ENTRY_BYTES).saturating_add(WORKER_BYTES);
    workers.saturating_mul(worker).saturating_add(ring_bytes).saturating_add(PROCESS_BYTES)
}

const _: () = assert!(INTERFACES_MAX < 1 << 12);
const _: () = assert!(BATCH_ROWS * spool::row::FLOW_ROW_BYTES <= spool::limits::PAYLOAD_BYTES_MAX);
const _: () = assert!(BATCH_ROWS <= spool::limits::FRAME_ROWS_MAX as usize);
const _: () = assert!(GROUP_FRAMES <= 64);
