//! The fixed-size flow table of one worker: set-associative, eight ways, no locks, never grows.
//!
//! A bucket's eight 16-bit tags lie together (16 bytes, so four buckets share a cache line and the tags of a table of
//! 2^18 entries fit the second-level cache); the entries lie apart, two lines each. A tag holds 14 bits of the hash, a
//! bit that says "used", and a bit that says "established" (two packets or more), so that the victim of a full bucket
//! is found without touching an entry: a one-packet newcomer goes before a flow that has shown itself.

use super::entry::{ACK, Entry, SYN};
use super::key::{FlowKey, HashSeed, Way};
use super::prefetch::prefetch;
use crate::limits::{CLOSED_LINGER_NS, WAYS};
use spool::row::{Direction, EndReason};

const ESTABLISHED: u16 = 1;
const USED: u16 = 1 << 15;

/// When flows end, in nanoseconds; `u64::MAX` = never.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Without a packet for longer than this a flow ends.
    pub idle_ns: u64,
    /// A record is written after at most this time.
    pub active_ns: u64,
}

/// One packet (or GRO superframe) as the table sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Time, ns.
    pub time_ns: u64,
    /// Wire packets: 1, or what GRO had merged.
    pub packets: u32,
    /// Wire bytes.
    pub bytes: u64,
    /// TCP flags.
    pub tcp_flags: u8,
    /// First or later fragment.
    pub fragment: bool,
}

/// What `update` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Updated {
    /// Which way the packet went, seen from the local networks.
    pub direction: Direction,
    /// The flow was not in the table.
    pub is_new: bool,
}

/// An entry that must be written (or folded), with the reason.
#[derive(Clone, Copy, Debug)]
pub struct Expelled {
    /// The entry as it was.
    pub entry: Entry,
    /// Why it is written.
    pub reason: EndReason,
}

/// The table; see the module.
pub struct FlowTable {
    tags: Box<[[u16; WAYS]]>,
    entries: Box<[[Entry; WAYS]]>,
    seed: HashSeed,
    timeouts: Timeouts,
    used: usize,
    held_packets: u64,
    held_bytes: u64,
    victim_turn: usize,
    sweep_at: usize,
}

impl FlowTable {
    /// A table of `entries` (a power of two, 64 at least), all of it reserved now, its pages touched when used.
    pub fn new(entries: usize, timeouts: Timeouts, seed: HashSeed) -> FlowTable {
        assert!(entries.is_power_of_two() && entries >= 64, "the configuration is validated before");
        let buckets = entries / WAYS;
        FlowTable {
            tags: bytemuck::allocation::zeroed_slice_box(buckets),
            entries: bytemuck::allocation::zeroed_slice_box(buckets),
            seed,
            timeouts,
            used: 0,
            held_packets: 0,
            held_bytes: 0,
            victim_turn: 0,
            sweep_at: 0,
        }
    }

    /// The hash by which `key` is found.
    #[inline(always)]
    pub fn hash(&self, key: &FlowKey) -> u64 {
        self.seed.hash(key)
    }

    /// The secrets, for other tables of the same worker.
    pub fn seed(&self) -> HashSeed {
        self.seed
    }

    /// Entries in use.
    pub fn used(&self) -> usize {
        self.used
    }

    /// Entries in all.
    pub fn capacity(&self) -> usize {
        self.entries.len() * WAYS
    }

    /// Wire packets and bytes in the table: seen, not yet expelled.
    pub fn held(&self) -> (u64, u64) {
        (self.held_packets, self.held_bytes)
    }

    #[inline(always)]
    fn bucket(&self, hash: u64) -> usize {
        hash as usize & (self.tags.len() - 1)
    }

    /// First look: asks for the bucket's tags.
    #[inline(always)]
    pub fn prefetch_tags(&self, hash: u64) {
        prefetch(&self.tags[self.bucket(hash)]);
    }

    /// Second look, when the tags are there: asks for the entry that `update` will touch.
    #[inline(always)]
    pub fn prefetch_entry(&self, hash: u64) {
        let bucket = self.bucket(hash);
        let tags = &self.tags[bucket];
        let matching = matches(tags, tag_of(hash));
        let way = if matching != 0 {
            matching.trailing_zeros() as usize
        } else {
            self.vacancy(tags).unwrap_or_else(|| self.victim(tags))
        };
        let entry = &self.entries[bucket][way & (WAYS - 1)];
        prefetch(entry);
        prefetch(&entry.tcp_flags);
    }

    fn vacancy(&self, tags: &[u16; WAYS]) -> Option<usize> {
        tags.iter().position(|&tag| tag == 0)
    }

    /// The way of a full bucket that goes: the next one-packet newcomer in turn, else simply the next.
    fn victim(&self, tags: &[u16; WAYS]) -> usize {
        let newcomers =
            tags.iter().enumerate().fold(0u32, |mask, (way, tag)| mask | u32::from(tag & ESTABLISHED == 0) << way);
        let turn = self.victim_turn % WAYS;
        let after_turn = newcomers & (u32::MAX << turn);
        let mask = if after_turn != 0 { after_turn } else { newcomers };
        if mask != 0 { mask.trailing_zeros() as usize } else { turn }
    }

    /// Counts one packet. `locate` tells the direction of a new flow from its originator's way. What must be written
    /// because of it is appended to `expelled`.
    #[inline]
    pub fn update(
        &mut self,
        key: &FlowKey,
        hash: u64,
        way: Way,
        seen: &Seen,
        locate: impl FnOnce(&FlowKey, Way) -> Direction,
        expelled: &mut Vec<Expelled>,
    ) -> Updated {
        let bucket = self.bucket(hash);
        let tag = tag_of(hash);
        self.held_packets += u64::from(seen.packets);
        self.held_bytes += seen.bytes;
        let mut matching = matches(&self.tags[bucket], tag);
        while matching != 0 {
            let slot = matching.trailing_zeros() as usize & (WAYS - 1);
            if self.entries[bucket][slot].key == *key {
                return self.count(bucket, slot, way, seen, expelled);
            }
            matching &= matching - 1;
        }
        self.insert(bucket, tag, key, way, seen, locate, expelled)
    }

    #[inline]
    fn count(&mut self, bucket: usize, slot: usize, way: Way, seen: &Seen, expelled: &mut Vec<Expelled>) -> Updated {
        let entry = &mut self.entries[bucket][slot];
        if seen.time_ns > entry.last_ns {
            let idle = seen.time_ns - entry.last_ns > self.timeouts.idle_ns;
            let active = seen.time_ns.saturating_sub(entry.first_ns) >= self.timeouts.active_ns;
            let reopened = seen.tcp_flags & (SYN | ACK) == SYN && entry.is_closed();
            if (idle || active || reopened) && entry.total_packets() > 0 {
                let reason = match (reopened, idle) {
                    (true, _) => EndReason::Closed,
                    (_, true) => EndReason::Idle,
                    _ => EndReason::Active,
                };
                self.held_packets -= entry.total_packets();
                self.held_bytes -= entry.total_bytes();
                expelled.push(Expelled { entry: *entry, reason });
                entry.restart();
            }
            entry.last_ns = seen.time_ns;
        }
        entry.first_ns = entry.first_ns.min(seen.time_ns);
        add(entry, way, seen);
        self.tags[bucket][slot] |= ESTABLISHED;
        let direction = entry.flow_direction();
        let forward = entry.originator == way as u8;
        Updated { direction: if forward { direction } else { direction.reversed() }, is_new: false }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the cold half of `update`, split off for the reader and the inliner"
    )]
    fn insert(
        &mut self,
        bucket: usize,
        tag: u16,
        key: &FlowKey,
        way: Way,
        seen: &Seen,
        locate: impl FnOnce(&FlowKey, Way) -> Direction,
        expelled: &mut Vec<Expelled>,
    ) -> Updated {
        let tags = &self.tags[bucket];
        let slot = match self.vacancy(tags) {
            Some(slot) => {
                self.used += 1;
                slot
            }
            None => {
                let slot = self.victim(tags);
                self.victim_turn = self.victim_turn.wrapping_add(1);
                let entry = self.entries[bucket][slot];
                self.held_packets -= entry.total_packets();
                self.held_bytes -= entry.total_bytes();
                if entry.total_packets() > 0 {
                    expelled.push(Expelled { entry, reason: EndReason::Evicted });
                }
                slot
            }
        };
        // A SYN with ACK answers a SYN that was not seen: its receiver began the connection.
        let originator = if seen.tcp_flags & (SYN | ACK) == SYN | ACK { way.opposite() } else { way };
        let direction = locate(key, originator);
        let mut entry = Entry {
            key: *key,
            last_ns: seen.time_ns,
            first_ns: seen.time_ns,
            originator: originator as u8,
            direction: direction as u8,
            ..Entry::default()
        };
        add(&mut entry, way, seen);
        self.entries[bucket][slot] = entry;
        self.tags[bucket][slot] = if seen.packets > 1 { tag | ESTABLISHED } else { tag };
        Updated { direction: if originator == way { direction } else { direction.reversed() }, is_new: true }
    }

    /// Looks at the next `buckets` buckets: expels what is idle, closed or due at `now_ns`, and shows every entry that
    /// stays to `harvest`. Calling it for all buckets once a second costs about 10 ns an entry in use.
    pub fn sweep(
        &mut self,
        buckets: usize,
        now_ns: u64,
        expelled: &mut Vec<Expelled>,
        mut harvest: impl FnMut(&mut Entry),
    ) {
        for _ in 0..buckets.min(self.tags.len()) {
            let bucket = self.sweep_at;
            self.sweep_at = (self.sweep_at + 1) % self.tags.len();
            if self.tags[bucket] == [0; WAYS] {
                continue;
            }
            for slot in 0..WAYS {
                if self.tags[bucket][slot] != 0 {
                    self.sweep_entry(bucket, slot, now_ns, expelled, &mut harvest);
                }
            }
        }
    }

    fn sweep_entry(
        &mut self,
        bucket: usize,
        slot: usize,
        now_ns: u64,
        expelled: &mut Vec<Expelled>,
        harvest: &mut impl FnMut(&mut Entry),
    ) {
        let entry = &mut self.entries[bucket][slot];
        let silent = now_ns.saturating_sub(entry.last_ns);
        let closed = entry.is_closed() && silent >= CLOSED_LINGER_NS;
        let holds = entry.total_packets() > 0;
        if closed || silent > self.timeouts.idle_ns {
            let reason = if closed { EndReason::Closed } else { EndReason::Idle };
            if holds {
                self.held_packets -= entry.total_packets();
                self.held_bytes -= entry.total_bytes();
                expelled.push(Expelled { entry: *entry, reason });
            }
            self.tags[bucket][slot] = 0;
            self.used -= 1;
        } else if holds && now_ns.saturating_sub(entry.first_ns) >= self.timeouts.active_ns {
            self.held_packets -= entry.total_packets();
            self.held_bytes -= entry.total_bytes();
            expelled.push(Expelled { entry: *entry, reason: EndReason::Active });
            entry.restart();
        } else if holds {
            harvest(entry);
        }
    }

    /// Number of buckets: what a whole sweep visits.
    pub fn buckets(&self) -> usize {
        self.tags.len()
    }

    /// Expels everything, bucket by bucket, in calls of at most `buckets`; false = nothing is left.
    pub fn drain(&mut self, buckets: usize, expelled: &mut Vec<Expelled>) -> bool {
        for _ in 0..buckets.min(self.tags.len()) {
            let bucket = self.sweep_at;
            self.sweep_at = (self.sweep_at + 1) % self.tags.len();
            for slot in 0..WAYS {
                if self.tags[bucket][slot] == 0 {
                    continue;
                }
                let entry = self.entries[bucket][slot];
                if entry.total_packets() > 0 {
                    self.held_packets -= entry.total_packets();
                    self.held_bytes -= entry.total_bytes();
                    expelled.push(Expelled { entry, reason: EndReason::Shutdown });
                }
                self.tags[bucket][slot] = 0;
                self.used -= 1;
            }
        }
        self.used > 0
    }
}

#[inline(always)]
fn add(entry: &mut Entry, way: Way, seen: &Seen) {
    let way = way as usize;
    entry.packets[way] += u64::from(seen.packets);
    entry.bytes[way] += seen.bytes;
    entry.tcp_flags[way] |= seen.tcp_flags;
    if seen.tcp_flags & (SYN | ACK) == SYN {
        entry.syns = entry.syns.saturating_add(1);
    }
    if seen.fragment {
        entry.fragments = entry.fragments.saturating_add(1);
    }
}

/// The tag of a hash, without the established bit: bits that the bucket's number does not use.
#[inline(always)]
fn tag_of(hash: u64) -> u16 {
    (hash >> 48) as u16 & !ESTABLISHED | USED
}

/// A bit for each way whose tag is `tag`, established or not.
#[inline(always)]
fn matches(tags: &[u16; WAYS], tag: u16) -> u32 {
    let mut mask = 0u32;
    for (way, &other) in tags.iter().enumerate() {
        mask |= u32::from(other & !ESTABLISHED == tag) << way;
    }
    mask
}

#[cfg(test)]
mod tests;
