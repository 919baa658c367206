//! The shapes that nearly all frames have, read in one go: TCP or UDP in a plain IP header straight behind Ethernet.
//!
//! Whatever is odd in the least (options, fragments, a length that does not fit, a short capture) is left to the walk
//! over the layers, which gives the same answer for what is read here; a property test holds the two together.

use super::ethernet::{self, IPV4, IPV6};
use super::ip::protocol::{TCP, UDP};
use super::{Fragment, Packet, ipv4, vlan, vxlan};
use crate::frame::Frame;

/// Bytes of the transport header that are looked at: up to the TCP flags.
const TRANSPORT_BYTES: usize = 14;
const IPV4_BYTES: usize = 20;
const IPV6_BYTES: usize = 40;
const TCP_BYTES_MIN: usize = 20;
const UDP_BYTES: usize = 8;

const V4_CAPTURED_MIN: usize = ethernet::HEADER_BYTES + IPV4_BYTES + TRANSPORT_BYTES;
const V6_CAPTURED_MIN: usize = ethernet::HEADER_BYTES + IPV6_BYTES + TRANSPORT_BYTES;

/// Reads an Ethernet frame of the common shapes; `None` = read it the long way. `decapsulate` refuses tunnels.
#[inline(always)]
pub(super) fn read(frame: &Frame<'_>, decapsulate: bool) -> Option<Packet> {
    let bytes = frame.bytes.first_chunk::<V4_CAPTURED_MIN>()?;
    match u16::from_be_bytes([bytes[12], bytes[13]]) {
        IPV4 => read_v4(bytes, frame, decapsulate),
        IPV6 => read_v6(frame.bytes.first_chunk()?, frame, decapsulate),
        _ => None,
    }
}

#[inline(always)]
fn read_v4(bytes: &[u8; V4_CAPTURED_MIN], frame: &Frame<'_>, decapsulate: bool) -> Option<Packet> {
    let (ip, transport) = bytes[ethernet::HEADER_BYTES..].split_first_chunk::<IPV4_BYTES>()?;
    let unfragmented = u16::from_be_bytes([ip[6], ip[7]]) & (ipv4::MORE_FRAGMENTS | ipv4::OFFSET_MASK) == 0;
    if ip[0] != 0x45 || !unfragmented {
        return None;
    }
    let declared = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
    let packet = transports(ip[9], IPV4_BYTES, declared, transport.first_chunk()?, frame, decapsulate)?;
    let src = ipv4::mapped(ip[12..16].try_into().ok()?);
    let dst = ipv4::mapped(ip[16..20].try_into().ok()?);
    Some(Packet { src, dst, ..packet })
}

#[inline(always)]
fn read_v6(bytes: &[u8; V6_CAPTURED_MIN], frame: &Frame<'_>, decapsulate: bool) -> Option<Packet> {
    let (ip, transport) = bytes[ethernet::HEADER_BYTES..].split_first_chunk::<IPV6_BYTES>()?;
    if ip[0] >> 4 != 6 {
        return None;
    }
    let declared = IPV6_BYTES + usize::from(u16::from_be_bytes([ip[4], ip[5]]));
    let packet = transports(ip[6], IPV6_BYTES, declared, transport.first_chunk()?, frame, decapsulate)?;
    Some(Packet { src: ip[8..24].try_into().ok()?, dst: ip[24..40].try_into().ok()?, ..packet })
}

/// All but the addresses; TCP and UDP without a branch between them: real traffic mixes the two, and a wrong guess
/// costs more than all this.
#[inline(always)]
fn transports(
    protocol: u8,
    ip_header: usize,
    declared: usize,
    transport: &[u8; TRANSPORT_BYTES],
    frame: &Frame<'_>,
    decapsulate: bool,
) -> Option<Packet> {
    let tcp = protocol == TCP;
    let udp = protocol == UDP;
    let tcp_bytes = (usize::from(transport[12] >> 4) * 4).max(TCP_BYTES_MIN);
    let headers = ip_header + if tcp { tcp_bytes } else { UDP_BYTES };
    let whole = declared >= headers && ethernet::HEADER_BYTES + declared <= frame.wire_len as usize;
    let dst_port = u16::from_be_bytes([transport[2], transport[3]]);
    let tunnel = decapsulate && udp && vxlan::PORTS.contains(&dst_port);
    if !whole | !(tcp | udp) | tunnel {
        return None;
    }
    Some(Packet {
        src_port: u16::from_be_bytes([transport[0], transport[1]]),
        dst_port,
        protocol,
        tcp_flags: if tcp { transport[13] } else { 0 },
        vlan: frame.vlan.map_or(0, |removed| removed.tci) & vlan::ID_MASK,
        fragment: Fragment::None,
        ip_bytes: declared as u32,
        header_bytes: (ethernet::HEADER_BYTES + headers) as u16,
        truncated: false,
        ..Packet::default()
    })
}
