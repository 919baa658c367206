//! What capture knows of a local address or prefix in the second its line speaks of: what attack detection judges.

use serde::{Deserialize, Serialize};

use crate::incident::Share;
use crate::line::Volume;

/// One local address or prefix. All counts are of one second, and lower bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// Address, or prefix with its length.
    pub name: String,
    /// It is one of the local networks, as they were configured.
    #[serde(skip_serializing_if = "is_false")]
    pub is_network: bool,
    /// Towards it.
    #[serde(rename = "in")]
    pub inbound: Side,
    /// From it.
    pub out: Side,
    /// Estimate of distinct remote addresses.
    pub remote_addresses: u64,
    /// Estimate of distinct local addresses with ports that flows from outside were meant for.
    pub local_endpoints: u64,
}

/// One direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Side {
    /// All.
    pub packets: u64,
    /// All.
    pub bytes: u64,
    /// TCP.
    #[serde(skip_serializing_if = "is_none")]
    pub tcp: Volume,
    /// UDP.
    #[serde(skip_serializing_if = "is_none")]
    pub udp: Volume,
    /// ICMP and ICMPv6.
    #[serde(skip_serializing_if = "is_none")]
    pub icmp: Volume,
    /// Flows that began on this side.
    #[serde(skip_serializing_if = "is_zero")]
    pub flows: u64,
    /// Fragments, the first ones included.
    #[serde(skip_serializing_if = "is_zero")]
    pub fragments: u64,
    /// SYN without ACK.
    #[serde(skip_serializing_if = "is_zero")]
    pub syn: u64,
    /// What belongs to no conversation: of flows in which the other side has sent nothing, or whose TCP handshake its
    /// beginner never completed. These six are parts of it, or all of it.
    pub lone: Volume,
    /// SYN without ACK whose handshake was not completed.
    #[serde(skip_serializing_if = "is_zero")]
    pub lone_syn: u64,
    /// SYN with ACK that nobody asked for.
    #[serde(skip_serializing_if = "is_zero")]
    pub lone_syn_ack: u64,
    /// RST or FIN.
    #[serde(skip_serializing_if = "is_zero")]
    pub lone_reset: u64,
    /// UDP.
    #[serde(skip_serializing_if = "is_none")]
    pub lone_udp: Volume,
    /// ICMP and ICMPv6.
    #[serde(skip_serializing_if = "is_zero")]
    pub lone_icmp: u64,
    /// Fragments.
    #[serde(skip_serializing_if = "is_zero")]
    pub lone_fragments: u64,
    /// UDP that nobody asked for, by the remote port, for the ports of [`crate::reflection::SERVICES`]: `udp/53`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amplified: Vec<Share>,
    /// What the packets look like, of the busiest targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Box<Detail>>,
}

/// Shares among packets that were looked at one by one: one packet in `every`, so all counts are estimates. Lists: the
/// largest first, at most 20 entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// Packets that were looked at.
    pub looked_at: u64,
    /// Remote addresses.
    pub sources: Vec<Share>,
    /// Their /24 and /64 prefixes.
    pub source_prefixes: Vec<Share>,
    /// Remote ports, `udp/53`.
    pub source_ports: Vec<Share>,
    /// Local ports, `tcp/443`.
    pub target_ports: Vec<Share>,
    /// Local addresses, of a prefix.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Share>,
    /// Lengths on the wire, bytes: `64-127`.
    pub sizes: Vec<Share>,
    /// Times to live (hop limits).
    pub ttls: Vec<Share>,
    /// TCP flags, `SYN+ACK`.
    pub flags: Vec<Share>,
    /// Distinct remote addresses among the packets looked at.
    pub remotes_seen: u64,
    /// Distinct remote ports among them, with their protocol and remote address.
    pub remote_endpoints_seen: u64,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn is_none(volume: &Volume) -> bool {
    *volume == Volume::default()
}
