//! The classic pcap format: a 24-byte file header, then records with a header of 16 bytes each.
//!
//! | record header | bytes |
//! |---|---|
//! | seconds since the epoch | 0–3 |
//! | micro- or nanoseconds | 4–7 |
//! | bytes captured | 8–11 |
//! | bytes on the wire | 12–15 |
//! | only in the patched kind: interface, protocol, packet type, padding | 16–23 |

use pcap_parser::parse_pcap_header;

use super::buffer::RECORD_BYTES_MAX;
use super::{Damage, FileFrame, Stop};
use crate::frame::{Frame, LinkType};

/// How the records of one file are to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pcap {
    big_endian: bool,
    /// Nanoseconds per unit of the record's fraction of a second.
    fraction_ns: u64,
    header_bytes: usize,
    link: LinkType,
}

/// Whether `first` begins with the magic of a pcap file, whatever follows.
pub(super) fn has_magic(first: &[u8]) -> bool {
    let magics = [0xa1b2_c3d4_u32, 0xa1b2_3c4d, 0xa1b2_cd34, 0xd4c3_b2a1, 0x4d3c_b2a1];
    first.first_chunk().is_some_and(|magic| magics.contains(&u32::from_le_bytes(*magic)))
}

impl Pcap {
    /// The format and the length of the file header, if `first` begins with one.
    pub(super) fn open(first: &[u8]) -> Option<(Pcap, usize)> {
        let (_, header) = parse_pcap_header(first).ok()?;
        let pcap = Pcap {
            big_endian: header.is_bigendian(),
            fraction_ns: if header.is_nanosecond_precision() { 1 } else { 1000 },
            header_bytes: if header.is_modified_format() { 24 } else { 16 },
            link: LinkType::from_pcap((header.network.0 & 0xffff) as u16),
        };
        Some((pcap, header.size()))
    }

    /// The record at the start of `bytes`, with its length in the file. By hand, because pcap-parser's record functions
    /// lie behind a call and a result of 100 bytes that cannot be inlined here, which costs more than the four loads.
    #[inline]
    pub(super) fn record<'a>(&self, bytes: &'a [u8]) -> Result<(usize, FileFrame<'a>), Stop> {
        let Some(header) = bytes.first_chunk::<16>() else { return Err(Stop::Starved) };
        let word = |at: usize| {
            let raw = u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
            if self.big_endian { raw.swap_bytes() } else { raw }
        };
        let (seconds, fraction, captured, wire_len) = (word(0), word(4), word(8), word(12));
        if captured > RECORD_BYTES_MAX {
            return Err(Stop::Damaged(Damage::RecordTooLong(captured)));
        }
        let used = self.header_bytes + captured as usize;
        let Some(data) = bytes.get(self.header_bytes..used) else { return Err(Stop::Starved) };
        let frame = Frame {
            bytes: data,
            wire_len,
            time_ns: u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * self.fraction_ns,
            link: self.link,
            vlan: None,
            gso_size: 0,
            outgoing: None,
        };
        Ok((used, FileFrame { interface: 0, frame }))
    }
}
