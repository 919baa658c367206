//! IPv6 (RFC 8200) and its extension headers.
//!
//! | field | bytes |
//! |---|---|
//! | version | 0 |
//! | payload length | 4–5 |
//! | next header | 6 |
//! | source, destination | 8–23, 24–39 |

use super::cursor::Cursor;
use super::ip::Header;
use super::{Fragment, Skip};

const HEADER_BYTES: usize = 40;
/// Extension headers read before the chain is given up. Hosts read any number, and long chains are sent to hide what
/// is behind them: a packet of 1500 bytes has room for 182, at about 1 ns each.
const EXTENSIONS_MAX: usize = 192;
const PAYLOAD_LENGTH_MAX: usize = 65_535;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;

/// Reads the header and its extension headers.
#[inline]
pub(super) fn read(cursor: Cursor<'_>) -> Result<Header<'_>, Skip> {
    let header = cursor.header::<HEADER_BYTES>().ok_or(Skip::Malformed)?;
    if header[0] >> 4 != 6 {
        return Err(Skip::Malformed);
    }
    let declared = match usize::from(u16::from_be_bytes([header[4], header[5]])) {
        // BIG TCP: a payload that its length field cannot state (the jumbo option that may follow says the same).
        0 if cursor.wire > HEADER_BYTES + PAYLOAD_LENGTH_MAX => cursor.wire,
        payload => HEADER_BYTES + payload,
    };
    let (mut src, mut dst) = ([0; 16], [0; 16]);
    src.copy_from_slice(&header[8..24]);
    dst.copy_from_slice(&header[24..40]);
    let plain = Header {
        src,
        dst,
        protocol: header[6],
        fragment: Fragment::None,
        bytes: declared.min(cursor.wire),
        truncated: false,
        payload: cursor.clamp(declared).skip(HEADER_BYTES),
    };
    match header[6] {
        HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION => Ok(pass_extensions(plain)),
        _ => Ok(plain),
    }
}

/// Passes the extension headers. Mobility, HIP and Shim6, formally such headers, carry nothing behind them and are
/// left as the packet's protocol; so is ESP, whose inside is secret.
#[cold]
fn pass_extensions(header: Header<'_>) -> Header<'_> {
    let mut header = header;
    for _ in 0..EXTENSIONS_MAX {
        let minimum = match header.protocol {
            HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION => 8,
            _ => return header,
        };
        let Some(&[next, length, high, low, ..]) = header.payload.header::<8>() else {
            header.truncated = header.payload.wire < minimum;
            return header;
        };
        let bytes = match header.protocol {
            FRAGMENT => 8,
            AUTHENTICATION => (usize::from(length) + 2) * 4,
            _ => (usize::from(length) + 1) * 8,
        };
        if header.payload.wire < bytes {
            header.truncated = true;
            return header;
        }
        if header.protocol == FRAGMENT {
            header.fragment = place(u16::from_be_bytes([high, low]));
        }
        header.protocol = next;
        header.payload = header.payload.skip(bytes);
        if header.fragment == Fragment::Later {
            // What follows is the middle of a packet, not a header.
            return header;
        }
    }
    header
}

/// Offset in the upper 13 bits, more-fragments in the lowest. Neither set is an atomic fragment (RFC 6946): whole.
fn place(field: u16) -> Fragment {
    match (field & 0xfff8, field & 1) {
        (0, 0) => Fragment::None,
        (0, _) => Fragment::First,
        _ => Fragment::Later,
    }
}
