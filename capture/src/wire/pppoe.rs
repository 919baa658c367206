//! PPPoE sessions (RFC 2516): version and type, code, session, length, then PPP without its framing.

use super::Skip;
use super::cursor::Cursor;
use super::layer::{Layer, Next};

const HEADER_BYTES: usize = 6;
const CODE_SESSION: u8 = 0;

/// Reads one header.
pub(super) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let header = *cursor.header::<HEADER_BYTES>().ok_or(Skip::Malformed)?;
    if header[0] != 0x11 {
        return Err(Skip::Malformed);
    }
    if header[1] != CODE_SESSION {
        return Err(Skip::NonIp);
    }
    // The length is not used: the IP header has its own, and where the two differ, the tools agree on IP's.
    Ok((Layer::Ppp, cursor.skip(HEADER_BYTES)))
}
