//! spool, contract 1: append-only segment files of framed batches, from one writer to one reader.
//!
//! The life of a row here: a writer ([`Writer`]) puts a batch of rows behind one [`FrameHeader`] into a buffer; every
//! commit interval the buffers are written, durably, into the newest segment of its directory; a reader ([`Tail`])
//! follows, also into the segment that is still open; when the rows are committed in the database the reader says so in
//! the [`Ack`] file; the writer then takes the space of the segments of which every row is acknowledged for new ones.
//!
//! * Rows are numbered from 1 without gaps within (node, epoch, stream); a frame covers `seq .. seq + row_count`. After
//!   a failed write a frame may be there twice, with the same numbers: readers skip what they have.
//! * An *epoch* is one life of a writer: it grows with each start, so that a wiped spool is never mistaken for old data.
//! * A *stream* is an independent sequence, so that several connections can load at once.
//! * Frames start at multiples of 4 KiB and never cross a segment; header and payload have a CRC32C each.
//! * Rows become durable in the order in which they were accepted; at most one write is under way.
//!
//! Bounds: [`limits`]. Callers: capture (and its replay) and notifier write; ingest reads. This crate never waits
//! for the disk longer than [`limits::APPEND_WAIT`] unless it is asked to, never decides what to do about a full disk,
//! and knows no database. Its one island of unsafe code is `disk/uring.rs`, with its rules.
//!
//! Failpoints, each an error of the step or the end of the process (see the package `faults`):
//!
//! | name | step |
//! |---|---|
//! | `spool.epoch` | the new epoch is written, at the start |
//! | `spool.append` | a frame is accepted |
//! | `spool.write` | a group of frames is given to the disk |
//! | `spool.sync` | the disk has told the end of a write or sync |
//! | `spool.prepare` | a spare segment is begun |
//! | `spool.rotate` | a spare gets its name and becomes the open segment |
//! | `spool.trim` | an acknowledged segment goes |
//! | `spool.recycle` | its file is kept for its space |
//! | `spool.ack` | the reader replaces its acknowledgement |
#![deny(unsafe_code)]

pub mod ack;
pub mod config;
pub mod disk;
pub mod error;
pub mod frame;
pub mod limits;
pub mod node;
pub mod row;
pub mod segment;
mod survey;
pub mod tail;
pub mod writer;

pub use ack::{Ack, StreamAck};
pub use disk::Backend;
pub use error::SpoolError;
pub use frame::{Carried, FrameHeader, FrameKind, Place};
pub use node::NodeId;
pub use tail::{Next, Tail};
pub use writer::{Batch, Pending, StreamTotals, Writer, WriterOptions};
