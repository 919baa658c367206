//! Rows of `subjects_10s`: metrics of hosts and prefixes that are near a limit.

use super::{Bind, Row};

/// One metric of one subject in ten seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectRow {
    /// First of the ten seconds, UNIX time.
    pub ts: u32,
    /// Number within (node, epoch, stream), from 1 without gaps.
    pub seq: u64,
    /// An address (16 bytes), or a prefix: the address, its length and a 0.
    pub subject: Vec<u8>,
    /// The metric's number.
    pub metric: u16,
    /// Its largest value in the ten seconds.
    pub value: f64,
    /// The value divided by the limit.
    pub limit_share: f64,
}

impl Row for SubjectRow {
    const COLUMNS: &'static [&'static str] = &["subject", "metric", "value", "limit_share"];

    fn table(&self) -> &'static str {
        "subjects_10s"
    }

    fn seq(&self) -> u64 {
        self.seq
    }

    fn ts(&self) -> u32 {
        self.ts
    }

    fn statement_bytes(&self) -> usize {
        200 + self.subject.len()
    }

    fn bind<B: Bind>(&self, to: &mut B) {
        to.bytes(&self.subject);
        to.u16(self.metric);
        to.f64(self.value);
        to.f64(self.limit_share);
    }
}
