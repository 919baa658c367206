//! What is kept of an attack while it goes on: peaks, totals, and the faces of its busiest second.

use ipnet::IpNet;
use live::incident::Attack;
use live::line::Volume;
use live::target::{Side, Target};

use super::measure::Way;

/// Adds a second; `is_worst` = it is the busiest so far, and shows who and what.
pub fn add(attack: &mut Attack, target: &Target, way: Way, is_worst: bool) {
    let side = way.sides(target).0;
    attack.direction = way.name().to_owned();
    attack.target.clone_from(&target.name);
    attack.packets = attack.packets.saturating_add(side.packets);
    attack.bytes = attack.bytes.saturating_add(side.bytes);
    attack.packets_per_second_peak = attack.packets_per_second_peak.max(side.packets);
    attack.bits_per_second_peak = attack.bits_per_second_peak.max(side.bytes.saturating_mul(8));
    attack.remote_addresses = attack.remote_addresses.max(target.remote_addresses);
    let Some(detail) = &side.detail else { return };
    if is_worst || attack.sources.is_empty() {
        attack.sources.clone_from(&detail.sources);
        attack.source_prefixes.clone_from(&detail.source_prefixes);
        attack.source_ports.clone_from(&detail.source_ports);
        attack.target_ports.clone_from(&detail.target_ports);
        attack.sizes.clone_from(&detail.sizes);
        attack.ttls.clone_from(&detail.ttls);
    }
}

/// The sum of what is known of the parts of `network`: prefixes that lie in it, or else addresses. `None` = nothing is.
pub fn sum(network: &IpNet, targets: &[Target]) -> Option<Target> {
    let base = if network.addr().is_ipv4() { 24 } else { 64 };
    let length = if network.prefix_len() <= base { base } else { network.max_prefix_len() };
    let part = |target: &&Target| {
        let read = target.name.parse::<IpNet>().ok();
        let range = read.or_else(|| target.name.parse::<std::net::IpAddr>().ok().map(IpNet::from));
        range.is_some_and(|range| range.prefix_len() == length && network.contains(&range))
    };
    let mut parts = targets.iter().filter(part).peekable();
    parts.peek()?;
    let mut sum = Target { name: network.to_string(), is_network: true, ..Target::default() };
    for part in parts {
        add_side(&mut sum.inbound, &part.inbound);
        add_side(&mut sum.out, &part.out);
        // The same remote address may be in several: the largest is a lower bound.
        sum.remote_addresses = sum.remote_addresses.max(part.remote_addresses);
        sum.local_endpoints = sum.local_endpoints.saturating_add(part.local_endpoints);
    }
    Some(sum)
}

fn add_side(sum: &mut Side, part: &Side) {
    let add = |sum: &mut u64, part: u64| *sum = sum.saturating_add(part);
    let volume = |sum: &mut Volume, part: Volume| {
        sum.packets = sum.packets.saturating_add(part.packets);
        sum.bytes = sum.bytes.saturating_add(part.bytes);
    };
    add(&mut sum.packets, part.packets);
    add(&mut sum.bytes, part.bytes);
    volume(&mut sum.tcp, part.tcp);
    volume(&mut sum.udp, part.udp);
    volume(&mut sum.icmp, part.icmp);
    add(&mut sum.flows, part.flows);
    add(&mut sum.fragments, part.fragments);
    add(&mut sum.syn, part.syn);
    volume(&mut sum.lone, part.lone);
    add(&mut sum.lone_syn, part.lone_syn);
    add(&mut sum.lone_syn_ack, part.lone_syn_ack);
    add(&mut sum.lone_reset, part.lone_reset);
    volume(&mut sum.lone_udp, part.lone_udp);
    add(&mut sum.lone_icmp, part.lone_icmp);
    add(&mut sum.lone_fragments, part.lone_fragments);
    for share in &part.amplified {
        match sum.amplified.iter_mut().find(|known| known.key == share.key) {
            Some(known) => {
                known.packets = known.packets.saturating_add(share.packets);
                known.bytes = known.bytes.saturating_add(share.bytes);
            }
            None => sum.amplified.push(share.clone()),
        }
    }
    if sum.detail.is_none() {
        // The busiest part's stands for all: targets come with most packets first.
        sum.detail.clone_from(&part.detail);
    }
}
