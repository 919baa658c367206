//! Frames that were accepted and are not durable yet: they stay in their buffer until the disk has said so.

use std::collections::VecDeque;

use crate::disk::Buffer;
use crate::frame::{FrameHeader, HEADER_BYTES, Place};
use crate::limits::{ALIGNMENT, BUFFER_BYTES};

/// One page is kept for the zeros behind the last frame.
const ROOM: usize = BUFFER_BYTES - ALIGNMENT as usize;

/// A frame in a buffer.
#[derive(Debug)]
pub(super) struct Framed {
    /// Where it begins.
    pub at: usize,
    /// Its header; the places in a segment are filled in when it is known where it goes.
    pub header: FrameHeader,
}

/// A buffer with its frames.
#[derive(Debug)]
pub(super) struct Group {
    /// `None` while the disk has it.
    pub buffer: Option<Buffer>,
    frames: VecDeque<Framed>,
    used: usize,
    /// A part of it was given to the disk: nothing is added any more.
    is_sealed: bool,
}

/// A piece of a group that is being written.
#[derive(Debug)]
pub(super) struct Piece {
    /// Frames in it.
    pub frames: usize,
    /// Where it begins in the buffer.
    pub from: usize,
    /// Bytes of its frames.
    pub bytes: usize,
}

impl Group {
    pub fn new(buffer: Buffer) -> Group {
        Group { buffer: Some(buffer), frames: VecDeque::new(), used: 0, is_sealed: false }
    }

    /// Whether a frame of `stride` bytes can join.
    pub fn has_room(&self, stride: u64) -> bool {
        !self.is_sealed && self.buffer.is_some() && self.used + stride as usize <= ROOM
    }

    /// Adds a frame; [`Group::has_room`] was asked.
    pub fn push(&mut self, header: FrameHeader, payload: &[u8]) {
        let (at, end) = (self.used, self.used + header.stride() as usize);
        let buffer = self.buffer.as_mut().expect("has_room was asked");
        let payload_end = at + HEADER_BYTES + payload.len();
        buffer[at + HEADER_BYTES..payload_end].copy_from_slice(payload);
        buffer[payload_end..end].fill(0);
        self.frames.push_back(Framed { at, header });
        self.used = end;
    }

    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub fn frames(&self) -> impl Iterator<Item = &Framed> {
        self.frames.iter()
    }

    /// The frames from the first on that fit into `room` bytes.
    pub fn fitting(&self, room: u64) -> Option<Piece> {
        let from = self.frames.front()?.at;
        let end_of = |framed: &Framed| framed.at + framed.header.stride() as usize;
        let frames = self.frames.iter().take_while(|framed| (end_of(framed) - from) as u64 <= room).count();
        let last = self.frames.get(frames.checked_sub(1)?)?;
        Some(Piece { frames, from, bytes: end_of(last) - from })
    }

    /// Writes the headers of a piece for its place in a segment, and the page of zeros behind it if it is the last and
    /// `room` has one. Answers the bytes to write.
    pub fn seal(&mut self, piece: &Piece, segment: u64, place: Place, room: u64) -> usize {
        self.is_sealed = true;
        let buffer = self.buffer.as_mut().expect("it is not under way");
        for framed in self.frames.iter_mut().take(piece.frames) {
            framed.header.segment = segment;
            framed.header.place = place;
            buffer[framed.at..framed.at + HEADER_BYTES].copy_from_slice(&framed.header.encode());
        }
        let page = ALIGNMENT as usize;
        if piece.frames < self.frames.len() || room < piece.bytes as u64 + ALIGNMENT {
            return piece.bytes;
        }
        let end = piece.from + piece.bytes;
        buffer[end..end + page].fill(0);
        piece.bytes + page
    }

    /// Takes the frames of a piece that is durable.
    pub fn take(&mut self, piece: &Piece) -> impl Iterator<Item = Framed> + '_ {
        self.frames.drain(..piece.frames)
    }
}

/// Where accepted frames will lie: the same sums as when they are written, ahead of it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Bytes left in the last segment that is planned.
    left: u64,
    /// Segments that are planned and not begun.
    pub ahead: u64,
}

impl Plan {
    /// Whether a frame of `stride` bytes needs one more segment.
    pub fn needs_segment(&self, stride: u64) -> bool {
        stride > self.left
    }

    /// Adds a frame; a new segment has `room` bytes for frames.
    pub fn add(&mut self, stride: u64, room: u64) {
        if self.needs_segment(stride) {
            self.left = room;
            self.ahead += 1;
        }
        self.left -= stride;
    }
}
