//! Rows of `incidents`: how an incident stood after a change.

use super::{Bind, Row};

/// One incident after one change; the newest row of an incident counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncidentRow {
    /// When it changed, UNIX seconds.
    pub ts: u32,
    /// Number within (node, epoch, stream), from 1 without gaps.
    pub seq: u64,
    /// Its id.
    pub incident: [u8; 16],
    /// 1 = firing, 2 = flapping, 3 = resolved.
    pub state: u8,
    /// 0 = information; larger is worse.
    pub severity: u8,
    /// The rule; at most 64 characters.
    pub rule: String,
    /// What it is about, `kind` or `kind:name`; at most 255 characters.
    pub subject: String,
    /// When the limit was crossed, UNIX seconds.
    pub opened: u32,
    /// When it ended, UNIX seconds; 0 = it goes on.
    pub closed: u32,
    /// The newest value.
    pub value: f64,
    /// The limit.
    pub limit: f64,
    /// The worst value.
    pub peak: f64,
    /// For people; at most 1000 characters.
    pub text: String,
    /// The incident as a JSON object, or empty.
    pub detail: String,
}

impl Row for IncidentRow {
    const COLUMNS: &'static [&'static str] = &[
        "incident",
        "state",
        "severity",
        "rule",
        "subject",
        "opened",
        "closed",
        "value",
        "limit_value",
        "peak",
        "text",
        "detail",
    ];

    fn table(&self) -> &'static str {
        "incidents"
    }

    fn seq(&self) -> u64 {
        self.seq
    }

    fn ts(&self) -> u32 {
        self.ts
    }

    fn statement_bytes(&self) -> usize {
        300 + self.rule.len() + self.subject.len() + self.text.len() + self.detail.len()
    }

    fn bind<B: Bind>(&self, to: &mut B) {
        to.bytes(&self.incident);
        to.u8(self.state);
        to.u8(self.severity);
        to.text(&self.rule);
        to.text(&self.subject);
        to.u32(self.opened);
        to.u32(self.closed);
        to.f64(self.value);
        to.f64(self.limit);
        to.f64(self.peak);
        to.text(&self.text);
        to.text(&self.detail);
    }
}
