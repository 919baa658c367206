//! IEEE 802.11: unencrypted data frames; management and control frames carry no IP.
//!
//! | field | bytes |
//! |---|---|
//! | frame control: version, type, subtype; then flags | 0, 1 |
//! | duration, three addresses, sequence | 2–23 |
//! | fourth address, where to and from the distribution system | 24–29 |
//! | QoS control, where the subtype has its high bit; HT control, where the order flag is set too | 2; 4 |

use crate::wire::Skip;
use crate::wire::cursor::Cursor;
use crate::wire::layer::{Layer, Next};

const TO_AND_FROM: u8 = 0x03;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;
const SUBTYPE_QOS: u8 = 0x08;
const SUBTYPE_NULL: u8 = 0x04;
const QOS_AMSDU: u8 = 0x80;
/// Destination, source, length: before each frame of an aggregate.
const AMSDU_HEADER_BYTES: usize = 14;

/// Reads one header that nothing pads.
pub(in crate::wire) fn next(cursor: Cursor<'_>) -> Next<'_> {
    data(cursor, false)
}

/// Reads one header; `padded` = to a multiple of 4 bytes, as some drivers do and radiotap tells.
pub(super) fn data(cursor: Cursor<'_>, padded: bool) -> Next<'_> {
    let [control, flags] = *cursor.header::<2>().ok_or(Skip::Malformed)?;
    let (version, kind, subtype) = (control & 3, control >> 2 & 3, control >> 4);
    match (version, kind) {
        (0, 2) if subtype & SUBTYPE_NULL == 0 => {}
        (0, _) => return Err(Skip::NonIp),
        _ => return Err(Skip::Unsupported),
    }
    if flags & PROTECTED != 0 {
        return Err(Skip::Unsupported);
    }
    let mut bytes = 24;
    if flags & TO_AND_FROM == TO_AND_FROM {
        bytes += 6;
    }
    let mut aggregate = false;
    if subtype & SUBTYPE_QOS != 0 {
        aggregate = cursor.byte(bytes).ok_or(Skip::Malformed)? & QOS_AMSDU != 0;
        bytes += if flags & ORDER != 0 { 6 } else { 2 };
    }
    if padded {
        bytes = bytes.next_multiple_of(4);
    }
    // Of an aggregate the first frame is read: one record is one packet here.
    Ok((Layer::Llc, cursor.skip(bytes + if aggregate { AMSDU_HEADER_BYTES } else { 0 })))
}
