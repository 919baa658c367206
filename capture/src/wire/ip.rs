//! What both IP versions share: an IP header read into a packet, with the place of its payload.

use super::cursor::Cursor;
use super::layer::{Network, Version};
use super::{Fragment, Packet, Skip, icmp, ipv4, ipv6, sctp, tcp, udp};

/// IP protocol numbers that have a reader here.
pub(super) mod protocol {
    pub const ICMP: u8 = 1;
    pub const IPV4: u8 = 4;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const IPV6: u8 = 41;
    pub const GRE: u8 = 47;
    pub const ICMPV6: u8 = 58;
    pub const SCTP: u8 = 132;
    pub const MPLS: u8 = 137;
}

/// An IP header, read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ip<'a> {
    pub packet: Packet,
    /// Behind the IP header and its extension headers, up to the end that the header declares.
    pub payload: Cursor<'a>,
}

/// What an IP header says, before the transport is looked at.
pub(super) struct Header<'a> {
    pub src: [u8; 16],
    pub dst: [u8; 16],
    pub protocol: u8,
    pub fragment: Fragment,
    /// The declared length of the packet, clamped to the wire.
    pub bytes: usize,
    /// A part of the IP header or of its extension headers is missing from the wire.
    pub truncated: bool,
    pub payload: Cursor<'a>,
}

/// What a transport header says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Transport {
    pub src_port: u16,
    pub dst_port: u16,
    pub tcp_flags: u8,
    /// Length of the header; 0 where the protocol has no reader.
    pub header_bytes: usize,
    /// The header is longer than what the wire holds of it.
    pub truncated: bool,
}

/// Reads the IP header and the transport header behind it.
#[inline]
pub(super) fn read(network: Network<'_>) -> Result<Ip<'_>, Skip> {
    match network.version {
        Version::V4 => finish(ipv4::read(network.cursor)?),
        Version::V6 => finish(ipv6::read(network.cursor)?),
    }
}

#[inline]
fn finish(header: Header<'_>) -> Result<Ip<'_>, Skip> {
    let payload = header.payload;
    let transport = match header.fragment {
        Fragment::Later => Transport::default(),
        Fragment::None | Fragment::First => transport(header.protocol, payload),
    };
    let header_bytes = payload.at + transport.header_bytes;
    let packet = Packet {
        src: header.src,
        dst: header.dst,
        src_port: transport.src_port,
        dst_port: transport.dst_port,
        protocol: header.protocol,
        tcp_flags: transport.tcp_flags,
        vlan: 0,
        fragment: header.fragment,
        ip_bytes: u32::try_from(header.bytes).unwrap_or(u32::MAX),
        header_bytes: u16::try_from(header_bytes).unwrap_or(u16::MAX),
        truncated: header.truncated | transport.truncated,
    };
    Ok(Ip { packet, payload })
}

#[inline]
fn transport(number: u8, payload: Cursor<'_>) -> Transport {
    match number {
        protocol::TCP => tcp::read(payload),
        protocol::UDP => udp::read(payload),
        protocol::ICMP | protocol::ICMPV6 => icmp::read(payload),
        protocol::SCTP => sctp::read(payload),
        _ => Transport::default(),
    }
}

/// Source and destination port, which TCP, UDP and SCTP have in their first four bytes; 0 where they are cut off.
#[inline]
pub(super) fn ports(payload: Cursor<'_>) -> (u16, u16) {
    payload.header::<4>().map_or((0, 0), |[a, b, c, d]| (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])))
}
