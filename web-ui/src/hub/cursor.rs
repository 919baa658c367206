//! The cursor: how far a reader has read, over all channels of one life of the hub.

use std::fmt;
use std::str::FromStr;

/// `epoch-seq`: everything up to message `seq` of the hub's life `epoch` is known to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The life of the hub, by chance: a hub that was started again does not take the old one's cursors for its own.
    pub epoch: u64,
    /// Number of the last message that is known; 0 = none.
    pub seq: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:x}-{}", self.epoch, self.seq)
    }
}

/// The text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a cursor looks like 5f3a-17: take the id of the last message, or the cursor of the last answer")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Cursor, NoCursor> {
        let (epoch, seq) = text.split_once('-').ok_or(NoCursor)?;
        let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !(is_plain(epoch) && is_plain(seq)) {
            return Err(NoCursor);
        }
        let epoch = u64::from_str_radix(epoch, 16).map_err(|_| NoCursor)?;
        Ok(Cursor { epoch, seq: seq.parse().map_err(|_| NoCursor)? })
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursor, NoCursor};

    #[test]
    fn it_is_read_as_it_is_written() {
        for cursor in [Cursor { epoch: 0, seq: 0 }, Cursor { epoch: u64::MAX, seq: u64::MAX }] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "-", "1", "1-", "-1", "g-1", "1-a", "1-+2", "+1-2", "1--2", "1-2-3", "1-18446744073709551616"]
        {
            assert_eq!(text.parse::<Cursor>(), Err(NoCursor), "{text:?}");
        }
    }
}
