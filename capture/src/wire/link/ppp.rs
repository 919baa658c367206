//! PPP (RFC 1661), with or without HDLC-like framing (RFC 1662) or the direction byte of some captures.

use crate::wire::Skip;
use crate::wire::cursor::Cursor;
use crate::wire::layer::{Layer, Next};

/// Reads the framing, if there is any, and the protocol field.
pub(in crate::wire) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let cursor = match cursor.header::<2>().ok_or(Skip::Malformed)? {
        // Cisco HDLC in the same capture, as serial lines that may be either deliver it.
        [0x0f | 0x8f, 0] => return Ok((Layer::CiscoHdlc, cursor)),
        // Address "all stations", control "unnumbered"; or a direction (0 in, 1 out) in the address's place.
        [0xff | 0 | 1, 0x03] => cursor.skip(2),
        _ => cursor,
    };
    let first = cursor.byte(0).ok_or(Skip::Malformed)?;
    // The first byte of a protocol number is even, its last odd: an odd first byte is a field compressed to one.
    let (protocol, payload) = match first & 1 {
        1 => (u16::from(first), cursor.skip(1)),
        _ => (cursor.be16(0).ok_or(Skip::Malformed)?, cursor.skip(2)),
    };
    match protocol {
        0x0021 => Ok((Layer::Ipv4, payload)),
        0x0057 => Ok((Layer::Ipv6, payload)),
        0x0281 | 0x0283 => Ok((Layer::Mpls, payload)),
        // Van Jacobson's and other header compression, multilink parts, compressed and encrypted datagrams.
        0x002d | 0x002f | 0x003d | 0x0053 | 0x0055 | 0x0061..=0x0069 | 0x00fb | 0x00fd => Err(Skip::Unsupported),
        _ => Err(Skip::NonIp),
    }
}
