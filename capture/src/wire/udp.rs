//! UDP (RFC 768): ports.

use super::cursor::Cursor;
use super::ip::{Transport, ports};

const HEADER_BYTES: usize = 8;

/// Reads one header, as much of it as there is.
#[inline]
pub(super) fn read(payload: Cursor<'_>) -> Transport {
    let (src_port, dst_port) = ports(payload);
    Transport {
        src_port,
        dst_port,
        tcp_flags: 0,
        header_bytes: payload.wire.min(HEADER_BYTES),
        truncated: payload.wire < HEADER_BYTES,
    }
}
