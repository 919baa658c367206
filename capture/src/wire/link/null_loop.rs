//! BSD null and loop: a 4-byte address family, in the byte order of the machine that captured, or of the network.

use crate::wire::Skip;
use crate::wire::cursor::Cursor;
use crate::wire::layer::{Layer, Next};

/// Reads one header. AF_INET is 2 everywhere; AF_INET6 is 24, 28 or 30 on the BSDs, 10 on Linux.
pub(in crate::wire) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let bytes = *cursor.header::<4>().ok_or(Skip::Malformed)?;
    let (little, big) = (u32::from_le_bytes(bytes), u32::from_be_bytes(bytes));
    match little.min(big) {
        2 => Ok((Layer::Ipv4, cursor.skip(4))),
        10 | 24 | 28 | 30 => Ok((Layer::Ipv6, cursor.skip(4))),
        _ => Err(Skip::NonIp),
    }
}
