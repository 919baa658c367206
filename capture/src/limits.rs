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

/// Slots of a one-second table of hosts or prefixes that may count by amplifying service: 115 KB a table.
pub const AMPLIFIED_SLOTS: usize = 256;

/// Hosts that a worker tells of each second: twice what the line shows, for one that is 65th at two workers may be 40th
/// in all. Of prefixes it tells all, because they are added up to larger ones.
pub const HOSTS_TOLD: usize = 2 * TARGET_HOSTS;

/// Local addresses in the live line's targets.
pub const TARGET_HOSTS: usize = 64;

/// Local /24 and /64 prefixes in the live line's targets.
pub const TARGET_PREFIXES: usize = 64;

/// Larger prefixes in the live line's targets, of each length.
pub const TARGET_PREFIXES_LARGER: usize = 16;

/// Local networks that are added up for the live line.
pub const TARGET_NETWORKS: usize = 64;

/// Directions of targets that the live line describes in detail: with 20 entries in each of nine lists, some 8 KB each.
pub const TARGET_DETAILS: usize = 24;

/// A target's direction is described in detail from so many packets a second on.
pub const TARGET_DETAIL_PACKETS_MIN: u64 = 500;

/// Packets that a worker looks at one by one, each second, at most: 48 bytes each.
pub const LOOKED_MAX: usize = 4096;

/// Packets looked at that one live line is made of, of all workers together.
pub const LOOKED_PER_LINE: usize = 8192;

/// Packets whose first bytes a worker keeps, so that a sample has some from before it was asked for; 4 s of them.
pub const RECENT_PACKETS: usize = 1024;

/// Packets a second that are kept so.
pub const RECENT_PER_SECOND: u32 = 256;

/// Bytes of each.
pub const RECENT_BYTES: usize = 128;

/// Samples of packets that are taken at the same time.
pub const SAMPLES_MAX: usize = 8;

/// Packets of all samples that wait for the file's writer.
pub const SAMPLE_QUEUE: usize = 1024;

/// Packets of one sample.
pub const SAMPLE_PACKETS_MAX: u32 = 100_000;

/// Seconds of one sample.
pub const SAMPLE_SECONDS_MAX: u32 = 600;

/// Bytes kept of a sampled packet: what snaplen lets through at most.
pub const SAMPLE_BYTES_MAX: u32 = 65_535;

/// Bytes of one sample's file.
pub const SAMPLE_FILE_BYTES_MAX: u64 = 16 << 20;

/// Sample files that are kept; the oldest go.
pub const SAMPLE_FILES_MAX: usize = 16;

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

/// Beside its table a worker has 5.7 MiB of flow summaries, 3.5 MiB of top tables (as much again on their way to the
/// spooler and in the newest cut), 3.4 MiB of batches in its queue, 0.6 MiB of packets looked at and recent ones, and
/// less than 1 MiB of batches and groups in hand.
pub const WORKER_BYTES: u64 = 20 << 20;

/// The process beside its workers: the program, the spooler's talker tables of an open hour (8000 names of four kinds),
/// the spool's buffers, the live line, a sample's queue.
pub const PROCESS_BYTES: u64 = 28 << 20;

/// Bytes that capture holds resident at most, with rings of `ring_bytes` in all.
pub const fn memory_max(workers: u64, flow_table_entries: u64, ring_bytes: u64) -> u64 {
    let worker = flow_table_entries.saturating_mul(FLOW_ENTRY_BYTES).saturating_add(WORKER_BYTES);
    workers.saturating_mul(worker).saturating_add(ring_bytes).saturating_add(PROCESS_BYTES)
}

const _: () = assert!(INTERFACES_MAX < 1 << 12);
const _: () = assert!(BATCH_ROWS * spool::row::FLOW_ROW_BYTES <= spool::limits::PAYLOAD_BYTES_MAX);
const _: () = assert!(BATCH_ROWS <= spool::limits::FRAME_ROWS_MAX as usize);
const _: () = assert!(GROUP_FRAMES <= 64);
