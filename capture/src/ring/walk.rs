//! Reads the frames of a block: safe code over bytes, which believes no number that it finds in them.
//!
//! A block (native byte order; linux/if_packet.h, TPACKET_V3) begins with
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 4 | version |
//! | 4 | 4 | offset of private data |
//! | 8 | 4 | status (not read here: it is the lock) |
//! | 12 | 4 | number of entries |
//! | 16 | 4 | offset of the first entry |
//! | 20 | 4 | bytes in use |
//! | 24 | 8 | sequence number |
//! | 32 | 8 | time of the first entry: seconds, nanoseconds |
//! | 40 | 8 | time of the last entry |
//!
//! and each entry with
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 4 | offset of the next entry from this one; 0 = last |
//! | 4, 8 | 4, 4 | seconds, nanoseconds |
//! | 12 | 4 | captured bytes |
//! | 16 | 4 | bytes the frame had |
//! | 20 | 4 | status |
//! | 24 | 2 | offset of the frame from the entry |
//! | 32, 36 | 4, 2 | VLAN tag control, VLAN protocol |
//! | 48 | 20 | sockaddr_ll: packet type at 58 |
//!
//! The ten bytes before the frame are the virtio header, when asked for: GSO type at 1, GSO size at 4.

use std::ops::Range;

use crate::frame::{Frame, LinkType, VlanTag};

/// Bytes of a block's descriptor.
pub(super) const BLOCK_HEADER: usize = 48;
/// Bytes of an entry that are read: header and link-layer address.
const ENTRY: usize = 68;
/// Bytes of `virtio_net_hdr` before the frame.
const VNET_HEADER: usize = 10;

const _: () = assert!(ENTRY == libc::TPACKET3_HDRLEN);
/// Sums of 32-bit offsets from a block are taken in `usize`; they must not wrap.
const _: () = assert!(usize::BITS >= 64);

/// What all frames of a ring have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How to read the frames.
    pub link: LinkType,
    /// A virtio header stands before each frame.
    pub vnet_header: bool,
}

/// What the kernel says of a block as a whole. Believe it only as far as a counter goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockHeader {
    /// Number of entries.
    pub entries: u32,
    /// Frames were dropped since the last statistics, and the ring has not recovered.
    pub losing: bool,
    /// Grows by one with each block that the kernel opens; drops leave no gap.
    pub sequence: u64,
    /// Time of the last frame, or of the time-out that closed the block; nanoseconds since the epoch.
    pub last_ns: u64,
}

impl BlockHeader {
    /// Reads the header of a block; all zero if the block is too short to have one.
    pub fn read(block: &[u8]) -> BlockHeader {
        let Some(header) = block.first_chunk::<BLOCK_HEADER>() else { return BlockHeader::default() };
        BlockHeader {
            entries: word(header, 12),
            losing: word(header, 8) & libc::TP_STATUS_LOSING != 0,
            sequence: u64::from_ne_bytes([
                header[24], header[25], header[26], header[27], header[28], header[29], header[30], header[31],
            ]),
            last_ns: nanoseconds(word(header, 40), word(header, 44)),
        }
    }
}

/// Iterates over the frames of a block. Ends after the announced number of entries or at the first that cannot be.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    block: &'a [u8],
    at: usize,
    left: u32,
    layout: Layout,
    damaged: u32,
    withdrawn: u32,
}

impl<'a> Frames<'a> {
    /// Walks `block`, which begins with its descriptor.
    pub fn new(block: &'a [u8], layout: Layout) -> Frames<'a> {
        let (left, at) = match block.first_chunk::<BLOCK_HEADER>() {
            Some(header) => (word(header, 12), word(header, 16) as usize),
            None => (0, 0),
        };
        Frames { block, at, left, layout, damaged: 0, withdrawn: 0 }
    }

    /// Entries announced but not readable, so far. A sound kernel makes none.
    pub fn damaged(&self) -> u32 {
        self.damaged
    }

    /// Entries that the kernel began and gave up (a merged frame whose kind the virtio header cannot express), so far.
    /// The kernel counts them as dropped, so they are no frames.
    pub fn withdrawn(&self) -> u32 {
        self.withdrawn
    }

    /// The entry at the present place, and moves to the next. `None` ends the walk.
    #[inline]
    fn step(&mut self) -> Option<(usize, &'a [u8; ENTRY])> {
        let here = self.at;
        let Some(entry) = self.block.get(here..).and_then(|rest| rest.first_chunk::<ENTRY>()) else {
            return self.give_up();
        };
        self.left -= 1;
        let step = word(entry, 0) as usize;
        if self.left > 0 && step < ENTRY {
            // This entry is the last that can be found, whatever the count says.
            self.damaged = self.damaged.saturating_add(self.left);
            self.left = 0;
        }
        self.at = here + step;
        Some((here, entry))
    }

    #[cold]
    fn give_up<T>(&mut self) -> Option<T> {
        self.damaged = self.damaged.saturating_add(self.left);
        self.left = 0;
        None
    }

    /// The frame of an entry, `None` if its bytes would lie outside the block.
    #[inline]
    fn frame(&self, here: usize, entry: &[u8; ENTRY]) -> Option<Frame<'a>> {
        let start = here + usize::from(half(entry, 24));
        let bytes = self.block.get(start..start + word(entry, 12) as usize)?;
        let status = word(entry, 20);
        Some(Frame {
            bytes,
            wire_len: word(entry, 16),
            time_ns: nanoseconds(word(entry, 4), word(entry, 8)),
            link: self.layout.link,
            vlan: vlan(entry, status),
            gso_size: if self.layout.vnet_header { self.gso_size(start) } else { 0 },
            outgoing: Some(entry[58] == libc::PACKET_OUTGOING),
        })
    }

    /// Payload bytes per wire packet; 0 if the virtio header says that the frame is not merged.
    #[inline]
    fn gso_size(&self, frame_start: usize) -> u16 {
        let Some(start) = frame_start.checked_sub(VNET_HEADER) else { return 0 };
        match self.block.get(Range { start, end: frame_start }).and_then(|bytes| bytes.first_chunk::<VNET_HEADER>()) {
            Some(header) if header[1] != 0 => u16::from_ne_bytes([header[4], header[5]]),
            _ => 0,
        }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    #[inline]
    fn next(&mut self) -> Option<Frame<'a>> {
        while self.left > 0 {
            let (here, entry) = self.step()?;
            if word(entry, 20) & libc::TP_STATUS_USER == 0 {
                self.withdrawn += 1;
                continue;
            }
            match self.frame(here, entry) {
                Some(frame) => return Some(frame),
                None => self.damaged = self.damaged.saturating_add(1),
            }
        }
        None
    }
}

#[inline]
fn vlan(entry: &[u8; ENTRY], status: u32) -> Option<VlanTag> {
    if status & libc::TP_STATUS_VLAN_VALID == 0 {
        return None;
    }
    let tpid = if status & libc::TP_STATUS_VLAN_TPID_VALID != 0 { half(entry, 36) } else { 0x8100 };
    Some(VlanTag { tci: (word(entry, 32) & 0xffff) as u16, tpid })
}

#[inline]
fn nanoseconds(seconds: u32, nanoseconds: u32) -> u64 {
    u64::from(seconds) * 1_000_000_000 + u64::from(nanoseconds)
}

#[inline]
fn word<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[inline]
fn half<const N: usize>(bytes: &[u8; N], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

#[cfg(test)]
mod tests;
