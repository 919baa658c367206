//! What a local address or prefix received and sent in the second that is open, as attack detection needs it.
//!
//! A table as [`super::top`] has them, whose slots count by direction, protocol and kind of packet. What belongs to no
//! conversation is counted apart as *lone*: a flow whose other side is silent, or whose handshake was not completed.

use live::line::Volume;
use live::reflection::SERVICES;
use live::target::Side;

use super::sketch::Sketch;
use super::top::TopKey;
use super::votes::{Claim, Votes};
use crate::limits::AMPLIFIED_SLOTS;

/// One direction of one address or prefix: numbers only, so that they are added all at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Zeroable, bytemuck::Pod)]
#[expect(missing_docs, reason = "the names are those of live::target::Side")]
#[repr(C)]
pub struct SideCounts {
    /// By [`super::ProtocolClass`].
    pub packets: [u64; 4],
    /// By [`super::ProtocolClass`].
    pub bytes: [u64; 4],
    pub flows: u64,
    pub fragments: u64,
    pub syn: u64,
    pub lone_packets: u64,
    pub lone_bytes: u64,
    pub lone_syn: u64,
    pub lone_syn_ack: u64,
    pub lone_reset: u64,
    pub lone_udp_packets: u64,
    pub lone_udp_bytes: u64,
    pub lone_icmp: u64,
    pub lone_fragments: u64,
}

impl SideCounts {
    /// Adds another worker's, or another address's: all fields at once. None can overflow in a century.
    #[inline(always)]
    pub fn add(&mut self, other: &SideCounts) {
        let theirs: &[u64; 20] = bytemuck::cast_ref(other);
        for (mine, more) in bytemuck::cast_mut::<SideCounts, [u64; 20]>(self).iter_mut().zip(theirs) {
            *mine = mine.wrapping_add(*more);
        }
    }

    /// Packets of all protocols.
    #[inline(always)]
    pub fn total(&self) -> u64 {
        self.packets.iter().fold(0, |sum, packets| sum.wrapping_add(*packets))
    }

    /// As the live line shows it.
    pub fn side(&self) -> Side {
        let volume = |at: usize| Volume { packets: self.packets[at], bytes: self.bytes[at] };
        Side {
            packets: self.total(),
            bytes: self.bytes.iter().sum(),
            tcp: volume(1),
            udp: volume(2),
            icmp: volume(3),
            flows: self.flows,
            fragments: self.fragments,
            syn: self.syn,
            lone: Volume { packets: self.lone_packets, bytes: self.lone_bytes },
            lone_syn: self.lone_syn,
            lone_syn_ack: self.lone_syn_ack,
            lone_reset: self.lone_reset,
            lone_udp: Volume { packets: self.lone_udp_packets, bytes: self.lone_udp_bytes },
            lone_icmp: self.lone_icmp,
            lone_fragments: self.lone_fragments,
            amplified: Vec::new(),
            detail: None,
        }
    }
}

/// Unasked UDP towards a target, by service.
pub type Amplified = [Volume; SERVICES.len()];

/// What is known of one address or prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// Which.
    pub key: TopKey,
    /// Towards it.
    pub inbound: SideCounts,
    /// From it.
    pub out: SideCounts,
    /// Remote addresses.
    pub remotes: Sketch,
    /// There are at least so many of them.
    pub remotes_at_least: u64,
    /// Local addresses with ports that flows from outside were meant for.
    pub endpoints: Sketch,
    /// `None` = nothing, or no room.
    pub amplified: Option<Box<Amplified>>,
}

impl HostEntry {
    /// Adds what another knows of the same, or of a part of it.
    pub fn add(&mut self, other: &HostEntry) {
        self.inbound.add(&other.inbound);
        self.out.add(&other.out);
        self.remotes.join(&other.remotes);
        self.remotes_at_least = self.remotes_at_least.max(other.remotes_at_least);
        self.endpoints.join(&other.endpoints);
        if let Some(theirs) = &other.amplified {
            let mine = self.amplified.get_or_insert_default();
            mine.iter_mut().zip(theirs.iter()).for_each(|(mine, theirs)| *mine += *theirs);
        }
    }

    /// Packets of both directions.
    pub fn packets(&self) -> u64 {
        self.inbound.total() + self.out.total()
    }

    /// Nothing known of `key`.
    pub fn empty(key: TopKey) -> HostEntry {
        HostEntry {
            key,
            inbound: SideCounts::default(),
            out: SideCounts::default(),
            remotes: Sketch::default(),
            remotes_at_least: 0,
            endpoints: Sketch::default(),
            amplified: None,
        }
    }
}

/// What flows did, seen from their local end.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    /// Towards it and from it.
    pub inbound: SideCounts,
    /// See above.
    pub out: SideCounts,
    /// Remote addresses by their hashes.
    pub remotes: Remotes<'a>,
    /// Hash of the local address with its port, if the flows were meant for it.
    pub endpoint: Option<u64>,
    /// Place of the service in the list, and what it sent unasked.
    pub amplified: Option<(usize, Volume)>,
}

/// Whom the local end met.
#[derive(Clone, Copy, Debug)]
pub enum Remotes<'a> {
    /// One address, by its hash.
    One(u64),
    /// Many.
    Many(&'a Sketch),
    /// At least so many, who are not known.
    AtLeast(u64),
}

#[derive(Clone, Copy, Default)]
struct Slot {
    key: TopKey,
    inbound: SideCounts,
    out: SideCounts,
    remotes: Sketch,
    endpoints: Sketch,
    remotes_at_least: u64,
    /// Number in the pool + 1; 0 = none.
    amplified: u32,
}

/// The table; see the module.
pub struct HostTable {
    votes: Votes,
    slots: Box<[Slot]>,
    /// Few targets are amplified at, and what they receive by service is large.
    amplified: Vec<Amplified>,
}

impl HostTable {
    /// A table of `slots`, a power of two.
    pub fn new(slots: usize) -> HostTable {
        HostTable {
            votes: Votes::new(slots),
            slots: vec![Slot::default(); slots].into_boxed_slice(),
            amplified: Vec::new(),
        }
    }

    /// Counts for `key`, whose hash is `hash`.
    #[inline]
    pub fn add(&mut self, key: &TopKey, hash: u64, local: &Local<'_>) {
        let at = self.votes.slot(hash);
        let (inbound, out) = (local.inbound.total(), local.out.total());
        let slot = &mut self.slots[at];
        match self.votes.claim(at, hash, inbound.wrapping_add(out), || slot.key == *key) {
            Claim::Lost => return,
            // What a former owner had of the pool stays there, unused, until the second ends.
            Claim::Won => *slot = Slot { key: *key, ..Slot::default() },
            Claim::Kept => {}
        }
        if inbound > 0 {
            slot.inbound.add(&local.inbound);
        }
        if out > 0 {
            slot.out.add(&local.out);
        }
        match local.remotes {
            Remotes::One(hash) => slot.remotes.insert(hash),
            Remotes::Many(sketch) => slot.remotes.join(sketch),
            Remotes::AtLeast(count) => slot.remotes_at_least = slot.remotes_at_least.max(count),
        }
        if let Some(endpoint) = local.endpoint {
            slot.endpoints.insert(endpoint);
        }
        if let Some((service, volume)) = local.amplified {
            if slot.amplified == 0 && self.amplified.len() < AMPLIFIED_SLOTS {
                self.amplified.push([Volume::default(); SERVICES.len()]);
                slot.amplified = self.amplified.len() as u32;
            }
            if let Some(pool) = (slot.amplified as usize).checked_sub(1) {
                self.amplified[pool][service] += volume;
            }
        }
    }

    /// The `max` with most packets, most first.
    pub fn list(&self, max: usize) -> Vec<HostEntry> {
        let packets = |at: usize| self.slots[at].inbound.total() + self.slots[at].out.total();
        let mut used: Vec<(u64, usize)> = self.votes.owned().map(|at| (packets(at), at)).collect();
        used.sort_unstable_by_key(|(packets, _)| std::cmp::Reverse(*packets));
        used.truncate(max);
        let entry = |(_, at): (u64, usize)| {
            let slot = &self.slots[at];
            let pool = (slot.amplified as usize).checked_sub(1);
            HostEntry {
                key: slot.key,
                inbound: slot.inbound,
                out: slot.out,
                remotes: slot.remotes,
                remotes_at_least: slot.remotes_at_least,
                endpoints: slot.endpoints,
                amplified: pool.map(|pool| Box::new(self.amplified[pool])),
            }
        };
        used.into_iter().map(entry).collect()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.votes.clear();
        self.amplified.clear();
    }
}
