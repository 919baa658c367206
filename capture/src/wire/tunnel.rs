//! The innermost IP header: through IP-in-IP, 6in4, GRE, MPLS in IP and VXLAN, never into what an ICMP error quotes.

use super::cursor::Cursor;
use super::ip::{self, Ip, protocol};
use super::layer::{self, Layer};
use super::{Fragment, Packet, gre, vxlan};

/// Tunnels entered in one frame; real ones nest two or three.
const TUNNELS_MAX: usize = 8;
const UDP_HEADER_BYTES: usize = 8;

/// The packet keyed by the innermost IP header that can be read; `ip_bytes` stays the outermost's.
#[inline]
pub(super) fn innermost(outer: Ip<'_>) -> Packet {
    match enter(&outer) {
        None => outer.packet,
        Some(inside) => descend(outer, inside),
    }
}

#[cold]
fn descend(outer: Ip<'_>, inside: (Layer, Cursor<'_>)) -> Packet {
    let mut innermost = outer;
    let mut inside = Some(inside);
    for _ in 0..TUNNELS_MAX {
        let Some((layer, cursor)) = inside else { break };
        let Ok(inner) = layer::walk(layer, cursor).and_then(|(network, _)| ip::read(network)) else { break };
        innermost = inner;
        inside = enter(&innermost);
    }
    Packet { ip_bytes: outer.packet.ip_bytes, ..innermost.packet }
}

/// What the packet carries, if it is a tunnel's. A later fragment has no tunnel header.
#[inline]
fn enter<'a>(ip: &Ip<'a>) -> Option<(Layer, Cursor<'a>)> {
    if ip.packet.fragment == Fragment::Later {
        return None;
    }
    match ip.packet.protocol {
        protocol::UDP if vxlan::PORTS.contains(&ip.packet.dst_port) => {
            vxlan::next(ip.payload.skip(UDP_HEADER_BYTES)).ok()
        }
        protocol::IPV4 => Some((Layer::Ipv4, ip.payload)),
        protocol::IPV6 => Some((Layer::Ipv6, ip.payload)),
        protocol::GRE => gre::next(ip.payload).ok(),
        protocol::MPLS => Some((Layer::Mpls, ip.payload)),
        _ => None,
    }
}
