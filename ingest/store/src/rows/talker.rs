//! Rows of `talkers_1m` and `talkers_1h`: the largest hosts, remote addresses, ports and protocols of a bucket.

use super::{Bind, Resolution, Row};

/// What a talker's key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TalkerKind {
    /// A local host; the key is its 16-byte address.
    LocalHost = 1,
    /// A remote address; the key is its 16 bytes.
    RemoteAddress = 2,
    /// A service port; the key is the protocol (1 byte) and the port (2 bytes, big endian).
    Port = 3,
    /// An IP protocol; the key is its number (1 byte).
    Protocol = 4,
}

impl TalkerKind {
    /// Every kind.
    pub const ALL: [TalkerKind; 4] =
        [TalkerKind::LocalHost, TalkerKind::RemoteAddress, TalkerKind::Port, TalkerKind::Protocol];
}

/// One talker of one bucket: a lower bound, made exact in sum by the "other" row. There are no talkers per second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TalkerRow {
    /// Start of the bucket, UNIX seconds.
    pub ts: u32,
    /// Number within (node, epoch, stream), from 1 without gaps.
    pub seq: u64,
    /// Length of the bucket; decides the table.
    pub resolution: Resolution,
    /// What `key_bytes` is.
    pub kind: TalkerKind,
    /// At most 18 bytes; empty = "other", the rest of the total.
    pub key_bytes: Vec<u8>,
    /// Packets to it.
    pub packets_in: u64,
    /// Bytes to it.
    pub bytes_in: u64,
    /// Packets from it.
    pub packets_out: u64,
    /// Bytes from it.
    pub bytes_out: u64,
    /// Flow records.
    pub flows: u64,
}

impl Row for TalkerRow {
    const COLUMNS: &'static [&'static str] =
        &["kind", "key_bytes", "packets_in", "bytes_in", "packets_out", "bytes_out", "flows"];

    fn table(&self) -> &'static str {
        match self.resolution {
            Resolution::Second | Resolution::Minute => "talkers_1m",
            Resolution::Hour => "talkers_1h",
        }
    }

    fn seq(&self) -> u64 {
        self.seq
    }

    fn ts(&self) -> u32 {
        self.ts
    }

    fn statement_bytes(&self) -> usize {
        300 + self.key_bytes.len()
    }

    fn bind<B: Bind>(&self, to: &mut B) {
        to.u8(self.kind as u8);
        to.bytes(&self.key_bytes);
        to.u64(self.packets_in);
        to.u64(self.bytes_in);
        to.u64(self.packets_out);
        to.u64(self.bytes_out);
        to.u64(self.flows);
    }
}
