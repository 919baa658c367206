//! One entry of the flow table: 128 bytes, two cache lines.

use spool::row::{Direction, EndReason, FlowRecord};

use super::key::{FlowKey, Way};

/// TCP FIN.
pub const FIN: u8 = 0x01;
/// TCP SYN.
pub const SYN: u8 = 0x02;
/// TCP RST.
pub const RST: u8 = 0x04;
/// TCP ACK.
pub const ACK: u8 = 0x10;

const TCP: u8 = 6;

/// A flow as the table keeps it; arrays are indexed by [`Way`].
#[derive(Clone, Copy, Debug, Default, bytemuck::Zeroable, bytemuck::Pod)]
#[repr(C, align(64))]
pub struct Entry {
    /// Order-free key.
    pub key: FlowKey,
    /// Time of the last packet, ns.
    pub last_ns: u64,
    /// Wire packets since the last export.
    pub packets: [u64; 2],
    /// Wire bytes since the last export.
    pub bytes: [u64; 2],
    /// Time of the first packet since the last export, ns.
    pub first_ns: u64,
    /// OR of the TCP flags since the last export.
    pub tcp_flags: [u8; 2],
    /// The way of the originator's packets, as a number.
    pub originator: u8,
    /// Direction of the flow, as a number.
    pub direction: u8,
    /// SYN packets without ACK since the last harvest. This and the next three stay at their largest value.
    pub syns: u16,
    /// Fragments since the last harvest.
    pub fragments: u16,
    /// What `packets` was at the last harvest, low 32 bits.
    pub harvested_packets: [u32; 2],
    /// What `bytes` was at the last harvest.
    pub harvested_bytes: [u64; 2],
    /// SYN packets with ACK since the last harvest.
    pub syn_acks: u16,
    /// RST and FIN packets without SYN since the last harvest.
    pub resets: u16,
    /// Not 0 = both sides have spoken, and a TCP originator has acknowledged something: it is a conversation.
    pub is_conversation: u8,
    /// 0 = the entry is free.
    pub in_use: u8,
    /// Fills the line.
    pub reserved: u16,
}

const _: () = assert!(size_of::<Entry>() == 128);

impl Entry {
    /// The way of the originator's packets.
    pub fn originator_way(&self) -> Way {
        if self.originator == 0 { Way::Up } else { Way::Down }
    }

    /// Direction of the flow, seen from its originator.
    pub fn flow_direction(&self) -> Direction {
        Direction::from_number(self.direction)
    }

    /// Notes, and answers, whether both sides have spoken. Of TCP the originator must have acknowledged something: a SYN
    /// that is answered, by SYN and ACK or by RST, is no conversation yet.
    pub fn note_conversation(&mut self) -> bool {
        let acknowledged = self.key.protocol() != TCP || self.tcp_flags[self.originator as usize & 1] & ACK != 0;
        self.is_conversation |= u8::from(self.packets[0] > 0 && self.packets[1] > 0 && acknowledged);
        self.is_conversation != 0
    }

    /// It was shown to the telemetry since the last export.
    pub fn is_harvested(&self) -> bool {
        (self.harvested_packets[0] | self.harvested_packets[1]) != 0
    }

    /// Packets of both ways.
    pub fn total_packets(&self) -> u64 {
        self.packets[0] + self.packets[1]
    }

    /// Bytes of both ways.
    pub fn total_bytes(&self) -> u64 {
        self.bytes[0] + self.bytes[1]
    }

    /// Both sides have sent FIN, or one RST.
    pub fn is_closed(&self) -> bool {
        let [up, down] = self.tcp_flags;
        (up & down & FIN) != 0 || ((up | down) & RST) != 0
    }

    /// The row that stands for what happened since the last export.
    pub fn record(&self, reason: EndReason) -> FlowRecord {
        let fwd = self.originator_way();
        let rev = fwd.opposite();
        let (src_ip, src_port) = self.key.sender(fwd);
        let (dst_ip, dst_port) = self.key.sender(rev);
        FlowRecord {
            src_ip,
            dst_ip,
            src_port,
            dst_port,
            vlan: self.key.vlan(),
            interface: self.key.interface(),
            protocol: self.key.protocol(),
            direction: self.flow_direction(),
            tcp_flags_fwd: self.tcp_flags[fwd as usize],
            tcp_flags_rev: self.tcp_flags[rev as usize],
            end_reason: reason,
            folded_addresses: 0,
            first_ns: self.first_ns,
            last_ns: self.last_ns,
            packets_fwd: self.packets[fwd as usize],
            bytes_fwd: self.bytes[fwd as usize],
            packets_rev: self.packets[rev as usize],
            bytes_rev: self.bytes[rev as usize],
        }
    }

    /// Begins a new record of the same flow: counters at zero, key and originator kept.
    pub fn restart(&mut self) {
        // Another connection of the same ports must show itself anew.
        if self.is_closed() {
            self.is_conversation = 0;
        }
        // What was expelled may have been a copy: these were told with it.
        (self.syns, self.syn_acks, self.resets, self.fragments) = (0, 0, 0, 0);
        self.packets = [0; 2];
        self.bytes = [0; 2];
        self.tcp_flags = [0; 2];
        self.harvested_packets = [0; 2];
        self.harvested_bytes = [0; 2];
        self.first_ns = u64::MAX;
    }
}
