//! The pcapng format: sections of blocks; each interface has its own link type, snap length and clock.
//!
//! Source: draft-ietf-opsawg-pcapng, sections 3 and 4. Enhanced packet blocks, and those of type 2, which the draft
//! calls obsolete, are read by hand: pcap-parser takes 10 ns more for the first, and does not know the second.
//!
//! | field of a packet block | bytes |
//! |---|---|
//! | type, length of the block | 0–3, 4–7 |
//! | interface (in type 2: interface, drops) | 8–11 (8–9, 10–11) |
//! | time in the interface's units, high and low | 12–15, 16–19 |
//! | bytes captured, bytes on the wire | 20–23, 24–27 |
//! | the captured bytes, padding, options | 28–… |
//! | length of the block, again | the last 4 |

use pcap_parser::pcapng::{
    parse_interfacedescriptionblock_be, parse_interfacedescriptionblock_le, parse_sectionheaderblock,
    parse_simplepacketblock_be, parse_simplepacketblock_le,
};
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{EPB_MAGIC, IDB_MAGIC, OptionCode, SHB_MAGIC, SPB_MAGIC};

use super::buffer::RECORD_BYTES_MAX;
use super::{Damage, FileFrame, Stop};
use crate::frame::{Frame, LinkType};

/// The obsolete packet block.
const PACKET_BLOCK: u32 = 2;

/// Interfaces kept of one section; at 40 bytes each they take 2.5 MiB at most.
const INTERFACES_MAX: usize = 65_536;

/// One interface of the current section.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    snaplen: u32,
    clock: Clock,
}

/// The reader's state: the current section.
#[derive(Debug, Default)]
pub(super) struct PcapNg {
    big_endian: bool,
    interfaces: Vec<Interface>,
}

/// Fields that the packet blocks have in common, the time still in the interface's units.
struct Found<'a> {
    interface: u32,
    ticks: u64,
    wire_len: u32,
    data: &'a [u8],
}

/// Whether `first` begins with a section header block.
pub(super) fn begins_section(first: &[u8]) -> bool {
    let byte_order = [[0x4d, 0x3c, 0x2b, 0x1a], [0x1a, 0x2b, 0x3c, 0x4d]];
    first.starts_with(&SHB_MAGIC.to_le_bytes())
        && first.get(8..12).is_some_and(|bom| byte_order.iter().any(|b| b == bom))
}

impl PcapNg {
    /// The block at the start of `bytes`: its length, and its frame if it is a packet's.
    #[inline]
    pub(super) fn block<'a>(&mut self, bytes: &'a [u8]) -> Result<(usize, Option<FileFrame<'a>>), Stop> {
        let Some(head) = bytes.first_chunk::<12>() else { return Err(Stop::Starved) };
        if head[..4] == SHB_MAGIC.to_le_bytes() {
            // The type reads the same in both byte orders; the byte-order magic behind it tells this section's.
            self.big_endian = head[8] == 0x1a;
        }
        let kind = self.word(&head[0..4]);
        let length = self.word(&head[4..8]);
        if length < 12 || !length.is_multiple_of(4) || length > RECORD_BYTES_MAX {
            return Err(Stop::Damaged(Damage::BlockLength(length)));
        }
        let used = length as usize;
        let Some(block) = bytes.get(..used) else { return Err(Stop::Starved) };
        let found = match kind {
            EPB_MAGIC | PACKET_BLOCK => self.packet(kind, block),
            SPB_MAGIC => self.simple(block),
            SHB_MAGIC | IDB_MAGIC => {
                self.describe(kind, block).map_err(Stop::Damaged)?;
                return Ok((used, None));
            }
            _ => return Ok((used, None)),
        };
        let Some(found) = found else { return Err(Stop::Damaged(Damage::Block(kind))) };
        let Some(interface) = self.interfaces.get(found.interface as usize) else {
            return Err(Stop::Damaged(Damage::Interface(found.interface)));
        };
        let frame = Frame {
            bytes: found.data,
            wire_len: found.wire_len,
            time_ns: interface.clock.nanoseconds(found.ticks),
            link: interface.link,
            vlan: None,
            gso_size: 0,
            outgoing: None,
        };
        Ok((used, Some(FileFrame { interface: found.interface, frame })))
    }

    #[inline]
    fn word(&self, field: &[u8]) -> u32 {
        let raw = field.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        if self.big_endian { raw.swap_bytes() } else { raw }
    }

    /// An enhanced packet block, or one of type 2: they differ only in the width of the interface number.
    #[inline]
    fn packet<'a>(&self, kind: u32, block: &'a [u8]) -> Option<Found<'a>> {
        let (body, length_again) = block.split_last_chunk::<4>()?;
        let header = body.first_chunk::<28>()?;
        let interface = match kind {
            PACKET_BLOCK if self.big_endian => u32::from(u16::from_be_bytes([header[8], header[9]])),
            PACKET_BLOCK => u32::from(u16::from_le_bytes([header[8], header[9]])),
            _ => self.word(&header[8..12]),
        };
        if header[4..8] != *length_again {
            return None;
        }
        Some(Found {
            interface,
            ticks: u64::from(self.word(&header[12..16])) << 32 | u64::from(self.word(&header[16..20])),
            wire_len: self.word(&header[24..28]),
            data: body[28..].get(..self.word(&header[20..24]) as usize)?,
        })
    }

    /// A simple packet block has no time and no captured length: the latter is what snap length and block allow.
    #[cold]
    fn simple<'a>(&self, block: &'a [u8]) -> Option<Found<'a>> {
        let parse = if self.big_endian { parse_simplepacketblock_be } else { parse_simplepacketblock_le };
        let (_, packet) = parse(block).ok()?;
        let snaplen = match self.interfaces.first().map_or(0, |interface| interface.snaplen) {
            0 => usize::MAX,
            limited => limited as usize,
        };
        let captured = (packet.orig_len() as usize).min(snaplen).min(packet.data.len());
        Some(Found { interface: 0, ticks: 0, wire_len: packet.origlen, data: packet.data.get(..captured)? })
    }

    /// Takes a section header or an interface description into the state.
    #[cold]
    fn describe(&mut self, kind: u32, block: &[u8]) -> Result<(), Damage> {
        if kind == SHB_MAGIC {
            parse_sectionheaderblock(block).map_err(|_| Damage::Block(kind))?;
            self.interfaces.clear();
            return Ok(());
        }
        let parse =
            if self.big_endian { parse_interfacedescriptionblock_be } else { parse_interfacedescriptionblock_le };
        let (_, described) = parse(block).map_err(|_| Damage::Block(kind))?;
        if self.interfaces.len() == INTERFACES_MAX {
            return Err(Damage::TooManyInterfaces);
        }
        // pcap-parser reads the offset as little-endian whatever the section's order, so it is read here.
        let offset_s = described.options.iter().find(|option| option.code == OptionCode::IfTsoffset);
        let offset_s = offset_s
            .and_then(|option| option.value().first_chunk::<8>())
            .map_or(0, |bytes| if self.big_endian { i64::from_be_bytes(*bytes) } else { i64::from_le_bytes(*bytes) });
        self.interfaces.push(Interface {
            link: LinkType::from_pcap((described.linktype.0 & 0xffff) as u16),
            snaplen: described.snaplen,
            clock: Clock::new(described.if_tsresol, offset_s),
        });
        Ok(())
    }
}

/// An interface's clock: what a tick of its time stamps is (if_tsresol) and where they begin (if_tsoffset).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// A tick is this many nanoseconds, and ticks begin at the epoch: the common case.
    Whole(u64),
    /// `ticks_per_s` ticks make a second, and `offset_s` seconds are added.
    Any { ticks_per_s: u128, offset_s: i64 },
}

impl Clock {
    /// `resolution`: a negative power of 10, or of 2 when the high bit is set.
    fn new(resolution: u8, offset_s: i64) -> Clock {
        let exponent = u32::from(resolution & 0x7f);
        match (resolution & 0x80, exponent) {
            (0, 0..=9) if offset_s == 0 => Clock::Whole(10_u64.pow(9 - exponent)),
            // 10^38 is the largest power of ten that a u128 holds; a finer clock would count below any time stamp.
            (0, _) => Clock::Any { ticks_per_s: 10_u128.pow(exponent.min(38)), offset_s },
            (_, _) => Clock::Any { ticks_per_s: 1_u128 << exponent, offset_s },
        }
    }

    /// Nanoseconds since the epoch; times that do not fit are the nearest that do.
    #[inline]
    fn nanoseconds(self, ticks: u64) -> u64 {
        match self {
            Clock::Whole(tick_ns) => ticks.saturating_mul(tick_ns),
            Clock::Any { ticks_per_s, offset_s } => slow_nanoseconds(ticks, ticks_per_s, offset_s),
        }
    }
}

#[cold]
fn slow_nanoseconds(ticks: u64, ticks_per_s: u128, offset_s: i64) -> u64 {
    let since = u128::from(ticks) * 1_000_000_000 / ticks_per_s;
    let offset_ns = i128::from(offset_s) * 1_000_000_000;
    // Both lie far below 2^126: ticks < 2^64, and a second has less than 2^30 nanoseconds.
    let total = i128::try_from(since).unwrap_or(i128::MAX).saturating_add(offset_ns);
    u64::try_from(total.max(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Clock;

    fn check(resolution: u8, offset_s: i64, ticks: u64, expect_ns: u64) {
        assert_eq!(Clock::new(resolution, offset_s).nanoseconds(ticks), expect_ns);
    }

    #[test]
    fn clocks_of_powers_of_ten() {
        check(6, 0, 1_500_000, 1_500_000_000);
        check(9, 0, 1_500_000_000, 1_500_000_000);
        check(0, 0, 7, 7_000_000_000);
        check(12, 0, 1_500_000_000_000, 1_500_000_000);
        check(127, 0, u64::MAX, 0);
    }

    #[test]
    fn clocks_of_powers_of_two() {
        check(0x80 | 1, 0, 3, 1_500_000_000);
        check(0x80 | 32, 0, 3 << 31, 1_500_000_000);
        check(0x80 | 127, 0, u64::MAX, 0);
    }

    #[test]
    fn offsets_shift_and_never_wrap() {
        check(6, 10, 1, 10_000_001_000);
        check(6, -1, 1_500_000, 500_000_000);
        check(6, i64::MIN, 1, 0);
        check(0, i64::MAX, u64::MAX, u64::MAX);
        check(6, 0, u64::MAX, u64::MAX);
    }
}
