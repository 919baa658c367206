//! One flow record: what two endpoints said to each other between two times.
//!
//! | bytes | field | bytes | field |
//! |---|---|---|---|
//! | 0–15 | src_ip | 52–55 | folded_addresses |
//! | 16–31 | dst_ip | 56–63 | first_ns |
//! | 32–33 | src_port | 64–71 | last_ns |
//! | 34–35 | dst_port | 72–79 | packets_fwd |
//! | 36–37 | vlan | 80–87 | bytes_fwd |
//! | 38–39 | interface | 88–95 | packets_rev |
//! | 40 | protocol | 96–103 | bytes_rev |
//! | 41 | direction | | |
//! | 42 | tcp_flags_fwd | | |
//! | 43 | tcp_flags_rev | | |
//! | 44 | end_reason | | |
//! | 45–51 | reserved, 0 | | |

/// Bytes of an encoded flow record.
pub const FLOW_ROW_BYTES: usize = 104;

/// Which way a flow goes, seen from the local networks; forward is from the originator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Direction {
    /// Neither end is local.
    #[default]
    Through = 0,
    /// The originator is elsewhere, the other end local.
    In = 1,
    /// The originator is local, the other end elsewhere.
    Out = 2,
    /// Both ends are local.
    Internal = 3,
}

impl Direction {
    /// All of them, by number.
    pub const ALL: [Direction; 4] = [Direction::Through, Direction::In, Direction::Out, Direction::Internal];

    /// From its number; other numbers are `Through`.
    pub const fn from_number(number: u8) -> Direction {
        Self::ALL[(number & 3) as usize]
    }

    /// From which ends are local.
    pub const fn of(src_local: bool, dst_local: bool) -> Direction {
        match (src_local, dst_local) {
            (false, false) => Direction::Through,
            (false, true) => Direction::In,
            (true, false) => Direction::Out,
            (true, true) => Direction::Internal,
        }
    }

    /// The opposite way.
    pub const fn reversed(self) -> Direction {
        match self {
            Direction::In => Direction::Out,
            Direction::Out => Direction::In,
            other => other,
        }
    }

    /// Its name in tables and labels.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::Through => "through",
            Direction::In => "in",
            Direction::Out => "out",
            Direction::Internal => "internal",
        }
    }
}

/// Why a record was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EndReason {
    /// No packet for the idle time-out.
    #[default]
    Idle = 1,
    /// The flow lives on; the active time-out asked for a row.
    Active = 2,
    /// Both sides closed, or one reset, the TCP connection.
    Closed = 3,
    /// Pushed out of a full table.
    Evicted = 4,
    /// The program ended, or the capture file did.
    Shutdown = 5,
    /// A summary of folded one-packet flows.
    Folded = 6,
    /// A summary that the store's retention made of an attack's old rows; never in a spool.
    Condensed = 7,
}

impl EndReason {
    /// From its number; unknown numbers are `Idle`.
    pub const fn from_number(number: u8) -> EndReason {
        match number {
            2 => EndReason::Active,
            3 => EndReason::Closed,
            4 => EndReason::Evicted,
            5 => EndReason::Shutdown,
            6 => EndReason::Folded,
            7 => EndReason::Condensed,
            _ => EndReason::Idle,
        }
    }

    /// Its name in tables and CSV.
    pub const fn name(self) -> &'static str {
        match self {
            EndReason::Idle => "idle",
            EndReason::Active => "active",
            EndReason::Closed => "closed",
            EndReason::Evicted => "evicted",
            EndReason::Shutdown => "shutdown",
            EndReason::Folded => "folded",
            EndReason::Condensed => "condensed",
        }
    }
}

/// One flow record. Forward is from the originator (`src`) to the other end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowRecord {
    /// Originator; IPv4 as IPv4-mapped IPv6. All zero = folded: many addresses.
    pub src_ip: [u8; 16],
    /// The other end, likewise.
    pub dst_ip: [u8; 16],
    /// Originator's port; 0 where the protocol has none.
    pub src_port: u16,
    /// The other end's port, likewise.
    pub dst_port: u16,
    /// Outermost VLAN id, 0 = untagged.
    pub vlan: u16,
    /// Number of the interface in this epoch (see [`super::InterfaceRow`]).
    pub interface: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// Which way the flow goes.
    pub direction: Direction,
    /// OR of the TCP flags seen forward.
    pub tcp_flags_fwd: u8,
    /// OR of the TCP flags seen in reverse.
    pub tcp_flags_rev: u8,
    /// Why the record was written.
    pub end_reason: EndReason,
    /// Estimate of the distinct remote addresses in a folded record; 0 = not folded.
    pub folded_addresses: u32,
    /// Time of the first packet, ns since the epoch.
    pub first_ns: u64,
    /// Time of the last packet, ns since the epoch.
    pub last_ns: u64,
    /// Wire packets forward.
    pub packets_fwd: u64,
    /// Wire bytes forward (frames, tags added back).
    pub bytes_fwd: u64,
    /// Wire packets in reverse.
    pub packets_rev: u64,
    /// Wire bytes in reverse.
    pub bytes_rev: u64,
}

impl FlowRecord {
    /// Packets of both directions.
    pub fn packets(&self) -> u64 {
        self.packets_fwd + self.packets_rev
    }

    /// Bytes of both directions.
    pub fn bytes(&self) -> u64 {
        self.bytes_fwd + self.bytes_rev
    }

    /// The row as it lies in a frame.
    #[inline]
    pub fn encode(&self) -> [u8; FLOW_ROW_BYTES] {
        let mut out = [0u8; FLOW_ROW_BYTES];
        out[0..16].copy_from_slice(&self.src_ip);
        out[16..32].copy_from_slice(&self.dst_ip);
        out[32..34].copy_from_slice(&self.src_port.to_le_bytes());
        out[34..36].copy_from_slice(&self.dst_port.to_le_bytes());
        out[36..38].copy_from_slice(&self.vlan.to_le_bytes());
        out[38..40].copy_from_slice(&self.interface.to_le_bytes());
        out[40] = self.protocol;
        out[41] = self.direction as u8;
        out[42] = self.tcp_flags_fwd;
        out[43] = self.tcp_flags_rev;
        out[44] = self.end_reason as u8;
        out[52..56].copy_from_slice(&self.folded_addresses.to_le_bytes());
        out[56..64].copy_from_slice(&self.first_ns.to_le_bytes());
        out[64..72].copy_from_slice(&self.last_ns.to_le_bytes());
        out[72..80].copy_from_slice(&self.packets_fwd.to_le_bytes());
        out[80..88].copy_from_slice(&self.bytes_fwd.to_le_bytes());
        out[88..96].copy_from_slice(&self.packets_rev.to_le_bytes());
        out[96..104].copy_from_slice(&self.bytes_rev.to_le_bytes());
        out
    }

    /// Reads a row back.
    #[inline]
    pub fn decode(row: &[u8; FLOW_ROW_BYTES]) -> FlowRecord {
        let u16_at = |at: usize| u16::from_le_bytes([row[at], row[at + 1]]);
        let u32_at = |at: usize| u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
        let address_at = |at: usize| {
            let mut address = [0u8; 16];
            address.copy_from_slice(&row[at..at + 16]);
            address
        };
        FlowRecord {
            src_ip: address_at(0),
            dst_ip: address_at(16),
            src_port: u16_at(32),
            dst_port: u16_at(34),
            vlan: u16_at(36),
            interface: u16_at(38),
            protocol: row[40],
            direction: Direction::from_number(row[41]),
            tcp_flags_fwd: row[42],
            tcp_flags_rev: row[43],
            end_reason: EndReason::from_number(row[44]),
            folded_addresses: u32_at(52),
            first_ns: u64_at(56),
            last_ns: u64_at(64),
            packets_fwd: u64_at(72),
            bytes_fwd: u64_at(80),
            packets_rev: u64_at(88),
            bytes_rev: u64_at(96),
        }
    }

    /// The rows of a flow frame's payload; a ragged end is left out.
    pub fn rows(payload: &[u8]) -> impl Iterator<Item = FlowRecord> + '_ {
        payload.as_chunks::<FLOW_ROW_BYTES>().0.iter().map(FlowRecord::decode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn record_round_trips(addresses in any::<[[u8; 16]; 2]>(), ports in any::<[u16; 4]>(), small in any::<[u8; 5]>(),
                              folded in any::<u32>(), big in any::<[u64; 6]>()) {
            let record = FlowRecord {
                src_ip: addresses[0], dst_ip: addresses[1],
                src_port: ports[0], dst_port: ports[1], vlan: ports[2], interface: ports[3],
                protocol: small[0], direction: Direction::from_number(small[1]),
                tcp_flags_fwd: small[2], tcp_flags_rev: small[3], end_reason: EndReason::from_number(small[4]),
                folded_addresses: folded,
                first_ns: big[0], last_ns: big[1], packets_fwd: big[2], bytes_fwd: big[3], packets_rev: big[4], bytes_rev: big[5],
            };
            assert_eq!(FlowRecord::decode(&record.encode()), record);
        }
    }
}
