//! IPv4 (RFC 791).
//!
//! | field | bytes |
//! |---|---|
//! | version, header length in words | 0 |
//! | total length | 2–3 |
//! | flags (0x2000 = more fragments), fragment offset | 6–7 |
//! | protocol | 9 |
//! | source, destination | 12–15, 16–19 |

use super::cursor::Cursor;
use super::ip::Header;
use super::{Fragment, Skip};

const HEADER_BYTES_MIN: usize = 20;
pub(super) const MORE_FRAGMENTS: u16 = 0x2000;
pub(super) const OFFSET_MASK: u16 = 0x1fff;

/// Reads one header; options are passed over.
#[inline]
pub(super) fn read(cursor: Cursor<'_>) -> Result<Header<'_>, Skip> {
    let header = cursor.header::<HEADER_BYTES_MIN>().ok_or(Skip::Malformed)?;
    let header_bytes = usize::from(header[0] & 0x0f) * 4;
    if header[0] >> 4 != 4 || header_bytes < HEADER_BYTES_MIN {
        return Err(Skip::Malformed);
    }
    let declared = match u16::from_be_bytes([header[2], header[3]]) {
        // BIG TCP, and segments not yet cut by the sender's NIC: the length does not fit, or is left to the hardware.
        0 => cursor.wire,
        total => usize::from(total),
    };
    if declared < header_bytes {
        return Err(Skip::Malformed);
    }
    let place = u16::from_be_bytes([header[6], header[7]]);
    let fragment = match (place & OFFSET_MASK, place & MORE_FRAGMENTS) {
        (0, 0) => Fragment::None,
        (0, _) => Fragment::First,
        _ => Fragment::Later,
    };
    Ok(Header {
        src: mapped([header[12], header[13], header[14], header[15]]),
        dst: mapped([header[16], header[17], header[18], header[19]]),
        protocol: header[9],
        fragment,
        bytes: declared.min(cursor.wire),
        truncated: cursor.wire < header_bytes,
        payload: cursor.clamp(declared).skip(header_bytes),
    })
}

/// An IPv4 address as IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2).
#[inline]
pub(super) fn mapped(address: [u8; 4]) -> [u8; 16] {
    (0xffff_0000_0000 | u128::from(u32::from_be_bytes(address))).to_be_bytes()
}
