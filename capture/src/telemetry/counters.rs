//! Totals of one second, by interface, direction and protocol.

use live::line::{Rates, Volume};
use spool::row::{Direction, Resolution, TrafficRow};

use crate::flow::entry::{ACK, SYN};
use crate::limits::SECOND_NS;

/// Protocols that have columns of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ProtocolClass {
    /// Everything else.
    Other = 0,
    /// TCP.
    Tcp = 1,
    /// UDP.
    Udp = 2,
    /// ICMP and ICMPv6.
    Icmp = 3,
}

impl ProtocolClass {
    /// The class of an IP protocol number.
    #[inline(always)]
    pub fn of(protocol: u8) -> ProtocolClass {
        match protocol {
            6 => ProtocolClass::Tcp,
            17 => ProtocolClass::Udp,
            1 | 58 => ProtocolClass::Icmp,
            _ => ProtocolClass::Other,
        }
    }
}

/// One direction of an interface in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectionCounters {
    /// By [`ProtocolClass`].
    pub by_protocol: [Volume; 4],
    /// TCP packets with SYN.
    pub syn: u64,
    /// TCP packets with SYN and without ACK.
    pub syn_without_ack: u64,
    /// First and later fragments.
    pub fragments: u64,
}

/// One interface in one second; one worker's share, or all of it when merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterfaceSecond {
    /// UNIX time.
    pub second: u64,
    /// The interface's number.
    pub interface: u16,
    /// By [`Direction`].
    pub directions: [DirectionCounters; 4],
    /// Frames skipped: non-IP, malformed, unsupported.
    pub skipped: [u64; 3],
    /// Flows first seen.
    pub flows_new: u64,
    pub(crate) touched: bool,
}

/// The counters of all interfaces in the second that is open.
#[derive(Debug)]
pub struct SecondCounters {
    second: u64,
    begin_ns: u64,
    interfaces: Vec<InterfaceSecond>,
}

/// One packet as the counters see it.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Which way it went.
    pub direction: Direction,
    /// Which protocol.
    pub protocol: ProtocolClass,
    /// Wire packets (more than one for a superframe).
    pub packets: u32,
    /// Wire bytes.
    pub bytes: u64,
    /// TCP flags.
    pub tcp_flags: u8,
    /// First or later fragment.
    pub fragment: bool,
    /// It began a flow.
    pub is_new: bool,
}

impl SecondCounters {
    /// Counters for interfaces 1..=`interfaces`, no second open.
    pub fn new(interfaces: usize) -> SecondCounters {
        SecondCounters { second: 0, begin_ns: u64::MAX, interfaces: vec![InterfaceSecond::default(); interfaces + 1] }
    }

    /// Whether `time_ns` lies outside the open second, so that [`SecondCounters::close`] must come first.
    #[inline(always)]
    pub fn is_outside(&self, time_ns: u64) -> bool {
        time_ns.wrapping_sub(self.begin_ns) >= SECOND_NS
    }

    /// Makes room for a further interface (capture files name them as they go).
    pub fn ensure(&mut self, interface: u16) {
        if self.interfaces.len() <= usize::from(interface) {
            self.interfaces.resize(usize::from(interface) + 1, InterfaceSecond::default());
        }
    }

    /// Counts a packet.
    #[inline(always)]
    pub fn packet(&mut self, interface: u16, counted: &Counted) {
        let counters = &mut self.interfaces[usize::from(interface)];
        counters.touched = true;
        counters.flows_new += u64::from(counted.is_new);
        let direction = &mut counters.directions[counted.direction as usize];
        let volume = &mut direction.by_protocol[counted.protocol as usize];
        volume.packets += u64::from(counted.packets);
        volume.bytes += counted.bytes;
        if counted.tcp_flags & SYN != 0 {
            direction.syn += 1;
            direction.syn_without_ack += u64::from(counted.tcp_flags & ACK == 0);
        }
        direction.fragments += u64::from(counted.fragment);
    }

    /// Counts a skipped frame: 0 non-IP, 1 malformed, 2 unsupported.
    #[inline]
    pub fn skipped(&mut self, interface: u16, reason: usize) {
        let counters = &mut self.interfaces[usize::from(interface)];
        counters.touched = true;
        counters.skipped[reason] += 1;
    }

    /// Gives the counters of the open second and opens the one of `time_ns`.
    pub fn close(&mut self, time_ns: u64, closed: &mut Vec<InterfaceSecond>) {
        for (interface, counters) in self.interfaces.iter_mut().enumerate().filter(|(_, c)| c.touched) {
            let counters = std::mem::take(counters);
            closed.push(InterfaceSecond { second: self.second, interface: interface as u16, ..counters });
        }
        self.second = time_ns / SECOND_NS;
        self.begin_ns = self.second * SECOND_NS;
    }
}

impl InterfaceSecond {
    /// Adds another worker's share of the same second.
    pub fn merge(&mut self, other: &InterfaceSecond) {
        for (mine, theirs) in self.directions.iter_mut().zip(&other.directions) {
            for (volume, more) in mine.by_protocol.iter_mut().zip(theirs.by_protocol) {
                *volume += more;
            }
            mine.syn += theirs.syn;
            mine.syn_without_ack += theirs.syn_without_ack;
            mine.fragments += theirs.fragments;
        }
        for (mine, theirs) in self.skipped.iter_mut().zip(other.skipped) {
            *mine += theirs;
        }
        self.flows_new += other.flows_new;
    }

    /// One direction as the live line shows it.
    pub fn rates(&self, direction: Direction) -> Rates {
        let counters = &self.directions[direction as usize];
        let [other, tcp, udp, icmp] = counters.by_protocol;
        Rates {
            packets: counters.by_protocol.iter().map(|v| v.packets).sum(),
            bytes: counters.by_protocol.iter().map(|v| v.bytes).sum(),
            tcp,
            udp,
            icmp,
            other,
            syn_packets: counters.syn,
            syn_without_ack_packets: counters.syn_without_ack,
            fragment_packets: counters.fragments,
        }
    }

    /// The row of the second.
    pub fn row(&self) -> TrafficRow {
        let direction = |d: Direction| {
            let all = self.directions[d as usize].by_protocol;
            (all.iter().map(|v| v.packets).sum(), all.iter().map(|v| v.bytes).sum())
        };
        let protocol = |p: ProtocolClass| {
            let all = self.directions.iter().map(|d| d.by_protocol[p as usize]);
            all.fold((0, 0), |sum, v| (sum.0 + v.packets, sum.1 + v.bytes))
        };
        let sum = |field: fn(&DirectionCounters) -> u64| self.directions.iter().map(field).sum();
        let ((packets_in, bytes_in), (packets_out, bytes_out)) = (direction(Direction::In), direction(Direction::Out));
        let (packets_through, bytes_through) = direction(Direction::Through);
        let (packets_internal, bytes_internal) = direction(Direction::Internal);
        let (tcp_packets, tcp_bytes) = protocol(ProtocolClass::Tcp);
        let (udp_packets, udp_bytes) = protocol(ProtocolClass::Udp);
        let (icmp_packets, icmp_bytes) = protocol(ProtocolClass::Icmp);
        let (other_packets, other_bytes) = protocol(ProtocolClass::Other);
        TrafficRow {
            resolution: Resolution::Second,
            ts: self.second,
            interface: self.interface,
            packets_in,
            bytes_in,
            packets_out,
            bytes_out,
            packets_through,
            bytes_through,
            packets_internal,
            bytes_internal,
            tcp_packets,
            tcp_bytes,
            udp_packets,
            udp_bytes,
            icmp_packets,
            icmp_bytes,
            other_packets,
            other_bytes,
            syn_packets: sum(|d| d.syn),
            syn_without_ack_packets: sum(|d| d.syn_without_ack),
            fragment_packets: sum(|d| d.fragments),
            non_ip_frames: self.skipped[0],
            malformed_frames: self.skipped[1],
            unsupported_frames: self.skipped[2],
            dropped_frames: 0,
            flows_new: self.flows_new,
            seconds: 1,
            packets_per_second_max: packets_in + packets_out + packets_through + packets_internal,
            bytes_per_second_max: bytes_in + bytes_out + bytes_through + bytes_internal,
        }
    }
}
