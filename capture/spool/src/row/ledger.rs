//! The writer's columns of the ledger at one moment: where every frame and packet of this epoch is.

use serde::{Deserialize, Serialize};

/// What a ledger row tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerKind {
    /// The state at a moment; the newest of an epoch counts.
    #[default]
    Checkpoint,
    /// The last state: the writer ended in order, nothing is in memory.
    Final,
    /// Written by a later epoch about one that ended without a `Final`: its columns with what was lost as `gap`.
    Gap,
    /// As `Gap`, when what was lost is not known to the packet.
    #[serde(rename = "gap_estimate")]
    GapEstimate,
}

/// What one stream of the epoch had received at the moment of the row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamEnd {
    /// The stream.
    pub stream: u16,
    /// Number of its last row; the row itself, in stream 0, not counted.
    pub last_seq: u64,
    /// Wire packets of its rows.
    pub packets: u64,
    /// Their wire bytes.
    pub bytes: u64,
}

/// A device's own counter at the moment of the row: what it moves while nobody captures is `blind`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceCount {
    /// The interface's name.
    pub name: String,
    /// Its kernel index: another one is another device of the same name, counting from 0.
    pub index: u32,
    /// Packets it received since it exists.
    pub received: u64,
}

/// Cumulative since the start of the epoch `about_epoch`; frames, wire packets or wire bytes as DESIGN's ledger says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LedgerRow {
    /// UNIX seconds of the snapshot.
    pub ts: u64,
    /// What the row tells.
    pub kind: LedgerKind,
    /// The epoch it speaks of; its own but for `Gap`.
    pub about_epoch: u64,
    /// Frames the kernel showed to the rings, those it dropped included.
    pub kernel_seen: u64,
    /// Frames the kernel dropped because a ring was full.
    pub kernel_dropped: u64,
    /// Frames in the rings.
    pub in_ring: u64,
    /// Frames the workers took.
    pub taken: u64,
    /// Frames that became packets of a flow.
    pub parsed_frames: u64,
    /// Frames without IP.
    pub non_ip: u64,
    /// Frames that do not hold what they claim.
    pub malformed: u64,
    /// Frames of encapsulations that are not read.
    pub unsupported: u64,
    /// Wire packets that GRO had merged into other frames.
    pub coalesced: u64,
    /// Wire packets of `parsed_frames`: `parsed_frames + coalesced`.
    pub parsed: u64,
    /// Their wire bytes.
    pub parsed_bytes: u64,
    /// Wire packets in flow tables and queues.
    pub in_memory: u64,
    /// Their bytes.
    pub in_memory_bytes: u64,
    /// Wire packets in flow rows given to the spool.
    pub spooled: u64,
    /// Their bytes.
    pub spooled_bytes: u64,
    /// Wire packets written only as totals because the spool was nearly full.
    pub coarsened: u64,
    /// Their bytes.
    pub coarsened_bytes: u64,
    /// Wire packets of flow rows that were not written.
    pub shed: u64,
    /// Their bytes.
    pub shed_bytes: u64,
    /// Wire packets of detail lost with a killed process.
    pub gap: u64,
    /// Their bytes.
    pub gap_bytes: u64,
    /// Device counter minus frames that reached the tap; signed.
    pub pre_tap: i64,
    /// Packets that passed the device while capture was down.
    pub blind: u64,
    /// What each stream had received; in `Final` and `Gap` rows, for the reader that finds the last frames damaged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<StreamEnd>,
    /// The devices' counters, for the next start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceCount>,
}
