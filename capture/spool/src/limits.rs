//! Bounds and fixed places of the spool's files, with the sums they come from.

use std::time::Duration;

use crate::frame::HEADER_BYTES;

/// Frames and segments are laid out in units of this many bytes (what O_DIRECT asks of most disks).
pub const ALIGNMENT: u64 = 4096;

/// Payload of one frame, at most: four flow batches of 512 rows. A believed length above it is damage, so a reader never
/// allocates more.
pub const PAYLOAD_BYTES_MAX: usize = 256 << 10;

/// Rows of one frame, at most.
pub const FRAME_ROWS_MAX: u32 = 65_535;

/// Smallest segment: a few frames of the largest size.
pub const SEGMENT_BYTES_MIN: u64 = 1 << 20;

/// A spool is at least so many segments: with fewer, one that is not yet stored would block too large a part.
pub const SEGMENTS_MIN: u64 = 8;

/// What a spool may take where nothing else is configured.
pub const BYTES_MAX_DEFAULT: u64 = 4 << 30;

/// One write holds at most this much, its end mark included; so far from its beginning the next write begins.
pub const BUFFER_BYTES: usize = 512 << 10;

/// Buffers between append and disk: together, with one for preparing segments, under the 8 MiB that a process may
/// usually lock in memory. They hold all that is not durable yet.
pub const BUFFERS: usize = 8;

/// Segments that are made ready ahead of need.
pub const SPARES: usize = 2;

/// Used segments that are kept for their space beside those; more are given back to the file system.
pub const SPARES_KEPT_MAX: usize = 4;

/// An append waits at most this long for a buffer, and once only until the disk moves again.
pub const APPEND_WAIT: Duration = Duration::from_millis(3);

/// A sync waits at most this long for the disk.
pub const SYNC_WAIT: Duration = Duration::from_secs(2);

/// After a failed write or preparation the next attempt waits this long, doubling up to the second.
pub const RETRY_WAIT_NS: (u64, u64) = (100_000_000, 5_000_000_000);

/// Every so many looks that find nothing, a reader looks further than the next frame's place.
pub const LOOKS_PER_SEARCH: u32 = 64;

/// Every so many trims that a segment blocks, it is read whole: one whose rows cannot be read must not block for ever.
pub const TRIMS_PER_INSPECTION: u32 = 300;

/// Streams of one writer, at most (an acknowledgement names each).
pub const STREAMS_MAX: usize = 32;

/// The stream of capture's low-rate rows: traffic buckets, talkers, ledger, interfaces, events.
pub const STREAM_META: u16 = 0;

/// The stream of notifier's rows, all of them low-rate. A number of its own: both writers have the same node, and an
/// epoch that both began in the same microsecond must not make one sequence of two.
pub const STREAM_NOTIFIER: u16 = 16;

/// Flow rows are dealt over this many streams, numbered from 1, so that ingest can load them over as many connections.
pub const FLOW_STREAMS: u16 = 4;

/// Format version of segments and frames written by this program; all versions from 1 on are read.
pub const FORMAT_VERSION: u16 = 2;

const _: () = assert!(BUFFER_BYTES as u64 >= aligned(PAYLOAD_BYTES_MAX as u64 + HEADER_BYTES as u64) + ALIGNMENT);
const _: () = assert!((BUFFERS + 1) * (BUFFER_BYTES + ALIGNMENT as usize) < 8 << 20);
const _: () = assert!(SEGMENT_BYTES_MIN >= 2 * PAYLOAD_BYTES_MAX as u64 + 2 * ALIGNMENT);
const _: () = assert!((FLOW_STREAMS as usize) < STREAMS_MAX);
const _: () = assert!(FLOW_STREAMS < STREAM_NOTIFIER && (STREAM_NOTIFIER as usize) < STREAMS_MAX);

/// `bytes` rounded up to whole alignment units.
pub const fn aligned(bytes: u64) -> u64 {
    bytes.div_ceil(ALIGNMENT) * ALIGNMENT
}
