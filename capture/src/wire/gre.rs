//! GRE (RFC 2784, RFC 2890) and its PPTP form (RFC 2637).
//!
//! | field | bytes |
//! |---|---|
//! | flags (0x8000 checksum, 0x4000 routing, 0x2000 key, 0x1000 sequence, 0x0080 acknowledgement), version | 0–1 |
//! | ethertype of the payload | 2–3 |
//! | optional: checksum, key, sequence, acknowledgement | 4 each |

use super::Skip;
use super::cursor::Cursor;
use super::layer::{Layer, Next};

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGEMENT: u16 = 0x0080;
const VERSION_MASK: u16 = 0x0007;
/// ERSPAN type II; with the sequence flag an 8-byte header precedes the mirrored frame, without it (type I) none does.
const ERSPAN: u16 = 0x88be;

/// Reads one header.
pub(super) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let [high, low, type_high, type_low] = *cursor.header::<4>().ok_or(Skip::Malformed)?;
    let flags = u16::from_be_bytes([high, low]);
    let number = u16::from_be_bytes([type_high, type_low]);
    let optional = |flag: u16| if flags & flag != 0 { 4 } else { 0 };
    let options = match flags & VERSION_MASK {
        0 if flags & ROUTING == 0 => optional(CHECKSUM) + optional(KEY) + optional(SEQUENCE),
        1 => optional(KEY) + optional(SEQUENCE) + optional(ACKNOWLEDGEMENT),
        _ => return Err(Skip::Unsupported),
    };
    let payload = cursor.skip(4 + options);
    match number {
        ERSPAN => Ok((Layer::Ethernet, payload.skip(2 * optional(SEQUENCE)))),
        _ => Ok((Layer::EtherType(number), payload)),
    }
}
