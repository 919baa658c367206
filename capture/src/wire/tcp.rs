//! TCP (RFC 9293): ports, header length and flags.

use super::cursor::Cursor;
use super::ip::{Transport, ports};

const HEADER_BYTES_MIN: usize = 20;

/// Reads one header, as much of it as there is.
#[inline]
pub(super) fn read(payload: Cursor<'_>) -> Transport {
    let Some(header) = payload.header::<14>() else { return short(payload) };
    let header_bytes = usize::from(header[12] >> 4) * 4;
    Transport {
        src_port: u16::from_be_bytes([header[0], header[1]]),
        dst_port: u16::from_be_bytes([header[2], header[3]]),
        tcp_flags: header[13],
        header_bytes: header_bytes.max(HEADER_BYTES_MIN).min(payload.wire),
        truncated: payload.wire < header_bytes.max(HEADER_BYTES_MIN),
    }
}

#[cold]
fn short(payload: Cursor<'_>) -> Transport {
    let (src_port, dst_port) = ports(payload);
    Transport {
        src_port,
        dst_port,
        tcp_flags: 0,
        header_bytes: payload.wire.min(HEADER_BYTES_MIN),
        truncated: payload.wire < HEADER_BYTES_MIN,
    }
}
