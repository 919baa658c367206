//! The refill buffer: large reads from a plain or gzip'd file, whole records lent from it, its tail moved to the front.

use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// Bytes asked of one read(2), and the buffer's size until a longer record needs more.
pub(super) const READ_BYTES: usize = 1 << 20;

/// Longest record or block believed. 16 MiB: 64 times the largest BIG TCP frame a kernel makes by default, and a bound
/// on memory whatever a file claims.
pub(super) const RECORD_BYTES_MAX: u32 = 16 << 20;

/// The buffer's bound: a longest record with its header (24 bytes in the modified pcap format, 32 in pcapng).
const BUFFER_BYTES_MAX: usize = RECORD_BYTES_MAX as usize + READ_BYTES;

/// Where the bytes come from.
#[derive(Debug)]
enum Source {
    Plain(File),
    Gzip(Box<MultiGzDecoder<BufReader<Resumed>>>),
}

/// A file whose first bytes were read to find out what it is.
#[derive(Debug)]
struct Resumed {
    first: io::Cursor<Vec<u8>>,
    file: File,
}

impl Read for Resumed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.first.read(into)? {
            0 => self.file.read(into),
            taken => Ok(taken),
        }
    }
}

/// What a refill found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refill {
    /// There are more bytes than before.
    More,
    /// The source ended as it should.
    End,
    /// The gzip stream lacks its end.
    GzipCut,
    /// The gzip stream is corrupt.
    GzipCorrupt,
}

/// Bytes of the file between `start` and `end`: read, not consumed.
#[derive(Debug)]
pub(super) struct Buffer {
    source: Source,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// How the gzip stream failed; told once the bytes unpacked before are delivered.
    gzip_failed: Option<Refill>,
}

impl Buffer {
    /// Reads the first bytes, and unpacks gzip when they say so.
    pub(super) fn open(file: File) -> io::Result<Buffer> {
        let mut buffer =
            Buffer { source: Source::Plain(file), bytes: vec![0; READ_BYTES], start: 0, end: 0, gzip_failed: None };
        buffer.refill()?;
        if !buffer.unread().starts_with(&[0x1f, 0x8b]) {
            return Ok(buffer);
        }
        let Buffer { source: Source::Plain(file), bytes, end, .. } = buffer else { return Ok(buffer) };
        let resumed = Resumed { first: io::Cursor::new(bytes[..end].to_vec()), file };
        let decoder = MultiGzDecoder::new(BufReader::with_capacity(128 << 10, resumed));
        let mut buffer = Buffer { source: Source::Gzip(Box::new(decoder)), bytes, start: 0, end: 0, gzip_failed: None };
        buffer.refill()?;
        Ok(buffer)
    }

    /// What is read and not consumed.
    #[inline]
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Marks the first `count` unread bytes as used.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Moves the unread bytes to the front and fills the rest by one or more reads. The buffer grows (twofold, bounded)
    /// only when unread bytes already fill it, so memory follows bytes seen, never a length that a file claims.
    pub(super) fn refill(&mut self) -> io::Result<Refill> {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if let Some(failed) = self.gzip_failed {
            return Ok(failed);
        }
        if self.end == self.bytes.len() {
            self.bytes.resize((self.end * 2).min(BUFFER_BYTES_MAX), 0);
        }
        let before = self.end;
        loop {
            let room = &mut self.bytes[self.end..];
            let answer = match &mut self.source {
                Source::Plain(file) => file.read(room),
                Source::Gzip(decoder) => decoder.read(room),
            };
            match answer {
                Ok(0) => return Ok(if self.end > before { Refill::More } else { Refill::End }),
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return self.gzip_ending(before, error),
            }
            if self.end == self.bytes.len() {
                return Ok(Refill::More);
            }
        }
    }

    /// The decoder tells an error once and then says end of file, so the error is kept.
    fn gzip_ending(&mut self, before: usize, error: io::Error) -> io::Result<Refill> {
        let failed = match (&self.source, error.kind()) {
            (Source::Gzip(_), io::ErrorKind::UnexpectedEof) => Refill::GzipCut,
            (Source::Gzip(_), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => Refill::GzipCorrupt,
            _ => return Err(error),
        };
        self.gzip_failed = Some(failed);
        Ok(if self.end > before { Refill::More } else { failed })
    }
}
