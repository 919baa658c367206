//! wire: what a frame is. Pure functions over bytes: no clock, no allocation, no panic, no read past the bytes.

use crate::frame::Frame;

/// Why a frame is not a flow's packet; the metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skip {
    /// Well-formed, but carries no IP: ARP, LLDP, STP, 802.11 management …
    NonIp,
    /// Claims to be something that its bytes or lengths do not hold up.
    Malformed,
    /// A link type or encapsulation that this program does not read.
    Unsupported,
}

/// Where a packet stands in a fragmented datagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fragment {
    /// Not fragmented.
    #[default]
    None,
    /// Offset 0, more to come: has the ports.
    First,
    /// Offset above 0: ports are 0, the tuple is its own.
    Later,
}

/// What `parse` found: the keyed IP packet of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    /// Source address; IPv4 as IPv4-mapped (::ffff:a.b.c.d).
    pub src: [u8; 16],
    /// Destination address, likewise.
    pub dst: [u8; 16],
    /// Source port; 0 where the protocol has none.
    pub src_port: u16,
    /// Destination port, likewise.
    pub dst_port: u16,
    /// IP protocol number after extension headers.
    pub protocol: u8,
    /// TCP flags (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128); 0 for others.
    pub tcp_flags: u8,
    /// Outermost VLAN id, 0 = untagged (or priority tag).
    pub vlan: u16,
    /// Place in a fragmented datagram.
    pub fragment: Fragment,
    /// Length that the outermost IP header declares (IPv4 total length, IPv6 payload length + 40), clamped to the wire.
    pub ip_bytes: u32,
    /// Bytes from the start of the frame (as in `bytes`) to the transport payload; what GRO repeats per wire packet.
    pub header_bytes: u16,
    /// Transport headers are missing although the frame was not fragmented: cut short by the sender, not by the snaplen.
    pub truncated: bool,
}

/// Reads one frame. `decapsulate` keys by the innermost IP header instead of the outermost.
///
/// Each frame is in exactly one class: `Ok` is *parsed*, the three [`Skip`]s are the others.
///
/// # Errors
/// The class of a frame that is not parsed.
pub fn parse(frame: &Frame<'_>, decapsulate: bool) -> Result<Packet, Skip> {
    let _ = (frame, decapsulate);
    Err(Skip::Unsupported)
}
