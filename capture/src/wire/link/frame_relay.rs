//! Frame relay: a Q.922 address of 2 to 4 bytes, then the encapsulation of RFC 2427, or Cisco's.

use crate::wire::Skip;
use crate::wire::cursor::Cursor;
use crate::wire::layer::{Layer, Next};
use crate::wire::llc;

const UNNUMBERED: u8 = 0x03;
const ADDRESS_BYTES_MAX: usize = 4;

/// Reads one header.
pub(in crate::wire) fn next(cursor: Cursor<'_>) -> Next<'_> {
    // The lowest bit marks the address's last byte.
    let last = (0..ADDRESS_BYTES_MAX).find(|at| cursor.byte(*at).is_some_and(|byte| byte & 1 == 1));
    let after = cursor.skip(last.ok_or(Skip::Malformed)? + 1);
    let control = after.byte(0).ok_or(Skip::Malformed)?;
    if control != UNNUMBERED {
        let number = after.be16(0).ok_or(Skip::Malformed)?;
        return Ok((Layer::EtherType(number), after.skip(2)));
    }
    // A zero byte may pad the control field to an even number of bytes.
    let padding = usize::from(after.byte(1).ok_or(Skip::Malformed)? == 0);
    let payload = after.skip(2 + padding);
    match after.byte(1 + padding).ok_or(Skip::Malformed)? {
        0x80 => llc::snap(payload),
        0xcc => Ok((Layer::Ipv4, payload)),
        0x8e => Ok((Layer::Ipv6, payload)),
        0xcf => Ok((Layer::Ppp, payload)),
        0xb1 | 0xb2 => Err(Skip::Unsupported),
        _ => Err(Skip::NonIp),
    }
}
