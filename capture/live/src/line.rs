//! The lines' shapes: one JSON object a second and role.
//!
//! Counters are cumulative since the role's start unless the name says `per_second`; times are ns since the epoch, UTC.
//! Fields may be added; a reader takes what it knows.

use serde::{Deserialize, Serialize};

pub use crate::notifier_line::{ChannelState, NotifierLine, OutboxState, RulesState, TestState};
pub use crate::run_line::{Alert, Failure, Forecast, Lives, RoleState, RunLine};
use crate::usage::Usage;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Takes packets.
    Capture,
    /// Stores rows.
    Ingest,
    /// Judges and warns.
    Notifier,
    /// Serves the page.
    Web,
    /// Supervises the others.
    Run,
}

impl Role {
    /// All roles, in the order in which they start.
    pub const ALL: [Role; 5] = [Role::Run, Role::Ingest, Role::Capture, Role::Notifier, Role::Web];

    /// Its name, as in the command and in the socket's file name.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Capture => "capture",
            Role::Ingest => "ingest",
            Role::Notifier => "notifier",
            Role::Web => "web",
            Role::Run => "run",
        }
    }
}

/// What every line begins with. (node, epoch, seq) is the line's uid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Identity of this machine's Floodmark.
    pub node: String,
    /// Life of the role: grows with each start.
    pub epoch: u64,
    /// Number of the line in this epoch, from 1.
    pub seq: u64,
    /// Who speaks.
    pub role: Role,
    /// When, ns since the epoch, UTC.
    pub time_ns: u64,
    /// The program's version.
    pub version: String,
    /// The role's process id.
    pub pid: u32,
    /// What that process has used since its start.
    #[serde(default)]
    pub usage: Usage,
}

/// A line of a role that has nothing more to say yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainLine {
    /// uid, role, time.
    #[serde(flatten)]
    pub envelope: Envelope,
}

/// Any role's line, read by its role.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// capture's.
    Capture(Box<CaptureLine>),
    /// ingest's.
    Ingest(Box<IngestLine>),
    /// notifier's.
    Notifier(Box<NotifierLine>),
    /// web's.
    Plain(PlainLine),
    /// The supervisor's.
    Run(Box<RunLine>),
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// It is no JSON, or lacks what its role must say.
    pub fn parse(bytes: &[u8]) -> Result<Line, serde_json::Error> {
        #[derive(Deserialize)]
        struct Who {
            role: Role,
        }
        Ok(match serde_json::from_slice::<Who>(bytes)?.role {
            Role::Capture => Line::Capture(serde_json::from_slice(bytes)?),
            Role::Ingest => Line::Ingest(serde_json::from_slice(bytes)?),
            Role::Notifier => Line::Notifier(serde_json::from_slice(bytes)?),
            Role::Web => Line::Plain(serde_json::from_slice(bytes)?),
            Role::Run => Line::Run(serde_json::from_slice(bytes)?),
        })
    }
}

/// Packets and bytes on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Volume {
    pub packets: u64,
    pub bytes: u64,
}

impl std::ops::AddAssign for Volume {
    fn add_assign(&mut self, other: Volume) {
        self.packets += other.packets;
        self.bytes += other.bytes;
    }
}

/// Rates and counts of one interface and direction, in the second the line speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it; all are of one second")]
pub struct Rates {
    pub packets: u64,
    pub bytes: u64,
    pub tcp: Volume,
    pub udp: Volume,
    /// ICMP and ICMPv6.
    pub icmp: Volume,
    pub other: Volume,
    pub syn_packets: u64,
    pub syn_without_ack_packets: u64,
    pub fragment_packets: u64,
}

/// One interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InterfaceState {
    /// Number in this epoch's rows.
    pub interface: u16,
    /// Name now (a renamed interface keeps its number).
    pub name: String,
    /// "up", "down", "absent", "blind: REASON".
    pub state: String,
    /// Since when (ns since the epoch) the device receives packets and the tap sees none; `None` = it sees.
    pub blind_since_ns: Option<u64>,
    /// Frames the kernel showed the rings, cumulative, dropped ones included.
    pub kernel_seen: u64,
    /// Frames it dropped because a ring was full, cumulative.
    pub kernel_dropped: u64,
    /// Times a ring was full, cumulative.
    pub ring_freezes: u64,
    /// Device counter minus frames that reached the tap since capture began there; signed; `None` = not known.
    pub pre_tap: Option<i64>,
    /// Times the rings were reopened because the interface was deleted and came back.
    pub reopened: u64,
    /// Seen from the local networks, in the last second: in, out, through, internal.
    pub through: Rates,
    /// Towards the local networks.
    #[serde(rename = "in")]
    pub inbound: Rates,
    /// From the local networks.
    pub out: Rates,
    /// Between local networks.
    pub internal: Rates,
    /// Flows first seen in the last second.
    pub flows_new: u64,
}

/// One worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkerState {
    /// Its number.
    pub worker: u16,
    /// The core it is pinned to; `None` = not pinned.
    pub core: Option<usize>,
    /// Frames taken, cumulative.
    pub taken: u64,
    /// Flow table entries in use.
    pub flows_active: u64,
    /// Entries pushed out of a full table, cumulative.
    pub evicted: u64,
    /// One-packet flows folded, cumulative.
    pub folded: u64,
    /// Batches waiting for the spooler.
    pub queue: u64,
    /// CPU time of the thread, ns, cumulative.
    pub cpu_ns: u64,
}

/// One of the busiest hosts, sources or ports of the last second; a lower bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Top {
    /// Address, or `protocol/port`.
    pub key: String,
    /// Wire packets towards the local networks.
    pub packets_in: u64,
    /// Wire bytes towards the local networks.
    pub bytes_in: u64,
    /// Wire packets from the local networks.
    pub packets_out: u64,
    /// Wire bytes from the local networks.
    pub bytes_out: u64,
    /// Flows first seen.
    pub flows_new: u64,
    /// SYN packets without ACK.
    pub syn_without_ack: u64,
    /// Fragments.
    pub fragments: u64,
    /// Estimate of distinct remote addresses; 0 = not estimated.
    pub remote_addresses: u64,
}

/// What a spool stream has received, cumulative in this epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StreamState {
    /// The stream.
    pub stream: u16,
    /// Number of its last row.
    pub last_seq: u64,
    /// Wire packets its rows account for.
    pub packets: u64,
    /// Wire bytes its rows account for.
    pub bytes: u64,
}

/// The spool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SpoolState {
    /// Bytes of its segment files.
    pub used_bytes: u64,
    /// Their bound.
    pub bytes_max: u64,
    /// Frames that could not be appended, cumulative.
    pub errors: u64,
    /// Rows that were accepted and are not in the files yet.
    pub pending_rows: u64,
    /// How the bytes go to the disk, such as "io_uring, direct".
    pub backend: String,
    /// What each stream has in the files.
    pub streams: Vec<StreamState>,
}

/// capture's line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptureLine {
    /// uid, role, time.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// "normal", or "attack" while one-packet flows are folded.
    pub mode: String,
    /// Each interface.
    pub interfaces: Vec<InterfaceState>,
    /// Each worker.
    pub workers: Vec<WorkerState>,
    /// Wire bytes towards the local networks, of all interfaces, cumulative in this epoch.
    #[serde(default)]
    pub bytes_in: u64,
    /// Wire bytes from the local networks, likewise.
    #[serde(default)]
    pub bytes_out: u64,
    /// Frames skipped, cumulative: non_ip, malformed, unsupported.
    pub skipped: Skipped,
    /// Local addresses with most packets in the last second.
    pub top_hosts: Vec<Top>,
    /// Local /24 and /64 prefixes with most packets in the last second.
    pub top_prefixes: Vec<Top>,
    /// Remote addresses with most packets in the last second.
    pub top_sources: Vec<Top>,
    /// Ports with most packets in the last second, `protocol/port`.
    pub top_ports: Vec<Top>,
    /// Local addresses and prefixes in the last second, those with most packets of each kind and length.
    #[serde(default)]
    pub targets: Vec<crate::target::Target>,
    /// The newest sample that is whole, by the id of the request for it, and those that are being taken.
    #[serde(default)]
    pub samples: Vec<SampleState>,
    /// The spool.
    pub spool: SpoolState,
    /// capture's columns of the ledger.
    pub ledger: super::ledger::CaptureColumns,
}

/// A sample of packets: asked for by `sample`, kept as `RUN/samples/<id>.pcap`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SampleState {
    /// The id of the request.
    pub id: String,
    /// "taking", "whole", "failed: REASON".
    pub state: String,
    /// Packets in it.
    pub packets: u64,
}

/// Frames that were not parsed, by reason, cumulative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are the ledger's")]
pub struct Skipped {
    pub non_ip: u64,
    pub malformed: u64,
    pub unsupported: u64,
}

/// ingest's line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IngestLine {
    /// uid, role, time.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// "connected", "connecting", "slow: no answer for N s", or "down: REASON".
    pub database: String,
    /// Since when, UNIX seconds.
    #[serde(default)]
    pub database_since: u64,
    /// The store, password masked.
    pub store: String,
    /// Rows stored since the start.
    pub rows_stored: u64,
    /// Rows stored in the last second.
    pub rows_per_second: u64,
    /// Transactions committed since the start.
    pub commits: u64,
    /// Transactions tried again since the start.
    pub retries: u64,
    /// Times a connection was lost since the start.
    pub reconnects: u64,
    /// Rows that the schema refused and that lie in the dead-letter file, since the start.
    pub rows_parked: u64,
    /// Rows that the spool lost, since the start.
    #[serde(default)]
    pub rows_gap: u64,
    /// Wire packets of those, as far as they are known.
    #[serde(default)]
    pub packets_gap: u64,
    /// Age of the oldest row not yet stored, ms; 0 = none waits.
    pub lag_ms: u64,
    /// Spool bytes damaged and stepped over, since the start.
    pub damaged_bytes: u64,
    /// Rows that the retention removed since the start; the server's estimate where a whole partition went.
    #[serde(default)]
    pub rows_removed: u64,
    /// Bytes that it gave back.
    #[serde(default)]
    pub bytes_removed: u64,
    /// What is committed, per epoch and stream: ingest's column of the ledger.
    pub streams: Vec<super::ledger::StoredColumns>,
}
