//! The bounds of the store: time of each operation, size of each statement and transaction.

use std::time::Duration;

/// Time in which a connection must be up.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time in which a writer's transaction must be committed; afterwards the connection is dropped.
pub const COMMIT_TIMEOUT: Duration = Duration::from_secs(60);
/// A server ends a connection of ours that is silent for so long, so that one it believes alive after the network
/// swallowed our end holds no lock for ever. A caller that was silent for half of it opens a new one by itself.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(600);
/// MariaDB ends a transaction of ours that is silent for so long; MySQL knows [`IDLE_TIMEOUT`] only.
pub const IDLE_TRANSACTION_SECONDS: u32 = 30;
/// Bytes of one multi-row statement, by estimate; also never more than half of the server's `max_allowed_packet`.
pub const STATEMENT_BYTES_MAX: usize = 1 << 20;
/// Time in which all migrations must be done, the wait for another process that migrates included.
pub const MIGRATE_TIMEOUT: Duration = Duration::from_secs(300);
/// How long a process waits for the one that migrates.
pub const MIGRATE_LOCK_SECONDS: u32 = 60;
/// Time in which one step of the upkeep (a partition, a chunk of rows) must be done.
pub const UPKEEP_TIMEOUT: Duration = Duration::from_secs(60);
/// How long DDL on a partitioned table waits for readers before it is tried again; a longer wait would queue the
/// writer behind it.
pub const DDL_LOCK_WAIT_SECONDS: u32 = 2;
/// How often DDL on a partitioned table is tried.
pub const DDL_ATTEMPTS: u32 = 5;
/// Time in which one file must be copied by a backup.
pub const BACKUP_TIMEOUT: Duration = Duration::from_secs(3_600);
/// Longest read: a dashboard must not hold up the writer or the retention.
pub const READ_TIMEOUT: Duration = Duration::from_secs(2);
/// Rows of a batch; a transaction of this size is a few hundred megabytes of undo at most.
pub const BATCH_ROWS_MAX: usize = 1 << 20;
/// Rows of one multi-row statement. A few fixed shapes, because each is prepared once per connection and its text is
/// the cache's key; more than 1000 rows cost more per row again (measured: facts of the storage study).
pub const STATEMENT_ROWS: [usize; 4] = [512, 64, 8, 1];
/// Columns of the widest table.
pub const COLUMNS_MAX: usize = 48;
/// Placeholders of one statement that SQLite accepts; MySQL accepts 65,535.
const PLACEHOLDERS_MAX: usize = 32_766;
const _: () = assert!(STATEMENT_ROWS[0] * COLUMNS_MAX <= PLACEHOLDERS_MAX);
const _: () = assert!(STATEMENT_ROWS[3] == 1);
/// Prepared statements a connection keeps: every table in every shape, and the small ones.
pub const STATEMENTS_MAX: usize = 128;
/// Rows that one DELETE of the retention removes, so that its locks are short.
pub const DELETE_CHUNK_ROWS: u64 = 5_000;
/// Time partitions of `flows`: more slow down every statement that cannot be pruned.
pub const PARTITIONS_MAX: usize = 50;
/// Days for which partitions are split off ahead: longer than the server is ever away, because a partition that has
/// rows is not split.
pub const PARTITION_DAYS_AHEAD: u32 = 7;
/// Seconds of a stretch that a note of addresses is about.
pub const NOTE_SECONDS: u32 = 600;
/// Addresses of one note: four bytes each, within a BLOB of MySQL (65,535 bytes).
pub const NOTE_HASHES_MAX: usize = 16_000;
const _: () = assert!(NOTE_HASHES_MAX * 4 <= 65_535);
/// Notes that one question for an address reads at most.
pub const NOTES_READ_MAX: u32 = 64;
/// Notes of one stretch and stream from which on they are merged.
pub const NOTES_MERGE_MIN: u32 = 8;
/// Notes that become one in one transaction, so that it holds some megabytes at most.
pub const NOTES_MERGE_MAX: u32 = 512;
/// Merges of one run of the upkeep; the rest in the next one.
pub const NOTES_MERGES_MAX: u32 = 1_000;
/// Age of a stretch's begin from which on its notes are merged: few come later.
pub const NOTES_MERGE_AGE: u32 = 3 * NOTE_SECONDS;
/// Flow rows that become summaries in one transaction, but for one second that has more.
pub const CONDENSE_ROWS_MAX: u64 = 200_000;
/// Flow rows that one run of the upkeep makes summaries of, so that others get their turn; the rest in the next run.
pub const CONDENSE_RUN_ROWS_MAX: u64 = 2_000_000;
/// Minutes that one run of the upkeep looks at for that.
pub const CONDENSE_RUN_MINUTES_MAX: u32 = 1_440;
/// Seconds of a day.
pub const DAY_SECONDS: u32 = 86_400;
/// Rows that a query returns at most.
pub const QUERY_ROWS_MAX: u32 = 10_000;
