//! ingest: from the spool to the store.
//!
//! The life of a batch here: a `reader` thread follows the spool ([`spool::Tail`]), also into the segment that is still
//! open, and cuts frames into batches of one stream; its `lane` commits each batch, rows and fence in one transaction,
//! and tries again until it is stored or found stored; the `board` says what is committed in the acknowledgement
//! file, by which the writer trims its spool, and in the live line. Each lane has one connection and its own streams.
//!
//! Bounds: [`limits`]. ingest is the only writer of the store; it never asks capture for anything, and nothing waits
//! for it but the spool's space.

pub mod batch;
pub mod board;
pub mod config;
pub mod error;
mod lane;
pub mod limits;
pub mod metrics;
mod park;
mod pulse;
mod reader;
pub mod role;
mod trusted;
mod upkeep;

pub use error::IngestError;
pub use role::{Options, Summary, drain, run};
