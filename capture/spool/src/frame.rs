//! The header in front of each batch of rows.
//!
//! | bytes | field | |
//! |---|---|---|
//! | 0–3 | magic | `FMK1` |
//! | 4–5 | version | [`crate::limits::FORMAT_VERSION`] |
//! | 6–7 | kind | [`FrameKind`] |
//! | 8–9 | stream | |
//! | 10–11 | previous | how many indices before this one the previous segment has; 0 = not known |
//! | 12–15 | reserved | 0 |
//! | 16–31 | node | |
//! | 32–39 | epoch | microseconds since 1970 at the writer's start, growing |
//! | 40–47 | seq | number of the first row |
//! | 48–51 | row_count | ≥ 1 |
//! | 52–55 | payload_bytes | ≤ [`crate::limits::PAYLOAD_BYTES_MAX`] |
//! | 56–63 | first_ns | earliest time in the rows |
//! | 64–71 | last_ns | latest time in the rows |
//! | 72–79 | packets | wire packets that the rows account for |
//! | 80–87 | bytes | wire bytes that the rows account for |
//! | 88–95 | segment | index of the segment file: a frame left in recycled space is not ours |
//! | 96–103 | packets_before | wire packets of all earlier rows of the stream; from version 2 on |
//! | 104–111 | bytes_before | their wire bytes; from version 2 on |
//! | 112–115 | group | the 4 KiB page at which the write began that brought this frame; 0 = not known |
//! | 116–119 | previous_end | the page at which the previous segment's frames end |
//! | 120–123 | payload_crc | CRC32C of the payload |
//! | 124–127 | header_crc | CRC32C of bytes 0–123 |
//!
//! Numbers are little-endian. The payload follows at once; zeros fill up to the next multiple of 4 KiB.

use crate::limits::{FORMAT_VERSION, FRAME_ROWS_MAX, PAYLOAD_BYTES_MAX, aligned};
use crate::node::NodeId;

/// Bytes of an encoded header.
pub const HEADER_BYTES: usize = 128;

const MAGIC: [u8; 4] = *b"FMK1";

/// What the rows of a frame are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// [`crate::row::FlowRecord`], fixed size.
    Flow,
    /// [`crate::row::TrafficRow`], a JSON line each.
    Traffic,
    /// [`crate::row::TalkerRow`], a JSON line each.
    Talker,
    /// [`crate::row::LedgerRow`], a JSON line each.
    Ledger,
    /// [`crate::row::InterfaceRow`], a JSON line each.
    Interface,
    /// [`crate::row::EventRow`], a JSON line each.
    Event,
    /// [`crate::row::HostRow`], a JSON line each.
    Host,
    /// [`crate::row::ProcessRow`], a JSON line each.
    Process,
    /// [`crate::row::SubjectRow`], a JSON line each.
    Subject,
    /// [`crate::row::IncidentRow`], a JSON line each.
    Incident,
    /// A kind that a newer writer knows; a reader counts it and goes on.
    Unknown(u16),
}

impl FrameKind {
    const fn number(self) -> u16 {
        match self {
            FrameKind::Flow => 1,
            FrameKind::Traffic => 2,
            FrameKind::Talker => 3,
            FrameKind::Ledger => 4,
            FrameKind::Interface => 5,
            FrameKind::Event => 6,
            FrameKind::Host => 7,
            FrameKind::Process => 8,
            FrameKind::Subject => 9,
            FrameKind::Incident => 10,
            FrameKind::Unknown(number) => number,
        }
    }

    const fn from_number(number: u16) -> FrameKind {
        match number {
            1 => FrameKind::Flow,
            2 => FrameKind::Traffic,
            3 => FrameKind::Talker,
            4 => FrameKind::Ledger,
            5 => FrameKind::Interface,
            6 => FrameKind::Event,
            7 => FrameKind::Host,
            8 => FrameKind::Process,
            9 => FrameKind::Subject,
            10 => FrameKind::Incident,
            other => FrameKind::Unknown(other),
        }
    }
}

/// The decoded header of a frame; see the table above for units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// What the rows are.
    pub kind: FrameKind,
    /// Which sequence they belong to.
    pub stream: u16,
    /// Who wrote them.
    pub node: NodeId,
    /// In which life of the writer.
    pub epoch: u64,
    /// Number of the first row.
    pub seq: u64,
    /// Number of rows.
    pub row_count: u32,
    /// Bytes behind the header.
    pub payload_bytes: u32,
    /// Earliest time in the rows, ns.
    pub first_ns: u64,
    /// Latest time in the rows, ns.
    pub last_ns: u64,
    /// Wire packets accounted for.
    pub packets: u64,
    /// Wire bytes accounted for.
    pub bytes: u64,
    /// Segment index.
    pub segment: u64,
    /// What the stream had received before this frame: tells how much a damaged frame held. `None` = version 1.
    pub before: Option<Carried>,
    /// Where the frame stands among the writes.
    pub place: Place,
    /// CRC32C of the payload.
    pub payload_crc: u32,
}

/// What a reader needs to tell a write that is under way, or has failed, from damage. All 0 = not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The page of the segment at which the write began that brought this frame.
    pub group: u32,
    /// How many indices before this segment the one has that was written before it.
    pub previous: u16,
    /// The page at which that one's frames end: what lies behind was given up, and written again here.
    pub previous_end: u32,
}

/// Wire packets and bytes of a stream's rows up to a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Wire packets.
    pub packets: u64,
    /// Wire bytes.
    pub bytes: u64,
}

/// Why bytes are not a frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFault {
    /// Zeros: nothing was written here yet.
    Empty,
    /// Something else, or damage.
    Damaged,
    /// A sound header of a newer format.
    Newer(u16),
}

impl FrameHeader {
    /// Number of the last row.
    pub fn last_seq(&self) -> u64 {
        self.seq + u64::from(self.row_count) - 1
    }

    /// Bytes that the frame takes in its segment.
    pub fn stride(&self) -> u64 {
        aligned(HEADER_BYTES as u64 + u64::from(self.payload_bytes))
    }

    /// The header's bytes, checksum included.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0u8; HEADER_BYTES];
        out[0..4].copy_from_slice(&MAGIC);
        let version = if self.before.is_some() { FORMAT_VERSION } else { 1 };
        out[4..6].copy_from_slice(&version.to_le_bytes());
        out[6..8].copy_from_slice(&self.kind.number().to_le_bytes());
        out[8..10].copy_from_slice(&self.stream.to_le_bytes());
        out[16..32].copy_from_slice(self.node.as_bytes());
        out[32..40].copy_from_slice(&self.epoch.to_le_bytes());
        out[40..48].copy_from_slice(&self.seq.to_le_bytes());
        out[48..52].copy_from_slice(&self.row_count.to_le_bytes());
        out[52..56].copy_from_slice(&self.payload_bytes.to_le_bytes());
        out[56..64].copy_from_slice(&self.first_ns.to_le_bytes());
        out[64..72].copy_from_slice(&self.last_ns.to_le_bytes());
        out[72..80].copy_from_slice(&self.packets.to_le_bytes());
        out[80..88].copy_from_slice(&self.bytes.to_le_bytes());
        out[88..96].copy_from_slice(&self.segment.to_le_bytes());
        let before = self.before.unwrap_or_default();
        out[96..104].copy_from_slice(&before.packets.to_le_bytes());
        out[104..112].copy_from_slice(&before.bytes.to_le_bytes());
        out[10..12].copy_from_slice(&self.place.previous.to_le_bytes());
        out[112..116].copy_from_slice(&self.place.group.to_le_bytes());
        out[116..120].copy_from_slice(&self.place.previous_end.to_le_bytes());
        out[120..124].copy_from_slice(&self.payload_crc.to_le_bytes());
        let crc = crc32c::crc32c(&out[..124]);
        out[124..128].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a header; every length in the answer is within [`crate::limits`].
    ///
    /// # Errors
    /// What stands there instead of a header.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<FrameHeader, HeaderFault> {
        if bytes.iter().all(|&b| b == 0) {
            return Err(HeaderFault::Empty);
        }
        let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
        if bytes[0..4] != MAGIC || crc32c::crc32c(&bytes[..124]) != u32_at(124) {
            return Err(HeaderFault::Damaged);
        }
        if u16_at(4) > FORMAT_VERSION {
            return Err(HeaderFault::Newer(u16_at(4)));
        }
        let mut node = [0u8; 16];
        node.copy_from_slice(&bytes[16..32]);
        let header = FrameHeader {
            kind: FrameKind::from_number(u16_at(6)),
            stream: u16_at(8),
            node: NodeId::from_bytes(node),
            epoch: u64_at(32),
            seq: u64_at(40),
            row_count: u32_at(48),
            payload_bytes: u32_at(52),
            first_ns: u64_at(56),
            last_ns: u64_at(64),
            packets: u64_at(72),
            bytes: u64_at(80),
            segment: u64_at(88),
            before: (u16_at(4) >= 2).then(|| Carried { packets: u64_at(96), bytes: u64_at(104) }),
            place: Place { group: u32_at(112), previous: u16_at(10), previous_end: u32_at(116) },
            payload_crc: u32_at(120),
        };
        let sound = header.row_count >= 1
            && header.row_count <= FRAME_ROWS_MAX
            && header.payload_bytes as usize <= PAYLOAD_BYTES_MAX
            && header.seq >= 1
            && header.seq.checked_add(u64::from(header.row_count)).is_some();
        if sound { Ok(header) } else { Err(HeaderFault::Damaged) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};

    fn sample() -> FrameHeader {
        FrameHeader {
            kind: FrameKind::Flow,
            stream: 3,
            node: NodeId::from_bytes([7; 16]),
            epoch: 1_700_000_000_000_000,
            seq: 42,
            row_count: 256,
            payload_bytes: 256 * 104,
            first_ns: 1,
            last_ns: 2,
            packets: 1000,
            bytes: 64_000,
            segment: 5,
            before: Some(Carried { packets: 11, bytes: 700 }),
            place: Place { group: 17, previous: 2, previous_end: 99 },
            payload_crc: 0xdead_beef,
        }
    }

    #[test]
    fn header_round_trips_and_zeros_are_empty() {
        assert_eq!(FrameHeader::decode(&sample().encode()), Ok(sample()));
        assert_eq!(FrameHeader::decode(&[0; HEADER_BYTES]), Err(HeaderFault::Empty));
        let version_1 = FrameHeader { before: None, ..sample() };
        assert_eq!(FrameHeader::decode(&version_1.encode()), Ok(version_1), "a spool of the previous program is read");
    }

    #[test]
    fn each_flipped_bit_is_damage() {
        let good = sample().encode();
        for bit in 0..HEADER_BYTES * 8 {
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(FrameHeader::decode(&bad), Err(HeaderFault::Damaged), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn decode_never_panics(bytes in any::<[u8; 64]>(), more in any::<[u8; 32]>()) {
            let mut header = [0u8; HEADER_BYTES];
            header[..64].copy_from_slice(&bytes);
            header[64..96].copy_from_slice(&more);
            let _ = FrameHeader::decode(&header);
        }
    }
}
