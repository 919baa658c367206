//! Memory whose address is a multiple of 4 KiB, as O_DIRECT asks.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::limits::{ALIGNMENT, BUFFER_BYTES};

/// [`BUFFER_BYTES`] of aligned memory; it is moved between its owners and never copied or grown.
pub struct Buffer {
    /// One alignment unit more than is used, so that an aligned place lies within.
    bytes: Vec<u8>,
    skip: usize,
    index: usize,
}

impl Buffer {
    /// Zeros; `index` is its number among the buffers of its disk.
    pub(super) fn new(index: usize) -> Buffer {
        let bytes = vec![0u8; BUFFER_BYTES + ALIGNMENT as usize];
        let skip = bytes.as_ptr().align_offset(ALIGNMENT as usize);
        assert!(skip < ALIGNMENT as usize, "a place for bytes can be aligned");
        Buffer { bytes, skip, index }
    }

    pub(super) fn index(&self) -> usize {
        self.index
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.skip..self.skip + BUFFER_BYTES]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.skip..self.skip + BUFFER_BYTES]
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({})", self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::{ALIGNMENT, BUFFER_BYTES, Buffer};

    #[test]
    fn a_buffer_is_aligned_also_after_it_moved() {
        let mut held: Vec<Buffer> = (0..3).map(Buffer::new).collect();
        held.reverse();
        for buffer in &held {
            assert_eq!((buffer.as_ptr() as u64 % ALIGNMENT, buffer.len()), (0, BUFFER_BYTES));
        }
    }
}
