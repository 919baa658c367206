//! wire: what a frame is. Pure functions over bytes: no clock, no allocation, no panic, no read past the bytes.
//!
//! Two halves. `layer` walks from the frame's first byte to its first IP header; each header it knows is one file with
//! one function that says which `layer::Layer` comes next. `ip` reads the IP header, its extension headers and the
//! transport's ports; `tunnel` goes on from there to the innermost IP header when asked. A header is read through a
//! `cursor::Cursor`, whose accessors answer `None` beyond the captured bytes, so no reader can read past them; both
//! the layers walked and the tunnels entered are bounded. `fast` answers for the few shapes that nearly all frames have.

mod cursor;
mod ethernet;
mod fast;
mod gre;
mod icmp;
mod ip;
mod ipv4;
mod ipv6;
mod layer;
mod link;
mod llc;
mod mpls;
mod pppoe;
mod sctp;
mod tcp;
mod tunnel;
mod udp;
mod vlan;
mod vxlan;

use crate::frame::{Frame, LinkType};
use cursor::Cursor;

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
    /// Bytes from the start of the frame (as in `bytes`) to the payload of the keyed packet's transport; what GRO repeats
    /// per wire packet.
    pub header_bytes: u16,
    /// Transport headers are missing although the frame was not fragmented: cut short by the sender, not by the snaplen.
    pub truncated: bool,
}

/// Reads one frame. `decapsulate` keys by the innermost IP header instead of the outermost.
///
/// Each frame is in exactly one class: `Ok` is *parsed*, the three [`Skip`]s are the others. A frame whose addresses
/// lie within the captured bytes is parsed, whatever the snaplen cut off behind them.
///
/// # Errors
/// The class of a frame that is not parsed.
#[inline(always)]
pub fn parse(frame: &Frame<'_>, decapsulate: bool) -> Result<Packet, Skip> {
    if frame.link == LinkType::Ethernet
        && let Some(packet) = fast::read(frame, decapsulate)
    {
        return Ok(packet);
    }
    parse_any(*frame, decapsulate)
}

/// Time to live or hop limit of the outermost IP header behind Ethernet, one tag passed over; 0 = it is not there.
pub fn hop_limit(frame: &Frame<'_>) -> u8 {
    let word = |at: usize| frame.bytes.get(at..at + 2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]]));
    let (kind, ip) = match word(12) {
        0x8100 | 0x88a8 => (word(16), 18),
        kind => (kind, 14),
    };
    let place = match kind {
        ethernet::IPV4 => 8,
        ethernet::IPV6 => 7,
        _ => return 0,
    };
    if frame.link == LinkType::Ethernet { frame.bytes.get(ip + place).copied().unwrap_or(0) } else { 0 }
}

/// The long way, for frames of any shape. By value: a reference would keep the frame in memory on the fast way too.
#[inline(never)]
fn parse_any(frame: Frame<'_>, decapsulate: bool) -> Result<Packet, Skip> {
    let first = link::first_layer(frame.link).ok_or(Skip::Unsupported)?;
    let (network, tag) = layer::walk(first, Cursor::new(&frame))?;
    let outer = ip::read(network)?;
    let mut packet = if decapsulate { tunnel::innermost(outer) } else { outer.packet };
    // A tag that the kernel took out of the frame was its outermost.
    packet.vlan = frame.vlan.map_or(tag, |removed| removed.tci) & vlan::ID_MASK;
    Ok(packet)
}

#[cfg(test)]
mod tests;
