//! Lines for tests.

use live::CaptureLine;
use live::line::{Envelope, Role};
use live::target::Target;

/// A line of capture that tells of `targets` only.
pub(super) fn line(targets: Vec<Target>) -> CaptureLine {
    CaptureLine {
        envelope: Envelope {
            node: String::new(),
            epoch: 1,
            seq: 1,
            role: Role::Capture,
            time_ns: 0,
            version: String::new(),
            pid: 1,
            usage: live::Usage::default(),
        },
        mode: "normal".to_owned(),
        interfaces: Vec::new(),
        workers: Vec::new(),
        bytes_in: 0,
        bytes_out: 0,
        skipped: Default::default(),
        top_hosts: Vec::new(),
        top_prefixes: Vec::new(),
        top_sources: Vec::new(),
        top_ports: Vec::new(),
        targets,
        samples: Vec::new(),
        spool: Default::default(),
        ledger: Default::default(),
    }
}
