//! The last packets that a worker looked at, with their first bytes: what a sample has from before it was asked for.

use super::taking::{Offer, Taking};
use crate::frame::{Frame, LinkType};
use crate::limits::{RECENT_BYTES, RECENT_PACKETS};
use crate::wire::Packet;

struct Kept {
    interface: u16,
    time_ns: u64,
    wire_len: u32,
    length: usize,
    packet: Packet,
    bytes: [u8; RECENT_BYTES],
}

/// A ring of them; see the module.
#[derive(Default)]
pub struct Recent {
    kept: Vec<Kept>,
    next: usize,
}

impl Recent {
    /// Keeps one in place of the oldest. A frame of a file with other link types is left out.
    pub fn keep(&mut self, offer: &Offer<'_>) {
        if offer.frame.link != LinkType::Ethernet {
            return;
        }
        let length = offer.frame.bytes.len().min(RECENT_BYTES);
        let mut bytes = [0; RECENT_BYTES];
        bytes[..length].copy_from_slice(&offer.frame.bytes[..length]);
        let kept = Kept {
            interface: offer.interface,
            time_ns: offer.time_ns,
            wire_len: offer.frame.wire_len,
            length,
            packet: *offer.packet,
            bytes,
        };
        match self.kept.get_mut(self.next) {
            Some(place) => *place = kept,
            None => self.kept.push(kept),
        }
        self.next = (self.next + 1) % RECENT_PACKETS;
    }

    /// Offers all to a sample that begins, the oldest first.
    pub fn offer(&self, taking: &Taking) {
        let (newer, older) = self.kept.split_at(self.next.min(self.kept.len()));
        for kept in older.iter().chain(newer) {
            let bytes = &kept.bytes[..kept.length];
            let frame = Frame { bytes, wire_len: kept.wire_len, link: LinkType::Ethernet, ..Frame::EMPTY };
            taking.offer(&Offer {
                interface: kept.interface,
                frame: &frame,
                packet: &kept.packet,
                time_ns: kept.time_ns,
            });
        }
    }
}
