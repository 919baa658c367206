//! Segments made ready ahead of need: space taken, written once with zeros, headed, under a hidden name.
//!
//! Made in steps of one disk operation each, so that rows never wait for more than one of them.

use std::collections::VecDeque;
use std::io;

use crate::disk::{Buffer, Disk, Op};
use crate::limits::{ALIGNMENT, BUFFER_BYTES, RETRY_WAIT_NS, SPARES, SPARES_KEPT_MAX};
use crate::node::NodeId;
use crate::segment::SegmentHeader;

/// Ends the name of a hidden file.
pub(super) const SUFFIX: &str = ".spare";

/// A segment that only wants its name.
#[derive(Debug)]
pub(super) struct Ready<F> {
    pub hidden: String,
    pub file: F,
    pub index: u64,
}

#[derive(Debug)]
struct Making<F> {
    ready: Ready<F>,
    step: Step,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A used file must not be overwritten while a power cut could bring its old name back.
    Names,
    /// Zeros from this byte on.
    Zeros(u64),
    /// The header and a page of zeros.
    Head,
    /// Size and all else.
    Sync,
}

/// All that is not yet, or no more, a segment with rows.
#[derive(Debug)]
pub(super) struct Spares<F> {
    /// Size of one.
    pub segment_bytes: u64,
    /// Used files, by hidden name.
    used: Vec<String>,
    making: Option<Making<F>>,
    ready: VecDeque<Ready<F>>,
    /// Pages of zeros behind one for the header; `None` while the disk has it.
    buffer: Option<Buffer>,
    next_index: u64,
    next_name: u64,
    retry_ns: u64,
    wait_ns: u64,
    cannot_grow: bool,
}

impl<F: Clone> Spares<F> {
    pub fn new(segment_bytes: u64, buffer: Buffer, next_index: u64, used: Vec<String>) -> Spares<F> {
        let number = |name: &String| name.trim_start_matches('.').trim_end_matches(SUFFIX).parse().unwrap_or(0u64);
        let next_name = used.iter().map(number).max().unwrap_or(0).saturating_add(1);
        Spares {
            segment_bytes,
            used,
            making: None,
            ready: VecDeque::new(),
            buffer: Some(buffer),
            next_index,
            next_name,
            retry_ns: 0,
            wait_ns: RETRY_WAIT_NS.0,
            cannot_grow: false,
        }
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> u64 {
        (self.used.len() + self.ready.len() + usize::from(self.making.is_some())) as u64 * self.segment_bytes
    }

    /// Whether the disk refused more space at the last attempt.
    pub fn cannot_grow(&self) -> bool {
        self.cannot_grow
    }

    pub fn take(&mut self) -> Option<Ready<F>> {
        self.ready.pop_front()
    }

    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// A hidden name for a segment that goes, if its space is wanted.
    pub fn name_for_used(&mut self) -> Option<String> {
        let wanted = self.cannot_grow || self.used.len() + self.ready.len() < SPARES_KEPT_MAX;
        wanted.then(|| self.next_hidden())
    }

    /// Keeps a used file that was given `hidden` as its name.
    pub fn keep_used(&mut self, hidden: String) {
        self.used.push(hidden);
    }

    fn next_hidden(&mut self) -> String {
        let hidden = format!(".{}{SUFFIX}", self.next_name);
        self.next_name += 1;
        hidden
    }

    /// The next operation of making one, if one is wanted; `room` = bytes that may still be taken from the disk, and
    /// `hurry` = somebody waits: zeros can be left out.
    ///
    /// # Errors
    /// A file cannot be made or opened; the attempt is given up and repeated later.
    pub fn next_op<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        node: NodeId,
        now_ns: u64,
        room: u64,
        hurry: bool,
    ) -> io::Result<Option<Op<F>>> {
        if self.making.is_none() {
            if self.ready.len() >= SPARES || now_ns < self.retry_ns {
                return Ok(None);
            }
            if self.used.is_empty() && room < self.segment_bytes {
                return Ok(None);
            }
            if let Err(error) = faults::pass("spool.prepare").and_then(|()| self.begin(disk)) {
                self.failed(disk, now_ns, &error);
                return Err(error);
            }
        }
        Ok(self.op(node, hurry))
    }

    fn begin<D: Disk<File = F>>(&mut self, disk: &D) -> io::Result<()> {
        let (hidden, file, step) = match self.used.pop() {
            Some(hidden) => match disk.open_to_write(&hidden) {
                Ok(file) => (hidden, file, Step::Names),
                Err(error) => {
                    // Its space comes back with it, whatever is wrong with it.
                    let _ = disk.remove(&hidden);
                    return Err(error);
                }
            },
            None => {
                let hidden = self.next_hidden();
                let file = disk.create(&hidden, self.segment_bytes)?;
                self.cannot_grow = false;
                (hidden, file, Step::Zeros(0))
            }
        };
        let index = self.next_index;
        self.next_index += 1;
        self.making = Some(Making { ready: Ready { hidden, file, index }, step });
        Ok(())
    }

    fn op(&mut self, node: NodeId, hurry: bool) -> Option<Op<F>> {
        let making = self.making.as_mut()?;
        if matches!(making.step, Step::Zeros(from) if hurry || from >= self.segment_bytes) {
            making.step = Step::Head;
        }
        let (file, page) = (making.ready.file.clone(), ALIGNMENT as usize);
        match making.step {
            Step::Names => return Some(Op::SyncNames),
            Step::Sync => return Some(Op::Sync { file }),
            Step::Zeros(_) | Step::Head => {}
        }
        let mut buffer = self.buffer.take().expect("one operation at a time");
        Some(match making.step {
            Step::Zeros(offset) => {
                let len = (self.segment_bytes - offset).min((BUFFER_BYTES - page) as u64) as usize;
                Op::Write { file, buffer, from: page, len, offset, durable: false }
            }
            _ => {
                let header = SegmentHeader { node, index: making.ready.index, bytes: self.segment_bytes }.encode();
                buffer[..header.len()].copy_from_slice(&header);
                Op::Write { file, buffer, from: 0, len: 2 * page, offset: 0, durable: true }
            }
        })
    }

    /// The operation of [`Spares::next_op`] ended well.
    pub fn landed(&mut self, buffer: Option<Buffer>) {
        self.buffer = buffer.or_else(|| self.buffer.take());
        self.wait_ns = RETRY_WAIT_NS.0;
        let Some(mut making) = self.making.take() else { return };
        making.step = match making.step {
            Step::Names => Step::Head,
            Step::Zeros(from) => Step::Zeros(from + (BUFFER_BYTES as u64 - ALIGNMENT)),
            Step::Head => Step::Sync,
            Step::Sync => {
                self.ready.push_back(making.ready);
                return;
            }
        };
        self.making = Some(making);
    }

    /// It failed: the file is given up, and what the disk refuses is asked for again later.
    pub fn landed_badly<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        now_ns: u64,
        buffer: Option<Buffer>,
        error: &io::Error,
    ) {
        self.buffer = buffer.or_else(|| self.buffer.take());
        self.failed(disk, now_ns, error);
    }

    fn failed<D: Disk<File = F>>(&mut self, disk: &D, now_ns: u64, error: &io::Error) {
        if let Some(making) = self.making.take() {
            let _ = disk.remove(&making.ready.hidden);
            // Indices are taken in order: the ready ones are older than the one that is given up.
            self.next_index = making.ready.index;
        }
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        self.cannot_grow |= full;
        self.retry_ns = now_ns.saturating_add(if full { RETRY_WAIT_NS.1 } else { self.wait_ns });
        self.wait_ns = (self.wait_ns * 2).min(RETRY_WAIT_NS.1);
    }

    /// Lets the next attempt be made at once.
    pub fn try_now(&mut self) {
        self.retry_ns = 0;
    }
}
