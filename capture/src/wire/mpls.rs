//! MPLS label stacks (RFC 3032) and what lies under them: IP, or Ethernet by pseudowire (RFC 4385, RFC 4448).

use super::Skip;
use super::cursor::Cursor;
use super::layer::{Layer, Next};

/// Labels read before the stack is given up; networks use up to about 10.
const LABELS_MAX: usize = 16;
const LABEL_BYTES: usize = 4;
const EXPLICIT_NULL_V4: u32 = 0;
const EXPLICIT_NULL_V6: u32 = 2;

/// Reads the whole stack.
pub(super) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let mut cursor = cursor;
    for _ in 0..LABELS_MAX {
        let entry = u32::from_be_bytes(*cursor.header::<LABEL_BYTES>().ok_or(Skip::Malformed)?);
        cursor = cursor.skip(LABEL_BYTES);
        let bottom_of_stack = entry & 0x100 != 0;
        if bottom_of_stack {
            return under(entry >> 12, cursor);
        }
    }
    Err(Skip::Unsupported)
}

/// No field names the payload: the explicit-null labels do, else its first four bits (RFC 4928).
fn under(label: u32, cursor: Cursor<'_>) -> Next<'_> {
    let first = cursor.byte(0).ok_or(Skip::Malformed)? >> 4;
    match (label, first) {
        (EXPLICIT_NULL_V4, _) | (_, 4) => Ok((Layer::Ipv4, cursor)),
        (EXPLICIT_NULL_V6, _) | (_, 6) => Ok((Layer::Ipv6, cursor)),
        (_, 0) => Ok((Layer::Ethernet, cursor.skip(4))),
        (_, 1) => Err(Skip::NonIp),
        _ => Err(Skip::Unsupported),
    }
}
