//! Bounds and fixed places of the spool's files, with the sums they come from.

/// Frames and segments are laid out in units of this many bytes (what O_DIRECT asks of most disks).
pub const ALIGNMENT: u64 = 4096;

/// Payload of one frame, at most. A believed length above it is damage, so a reader never allocates more.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// Rows of one frame, at most.
pub const FRAME_ROWS_MAX: u32 = 65_535;

/// Smallest segment: a few frames of the largest size.
pub const SEGMENT_BYTES_MIN: u64 = 4 << 20;

/// Streams of one writer, at most (an acknowledgement names each).
pub const STREAMS_MAX: usize = 32;

/// The stream of the low-rate rows: traffic buckets, talkers, ledger, interfaces, events.
pub const STREAM_META: u16 = 0;

/// Flow rows are dealt over this many streams, numbered from 1, so that ingest can load them over as many connections.
pub const FLOW_STREAMS: u16 = 4;

/// Format version of segments and frames written by this program; all versions from 1 on are read.
pub const FORMAT_VERSION: u16 = 2;

const _: () = assert!(SEGMENT_BYTES_MIN >= 2 * PAYLOAD_BYTES_MAX as u64 + 2 * ALIGNMENT);
const _: () = assert!((FLOW_STREAMS as usize) < STREAMS_MAX);

/// `bytes` rounded up to whole alignment units.
pub const fn aligned(bytes: u64) -> u64 {
    bytes.div_ceil(ALIGNMENT) * ALIGNMENT
}
