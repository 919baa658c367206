//! What a worker tells the spooler.

use std::sync::Arc;

use super::batch::FlowBatch;
use crate::limits::{HOSTS_TOLD, TOP_LIST};
use crate::telemetry::look::Looks;
use crate::telemetry::top::TopEntry;
use crate::telemetry::{HostEntry, InterfaceSecond, MinuteTalkers, SecondTops};

/// A message; the queue keeps their order, so a report speaks of exactly the batches before it.
pub enum Message {
    /// Flow rows.
    Flows(FlowBatch),
    /// Traffic of closed seconds, this worker's share.
    Traffic(Vec<InterfaceSecond>),
    /// Talkers of a closed minute, this worker's share.
    Minute(Box<MinuteTalkers>),
    /// The state at a moment.
    Report(Box<Report>),
    /// The last report: everything was handed over, the worker is gone.
    Finished(Box<Report>),
}

/// Cumulative since the start of the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerTotals {
    /// Frames taken from rings or the file.
    pub taken: u64,
    /// Frames that became packets of a flow.
    pub parsed_frames: u64,
    /// Frames skipped: non-IP, malformed, unsupported.
    pub skipped: [u64; 3],
    /// Wire packets merged into others.
    pub coalesced: u64,
    /// Wire packets parsed.
    pub parsed: u64,
    /// Their wire bytes.
    pub parsed_bytes: u64,
    /// Lengths that outermost IP headers declare.
    pub ip_bytes: u64,
    /// First and later fragments.
    pub fragments: u64,
    /// Frames whose headers are missing from the wire.
    pub truncated: u64,
    /// Wire packets in table, summaries and open batch.
    pub held_packets: u64,
    /// Their bytes.
    pub held_bytes: u64,
    /// Wire packets in batches handed to the spooler.
    pub handed_packets: u64,
    /// Their bytes.
    pub handed_bytes: u64,
    /// Wire packets in batches that the full queue refused.
    pub shed_packets: u64,
    /// Their bytes.
    pub shed_bytes: u64,
    /// Flow records written, summaries included.
    pub records: u64,
    /// Entries pushed out of the full table.
    pub evicted: u64,
    /// One-packet flows folded.
    pub folded: u64,
}

/// One interface as one worker knows it, cumulative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterfaceTotals {
    /// Frames taken.
    pub taken: u64,
    /// Of these, not sent by this machine.
    pub incoming: u64,
    /// Frames the kernel showed, dropped ones included.
    pub seen: u64,
    /// Frames the kernel dropped.
    pub dropped: u64,
    /// Times the ring was full.
    pub freezes: u64,
}

/// One worker's state at the end of a block.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Who.
    pub worker: u16,
    /// The wall second that ended; all workers' reports of a tick make one ledger.
    pub tick: u64,
    /// CPU time of the thread, ns.
    pub cpu_ns: u64,
    /// Cumulative counters.
    pub totals: WorkerTotals,
    /// By interface number.
    pub interfaces: Vec<InterfaceTotals>,
    /// Flow table entries in use.
    pub flows_active: u64,
    /// One-packet flows are folded now.
    pub flood: bool,
    /// Messages that waited for the spooler when it took this one.
    pub queue: u64,
    /// Who was busy in the second. Shared: a report is copied with each cut.
    pub view: Arc<View>,
}

/// Who was busy in a second, as one worker saw it.
#[derive(Debug, Default)]
pub struct View {
    /// Local addresses.
    pub hosts: Vec<HostEntry>,
    /// Local /24 and /64 prefixes.
    pub prefixes: Vec<HostEntry>,
    /// Remote addresses.
    pub remotes: Vec<TopEntry>,
    /// Ports.
    pub ports: Vec<TopEntry>,
    /// Packets that were looked at.
    pub looks: Looks,
}

impl Report {
    #[expect(clippy::too_many_arguments, reason = "each is one field; a builder would only rename them")]
    pub(super) fn new(
        worker: u16,
        tick: u64,
        cpu_ns: u64,
        totals: &WorkerTotals,
        interfaces: &[InterfaceTotals],
        flows_active: u64,
        flood: bool,
        tops: &SecondTops,
        looks: Looks,
    ) -> Report {
        // Twice the list: a host that is eleventh at two workers may be fifth in all.
        let list = |table: &crate::telemetry::TopTable| table.list(2 * TOP_LIST);
        Report {
            worker,
            tick,
            cpu_ns,
            totals: *totals,
            interfaces: interfaces.to_vec(),
            flows_active,
            flood,
            queue: 0,
            view: Arc::new(View {
                hosts: tops.hosts.list(HOSTS_TOLD),
                prefixes: tops.prefixes.list(usize::MAX),
                remotes: list(&tops.remotes),
                ports: list(&tops.ports),
                looks,
            }),
        }
    }
}
