//! Where a reader stands in a frame, and what is left of it: as captured, and on the wire.

use crate::frame::Frame;

/// Headers are read at the cursor and passed by [`Cursor::skip`]; a length field narrows what follows by
/// [`Cursor::clamp`]. No accessor panics or reads past the captured bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    /// Captured bytes from here on; fewer than `wire` when the snaplen cut the frame.
    pub rest: &'a [u8],
    /// Bytes on the wire from here on, as the frame's length and the outer headers' length fields allow.
    pub wire: usize,
    /// Bytes passed since the start of the frame.
    pub at: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of a frame.
    #[inline]
    pub fn new(frame: &Frame<'a>) -> Cursor<'a> {
        Cursor { rest: frame.bytes, wire: frame.wire_len as usize, at: 0 }
    }

    /// The next `N` bytes, if they were captured.
    #[inline]
    pub fn header<const N: usize>(self) -> Option<&'a [u8; N]> {
        self.rest.first_chunk()
    }

    /// The byte at `offset` from here.
    #[inline]
    pub fn byte(self, offset: usize) -> Option<u8> {
        self.rest.get(offset).copied()
    }

    /// The 16-bit number in network order at `offset` from here.
    #[inline]
    pub fn be16(self, offset: usize) -> Option<u16> {
        self.rest.get(offset..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// Passes `count` bytes, or all there are.
    #[inline]
    pub fn skip(self, count: usize) -> Cursor<'a> {
        Cursor {
            rest: self.rest.get(count..).unwrap_or_default(),
            wire: self.wire.saturating_sub(count),
            at: self.at + count,
        }
    }

    /// Only the next `count` bytes belong to what follows.
    #[inline]
    pub fn clamp(self, count: usize) -> Cursor<'a> {
        Cursor { rest: self.rest.get(..count).unwrap_or(self.rest), wire: self.wire.min(count), at: self.at }
    }
}
