//! VXLAN (RFC 7348): an Ethernet frame behind 8 bytes in a UDP datagram.

use super::Skip;
use super::cursor::Cursor;
use super::layer::{Layer, Next};

/// The registered UDP port, and the one that Linux used before there was one.
pub(super) const PORTS: [u16; 2] = [4789, 8472];
const HEADER_BYTES: usize = 8;
const VALID_NETWORK_ID: u8 = 0x08;

/// Reads one header.
pub(super) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let header = cursor.header::<HEADER_BYTES>().ok_or(Skip::Malformed)?;
    if header[0] & VALID_NETWORK_ID == 0 {
        return Err(Skip::Unsupported);
    }
    Ok((Layer::Ethernet, cursor.skip(HEADER_BYTES)))
}
