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
#[inline]
pub(super) fn read(frame: &Frame<'_>, decapsulate: bool) -> Option<Packet> {
    let bytes = frame.bytes.first_chunk::<V4_CAPTURED_MIN>()?;
    let packet = match u16::from_be_bytes([bytes[12], bytes[13]]) {
        IPV4 => read_v4(bytes, frame.wire_len)?,
        IPV6 => read_v6(frame.bytes.first_chunk()?, frame.wire_len)?,
        _ => return None,
    };
    if decapsulate && packet.protocol == UDP && vxlan::PORTS.contains(&packet.dst_port) {
        return None;
    }
    Some(Packet { vlan: frame.vlan.map_or(0, |removed| removed.tci) & vlan::ID_MASK, ..packet })
}

#[inline]
fn read_v4(bytes: &[u8; V4_CAPTURED_MIN], wire_len: u32) -> Option<Packet> {
    let (ip, transport) = bytes[ethernet::HEADER_BYTES..].split_first_chunk::<IPV4_BYTES>()?;
    let unfragmented = u16::from_be_bytes([ip[6], ip[7]]) & (ipv4::MORE_FRAGMENTS | ipv4::OFFSET_MASK) == 0;
    if ip[0] != 0x45 || !unfragmented {
        return None;
    }
    let declared = u16::from_be_bytes([ip[2], ip[3]]);
    let addresses = (ipv4::mapped(ip[12..16].try_into().ok()?), ipv4::mapped(ip[16..20].try_into().ok()?));
    finish(addresses, ip[9], transport.first_chunk()?, (IPV4_BYTES, usize::from(declared), wire_len))
}

#[inline]
fn read_v6(bytes: &[u8; V6_CAPTURED_MIN], wire_len: u32) -> Option<Packet> {
    let (ip, transport) = bytes[ethernet::HEADER_BYTES..].split_first_chunk::<IPV6_BYTES>()?;
    if ip[0] >> 4 != 6 {
        return None;
    }
    let declared = IPV6_BYTES + usize::from(u16::from_be_bytes([ip[4], ip[5]]));
    let addresses = (ip[8..24].try_into().ok()?, ip[24..40].try_into().ok()?);
    finish(addresses, ip[6], transport.first_chunk()?, (IPV6_BYTES, declared, wire_len))
}

/// TCP and UDP without a branch between them: real traffic mixes the two, and a wrong guess costs more than all this.
#[inline]
fn finish(
    (src, dst): ([u8; 16], [u8; 16]),
    protocol: u8,
    transport: &[u8; TRANSPORT_BYTES],
    (ip_header, declared, wire_len): (usize, usize, u32),
) -> Option<Packet> {
    let tcp = protocol == TCP;
    let tcp_bytes = (usize::from(transport[12] >> 4) * 4).max(TCP_BYTES_MIN);
    let headers = ip_header + if tcp { tcp_bytes } else { UDP_BYTES };
    let whole = declared >= headers && ethernet::HEADER_BYTES + declared <= wire_len as usize;
    if !whole | !(tcp | (protocol == UDP)) {
        return None;
    }
    Some(Packet {
        src,
        dst,
        src_port: u16::from_be_bytes([transport[0], transport[1]]),
        dst_port: u16::from_be_bytes([transport[2], transport[3]]),
        protocol,
        tcp_flags: if tcp { transport[13] } else { 0 },
        vlan: 0,
        fragment: Fragment::None,
        ip_bytes: declared as u32,
        header_bytes: (ethernet::HEADER_BYTES + headers) as u16,
        truncated: false,
    })
}
