//! Linux netfilter log: family, version, resource id, then values of which one is the packet, from its IP header on.
//!
//! A value is a length with its own header (2 bytes), a type (2), content, padding to 4; numbers are in the byte order
//! of the machine that captured, which the frame does not tell: types are below 256, so their zero byte tells it.

use crate::wire::Skip;
use crate::wire::cursor::Cursor;
use crate::wire::layer::{Layer, Next};

const HEADER_BYTES: usize = 4;
/// NFULA_PAYLOAD of linux/netfilter/nfnetlink_log.h.
const PAYLOAD: u8 = 9;
/// Values read before the frame is given up; the kernel knows about 20.
const VALUES_MAX: usize = 64;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// Reads the header and finds the packet.
pub(in crate::wire) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let [family, version, ..] = *cursor.header::<HEADER_BYTES>().ok_or(Skip::Malformed)?;
    let layer = match (version, family) {
        (0, AF_INET) => Layer::Ipv4,
        (0, AF_INET6) => Layer::Ipv6,
        (0, _) => return Err(Skip::NonIp),
        _ => return Err(Skip::Unsupported),
    };
    let mut cursor = cursor.skip(HEADER_BYTES);
    for _ in 0..VALUES_MAX {
        let raw = *cursor.header::<4>().ok_or(Skip::Malformed)?;
        let (length, kind) = value_header(raw, cursor.wire).ok_or(Skip::Malformed)?;
        if kind == PAYLOAD {
            return Ok((layer, cursor.clamp(length).skip(4)));
        }
        cursor = cursor.skip(length.next_multiple_of(4));
    }
    Err(Skip::Malformed)
}

/// Length and type of a value, if the length fits into what is left.
fn value_header(raw: [u8; 4], left: usize) -> Option<(usize, u8)> {
    let (length, kind) = match raw {
        [a, b, kind, 0] => (u16::from_le_bytes([a, b]), kind),
        [a, b, 0, kind] => (u16::from_be_bytes([a, b]), kind),
        _ => return None,
    };
    (4..=left).contains(&usize::from(length)).then_some((usize::from(length), kind))
}
