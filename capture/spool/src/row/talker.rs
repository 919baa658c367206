//! Who talked most in a minute or an hour. Lower bounds; the row with an empty key is everybody else.

use serde::{Deserialize, Serialize};

use super::traffic::Resolution;

/// What a talker row's key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum TalkerKind {
    /// An address in the local networks; 16 bytes.
    #[default]
    LocalHost = 1,
    /// An address elsewhere; 16 bytes.
    Remote = 2,
    /// The responder's port behind its IP protocol number; 3 bytes.
    Port = 3,
    /// An IP protocol number; 1 byte.
    Protocol = 4,
}

impl TalkerKind {
    /// All kinds.
    pub const ALL: [TalkerKind; 4] =
        [TalkerKind::LocalHost, TalkerKind::Remote, TalkerKind::Port, TalkerKind::Protocol];
}

/// One talker in one bucket; `in` and `out` are seen from the local networks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TalkerRow {
    /// Minute or hour.
    pub resolution: Resolution,
    /// First second of the bucket, UNIX time.
    pub ts: u64,
    /// What the key is.
    pub kind: TalkerKind,
    /// The key's bytes; empty = everybody who is not named (total − Σ).
    pub key: Vec<u8>,
    /// Wire packets towards the local networks.
    pub packets_in: u64,
    /// Wire bytes towards the local networks.
    pub bytes_in: u64,
    /// Wire packets from the local networks.
    pub packets_out: u64,
    /// Wire bytes from the local networks.
    pub bytes_out: u64,
    /// Flows seen, as a lower bound.
    pub flows: u64,
}
