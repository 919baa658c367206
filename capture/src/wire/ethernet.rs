//! Ethernet II and IEEE 802.3: two addresses, then an ethertype or a length.
//!
//! | field | bytes |
//! |---|---|
//! | destination, source | 0–5, 6–11 |
//! | ethertype; a length when ≤ 1500 | 12–13 |

use super::Skip;
use super::cursor::Cursor;
use super::layer::{Layer, Next};

pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
pub(super) const HEADER_BYTES: usize = 14;
/// The first number that is an ethertype (IEEE 802.3, clause 3.2.6); up to 1500 it is a length, between them nothing.
pub(super) const ETHERTYPE_MIN: u16 = 0x0600;

/// Reads one header.
pub(super) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let number = cursor.be16(12).ok_or(Skip::Malformed)?;
    let payload = cursor.skip(HEADER_BYTES);
    if number < ETHERTYPE_MIN {
        // A length: not used, as the IP header has its own. (Raw Novell IPX has no LLC; it begins with 0xffff there.)
        return Ok((Layer::Llc, payload));
    }
    Ok((Layer::EtherType(number), payload))
}

/// The layer that an ethertype announces.
pub(super) fn announced(number: u16) -> Result<Layer, Skip> {
    Ok(match number {
        IPV4 => Layer::Ipv4,
        IPV6 => Layer::Ipv6,
        // 802.1Q, 802.1ad, and the numbers used for the outer tag before 802.1ad had its own.
        0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => Layer::Vlan,
        0x8847 | 0x8848 => Layer::Mpls,
        0x8864 => Layer::PppoeSession,
        0x880b => Layer::Ppp,
        0x6558 => Layer::Ethernet,
        // LLC behind an ethertype, for frames longer than a length field can say.
        0x8870 => Layer::Llc,
        // These carry other frames, in ways not read here: provider backbone bridging, MACsec, VN-tag, TRILL, NSH,
        // Cisco metadata.
        0x88e7 | 0x88e5 | 0x8926 | 0x22f3 | 0x894f | 0x8909 => return Err(Skip::Unsupported),
        _ => return Err(Skip::NonIp),
    })
}
