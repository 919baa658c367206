//! sample: some packets as a file, for an incident or a person. Workers offer copies to the samples that are being
//! taken; one thread writes `RUN/samples/<id>.pcap`.
//!
//! A worker never waits: what finds no place in the queue is counted and left out. Bounds: [`crate::limits`].

mod recent;
mod taking;
mod writer;

pub use recent::Recent;
pub use taking::{Copied, Offer, Taking};
pub use writer::{Desk, folder};
