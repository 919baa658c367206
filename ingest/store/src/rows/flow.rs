//! Rows of `flows`: one flow record each.

use super::{Bind, Row};

/// One flow record: what two ends exchanged until the flow ended or was written in between.
///
/// `src` is the end that began; `fwd` is what it sent, `rev` what it got. Codes (`direction`, `end_reason`) are those
/// of the spool's flow frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowRow {
    /// UNIX seconds of the last packet.
    pub ts: u32,
    /// Number within (node, epoch, stream), from 1 without gaps.
    pub seq: u64,
    /// Interface number of the epoch; its name stands in `interfaces`.
    pub interface: u16,
    /// In, out, through or internal, as a code.
    pub direction: u8,
    /// First packet, nanoseconds since the epoch, UTC.
    pub first_ns: u64,
    /// Last packet, nanoseconds since the epoch, UTC.
    pub last_ns: u64,
    /// IP protocol number.
    pub protocol: u8,
    /// Originator's address; IPv4 as `::ffff:a.b.c.d`.
    pub src_ip: [u8; 16],
    /// Originator's port; 0 where the protocol has none.
    pub src_port: u16,
    /// Responder's address.
    pub dst_ip: [u8; 16],
    /// Responder's port.
    pub dst_port: u16,
    /// Outer VLAN id, 0 = untagged.
    pub vlan: u16,
    /// Packets from originator to responder.
    pub packets_fwd: u64,
    /// Wire bytes from originator to responder.
    pub bytes_fwd: u64,
    /// Packets back.
    pub packets_rev: u64,
    /// Wire bytes back.
    pub bytes_rev: u64,
    /// TCP flags seen, all packets ORed.
    pub tcp_flags_fwd: u8,
    /// TCP flags seen on the way back.
    pub tcp_flags_rev: u8,
    /// Why the record was written, as a code.
    pub end_reason: u8,
    /// Estimate of the distinct remote addresses that were folded into this row; 0 = not folded.
    pub folded_addresses: u32,
}

impl Row for FlowRow {
    const COLUMNS: &'static [&'static str] = &[
        "interface",
        "direction",
        "first_ns",
        "last_ns",
        "protocol",
        "src_ip",
        "src_port",
        "dst_ip",
        "dst_port",
        "vlan",
        "packets_fwd",
        "bytes_fwd",
        "packets_rev",
        "bytes_rev",
        "tcp_flags_fwd",
        "tcp_flags_rev",
        "end_reason",
        "folded_addresses",
    ];

    fn table(&self) -> &'static str {
        "flows"
    }

    fn seq(&self) -> u64 {
        self.seq
    }

    fn ts(&self) -> u32 {
        self.ts
    }

    fn packets(&self) -> u64 {
        self.packets_fwd.saturating_add(self.packets_rev)
    }

    fn bytes(&self) -> u64 {
        self.bytes_fwd.saturating_add(self.bytes_rev)
    }

    #[inline]
    fn bind<B: Bind>(&self, to: &mut B) {
        to.u16(self.interface);
        to.u8(self.direction);
        to.u64(self.first_ns);
        to.u64(self.last_ns);
        to.u8(self.protocol);
        to.bytes(&self.src_ip);
        to.u16(self.src_port);
        to.bytes(&self.dst_ip);
        to.u16(self.dst_port);
        to.u16(self.vlan);
        to.u64(self.packets_fwd);
        to.u64(self.bytes_fwd);
        to.u64(self.packets_rev);
        to.u64(self.bytes_rev);
        to.u8(self.tcp_flags_fwd);
        to.u8(self.tcp_flags_rev);
        to.u8(self.end_reason);
        to.u32(self.folded_addresses);
    }
}
