//! Rows of `processes_1m`: the main processes of a minute.

use super::{Bind, Row};

/// Processes of one name, user and control group together.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessRow {
    /// Start of the minute, UNIX seconds.
    pub ts: u32,
    /// Number within (node, epoch, stream), from 1 without gaps.
    pub seq: u64,
    /// The busiest or largest one's id.
    pub pid: u32,
    /// Command name; at most 64 characters.
    pub name: String,
    /// Whose it is; at most 64 characters.
    pub user: String,
    /// Control group; at most 255 characters.
    pub cgroup: String,
    /// How many there were.
    pub processes: u32,
    /// Percent of one core.
    pub cpu: f64,
    /// Resident bytes.
    pub memory: u64,
}

impl Row for ProcessRow {
    const COLUMNS: &'static [&'static str] = &["pid", "name", "user_name", "cgroup", "processes", "cpu", "memory"];

    fn table(&self) -> &'static str {
        "processes_1m"
    }

    fn seq(&self) -> u64 {
        self.seq
    }

    fn ts(&self) -> u32 {
        self.ts
    }

    fn statement_bytes(&self) -> usize {
        200 + self.name.len() + self.user.len() + self.cgroup.len()
    }

    fn bind<B: Bind>(&self, to: &mut B) {
        to.u32(self.pid);
        to.text(&self.name);
        to.text(&self.user);
        to.text(&self.cgroup);
        to.u32(self.processes);
        to.f64(self.cpu);
        to.u64(self.memory);
    }
}
