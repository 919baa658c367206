//! Rows of `events`: sign-ins, actions, restarts, gaps, link changes.

use super::{Bind, Row};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// UNIX seconds.
    pub ts: u32,
    /// Number within (node, epoch, stream), from 1 without gaps.
    pub seq: u64,
    /// What happened, a word such as `restart` or `link`; at most 32 characters.
    pub kind: String,
    /// 0 = information; larger is worse.
    pub severity: u8,
    /// Interface, user or unit it is about; at most 255 characters.
    pub subject: String,
    /// For people; at most 1000 characters.
    pub text: String,
    /// A JSON object, or empty.
    pub detail: String,
}

impl Row for EventRow {
    const COLUMNS: &'static [&'static str] = &["kind", "severity", "subject", "text", "detail"];

    fn table(&self) -> &'static str {
        "events"
    }

    fn seq(&self) -> u64 {
        self.seq
    }

    fn ts(&self) -> u32 {
        self.ts
    }

    fn statement_bytes(&self) -> usize {
        200 + self.kind.len() + self.subject.len() + self.text.len() + self.detail.len()
    }

    fn bind<B: Bind>(&self, to: &mut B) {
        to.text(&self.kind);
        to.u8(self.severity);
        to.text(&self.subject);
        to.text(&self.text);
        to.text(&self.detail);
    }
}
