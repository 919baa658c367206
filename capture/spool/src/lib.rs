//! spool, contract 1: append-only segment files of framed batches, from one writer to one reader.
//!
//! The life of a row here: a writer ([`Writer`]) puts a batch of rows behind one [`FrameHeader`] and appends it to the
//! newest segment of its directory; a reader ([`Tail`]) follows, also into the segment that is still open; when the
//! rows are committed in the database the reader says so in the [`Ack`] file; the writer then removes the segments of
//! which every row is acknowledged.
//!
//! * Rows are numbered from 1 without gaps within (node, epoch, stream); a frame covers `seq .. seq + row_count`.
//! * An *epoch* is one life of a writer: it grows with each start, so that a wiped spool is never mistaken for old data.
//! * A *stream* is an independent sequence, so that several connections can load at once.
//! * Frames start at multiples of 4 KiB and never cross a segment; header and payload have a CRC32C each.
//!
//! Bounds: [`limits`]. Callers: capture (and its replay), later notifier, write; ingest reads. This crate never waits,
//! never decides what to do about a full disk, and knows no database.

pub mod ack;
pub mod config;
pub mod error;
pub mod frame;
pub mod limits;
pub mod node;
pub mod row;
pub mod segment;
pub mod tail;
pub mod writer;

pub use ack::{Ack, StreamAck};
pub use error::SpoolError;
pub use frame::{Carried, FrameHeader, FrameKind};
pub use node::NodeId;
pub use tail::{Next, Tail};
pub use writer::{Batch, StreamTotals, Writer, WriterOptions};
