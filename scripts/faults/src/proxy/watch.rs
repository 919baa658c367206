//! Finds a word in what a client sends, however it is cut into pieces.

use super::Word;

/// Bytes of a packet or line that are looked at.
const HEAD: usize = 16;

/// What was seen so far: both protocols are followed, because the word may be chosen later.
#[derive(Default)]
pub(super) struct Watch {
    /// The header of the MySQL packet that begins: three bytes of length, one of sequence.
    header: Vec<u8>,
    /// Its payload that is still to come.
    left: usize,
    head: Vec<u8>,
    line: Vec<u8>,
}

impl Watch {
    /// Goes over a piece; whether `word` was completed in it.
    pub(super) fn feed(&mut self, piece: &[u8], word: Option<Word>) -> bool {
        let mut found = false;
        for &byte in piece {
            found |= match word {
                Some(Word::Line(begin)) => self.line_byte(byte).is_some_and(|line| line.starts_with(begin)),
                _ => {
                    let commit = self.packet_byte(byte);
                    commit && word == Some(Word::MySqlCommit)
                }
            };
        }
        found
    }

    /// Whether the byte ends a packet that is a query `COMMIT`.
    fn packet_byte(&mut self, byte: u8) -> bool {
        if self.left == 0 {
            self.header.push(byte);
            if let [a, b, c, _] = self.header[..] {
                self.left = usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16;
                self.header.clear();
                self.head.clear();
            }
            return false;
        }
        self.left -= 1;
        if self.head.len() < HEAD {
            self.head.push(byte);
        }
        self.left == 0 && self.head.eq_ignore_ascii_case(b"\x03COMMIT")
    }

    /// The line that the byte ends.
    fn line_byte(&mut self, byte: u8) -> Option<Vec<u8>> {
        if byte == b'\n' {
            return Some(std::mem::take(&mut self.line));
        }
        if self.line.len() < HEAD {
            self.line.push(byte);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_however_the_bytes_are_cut() {
        let packet = |payload: &[u8]| [&[payload.len() as u8, 0, 0, 0], payload].concat();
        let stream = [packet(b"\x03COMMITTED?"), packet(b"\x17COMMIT"), packet(b""), packet(b"\x03COMMIT")].concat();
        for size in 1..stream.len() {
            let mut watch = Watch::default();
            let found: Vec<bool> = stream.chunks(size).map(|p| watch.feed(p, Some(Word::MySqlCommit))).collect();
            assert_eq!(found.iter().filter(|found| **found).count(), 1, "pieces of {size}");
            assert!(found.last().unwrap(), "pieces of {size}");
        }
        let mut watch = Watch::default();
        assert!(!watch.feed(b"DATA\r\n.. not the end\r\n", Some(Word::Line(b".\r"))));
        assert!(watch.feed(b".\r\n", Some(Word::Line(b".\r"))));
    }
}
