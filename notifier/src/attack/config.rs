//! `[notifier.detection]`: what is too much for an address, a prefix, a network with limits of its own.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::config::Problem;

/// Limits of attack detection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Judge what capture counts.
    pub enabled: bool,
    /// An incident clears below this share of its limit, percent.
    pub clear_percent: u8,
    /// An incident is over after so long below that.
    #[serde(with = "humantime_serde")]
    pub keep: Duration,
    /// Packets of the sample that is kept of each attack; 0 = none.
    pub sample_packets: u32,
    /// Bytes kept of each of them; 0 = the headers only.
    pub sample_bytes: u32,
    /// `[notifier.detection.host]`: towards one local address.
    pub host: Limits,
    /// `[notifier.detection.out]`: from one local address.
    pub out: Limits,
    /// `[notifier.detection.prefix]`: towards or from a local prefix or network.
    pub prefix: Limits,
    /// `[[notifier.detection.network]]`: other limits for some addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub network: Vec<Network>,
}

/// Limits of one direction of one target, all a second; 0 = none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Packets.
    pub packets: u64,
    /// Bits.
    pub bits: u64,
    /// New flows.
    pub flows: u64,
    /// SYN whose handshake is not completed.
    pub syn: u64,
    /// SYN with ACK that nobody asked for.
    pub syn_ack: u64,
    /// RST and FIN outside of any connection.
    pub reset: u64,
    /// Other TCP outside of any connection.
    pub ack: u64,
    /// UDP without an answer.
    pub udp: u64,
    /// ICMP without an answer.
    pub icmp: u64,
    /// Fragments without an answer.
    pub fragments: u64,
    /// UDP that nobody asked for, from ports of services that attacks are amplified by.
    pub amplification: u64,
    /// Addresses with ports that are tried out.
    pub scan: u64,
}

impl Default for Limits {
    /// Those of one address.
    fn default() -> Limits {
        Limits {
            packets: 100_000,
            bits: 2_000_000_000,
            flows: 10_000,
            syn: 5_000,
            syn_ack: 3_000,
            reset: 5_000,
            ack: 20_000,
            udp: 20_000,
            icmp: 5_000,
            fragments: 5_000,
            amplification: 5_000,
            scan: 1_000,
        }
    }
}

impl Limits {
    /// Twice those of an address: what is spread over a prefix is no attack on it until it is more than one could bear.
    fn prefix() -> Limits {
        let host = Limits::default();
        Limits {
            packets: host.packets * 2,
            bits: host.bits * 2,
            flows: host.flows * 2,
            syn: host.syn * 2,
            syn_ack: host.syn_ack * 2,
            reset: host.reset * 2,
            ack: host.ack * 2,
            udp: host.udp * 2,
            icmp: host.icmp * 2,
            fragments: host.fragments * 2,
            amplification: host.amplification * 2,
            scan: host.scan * 2,
        }
    }

    /// Names and values, in the order of the file.
    pub fn named(&self) -> [(&'static str, u64); 12] {
        [
            ("packets", self.packets),
            ("bits", self.bits),
            ("flows", self.flows),
            ("syn", self.syn),
            ("syn_ack", self.syn_ack),
            ("reset", self.reset),
            ("ack", self.ack),
            ("udp", self.udp),
            ("icmp", self.icmp),
            ("fragments", self.fragments),
            ("amplification", self.amplification),
            ("scan", self.scan),
        ]
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            enabled: true,
            clear_percent: 70,
            keep: Duration::from_secs(60),
            sample_packets: 200,
            sample_bytes: 0,
            host: Limits::default(),
            // A server that sends files has more packets and bytes to send than to receive.
            out: Limits { packets: 200_000, bits: 5_000_000_000, syn: 2_000, ..Limits::default() },
            prefix: Limits::prefix(),
            network: Vec::new(),
        }
    }
}

/// What limits of a network are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Each address in it.
    #[default]
    Host,
    /// All of it together.
    Network,
}

/// `[[notifier.detection.network]]`: limits of some addresses; 0 = as for all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Address or prefix.
    pub network: String,
    /// For each address, or for all together.
    pub scope: Scope,
    /// Packets a second.
    pub packets: u64,
    /// Bits a second.
    pub bits: u64,
    /// New flows a second.
    pub flows: u64,
    /// SYN whose handshake is not completed.
    pub syn: u64,
    /// SYN with ACK that nobody asked for.
    pub syn_ack: u64,
    /// RST and FIN outside of any connection.
    pub reset: u64,
    /// Other TCP outside of any connection.
    pub ack: u64,
    /// UDP without an answer.
    pub udp: u64,
    /// ICMP without an answer.
    pub icmp: u64,
    /// Fragments without an answer.
    pub fragments: u64,
    /// UDP that nobody asked for, from ports of amplifying services.
    pub amplification: u64,
    /// Addresses with ports that are tried out.
    pub scan: u64,
}

impl Network {
    /// The network; `None` = it is none.
    pub fn range(&self) -> Option<IpNet> {
        let text = self.network.as_str();
        text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)).map(|net| net.trunc())
    }

    /// Its limits, those of `others` where it has none.
    pub fn over(&self, others: &Limits) -> Limits {
        let or = |own: u64, other: u64| if own == 0 { other } else { own };
        Limits {
            packets: or(self.packets, others.packets),
            bits: or(self.bits, others.bits),
            flows: or(self.flows, others.flows),
            syn: or(self.syn, others.syn),
            syn_ack: or(self.syn_ack, others.syn_ack),
            reset: or(self.reset, others.reset),
            ack: or(self.ack, others.ack),
            udp: or(self.udp, others.udp),
            icmp: or(self.icmp, others.icmp),
            fragments: or(self.fragments, others.fragments),
            amplification: or(self.amplification, others.amplification),
            scan: or(self.scan, others.scan),
        }
    }
}

/// Networks with limits of their own, at most: each target is looked for in all of them.
const NETWORKS_MAX: usize = 256;

/// The longest that an incident is kept open.
const KEEP_MAX: Duration = Duration::from_secs(24 * 3600);

/// What is wrong with it.
pub fn check(config: &Config, problems: &mut Vec<Problem>) {
    let mut wrong = |key: &str, value: String, allowed: &str, remedy: &str| {
        problems.push(Problem {
            key: format!("notifier.detection.{key}"),
            value,
            allowed: allowed.to_owned(),
            remedy: remedy.to_owned(),
        });
    };
    if !(1..=100).contains(&config.clear_percent) {
        let remedy = "an incident that clears above its limit would never be over";
        wrong("clear_percent", config.clear_percent.to_string(), "1 to 100", remedy);
    }
    if config.keep > KEEP_MAX {
        let value = format!("{}s", config.keep.as_secs());
        wrong("keep", value, "0s to 1day", "it is the calm after which an attack is over");
    }
    if config.sample_packets > 100_000 {
        wrong("sample_packets", config.sample_packets.to_string(), "0 to 100000", "some hundreds tell an attack");
    }
    if config.sample_bytes > 65_535 {
        wrong("sample_bytes", config.sample_bytes.to_string(), "0 to 65535", "0 keeps the headers only");
    }
    if config.network.len() > NETWORKS_MAX {
        let value = format!("{} entries", config.network.len());
        wrong("network", value, "256 entries at most", "give a prefix in place of its addresses");
    }
    for (at, network) in config.network.iter().enumerate() {
        if network.range().is_none() {
            let key = format!("network[{at}].network");
            wrong(&key, format!("{:?}", network.network), "an address or a prefix", "such as \"192.0.2.0/24\"");
        }
    }
}
