//! ingest: from the spool to the store.
//!
//! The life of a batch here: a `reader` thread follows the spool ([`spool::Tail`]), also into the segment that is still
//! open; its `cutter` makes jobs of one stream from frames, and knows by each stream's `progress` what is missing; the
//! `lane` commits each job, rows and fence in one transaction, and tries again until it is stored or found stored; rows
//! that cannot be stored are in the `park` file before; the `board` says what is committed in the acknowledgement file,
//! by which the writer trims its spool, and in the live line. Each lane has one connection and its own streams.
//!
//! A row is in exactly one of three columns of its stream's fence: stored, parked, or gap. Lanes that find the database
//! behind what it had acknowledged begin anew from its fences: what the spool still has is stored again.
//!
//! Bounds: [`limits`]. ingest is the only writer of the store; it never asks capture for anything, and nothing waits
//! for it but the spool's space.

pub mod batch;
pub mod board;
pub mod config;
mod cutter;
pub mod error;
mod job;
mod lane;
pub mod limits;
pub mod metrics;
mod park;
mod progress;
mod pulse;
mod reader;
pub mod role;
mod trusted;
mod upkeep;

pub use error::IngestError;
pub use role::{Options, Summary, drain, run};
pub use upkeep::policy;
