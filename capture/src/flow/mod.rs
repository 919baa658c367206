//! flow: from packets to flow records. Fixed memory, no locks, no clock: time comes with the packets.

pub mod distinct;
pub mod entry;
pub mod fold;
pub mod key;
mod memory;
pub mod table;

pub use entry::Entry;
pub use fold::{Amplified, Coarseness, FoldMoved, FoldTable};
pub use key::{FlowKey, HashSeed};
pub use table::{FlowTable, Timeouts};
