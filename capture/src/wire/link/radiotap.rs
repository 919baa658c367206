//! Radiotap, the header that 802.11 captures put before the frame; all its numbers are little-endian.
//!
//! | field | bytes |
//! |---|---|
//! | version, padding | 0, 1 |
//! | length of the whole header | 2–3 |
//! | which fields are present; another word follows where bit 31 is set | 4–7, … |
//! | the fields: time (8 bytes, aligned) if bit 0, flags (1 byte) if bit 1, … | behind the words |

use super::ieee80211;
use crate::wire::Skip;
use crate::wire::cursor::Cursor;
use crate::wire::layer::Next;

const PRESENT_TIME: u32 = 1;
const PRESENT_FLAGS: u32 = 1 << 1;
const PRESENT_MORE: u32 = 1 << 31;
/// Words of presence bits read; each namespace adds one, and there are three.
const PRESENT_WORDS_MAX: usize = 16;
const FLAG_PADDED: u8 = 0x20;

/// Reads one header and the 802.11 header behind it.
pub(in crate::wire) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let header = *cursor.header::<4>().ok_or(Skip::Malformed)?;
    let length = usize::from(u16::from_le_bytes([header[2], header[3]]));
    if header[0] != 0 || length < 8 || length > cursor.wire {
        return Err(Skip::Malformed);
    }
    let padded = flags(cursor.clamp(length)).is_some_and(|flags| flags & FLAG_PADDED != 0);
    ieee80211::data(cursor.skip(length), padded)
}

/// The flags field, if the header has one.
fn flags(header: Cursor<'_>) -> Option<u8> {
    let word = |index: usize| header.skip(4 + 4 * index).header::<4>().map(|bytes| u32::from_le_bytes(*bytes));
    let present = word(0)?;
    if present & PRESENT_FLAGS == 0 {
        return None;
    }
    let words =
        1 + (0..PRESENT_WORDS_MAX).take_while(|index| word(*index).is_some_and(|w| w & PRESENT_MORE != 0)).count();
    let fields = 4 + 4 * words;
    match present & PRESENT_TIME {
        0 => header.byte(fields),
        _ => header.byte(fields.next_multiple_of(8) + 8),
    }
}
