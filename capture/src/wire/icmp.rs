//! ICMP and ICMPv6 (RFC 792, RFC 4443): no ports. The packet that an error quotes is never looked into.

use super::cursor::Cursor;
use super::ip::Transport;

/// Type, code, checksum: all that the shortest messages have.
const HEADER_BYTES: usize = 4;

/// Reads one header.
#[inline]
pub(super) fn read(payload: Cursor<'_>) -> Transport {
    Transport {
        header_bytes: payload.wire.min(HEADER_BYTES),
        truncated: payload.wire < HEADER_BYTES,
        ..Transport::default()
    }
}
