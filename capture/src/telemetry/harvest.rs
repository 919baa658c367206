//! From flows that moved to who talks: hosts, prefixes, remote addresses, ports, protocols.

use spool::row::Direction;

use super::top::{TopCounts, TopKey, TopTable};
use crate::flow::key::{HashSeed, Way};
use crate::flow::{Entry, FoldMoved};
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
            reserved: 0,
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
        self.add(&moved);
    }

    /// A flow that is folded: only its remote address is noted now, the rest comes with the summary. This runs at packet
    /// rate in a flood.
    #[inline]
    pub fn harvest_folded(&mut self, entry: &Entry, remote: &TopKey, hash: u64) {
        let forward = entry.originator as usize & 1;
        let (towards, from) = match entry.flow_direction() {
            Direction::Out => (1 - forward, forward),
            _ => (forward, 1 - forward),
        };
        let counts = TopCounts {
            packets_in: entry.packets[towards],
            bytes_in: entry.bytes[towards],
            packets_out: entry.packets[from],
            bytes_out: entry.bytes[from],
            flows: 1,
            syn_without_ack: u64::from(entry.syns),
            fragments: u64::from(entry.fragments),
            reserved: 0,
        };
        self.second.remotes.add(remote, hash, &counts, 0);
    }

    /// What a summary's target received since the last look.
    pub fn harvest_summary(&mut self, moved: &FoldMoved, remotes: u64) {
        let record = &moved.record;
        let forward = TopCounts {
            packets_in: moved.fwd.0,
            bytes_in: moved.fwd.1,
            packets_out: moved.rev.0,
            bytes_out: moved.rev.1,
            flows: moved.flows,
            syn_without_ack: moved.syns,
            fragments: moved.fragments,
            reserved: 0,
        };
        let out = record.direction == Direction::Out;
        let moved = Moved {
            src: (record.src_ip, record.src_port),
            dst: (record.dst_ip, record.dst_port),
            protocol: record.protocol,
            direction: record.direction,
            forward,
        };
        self.add(&moved);
        let local = if out { record.src_ip } else { record.dst_ip };
        if record.direction != Direction::Through && local != [0; 16] {
            self.second.hosts.raise_remotes(&local, self.seed.hash_address(&local, 0), remotes);
        }
    }

    /// Adds to all tables.
    fn add(&mut self, moved: &Moved) {
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
                self.host(&dst, &src, &forward);
                self.remote(&src, &forward);
            }
            Direction::Out => {
                self.host(&src, &dst, &back);
                self.remote(&dst, &back);
            }
            Direction::Internal => {
                self.host(&dst, &src, &forward);
                self.host(&src, &dst, &back);
            }
            Direction::Through => {
                self.remote(&src, &forward);
                self.remote(&dst, &back);
            }
        }
    }

    fn host(&mut self, address: &TopKey, other: &TopKey, counts: &TopCounts) {
        // A summary that lost its address for want of room has no one target.
        if *address == [0; 16] {
            return;
        }
        let hash = self.seed.hash_address(address, 0);
        let other = self.seed.hash_address(other, 1);
        self.second.hosts.add(address, hash, counts, other);
        let prefix = prefix_of(address);
        self.second.prefixes.add(&prefix, self.seed.hash_address(&prefix, 3), counts, other);
        if let Some(minute) = &mut self.minute {
            minute.hosts.add(address, hash, counts, 0);
        }
    }

    fn remote(&mut self, address: &TopKey, counts: &TopCounts) {
        // A summary stands for many addresses: it has no one remote (each was noted when it was folded).
        if *address == [0; 16] {
            return;
        }
        let hash = self.seed.hash_address(address, 1);
        self.second.remotes.add(address, hash, counts, 0);
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
