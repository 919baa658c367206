//! targets: what the workers saw of each local address and prefix in a second, put together for the live line.
//!
//! Workers tell addresses and their /24 and /64 prefixes; larger prefixes and the local networks are sums of those, made
//! here once a second, so that their number costs the packets nothing. All counts are lower bounds.

mod detail;

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::sync::Arc;

use ipnet::IpNet;
use live::incident::Share;
use live::reflection::SERVICES;
use live::target::Target;

use crate::limits::{
    TARGET_DETAIL_PACKETS_MIN, TARGET_DETAILS, TARGET_HOSTS, TARGET_NETWORKS, TARGET_PREFIXES, TARGET_PREFIXES_LARGER,
};
use crate::local::range;
use crate::telemetry::{HostEntry, TopKey};
use crate::worker::message::View;

use detail::Looking;

/// Lengths of the prefixes that are added up beyond the workers' own, as of IPv6 (an IPv4 length is 96 less).
const LARGER: [(bool, u8); 4] = [(true, 96 + 20), (true, 96 + 16), (false, 56), (false, 48)];

/// A target while it is put together.
struct Draft {
    entry: HostEntry,
    /// First and last address, IPv4 as IPv4-mapped.
    first: u128,
    last: u128,
    name: String,
    is_network: bool,
}

/// The targets of a second: the busiest addresses, then prefixes of each length, then the local networks.
pub fn build(views: &[Arc<View>], networks: &[IpNet]) -> Vec<Target> {
    let hosts = merged(views, |view| &view.hosts);
    let prefixes = merged(views, |view| &view.prefixes);
    let mut drafts: Vec<Draft> = hosts.iter().take(TARGET_HOSTS).map(|entry| draft(entry.clone(), 128)).collect();
    for entry in prefixes.iter().take(TARGET_PREFIXES) {
        drafts.push(draft(entry.clone(), base_length(&entry.key)));
    }
    for (is_ipv4, length) in LARGER {
        let larger = larger(&prefixes, is_ipv4, length);
        drafts.extend(larger.into_iter().take(TARGET_PREFIXES_LARGER).map(|entry| draft(entry, length)));
    }
    for network in networks.iter().take(TARGET_NETWORKS) {
        add_network(&mut drafts, network, &hosts, &prefixes);
    }
    let looking = Looking::new(views);
    let wanted = wanted(&drafts);
    let target = |(at, draft): (usize, Draft)| {
        let mut target = shown(&draft);
        let of_many = draft.first != draft.last;
        if wanted.contains(&(at, true)) {
            target.inbound.detail = looking.detail(true, (draft.first, draft.last), of_many);
        }
        if wanted.contains(&(at, false)) {
            target.out.detail = looking.detail(false, (draft.first, draft.last), of_many);
        }
        target
    };
    drafts.into_iter().enumerate().map(target).collect()
}

/// The workers' entries as one list, with most packets first.
pub fn merged(views: &[Arc<View>], list: fn(&View) -> &Vec<HostEntry>) -> Vec<HostEntry> {
    let mut all: HashMap<TopKey, HostEntry> = HashMap::new();
    for entry in views.iter().flat_map(|view| list(view)) {
        all.entry(entry.key).and_modify(|mine| mine.add(entry)).or_insert_with(|| entry.clone());
    }
    sorted(all)
}

fn sorted(all: HashMap<TopKey, HostEntry>) -> Vec<HostEntry> {
    let mut all: Vec<HostEntry> = all.into_values().collect();
    all.sort_by_key(|entry| (std::cmp::Reverse(entry.packets()), entry.key));
    all
}

/// The prefixes of `length` in which more than one of `prefixes` was busy: one alone says the same as its part.
fn larger(prefixes: &[HostEntry], is_ipv4: bool, length: u8) -> Vec<HostEntry> {
    let mut all: HashMap<TopKey, (u32, HostEntry)> = HashMap::new();
    for entry in prefixes.iter().filter(|entry| is_v4(&entry.key) == is_ipv4) {
        let key = (u128::from_be_bytes(entry.key) & !host_bits(length)).to_be_bytes();
        let (parts, sum) = all.entry(key).or_insert_with(|| (0, HostEntry::empty(key)));
        *parts += 1;
        sum.add(entry);
    }
    sorted(all.into_iter().filter(|(_, (parts, _))| *parts > 1).map(|(key, (_, entry))| (key, entry)).collect())
}

/// Adds the sum of a local network, or marks the target that is the same.
fn add_network(drafts: &mut Vec<Draft>, network: &IpNet, hosts: &[HostEntry], prefixes: &[HostEntry]) {
    let (first, last) = range(*network);
    if first == last {
        return;
    }
    if let Some(draft) = drafts.iter_mut().find(|draft| (draft.first, draft.last) == (first, last)) {
        draft.is_network = true;
        return;
    }
    let base = if network.addr().is_ipv4() { 24 } else { 64 };
    let parts = if network.prefix_len() <= base { prefixes } else { hosts };
    let mut sum = HostEntry::empty(first.to_be_bytes());
    for entry in parts.iter().filter(|entry| (first..=last).contains(&u128::from_be_bytes(entry.key))) {
        sum.add(entry);
    }
    if sum.packets() > 0 {
        drafts.push(Draft { entry: sum, first, last, name: network.trunc().to_string(), is_network: true });
    }
}

/// The directions that are described in detail: those that look most like an attack, then the busiest.
fn wanted(drafts: &[Draft]) -> Vec<(usize, bool)> {
    let mut all: Vec<(u64, (usize, bool))> = Vec::new();
    for (at, draft) in drafts.iter().enumerate() {
        for (is_inbound, side) in [(true, &draft.entry.inbound), (false, &draft.entry.out)] {
            let packets = side.total();
            if packets >= TARGET_DETAIL_PACKETS_MIN {
                all.push((packets.saturating_add(side.lone_packets.saturating_mul(8)), (at, is_inbound)));
            }
        }
    }
    all.sort_by_key(|(weight, which)| (std::cmp::Reverse(*weight), *which));
    all.into_iter().take(TARGET_DETAILS).map(|(_, which)| which).collect()
}

fn shown(draft: &Draft) -> Target {
    let entry = &draft.entry;
    let mut inbound = entry.inbound.side();
    let services = entry.amplified.iter().flat_map(|amplified| SERVICES.iter().zip(amplified.iter()));
    let share = |(service, volume): (&live::reflection::Service, &live::line::Volume)| Share {
        key: format!("udp/{}", service.port),
        packets: volume.packets,
        bytes: volume.bytes,
    };
    inbound.amplified = services.filter(|(_, volume)| volume.packets > 0).map(share).collect();
    inbound.amplified.sort_by_key(|share| std::cmp::Reverse(share.packets));
    Target {
        name: draft.name.clone(),
        is_network: draft.is_network,
        inbound,
        out: entry.out.side(),
        // A summary's estimate spans several seconds: there are no more addresses than packets.
        remote_addresses: entry.remotes.count().max(entry.remotes_at_least).min(entry.packets()),
        local_endpoints: entry.endpoints.count(),
    }
}

fn draft(entry: HostEntry, length: u8) -> Draft {
    let first = u128::from_be_bytes(entry.key);
    let address = Ipv6Addr::from(entry.key).to_canonical();
    let name = match length {
        128 => address.to_string(),
        _ if address.is_ipv4() => format!("{address}/{}", length - 96),
        _ => format!("{address}/{length}"),
    };
    Draft { entry, first, last: first | host_bits(length), name, is_network: false }
}

/// The length of a prefix that workers tell, as of IPv6.
fn base_length(key: &TopKey) -> u8 {
    if is_v4(key) { 96 + 24 } else { 64 }
}

fn is_v4(key: &TopKey) -> bool {
    key[..12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
}

/// The bits behind a prefix of `length`.
fn host_bits(length: u8) -> u128 {
    u128::MAX.checked_shr(u32::from(length)).unwrap_or(0)
}
