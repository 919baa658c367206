//! Rows of `interfaces`: what the interface numbers of an epoch mean.

use super::{Bind, Row};

/// The name of one interface number; the newest row counts after a rename.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceRow {
    /// UNIX seconds.
    pub ts: u32,
    /// Number within (node, epoch, stream), from 1 without gaps.
    pub seq: u64,
    /// Number that the rows of the epoch use.
    pub interface: u16,
    /// Name that the kernel gave it; at most 64 characters.
    pub name: String,
}

impl Row for InterfaceRow {
    const COLUMNS: &'static [&'static str] = &["interface", "name"];

    fn table(&self) -> &'static str {
        "interfaces"
    }

    fn seq(&self) -> u64 {
        self.seq
    }

    fn ts(&self) -> u32 {
        self.ts
    }

    fn statement_bytes(&self) -> usize {
        200 + self.name.len()
    }

    fn bind<B: Bind>(&self, to: &mut B) {
        to.u16(self.interface);
        to.text(&self.name);
    }
}
