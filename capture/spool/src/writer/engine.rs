//! What the writer gives to the disk, and what it makes of the answers.

use std::io;
use std::time::Duration;

use super::Writer;
use super::book::Segment;
use super::group::{Piece, Plan};
use crate::disk::{Buffer, Disk, Done, Op};
use crate::error::SpoolError;
use crate::frame::Place;
use crate::limits::{ALIGNMENT, RETRY_WAIT_NS};
use crate::segment::{self, FIRST_FRAME};

/// The segment that is being written.
#[derive(Debug)]
pub(super) struct Open<F> {
    pub index: u64,
    file: F,
    /// Where the next frame goes: all before it is durable.
    offset: u64,
    bytes: u64,
    /// Said in each frame about the segment before.
    previous: u16,
    previous_end: u32,
}

/// What the disk has in hand.
#[derive(Debug)]
pub(super) enum Flight {
    /// The first frames of the first group.
    Rows(Piece),
    /// The name of the open segment.
    Name,
    /// A step of a spare's making.
    Spare,
}

impl<D: Disk> Writer<D> {
    /// Takes what has ended and begins what is next, until the disk has something in hand or nothing is wanted.
    pub(super) fn advance(&mut self) {
        loop {
            if self.flight.is_some() {
                let Some(done) = self.disk.reap(Duration::ZERO) else { return };
                self.landed(done);
            }
            if !self.launch() {
                return;
            }
        }
    }

    /// As [`Writer::advance`], and waits for the end of one operation.
    pub(super) fn wait(&mut self, limit: Duration) {
        if self.flight.is_some()
            && let Some(done) = self.disk.reap(limit)
        {
            self.landed(done);
        }
        self.advance();
    }

    fn landed(&mut self, done: Done) {
        let Some(flight) = self.flight.take() else { return };
        match (flight, done.result.and_then(|()| faults::pass("spool.sync"))) {
            (Flight::Rows(piece), Ok(())) => self.rows_are_durable(&piece, done.buffer),
            (Flight::Rows(_), Err(error)) => {
                if let Some(group) = self.queue.front_mut() {
                    group.buffer = done.buffer;
                }
                self.retire("write", error);
            }
            (Flight::Name, Ok(())) => {}
            (Flight::Name, Err(error)) => self.retire("sync the name of", error),
            (Flight::Spare, Ok(())) => self.spares.landed(done.buffer),
            (Flight::Spare, Err(error)) => {
                self.spares.landed_badly(&self.disk, self.now_ns, done.buffer, &error);
                self.tell("prepare a segment in", self.dir.clone(), error);
            }
        }
    }

    fn rows_are_durable(&mut self, piece: &Piece, buffer: Option<Buffer>) {
        self.is_stalled = false;
        self.wait_ns = RETRY_WAIT_NS.0;
        let group = self.queue.front_mut().expect("its frames were under way");
        group.buffer = buffer;
        for framed in group.take(piece) {
            let header = framed.header;
            self.book.enter(&header);
            let totals = self.written.entry(header.stream).or_default();
            totals.last_seq = header.last_seq();
            totals.packets += header.packets;
            totals.bytes += header.bytes;
            self.pending.rows -= u64::from(header.row_count);
            self.pending.packets -= header.packets;
            self.pending.bytes -= header.bytes;
        }
        if group.is_empty() {
            self.pool.extend(group.buffer.take());
            self.queue.pop_front();
            self.due = self.due.saturating_sub(1);
        }
        if let Some(open) = &mut self.open {
            open.offset += piece.bytes as u64;
        }
    }

    /// A failed file is never written or synced again: what was not durable goes into the next segment.
    fn retire(&mut self, operation: &'static str, error: io::Error) {
        self.retry_ns = self.now_ns.saturating_add(self.wait_ns);
        self.wait_ns = (self.wait_ns * 2).min(RETRY_WAIT_NS.1);
        let path = self.open.as_ref().map_or_else(|| self.dir.clone(), |open| segment::path(&self.dir, open.index));
        self.tell(operation, path, error);
        if let Some(open) = self.open.take() {
            // Nothing is to be kept of one without a durable frame; where it cannot be removed now, trimming does it.
            let is_gone = open.offset == FIRST_FRAME && self.disk.remove(&segment::name(open.index)).is_ok();
            if is_gone {
                self.book.remove(open.index);
            } else if let Some(found) = self.book.get(open.index) {
                found.is_retired = true;
            }
        }
        self.plan_again();
    }

    fn plan_again(&mut self) {
        self.plan = Plan::default();
        for framed in self.queue.iter().flat_map(|group| group.frames()) {
            self.plan.add(framed.header.stride(), self.options.segment_bytes - FIRST_FRAME);
        }
    }

    fn tell(&mut self, operation: &'static str, path: std::path::PathBuf, source: io::Error) {
        self.fault = Some(SpoolError::Io { operation, path, source });
    }

    /// Begins the next operation; false = nothing is wanted, or it must wait.
    fn launch(&mut self) -> bool {
        let wants_rows = (self.due > 0 && !self.queue.is_empty()) || self.queue.len() > 1;
        let rows = wants_rows && self.now_ns >= self.retry_ns;
        if rows && self.launch_rows() {
            return true;
        }
        if rows && self.flight.is_none() && self.now_ns < self.retry_ns {
            return false; // it failed at once
        }
        let taken = self.book.bytes() + self.spares.bytes();
        let room = self.options.bytes_max.saturating_sub(taken);
        let hurry = rows && !self.spares.has_ready();
        match self.spares.next_op(&self.disk, self.options.node, self.now_ns, room, hurry) {
            Ok(Some(op)) => {
                self.flight = Some(Flight::Spare);
                self.disk.submit(op);
                true
            }
            Ok(None) => false,
            Err(error) => {
                self.tell("prepare a segment in", self.dir.clone(), error);
                false
            }
        }
    }

    /// Begins to write the first group's next frames, or the segment that they need; false = there is none yet.
    fn launch_rows(&mut self) -> bool {
        let Some(group) = self.queue.front_mut() else { return false };
        let room = self.open.as_ref().map_or(0, |open| open.bytes - open.offset);
        let Some(piece) = group.fitting(room) else { return self.launch_segment() };
        if let Err(error) = faults::pass("spool.write") {
            self.retire("write", error);
            return false;
        }
        let open = self.open.as_ref().expect("it has room");
        let group_page = u32::try_from(open.offset / ALIGNMENT).unwrap_or(0);
        let place = Place { group: group_page, previous: open.previous, previous_end: open.previous_end };
        let len = group.seal(&piece, open.index, place, room);
        let (file, offset, from) = (open.file.clone(), open.offset, piece.from);
        let buffer = group.buffer.take().expect("it is not under way");
        self.flight = Some(Flight::Rows(piece));
        self.disk.submit(Op::Write { file, buffer, from, len, offset, durable: true });
        true
    }

    /// Gives a spare its name. From then on the segment before is complete: nothing of it is under way.
    fn launch_segment(&mut self) -> bool {
        let Some(ready) = self.spares.take() else { return false };
        let name = segment::name(ready.index);
        let named = faults::pass("spool.rotate").and_then(|()| self.disk.rename(&ready.hidden, &name));
        if let Err(error) = named {
            let _ = self.disk.remove(&ready.hidden);
            self.open = None;
            self.retire("name a segment in", error);
            return false;
        }
        let before = self.book.before(ready.index);
        let distance = before.and_then(|(index, _)| u16::try_from(ready.index - index).ok());
        let end = before.map_or(0, |(_, end)| u32::try_from(end / ALIGNMENT).unwrap_or(0));
        let bytes = self.spares.segment_bytes;
        self.book
            .add(ready.index, Segment { bytes, ends: Some(super::Ends::new()), end: FIRST_FRAME, is_retired: false });
        self.open = Some(Open {
            index: ready.index,
            file: ready.file,
            offset: FIRST_FRAME,
            bytes,
            previous: if end == 0 { 0 } else { distance.unwrap_or(0) },
            previous_end: end,
        });
        self.plan.ahead = self.plan.ahead.saturating_sub(1);
        self.flight = Some(Flight::Name);
        self.disk.submit(Op::SyncNames);
        true
    }
}
