//! The memory of a ring and the loan of one of its blocks.
#![allow(unsafe_code)] // the island; rules in the module above

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;

use super::handover::{AtomicU32, give_back};
use super::walk::{BlockHeader, Frames, Layout};

/// Where the status word stands in a block's descriptor (tpacket_block_desc.hdr.bh1.block_status).
const STATUS_AT: usize = 8;

const _: () = assert!(size_of::<libc::tpacket_block_desc>() == super::walk::BLOCK_HEADER);

/// The mapped ring: `blocks` blocks of `block_bytes` each.
#[derive(Debug)]
pub(super) struct Mapping {
    start: NonNull<u8>,
    block_bytes: usize,
    blocks: usize,
}

// SAFETY: rule 2: the mapping has one owner and is not tied to the thread that made it; nothing but the owner and the
// kernel touches it.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Maps the ring of `socket`. Neither MAP_LOCKED nor MAP_POPULATE: the pages are the kernel's, present already and
    /// never swapped, and locking would only add a limit to run into.
    pub(super) fn new(socket: BorrowedFd<'_>, block_bytes: usize, blocks: usize) -> io::Result<Mapping> {
        assert!(block_bytes >= super::walk::BLOCK_HEADER && block_bytes.is_multiple_of(4096) && blocks > 0);
        let length = block_bytes.checked_mul(blocks).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: a new shared mapping at an address of the kernel's choice replaces no memory of ours.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast::<u8>()).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Mapping { start, block_bytes, blocks })
    }

    /// Bytes of the whole ring.
    pub(super) fn bytes(&self) -> usize {
        self.block_bytes * self.blocks
    }

    fn block_start(&self, index: usize) -> NonNull<u8> {
        assert!(index < self.blocks);
        // SAFETY: rule 2: `index` is below the number of blocks, so the sum stays inside the mapping.
        unsafe { self.start.add(index * self.block_bytes) }
    }

    /// Block `index`, which the caller has just seen (Acquire) to be ours, and does not give back before the slice ends.
    fn bytes_of(&self, index: usize) -> &[u8] {
        // SAFETY: rules 3 and 4: the callers keep what is said above, and the slice borrows the mapping. Page memory of
        // the kernel is initialised.
        unsafe { std::slice::from_raw_parts(self.block_start(index).as_ptr(), self.block_bytes) }
    }

    /// What the kernel says of block `index`, which the caller has just seen (Acquire) to be ours; it stays ours.
    pub(super) fn header(&self, index: usize) -> BlockHeader {
        BlockHeader::read(self.bytes_of(index))
    }

    /// The word by which a block goes from the kernel to us and back.
    pub(super) fn status(&self, index: usize) -> &AtomicU32 {
        // SAFETY: rules 2 and 4: the word lies inside the block (its length is asserted in `new`), is aligned because
        // blocks are page-aligned, lives as long as the mapping, and is only accessed atomically.
        unsafe { self.block_start(index).add(STATUS_AT).cast::<AtomicU32>().as_ref() }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: rules 2 and 3: this is the whole of one mapping, unmapped once, and no loan is left.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.bytes()) };
    }
}

/// A finished block on loan from the kernel: frames in the order of arrival. Dropping it returns the memory; while it
/// is held the kernel has one block less, so drop it as soon as its frames are counted.
#[derive(Debug)]
pub struct Block<'ring> {
    mapping: &'ring mut Mapping,
    index: usize,
    next: &'ring mut usize,
    layout: Layout,
}

impl<'ring> Block<'ring> {
    /// Lends block `index`, whose status the caller has just seen (Acquire) to be ours.
    pub(super) fn lend(
        mapping: &'ring mut Mapping,
        index: usize,
        next: &'ring mut usize,
        layout: Layout,
    ) -> Block<'ring> {
        Block { mapping, index, next, layout }
    }

    fn bytes(&self) -> &[u8] {
        // `lend` is called after an Acquire load that showed the block to be ours, and only `drop` gives it back.
        self.mapping.bytes_of(self.index)
    }

    /// The frames, borrowed from the block.
    pub fn frames(&self) -> Frames<'_> {
        Frames::new(self.bytes(), self.layout)
    }

    /// What the kernel says of the block as a whole.
    pub fn header(&self) -> BlockHeader {
        BlockHeader::read(self.bytes())
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        give_back(self.mapping.status(self.index));
        *self.next = (self.index + 1) % self.mapping.blocks;
    }
}
