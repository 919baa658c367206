//! The `[capture]` section of floodmark.toml.

use std::time::Duration;

use bytesize::ByteSize;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// How packets are taken from an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// TPACKET_V3 ring shared with the kernel, one per worker and interface.
    #[default]
    Ring,
    /// One read per packet by the afpacket crate: for kernels and containers that refuse a ring. One worker, no GRO
    /// sizes, no VLAN metadata.
    Copy,
}

/// How the kernel spreads the frames of an interface over the workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fanout {
    /// By a symmetric hash of addresses and ports: one worker sees both directions.
    #[default]
    Hash,
    /// By the CPU that took the frame from the NIC.
    Cpu,
    /// By the NIC's receive queue.
    Qm,
}

/// The `[capture]` section. Every field has a default; see systemd/floodmark.toml for what each is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Interfaces to capture; empty = the one of the default route.
    pub interfaces: Vec<String>,
    /// How packets are taken from an interface.
    pub backend: Backend,
    /// How the kernel spreads frames over the workers.
    pub fanout: Fanout,
    /// Number of workers; 0 = one for each core of `cores`.
    pub workers: usize,
    /// Cores to pin workers to; empty = every core this process may use.
    pub cores: Vec<usize>,
    /// Ring memory per worker and interface.
    pub ring_bytes: ByteSize,
    /// Size of one block of the ring; at least 128 KiB, or GRO superframes are cut.
    pub ring_block_bytes: ByteSize,
    /// After this time the kernel hands over a block that is not full.
    #[serde(with = "humantime_serde")]
    pub ring_block_timeout: Duration,
    /// Bytes kept of each frame.
    pub snaplen: u32,
    /// Ask the interface for frames that are not addressed to it.
    pub promiscuous: bool,
    /// Key flows by the innermost addresses of GRE, IP-in-IP, 6in4 and VXLAN instead of the outer ones.
    pub decapsulate: bool,
    /// What is "mine": decides in, out, through, internal. Empty = this machine's addresses and their prefixes.
    pub local_networks: Vec<IpNet>,
    /// A flow without packets for this long is closed. 0s = never.
    #[serde(with = "humantime_serde")]
    pub flow_idle_timeout: Duration,
    /// A live flow is written at least this often. 0s = never.
    #[serde(with = "humantime_serde")]
    pub flow_active_timeout: Duration,
    /// Flow table entries per worker (128 bytes each), a power of two.
    pub flow_table_entries: usize,
    /// Fold one-packet flows into summaries during a flood, so that the database is not flooded too.
    pub fold: bool,
    /// New flows a second and worker above which one-packet flows are folded.
    pub fold_flows_per_second: u32,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            interfaces: Vec::new(),
            backend: Backend::Ring,
            fanout: Fanout::Hash,
            workers: 0,
            cores: Vec::new(),
            ring_bytes: ByteSize::mib(16),
            ring_block_bytes: ByteSize::kib(256),
            ring_block_timeout: Duration::from_millis(10),
            snaplen: 192,
            promiscuous: true,
            decapsulate: false,
            local_networks: Vec::new(),
            flow_idle_timeout: Duration::from_secs(15),
            flow_active_timeout: Duration::from_secs(60),
            flow_table_entries: 1 << 18,
            fold: true,
            fold_flows_per_second: 5_000,
        }
    }
}
