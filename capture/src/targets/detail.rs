//! What the packets of a target look like, by those that workers looked at one by one.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::Ipv6Addr;
use std::sync::Arc;

use live::incident::Share;
use live::target::Detail;
use spool::row::Direction;

use crate::flow::entry::{ACK, FIN, RST, SYN};
use crate::limits::{LOOKED_PER_LINE, TOP_LIST};
use crate::role::protocol_name;
use crate::telemetry::harvest::prefix_of;
use crate::telemetry::look::Looked;
use crate::telemetry::top::TopKey;
use crate::worker::message::View;

/// A packet that was looked at, seen from its local end.
#[derive(Clone, Copy)]
struct Seen {
    local: TopKey,
    looked: Looked,
    /// Packets for each of the frame's that it stands for.
    weight: u64,
    is_inbound: bool,
}

/// All that were looked at, of all workers, in the order of their local addresses.
pub(super) struct Looking {
    inbound: Vec<Seen>,
    out: Vec<Seen>,
}

impl Looking {
    /// Takes [`LOOKED_PER_LINE`] of the workers' packets at most.
    pub(super) fn new(views: &[Arc<View>]) -> Looking {
        let total: usize = views.iter().map(|view| view.looks.packets.len()).sum();
        let stride = total.div_ceil(LOOKED_PER_LINE).max(1);
        let mut looking = Looking { inbound: Vec::new(), out: Vec::new() };
        for view in views {
            let weight = u64::from(view.looks.every).saturating_mul(stride as u64);
            for looked in view.looks.packets.iter().step_by(stride) {
                let seen = |local, is_inbound| Seen { local, looked: *looked, weight, is_inbound };
                if matches!(looked.direction, Direction::In | Direction::Internal) {
                    looking.inbound.push(seen(looked.dst, true));
                }
                if matches!(looked.direction, Direction::Out | Direction::Internal) {
                    looking.out.push(seen(looked.src, false));
                }
            }
        }
        looking.inbound.sort_unstable_by_key(|seen| seen.local);
        looking.out.sort_unstable_by_key(|seen| seen.local);
        looking
    }

    /// Those of the local addresses from `range.0` to `range.1`; `None` = none was looked at.
    pub(super) fn detail(&self, is_inbound: bool, range: (u128, u128), of_many: bool) -> Option<Box<Detail>> {
        let all = if is_inbound { &self.inbound } else { &self.out };
        let from = all.partition_point(|seen| u128::from_be_bytes(seen.local) < range.0);
        let to = all.partition_point(|seen| u128::from_be_bytes(seen.local) <= range.1);
        let seen = &all[from..to];
        if seen.is_empty() {
            return None;
        }
        Some(Box::new(Detail {
            looked_at: seen.len() as u64,
            sources: shares(seen, remote, address),
            source_prefixes: shares(seen, |seen| prefix_of(&remote(seen)), prefix),
            source_ports: shares(seen, |seen| (seen.looked.protocol, remote_port(seen)), port),
            target_ports: shares(seen, |seen| (seen.looked.protocol, local_port(seen)), port),
            targets: if of_many { shares(seen, |seen| seen.local, address) } else { Vec::new() },
            sizes: shares(seen, size, size_name),
            ttls: shares(seen, |seen| seen.looked.ttl, u8::to_string),
            flags: shares(seen.iter().filter(|seen| seen.looked.protocol == 6), |seen| seen.looked.tcp_flags, flags),
            remotes_seen: distinct(seen, remote),
            remote_endpoints_seen: distinct(seen, |seen| (remote(seen), seen.looked.protocol, remote_port(seen))),
        }))
    }
}

fn remote(seen: &Seen) -> TopKey {
    if seen.is_inbound { seen.looked.src } else { seen.looked.dst }
}

fn remote_port(seen: &Seen) -> u16 {
    if seen.is_inbound { seen.looked.src_port } else { seen.looked.dst_port }
}

fn local_port(seen: &Seen) -> u16 {
    if seen.is_inbound { seen.looked.dst_port } else { seen.looked.src_port }
}

fn distinct<K: Hash + Eq>(seen: &[Seen], key: impl Fn(&Seen) -> K) -> u64 {
    seen.iter().map(key).collect::<std::collections::HashSet<K>>().len() as u64
}

/// The largest of what `key` tells apart.
fn shares<'a, K: Hash + Eq + Ord + Copy>(
    seen: impl IntoIterator<Item = &'a Seen>,
    key: impl Fn(&Seen) -> K,
    name: impl Fn(&K) -> String,
) -> Vec<Share> {
    let mut all: HashMap<K, (u64, u64)> = HashMap::new();
    for one in seen {
        let sum = all.entry(key(one)).or_default();
        sum.0 = sum.0.saturating_add(u64::from(one.looked.packets).saturating_mul(one.weight));
        sum.1 = sum.1.saturating_add(u64::from(one.looked.bytes).saturating_mul(one.weight));
    }
    let mut all: Vec<(K, (u64, u64))> = all.into_iter().collect();
    all.sort_unstable_by_key(|(key, (packets, _))| (std::cmp::Reverse(*packets), *key));
    all.truncate(TOP_LIST);
    all.iter().map(|(key, (packets, bytes))| Share { key: name(key), packets: *packets, bytes: *bytes }).collect()
}

/// Lengths by powers of two from 64 on; a frame that was merged counts by the packets it was.
fn size(seen: &Seen) -> u32 {
    let bytes = seen.looked.bytes / seen.looked.packets.max(1);
    if bytes < 64 { 0 } else { 1 << bytes.ilog2() }
}

fn size_name(from: &u32) -> String {
    match *from {
        0 => "0-63".to_owned(),
        from => format!("{from}-{}", u64::from(from) * 2 - 1),
    }
}

fn address(key: &TopKey) -> String {
    Ipv6Addr::from(*key).to_canonical().to_string()
}

/// Of a /24 or /64.
fn prefix(key: &TopKey) -> String {
    let address = Ipv6Addr::from(*key).to_canonical();
    format!("{address}/{}", if address.is_ipv4() { 24 } else { 64 })
}

fn port((protocol, port): &(u8, u16)) -> String {
    format!("{}/{port}", protocol_name(*protocol))
}

/// The flags' names in the order in which people say them.
fn flags(flags: &u8) -> String {
    let names = [(SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (0x08, "PSH"), (ACK, "ACK"), (0x20, "URG")];
    let set: Vec<&str> = names.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| *name).collect();
    if set.is_empty() { "none".to_owned() } else { set.join("+") }
}
