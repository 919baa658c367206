//! local: which addresses are ours, and so which way a packet goes.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
pub use spool::row::Direction;

/// The networks that are ours, as disjoint ranges. IPv4 has a list of its own: a host has few networks, so that a walk
/// over a short list of words is all that a new flow costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalNetworks {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

/// Where an address can be, beside our networks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Never leaves the link or the machine, so both ends are ours: link-local unicast and multicast, limited
    /// broadcast, loopback, unspecified.
    Link,
    /// Multicast beyond the link: wherever the other listeners are.
    Group,
    /// An ordinary address.
    Host,
}

/// First and last address of ::ffff:0:0/96.
const MAPPED: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);

impl LocalNetworks {
    /// The networks named in the configuration, or, if it names none, the machine's own addresses with their prefixes.
    pub fn new(configured: &[IpNet], own: &[IpNet]) -> LocalNetworks {
        if configured.is_empty() {
            own.iter().copied().map(own_network).collect()
        } else {
            configured.iter().copied().collect()
        }
    }

    /// True if the address (IPv4 as IPv4-mapped) is in one of the networks.
    #[inline]
    pub fn is_local(&self, address: &[u8; 16]) -> bool {
        match v4_of(address) {
            Some(v4) => self.v4.iter().any(|&(first, last)| first <= v4 && v4 <= last),
            None => {
                let v6 = u128::from_be_bytes(*address);
                self.v6.iter().any(|&(first, last)| first <= v6 && v6 <= last)
            }
        }
    }

    /// Which way a packet between these addresses goes.
    ///
    /// What stays on the link is ours. A multicast group beyond the link is treated as the other side of whoever sends:
    /// out if we send, in if somebody else does.
    #[inline(always)]
    pub fn direction(&self, source: &[u8; 16], destination: &[u8; 16]) -> Direction {
        let from_us = scope(source) == Scope::Link || self.is_local(source);
        let to_us = match scope(destination) {
            Scope::Link => true,
            Scope::Group => !from_us,
            Scope::Host => self.is_local(destination),
        };
        Direction::of(from_us, to_us)
    }
}

/// The IPv4 address of an IPv4-mapped one.
#[inline(always)]
fn v4_of(address: &[u8; 16]) -> Option<u32> {
    let [first, second]: [u64; 2] = bytemuck::cast(*address);
    let (first, second) = (u64::from_be(first), u64::from_be(second));
    (first == 0 && second >> 32 == 0xffff).then_some(second as u32)
}

impl FromIterator<IpNet> for LocalNetworks {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> LocalNetworks {
        let mut ranges: Vec<(u128, u128)> = networks.into_iter().map(range).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1 => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        let in_mapped = |&(first, last): &(u128, u128)| {
            let (first, last) = (first.max(MAPPED.0), last.min(MAPPED.1));
            (first <= last).then_some((first as u32, last as u32))
        };
        LocalNetworks { v4: merged.iter().filter_map(in_mapped).collect(), v6: merged }
    }
}

/// The network of an own address; an address that claims the whole internet as its network counts alone.
pub(crate) fn own_network(address: IpNet) -> IpNet {
    if address.prefix_len() == 0 { IpNet::from(address.addr()) } else { address }
}

/// First and last address, IPv4 as IPv4-mapped.
pub(crate) fn range(network: IpNet) -> (u128, u128) {
    let number = |address: IpAddr| match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    (number(network.network()), number(network.broadcast()))
}

#[inline(always)]
fn scope(address: &[u8; 16]) -> Scope {
    // The first byte of most addresses settles it.
    match v4_of(address) {
        Some(v4) if matches!(v4 >> 24, 1..=126 | 128..=168 | 170..=223) => Scope::Host,
        Some(v4) => scope_v4(Ipv4Addr::from_bits(v4)),
        None if matches!(address[0], 1..=0xfd) => Scope::Host,
        None => scope_v6(address, u128::from_be_bytes(*address)),
    }
}

#[cold]
fn scope_v4(v4: Ipv4Addr) -> Scope {
    let link_group = v4.octets()[..3] == [224, 0, 0];
    if link_group || v4.is_link_local() || v4.is_broadcast() || v4.is_loopback() || v4.is_unspecified() {
        Scope::Link
    } else if v4.is_multicast() {
        Scope::Group
    } else {
        Scope::Host
    }
}

#[cold]
fn scope_v6(address: &[u8; 16], v6: u128) -> Scope {
    match (address[0], address[1]) {
        // The low four bits of the second byte are the scope: 1 = this interface, 2 = this link (RFC 4291, 2.7).
        (0xff, second) if matches!(second & 15, 1 | 2) => Scope::Link,
        (0xff, _) => Scope::Group,
        (0xfe, second) if second & 0xc0 == 0x80 => Scope::Link,
        _ if v6 <= 1 => Scope::Link,
        _ => Scope::Host,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(address: &str) -> [u8; 16] {
        match address.parse().expect("an address") {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        }
    }

    fn networks(list: &[&str]) -> Vec<IpNet> {
        list.iter().map(|text| text.parse().expect("a prefix")).collect()
    }

    fn check(source: &str, destination: &str, expect: Direction) {
        let local = LocalNetworks::new(&networks(&["192.0.2.0/24", "2001:db8::/32"]), &[]);
        assert_eq!(local.direction(&bytes(source), &bytes(destination)), expect, "{source} -> {destination}");
    }

    #[test]
    fn directions() {
        check("198.51.100.1", "192.0.2.7", Direction::In);
        check("192.0.2.7", "198.51.100.1", Direction::Out);
        check("2001:db8::1", "2001:db8:1::2", Direction::Internal);
        check("198.51.100.1", "203.0.113.1", Direction::Through);
        check("192.0.2.7", "192.0.2.255", Direction::Internal);
        check("192.0.2.7", "224.0.0.251", Direction::Internal);
        check("192.0.2.7", "239.1.2.3", Direction::Out);
        check("198.51.100.1", "239.1.2.3", Direction::In);
        check("0.0.0.0", "255.255.255.255", Direction::Internal);
        check("fe80::1", "ff02::fb", Direction::Internal);
        check("fe80::1", "2001:db8::1", Direction::Internal);
        check("2001:db8::1", "ff0e::1", Direction::Out);
        check("::1", "::1", Direction::Internal);
    }

    #[test]
    fn own_addresses_stand_in_for_an_empty_configuration() {
        let local = LocalNetworks::new(&[], &networks(&["10.1.2.3/24", "10.9.9.9/0", "fd00::5/64"]));
        assert!(local.is_local(&bytes("10.1.2.200")) && local.is_local(&bytes("fd00::77")));
        assert!(local.is_local(&bytes("10.9.9.9")) && !local.is_local(&bytes("10.9.9.8")));
    }

    #[test]
    fn configured_whole_internet_is_local_but_only_for_its_family() {
        let local = LocalNetworks::new(&networks(&["0.0.0.0/0"]), &[]);
        assert!(local.is_local(&bytes("255.0.0.1")) && !local.is_local(&bytes("2001:db8::1")));
        assert!(!LocalNetworks::default().is_local(&bytes("127.0.0.1")));
    }

    proptest! {
        #[test]
        fn agrees_with_asking_each_prefix(
            list in proptest::collection::vec((any::<u32>(), 8_u8..=32), 0..12), address in any::<u32>()
        ) {
            let list: Vec<IpNet> =
                list.iter().map(|&(bits, length)| IpNet::new(Ipv4Addr::from(bits).into(), length).expect("length")).collect();
            let local: LocalNetworks = list.iter().copied().collect();
            for address in [address, list.first().map_or(0, |net| match net.broadcast() { IpAddr::V4(v4) => v4.to_bits(), IpAddr::V6(_) => 0 })] {
                let ip = Ipv4Addr::from(address);
                let expect = list.iter().any(|net| net.contains(&IpAddr::V4(ip)));
                prop_assert_eq!(local.is_local(&ip.to_ipv6_mapped().octets()), expect);
            }
        }
    }
}
