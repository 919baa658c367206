//! What can go wrong with a capture file as a whole, and how a readable one can end.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A capture file that cannot be read at all, or stopped being readable.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused to open it.
    #[error("cannot open {}: {source}; check the name and the rights", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The system refused to read on.
    #[error("cannot read {} after {records} records: {source}; check the disk or the file system", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Whole records delivered before.
        records: u64,
        /// The system's answer.
        source: io::Error,
    },
    /// Its first bytes are no capture file's.
    #[error("{} is not a capture file: it is {found}; give a pcap or pcapng file, gzip'd or not", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What its first bytes say.
        found: String,
    },
}

/// How the records of a file ended. Whatever it says, every whole record before that point was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The last record ends where the file ends.
    Whole,
    /// The file stops in the middle of a record: a copy or a capture that was interrupted.
    CutShort {
        /// Bytes of the last, incomplete record that are there (0 when only the gzip stream lacks its end).
        bytes_left: usize,
    },
    /// What follows the last record delivered cannot be a record.
    Damaged(Damage),
}

impl fmt::Display for Ending {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Whole => write!(out, "whole"),
            Ending::CutShort { bytes_left } => write!(out, "cut short, {bytes_left} bytes of a record left"),
            Ending::Damaged(damage) => write!(out, "damaged: {damage}"),
        }
    }
}

/// Why the bytes after the last good record are not another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A record claims more bytes than any record has.
    RecordTooLong(u32),
    /// A pcapng block's length is below its own header, or no multiple of 4, or longer than any block.
    BlockLength(u32),
    /// A pcapng block of this type contradicts itself (its two lengths differ, its packet is longer than the block).
    Block(u32),
    /// A pcapng packet names an interface that the section does not describe.
    Interface(u32),
    /// A pcapng section describes more interfaces than are kept.
    TooManyInterfaces,
    /// The gzip stream is corrupt.
    Gzip,
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::RecordTooLong(bytes) => write!(out, "a record claims {bytes} bytes"),
            Damage::BlockLength(bytes) => write!(out, "a block claims {bytes} bytes"),
            Damage::Block(kind) => write!(out, "a block of type {kind:#x} contradicts itself"),
            Damage::Interface(id) => write!(out, "a packet names interface {id}, which is not described"),
            Damage::TooManyInterfaces => write!(out, "a section describes too many interfaces"),
            Damage::Gzip => write!(out, "the gzip stream is corrupt"),
        }
    }
}
