//! From flows that moved to who talks: hosts, prefixes, remote addresses, ports, protocols.

use live::line::Volume;
use spool::row::Direction;

use super::counters::ProtocolClass;
use super::host::{HostTable, Local, Remotes, SideCounts};
use super::run::Run;
use super::top::{TopCounts, TopKey, TopTable};
use crate::flow::key::{HashSeed, Way};
use crate::flow::{Amplified, Coarseness, Entry, FoldMoved};
use crate::limits::{TOP_SLOTS_MINUTE, TOP_SLOTS_SECOND};

/// Tables of the second that is open.
pub struct SecondTops {
    /// Local addresses, by direction, protocol and kind of packet.
    pub hosts: HostTable,
    /// Local /24 and /64 prefixes, likewise: an attack spread over a prefix shows here.
    pub prefixes: HostTable,
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
    run: Run,
}

/// What two endpoints did since the last look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved<'a> {
    /// Who began it.
    pub src: ([u8; 16], u16),
    /// For whom it was meant.
    pub dst: ([u8; 16], u16),
    pub protocol: u8,
    pub direction: Direction,
    /// Counted from the originator: `packets_in` is forward here.
    pub forward: TopCounts,
    pub syn_acks: u64,
    pub resets: u64,
    /// Both sides have spoken.
    pub is_conversation: bool,
    pub coarseness: Coarseness,
    /// The other side's addresses; `None` = the one of `src` or `dst`.
    pub remotes: Option<Remotes<'a>>,
    /// Of a summary; `None` = all of it, if its remote port is such a service's.
    pub amplified: Option<Amplified>,
}

impl Telemetry {
    /// Empty tables.
    pub fn new(seed: HashSeed) -> Telemetry {
        let second = SecondTops {
            hosts: HostTable::new(TOP_SLOTS_SECOND),
            prefixes: HostTable::new(TOP_SLOTS_SECOND),
            remotes: TopTable::new(TOP_SLOTS_SECOND),
            ports: TopTable::new(TOP_SLOTS_SECOND),
        };
        Telemetry { seed, second, minute: None, run: Run::default() }
    }

    /// Takes what `entry` did since the last look and marks it as seen.
    pub fn harvest(&mut self, entry: &mut Entry) {
        let moved = take(entry);
        if moved.forward.packets() > 0 {
            self.add(&moved);
        }
    }

    /// As [`Telemetry::harvest`], of a flow with one packet, in a flood: such flows of one target in a row are added up
    /// first. Runs at the rate of new flows.
    #[inline]
    pub fn harvest_single(&mut self, entry: &mut Entry) {
        let moved = take(entry);
        if moved.forward.packets() == 0 {
            return;
        }
        if matches!(moved.direction, Direction::Internal | Direction::Through) {
            return self.add(&moved);
        }
        if !self.run.takes(&moved) {
            self.end_run();
            self.run.begin(&moved);
        }
        let remote = self.run.add(&moved);
        let hash = self.seed.hash_address(&remote, 1);
        self.run.meet(hash);
        let counts = if moved.direction == Direction::Out { turned(&moved.forward) } else { moved.forward };
        self.second.remotes.add(&remote, hash, &counts);
    }

    /// Puts what was added up into the tables.
    pub fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if let Some(moved) = run.moved() {
            self.add(&moved);
        }
    }

    /// A flow that is folded: only its remote address is noted now, the rest comes with the summary. This runs at packet
    /// rate in a flood.
    #[inline]
    pub fn harvest_folded(&mut self, entry: &Entry, remote: &TopKey, hash: u64) {
        if entry.is_harvested() {
            return;
        }
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
        self.second.remotes.add(remote, hash, &counts);
    }

    /// What a summary's target received since the last look. All of its flows had one packet: those that began inside
    /// and those of which only the answer was seen are told apart by the way of it.
    pub fn harvest_summary(&mut self, moved: &FoldMoved, remotes: u64) {
        let record = &moved.record;
        let part = |fwd: (u64, u64), rev: (u64, u64), asked: bool| Moved {
            src: (record.src_ip, record.src_port),
            dst: (record.dst_ip, record.dst_port),
            protocol: record.protocol,
            direction: record.direction,
            forward: TopCounts {
                packets_in: fwd.0,
                bytes_in: fwd.1,
                packets_out: rev.0,
                bytes_out: rev.1,
                flows: if asked { moved.flows.min(fwd.0) } else { moved.flows.saturating_sub(moved.fwd.0) },
                syn_without_ack: if asked { moved.syns } else { 0 },
                fragments: if asked || moved.fwd.0 == 0 { moved.fragments } else { 0 },
                reserved: 0,
            },
            syn_acks: if asked { 0 } else { moved.syn_acks },
            resets: if asked && moved.rev.0 > 0 { 0 } else { moved.resets },
            is_conversation: false,
            coarseness: moved.coarseness,
            remotes: Some(Remotes::AtLeast(remotes)),
            amplified: Some(moved.amplified),
        };
        if moved.fwd.0 > 0 {
            self.add(&part(moved.fwd, (0, 0), true));
        }
        if moved.rev.0 > 0 {
            self.add(&part((0, 0), moved.rev, false));
        }
    }

    /// Adds to all tables.
    fn add(&mut self, moved: &Moved<'_>) {
        let (forward, back) = (moved.forward, turned(&moved.forward));
        let port = port_key(moved.protocol, moved.dst.1);
        let port_hash = self.seed.hash_address(&port, 2);
        // A port's counts are seen from the responder: forward packets go in, unless the flow goes out.
        let at_port = if moved.direction == Direction::Out { back } else { forward };
        self.second.ports.add(&port, port_hash, &at_port);
        if let Some(minute) = &mut self.minute {
            minute.ports.add(&port, port_hash, &at_port);
            minute.protocols[usize::from(moved.protocol)].add(&at_port);
        }
        let (src, dst) = (moved.src.0, moved.dst.0);
        match moved.direction {
            Direction::In => {
                self.host(&dst, moved, &forward);
                self.remote(&src, moved, &forward);
            }
            Direction::Out => {
                self.host(&src, moved, &back);
                self.remote(&dst, moved, &back);
            }
            Direction::Internal => {
                self.host(&dst, moved, &forward);
                self.host(&src, moved, &back);
            }
            Direction::Through => {
                self.remote(&src, moved, &forward);
                self.remote(&dst, moved, &back);
            }
        }
    }

    /// `counts` are seen from the local `address`.
    fn host(&mut self, address: &TopKey, moved: &Moved<'_>, counts: &TopCounts) {
        // A summary that lost its address for want of room has no one target.
        if *address == [0; 16] || moved.coarseness == Coarseness::Any {
            return;
        }
        let is_src = *address == moved.src.0;
        let (other, port) = if is_src { (&moved.dst, moved.src.1) } else { (&moved.src, moved.dst.1) };
        let hash = self.seed.hash_address(address, 0);
        let remotes = moved.remotes.unwrap_or_else(|| Remotes::One(self.seed.hash_address(&other.0, 1)));
        let endpoint = hash ^ self.seed.hash_address(&port_key(0, port), 4);
        let local = seen_locally(moved, counts, is_src, other.1, remotes, endpoint);
        let prefix = prefix_of(address);
        self.second.prefixes.add(&prefix, self.seed.hash_address(&prefix, 3), &local);
        if moved.coarseness == Coarseness::Host {
            self.second.hosts.add(address, hash, &local);
            if let Some(minute) = &mut self.minute {
                minute.hosts.add(address, hash, counts);
            }
        }
    }

    fn remote(&mut self, address: &TopKey, moved: &Moved<'_>, counts: &TopCounts) {
        // What stands for many addresses has no one remote: each was noted when it was added up or folded.
        if *address == [0; 16] || moved.remotes.is_some() {
            return;
        }
        let hash = self.seed.hash_address(address, 1);
        self.second.remotes.add(address, hash, counts);
        if let Some(minute) = &mut self.minute {
            minute.remotes.add(address, hash, counts);
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
        self.run = Run::default();
        self.second.hosts.clear();
        self.second.prefixes.clear();
        self.second.remotes.clear();
        self.second.ports.clear();
    }
}

/// Takes what `entry` did since the last look and marks it as seen.
#[inline]
fn take(entry: &mut Entry) -> Moved<'static> {
    let fwd = entry.originator as usize & 1;
    let rev = 1 - fwd;
    let packets = |way: usize| u64::from((entry.packets[way] as u32).wrapping_sub(entry.harvested_packets[way]));
    let bytes = |way: usize| entry.bytes[way].wrapping_sub(entry.harvested_bytes[way]);
    let first_look = !entry.is_harvested();
    let forward = TopCounts {
        packets_in: packets(fwd),
        bytes_in: bytes(fwd),
        packets_out: packets(rev),
        bytes_out: bytes(rev),
        flows: u64::from(first_look),
        syn_without_ack: 0,
        fragments: u64::from(entry.fragments),
        reserved: 0,
    };
    let [syns, syn_acks, resets] = marks(entry, forward.packets());
    let way = entry.originator_way();
    let is_conversation = entry.note_conversation();
    entry.harvested_packets = [entry.packets[Way::Up as usize] as u32, entry.packets[Way::Down as usize] as u32];
    entry.harvested_bytes = entry.bytes;
    (entry.syns, entry.syn_acks, entry.resets, entry.fragments) = (0, 0, 0, 0);
    Moved {
        src: entry.key.sender(way),
        dst: entry.key.sender(way.opposite()),
        protocol: entry.key.protocol(),
        direction: entry.flow_direction(),
        forward: TopCounts { syn_without_ack: syns, ..forward },
        syn_acks,
        resets,
        is_conversation,
        coarseness: Coarseness::Host,
        remotes: None,
        amplified: None,
    }
}

/// SYN, SYN with ACK, RST or FIN of `packets`. A count that is full stands for all packets that the others leave: so
/// many of one kind on one connection in a second are nothing but a flood of them.
#[inline]
fn marks(entry: &Entry, packets: u64) -> [u64; 3] {
    let counts = [entry.syns, entry.syn_acks, entry.resets];
    let full = |count: u16| {
        let others = counts.iter().map(|&count| u64::from(count)).sum::<u64>() - u64::from(count);
        if count == u16::MAX { packets.saturating_sub(others).max(u64::from(count)) } else { u64::from(count) }
    };
    counts.map(full)
}

/// What flows did, for the tables of hosts; `counts` are seen from the local end, `is_src` = it began them.
fn seen_locally<'a>(
    moved: &Moved<'_>,
    counts: &TopCounts,
    is_src: bool,
    remote_port: u16,
    remotes: Remotes<'a>,
    endpoint: u64,
) -> Local<'a> {
    let protocol = ProtocolClass::of(moved.protocol);
    let mut inbound = SideCounts::default();
    let mut out = SideCounts::default();
    inbound.packets[protocol as usize] = counts.packets_in;
    inbound.bytes[protocol as usize] = counts.bytes_in;
    out.packets[protocol as usize] = counts.packets_out;
    out.bytes[protocol as usize] = counts.bytes_out;
    // Who seems to answer what was never asked has begun it.
    let silent = if is_src { counts.packets_out == 0 } else { counts.packets_in == 0 };
    let from_inside = is_src != (silent && !moved.is_conversation);
    let (side, packets, bytes) = match from_inside {
        true => (&mut out, counts.packets_out, counts.bytes_out),
        false => (&mut inbound, counts.packets_in, counts.bytes_in),
    };
    side.flows = counts.flows;
    side.fragments = counts.fragments;
    side.syn = counts.syn_without_ack;
    let mut amplified = None;
    if !moved.is_conversation {
        (side.lone_packets, side.lone_bytes) = (packets, bytes);
        side.lone_syn = counts.syn_without_ack;
        side.lone_fragments = counts.fragments;
        if from_inside != is_src {
            side.lone_syn_ack = moved.syn_acks;
        }
        side.lone_reset = moved.resets.min(packets);
        match protocol {
            ProtocolClass::Udp => (side.lone_udp_packets, side.lone_udp_bytes) = (packets, bytes),
            ProtocolClass::Icmp => side.lone_icmp = packets,
            _ => {}
        }
        if protocol == ProtocolClass::Udp && !from_inside && counts.packets_out == 0 {
            let whole = Amplified::of(remote_port, packets, bytes);
            let Amplified { port, packets, bytes, .. } = moved.amplified.unwrap_or(whole);
            amplified = live::reflection::place(port).map(|place| (place, Volume { packets, bytes }));
        }
    }
    let endpoint = (!from_inside).then_some(endpoint);
    Local { inbound, out, remotes, endpoint, amplified }
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
