//! file: capture files as a source of frames: pcap and pcapng, gzip'd or not, without a copy or allocation per record.
//!
//! [`CaptureFile`] owns one buffer; [`CaptureFile::next_chunk`] fills it by large reads and lends a [`Chunk`], an
//! iterator over the whole records in it. Frames borrow from the buffer, so a worker may collect a group of them,
//! parse it, prefetch, and update its table before it takes the next group; only the next *chunk* ends their life.
//! A file that ends in mid-record, or turns into rubbish, delivers every whole record before that and says so in
//! [`CaptureFile::ending`].

mod buffer;
mod error;
mod foreign;
mod pcap;
mod pcapng;
pub mod write;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub use error::{Damage, Ending, FileError};

use crate::frame::Frame;
use buffer::{Buffer, Refill};
use pcap::Pcap;
use pcapng::PcapNg;

/// A frame and the interface it came from.
#[derive(Clone, Copy, Debug)]
pub struct FileFrame<'a> {
    /// Number of the interface within its pcapng section; 0 in pcap.
    pub interface: u32,
    /// The frame. `frame.bytes` may be longer than `frame.wire_len` when the file lies.
    pub frame: Frame<'a>,
}

/// What the records delivered so far add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records.
    pub records: u64,
    /// Sum of the original lengths that the file states.
    pub wire_bytes: u64,
    /// Sum of the captured lengths.
    pub captured_bytes: u64,
}

/// Why no frame can be had from the bytes at the reader's position.
enum Stop {
    /// A record begins there, but does not end within the buffer.
    Starved,
    /// No record begins there, and nothing behind can be trusted.
    Damaged(Damage),
}

#[derive(Debug)]
enum Format {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

/// What a chunk writes while it is walked; apart from the buffer, which its frames borrow.
#[derive(Debug)]
struct Reader {
    format: Format,
    summary: Summary,
    /// Bytes of the buffer that the chunk has walked over.
    walked: usize,
    /// The chunk met the buffer's end, so the next one needs a refill.
    starved: bool,
    damage: Option<Damage>,
}

/// An open capture file.
#[derive(Debug)]
pub struct CaptureFile {
    path: PathBuf,
    buffer: Buffer,
    reader: Reader,
    ending: Option<Ending>,
}

impl CaptureFile {
    /// Opens a pcap (micro- or nanoseconds, either byte order, or with the longer record headers of patched 1990s
    /// Linux systems) or pcapng file, gzip'd or not. A named pipe does too.
    ///
    /// # Errors
    /// The system's refusal, or [`FileError::Foreign`], naming what the first bytes are instead.
    pub fn open(path: &Path) -> Result<CaptureFile, FileError> {
        let file = File::open(path).map_err(|source| FileError::Open { path: path.to_owned(), source })?;
        let mut buffer = Buffer::open(file).map_err(|source| read_error(path, 0, source))?;
        let foreign =
            |buffer: &Buffer| FileError::Foreign { path: path.to_owned(), found: foreign::describe(buffer.unread()) };
        let format = if let Some((pcap, used)) = Pcap::open(buffer.unread()) {
            buffer.consume(used);
            Format::Pcap(pcap)
        } else if pcapng::begins_section(buffer.unread()) {
            Format::PcapNg(PcapNg::default())
        } else {
            return Err(foreign(&buffer));
        };
        let reader = Reader { format, summary: Summary::default(), walked: 0, starved: false, damage: None };
        Ok(CaptureFile { path: path.to_owned(), buffer, reader, ending: None })
    }

    /// The next records, or `None` at the file's end (then [`CaptureFile::ending`] tells how it ended). A chunk may
    /// hold no frame when the file has other blocks there. Records that the caller left in the last chunk come first.
    ///
    /// # Errors
    /// [`FileError::Read`] when the system refuses to read on.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk<'_>>, FileError> {
        self.buffer.consume(std::mem::take(&mut self.reader.walked));
        if let Some(damage) = self.reader.damage {
            self.ending = Some(Ending::Damaged(damage));
        }
        if self.ending.is_some() {
            return Ok(None);
        }
        if self.reader.starved || self.buffer.unread().is_empty() {
            let records = self.reader.summary.records;
            let refill = self.buffer.refill().map_err(|source| read_error(&self.path, records, source))?;
            self.reader.starved = false;
            if let Some(ending) = ending_of(refill, self.buffer.unread().len()) {
                self.ending = Some(ending);
                return Ok(None);
            }
        }
        Ok(Some(Chunk { rest: self.buffer.unread(), reader: &mut self.reader }))
    }

    /// How the file ended, once `next_chunk` has returned `None`; a part that is not [`Ending::Whole`] is a warning.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Totals of the records delivered so far.
    pub fn summary(&self) -> Summary {
        self.reader.summary
    }

    /// The file's name, as given.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn read_error(path: &Path, records: u64, source: io::Error) -> FileError {
    FileError::Read { path: path.to_owned(), records, source }
}

/// How the file ends when a refill brought nothing and `left` bytes of no whole record remain.
fn ending_of(refill: Refill, left: usize) -> Option<Ending> {
    match refill {
        Refill::More => None,
        Refill::End if left == 0 => Some(Ending::Whole),
        Refill::End | Refill::GzipCut => Some(Ending::CutShort { bytes_left: left }),
        Refill::GzipCorrupt => Some(Ending::Damaged(Damage::Gzip)),
    }
}

/// The records that lie whole in the buffer, in the file's order. Dropped early, the rest stays for the next chunk.
#[derive(Debug)]
pub struct Chunk<'a> {
    rest: &'a [u8],
    reader: &'a mut Reader,
}

impl<'a> Iterator for Chunk<'a> {
    type Item = FileFrame<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<FileFrame<'a>> {
        // One path per format, always inlined, so that the frame is built where the caller wants it: merged through
        // one enum, or returned by a call, its fields go over the stack, which doubles the cost of a record.
        let Format::Pcap(pcap) = &self.reader.format else { return self.next_in_blocks() };
        match pcap.record(self.rest) {
            Ok((used, found)) => {
                self.pass(used);
                self.reader.count(&found.frame);
                Some(found)
            }
            Err(stop) => self.reader.stop(stop),
        }
    }
}

impl<'a> Chunk<'a> {
    /// The next frame of a pcapng file, other blocks passed over.
    #[inline(never)]
    fn next_in_blocks(&mut self) -> Option<FileFrame<'a>> {
        loop {
            let Format::PcapNg(pcapng) = &mut self.reader.format else { return None };
            match pcapng.block(self.rest) {
                Ok((used, found)) => {
                    self.pass(used);
                    if let Some(found) = found {
                        self.reader.count(&found.frame);
                        return Some(found);
                    }
                }
                Err(stop) => return self.reader.stop(stop),
            }
        }
    }

    #[inline]
    fn pass(&mut self, used: usize) {
        self.rest = self.rest.get(used..).unwrap_or_default();
        self.reader.walked += used;
    }
}

impl Reader {
    #[inline]
    fn count(&mut self, frame: &Frame<'_>) {
        self.summary.records += 1;
        self.summary.wire_bytes += u64::from(frame.wire_len);
        self.summary.captured_bytes += frame.bytes.len() as u64;
    }

    /// Remembers why the chunk ends here.
    #[cold]
    fn stop<'a>(&mut self, stop: Stop) -> Option<FileFrame<'a>> {
        match stop {
            Stop::Starved => self.starved = true,
            Stop::Damaged(damage) => self.damage = Some(damage),
        }
        None
    }
}

#[cfg(test)]
mod tests;
