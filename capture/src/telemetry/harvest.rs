//! From flows that moved to who talks: hosts, prefixes, remote addresses, ports, protocols.

use spool::row::{Direction, FlowRecord};

use super::top::{TopCounts, TopKey, TopTable};
use crate::flow::Entry;
use crate::flow::key::{HashSeed, Way};
use crate::limits::{TOP_SLOTS_MINUTE, TOP_SLOTS_SECOND};

/// Tables of the second that is open.
pub struct SecondTops {
    /// Local addresses, with an estimate of the remote ones.
    pub hosts: TopTable,
    /// Local /24 and /64 prefixes, likewise: an attack spread over a prefix shows here.
    pub prefixes: TopTable,
    /// Remote addresses.
    pub remotes: TopTable,
    /// Responders' ports.
    pub ports: TopTable,
}

/// Tables of the minute that is open; they become talker rows.
pub struct MinuteTalkers {
    /// First second of the minute.
    pub minute: u64,
    /// Local addresses.
    pub hosts: TopTable,
    /// Remote addresses.
    pub remotes: TopTable,
    /// Responders' ports.
    pub ports: TopTable,
    /// By IP protocol number.
    pub protocols: Box<[TopCounts; 256]>,
}

impl MinuteTalkers {
    fn new(minute: u64) -> MinuteTalkers {
        MinuteTalkers {
            minute,
            hosts: TopTable::totalling(TOP_SLOTS_MINUTE),
            remotes: TopTable::totalling(TOP_SLOTS_MINUTE),
            ports: TopTable::totalling(TOP_SLOTS_MINUTE),
            protocols: Box::new([TopCounts::default(); 256]),
        }
    }
}

/// One worker's telemetry at flow rate.
pub struct Telemetry {
    seed: HashSeed,
    /// The open second.
    pub second: SecondTops,
    minute: Option<Box<MinuteTalkers>>,
}

/// What two endpoints did since the last look.
struct Moved {
    src: ([u8; 16], u16),
    dst: ([u8; 16], u16),
    protocol: u8,
    direction: Direction,
    /// Counted from the originator: `packets_in` is forward here.
    forward: TopCounts,
}

impl Telemetry {
    /// Empty tables.
    pub fn new(seed: HashSeed) -> Telemetry {
        let table = |sketched| TopTable::new(TOP_SLOTS_SECOND, sketched);
        let second =
            SecondTops { hosts: table(true), prefixes: table(true), remotes: table(false), ports: table(false) };
        Telemetry { seed, second, minute: None }
    }

    /// Takes what `entry` did since the last look and marks it as seen.
    pub fn harvest(&mut self, entry: &mut Entry) {
        let fwd = entry.originator as usize & 1;
        let rev = 1 - fwd;
        let packets = |way: usize| u64::from((entry.packets[way] as u32).wrapping_sub(entry.harvested_packets[way]));
        let bytes = |way: usize| entry.bytes[way].wrapping_sub(entry.harvested_bytes[way]);
        let first_look = entry.harvested_packets == [0; 2];
        let forward = TopCounts {
            packets_in: packets(fwd),
            bytes_in: bytes(fwd),
            packets_out: packets(rev),
            bytes_out: bytes(rev),
            flows: u64::from(first_look),
            syn_without_ack: u64::from(entry.syns),
            fragments: u64::from(entry.fragments),
        };
        if forward.packets() == 0 {
            return;
        }
        let way = entry.originator_way();
        let moved = Moved {
            src: entry.key.sender(way),
            dst: entry.key.sender(way.opposite()),
            protocol: entry.key.protocol(),
            direction: entry.flow_direction(),
            forward,
        };
        entry.harvested_packets = [entry.packets[Way::Up as usize] as u32, entry.packets[Way::Down as usize] as u32];
        entry.harvested_bytes = entry.bytes;
        entry.syns = 0;
        entry.fragments = 0;
        self.add(&moved, true);
    }

    /// A flow that is folded: only its target and its source are noted now, the rest comes with the summary. This runs
    /// at packet rate in a flood.
    #[inline]
    pub fn harvest_folded(&mut self, entry: &Entry) {
        let way = entry.originator_way();
        let (src, dst) = (entry.key.sender(way), entry.key.sender(way.opposite()));
        let fwd = way as usize;
        let counts = TopCounts {
            packets_in: entry.packets[fwd],
            bytes_in: entry.bytes[fwd],
            packets_out: entry.packets[1 - fwd],
            bytes_out: entry.bytes[1 - fwd],
            flows: 1,
            syn_without_ack: u64::from(entry.syns),
            fragments: u64::from(entry.fragments),
        };
        let (local, remote, counts) = match entry.flow_direction() {
            Direction::Out => (src.0, dst.0, turned(&counts)),
            _ => (dst.0, src.0, counts),
        };
        let remote_hash = self.seed.hash_address(&remote, 1);
        self.second.remotes.add(&remote, remote_hash, &counts, 0);
        self.second.hosts.add(&local, self.seed.hash_address(&local, 0), &counts, remote_hash);
    }

    /// A written summary of folded flows: what its flows did not note one by one.
    pub fn harvest_summary(&mut self, record: &FlowRecord) {
        let forward = TopCounts {
            packets_in: record.packets_fwd,
            bytes_in: record.bytes_fwd,
            packets_out: record.packets_rev,
            bytes_out: record.bytes_rev,
            flows: u64::from(record.folded_addresses),
            ..TopCounts::default()
        };
        let moved = Moved {
            src: (record.src_ip, record.src_port),
            dst: (record.dst_ip, record.dst_port),
            protocol: record.protocol,
            direction: record.direction,
            forward,
        };
        self.add(&moved, false);
    }

    /// Adds to all tables; `hosts_too` = hosts and remotes of the second were not noted before.
    fn add(&mut self, moved: &Moved, hosts_too: bool) {
        let (forward, back) = (moved.forward, turned(&moved.forward));
        let port = port_key(moved.protocol, moved.dst.1);
        let port_hash = self.seed.hash_address(&port, 2);
        // A port's counts are seen from the responder: forward packets go in, unless the flow goes out.
        let at_port = if moved.direction == Direction::Out { back } else { forward };
        self.second.ports.add(&port, port_hash, &at_port, 0);
        if let Some(minute) = &mut self.minute {
            minute.ports.add(&port, port_hash, &at_port, 0);
            minute.protocols[usize::from(moved.protocol)].add(&at_port);
        }
        let (src, dst) = (moved.src.0, moved.dst.0);
        match moved.direction {
            Direction::In => {
                self.host(&dst, &src, &forward, hosts_too);
                self.remote(&src, &forward, hosts_too);
            }
            Direction::Out => {
                self.host(&src, &dst, &back, hosts_too);
                self.remote(&dst, &back, hosts_too);
            }
            Direction::Internal => {
                self.host(&dst, &src, &forward, hosts_too);
                self.host(&src, &dst, &back, hosts_too);
            }
            Direction::Through => {
                self.remote(&src, &forward, hosts_too);
                self.remote(&dst, &back, hosts_too);
            }
        }
    }

    fn host(&mut self, address: &TopKey, other: &TopKey, counts: &TopCounts, second_too: bool) {
        let hash = self.seed.hash_address(address, 0);
        let other = self.seed.hash_address(other, 1);
        if second_too {
            self.second.hosts.add(address, hash, counts, other);
        }
        let prefix = prefix_of(address);
        self.second.prefixes.add(&prefix, self.seed.hash_address(&prefix, 3), counts, other);
        if let Some(minute) = &mut self.minute {
            minute.hosts.add(address, hash, counts, 0);
        }
    }

    fn remote(&mut self, address: &TopKey, counts: &TopCounts, second_too: bool) {
        // A summary stands for many addresses: it has no one remote.
        if *address == [0; 16] {
            return;
        }
        let hash = self.seed.hash_address(address, 1);
        if second_too {
            self.second.remotes.add(address, hash, counts, 0);
        }
        if let Some(minute) = &mut self.minute {
            minute.remotes.add(address, hash, counts, 0);
        }
    }

    /// Closes the open minute when `second` lies in a later one, and opens that. A packet of an earlier minute (late, or
    /// a file out of order) counts in the open one.
    pub fn roll_minute(&mut self, second: u64) -> Option<Box<MinuteTalkers>> {
        let minute = second / 60 * 60;
        if self.minute.as_ref().is_some_and(|open| open.minute >= minute) {
            return None;
        }
        self.minute.replace(Box::new(MinuteTalkers::new(minute)))
    }

    /// Closes the open minute for good.
    pub fn take_minute(&mut self) -> Option<Box<MinuteTalkers>> {
        self.minute.take()
    }

    /// Begins a new second.
    pub fn clear_second(&mut self) {
        self.second.hosts.clear();
        self.second.prefixes.clear();
        self.second.remotes.clear();
        self.second.ports.clear();
    }
}

/// The same counts seen from the other end.
fn turned(counts: &TopCounts) -> TopCounts {
    TopCounts {
        packets_in: counts.packets_out,
        bytes_in: counts.bytes_out,
        packets_out: counts.packets_in,
        bytes_out: counts.bytes_in,
        ..*counts
    }
}

/// The key of a responder's port: protocol, then the port in network order.
pub fn port_key(protocol: u8, port: u16) -> TopKey {
    let mut key = [0u8; 16];
    key[0] = protocol;
    key[1..3].copy_from_slice(&port.to_be_bytes());
    key
}

/// The /24 of an IPv4 address (as IPv4-mapped), the /64 of an IPv6 one.
pub fn prefix_of(address: &TopKey) -> TopKey {
    let mut prefix = *address;
    let is_ipv4 = prefix[..12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
    prefix[if is_ipv4 { 15 } else { 8 }..].fill(0);
    prefix
}
