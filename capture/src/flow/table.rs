//! The fixed-size flow table of one worker: set-associative, eight ways, no locks, never grows beyond its bound.
//!
//! A bucket is one cache line: eight 16-bit tags and the numbers of eight entries. The entries (two lines each) lie
//! densely in the order of their making and are used again last-freed-first, so that a table which is nearly empty
//! touches little memory. A tag holds 14 bits of the hash, a bit that says "used", and a bit that says "established"
//! (two packets or more), so that the victim of a full bucket is found without touching an entry: a one-packet newcomer
//! goes before a flow that has shown itself.

use super::entry::{ACK, Entry, FIN, RST, SYN};
use super::key::{FlowKey, HashSeed, Way};
use super::memory::{huge_pages, prefetch};
use crate::limits::{CLOSED_LINGER_NS, WAYS};
use spool::row::{Direction, EndReason};
use wide::u16x8;

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
    pub bytes: u32,
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

/// One cache line of the index.
#[derive(Clone, Copy, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Bucket {
    tags: [u16; WAYS],
    entries: [u32; WAYS],
    reserved: [u64; 2],
}

const _: () = assert!(size_of::<Bucket>() == 64);

/// The table; see the module.
pub struct FlowTable {
    buckets: Vec<Bucket>,
    mask: usize,
    entries: Vec<Entry>,
    free: Vec<u32>,
    seed: HashSeed,
    timeouts: Timeouts,
    used: usize,
    held_packets: u64,
    held_bytes: u64,
    sweep_at: usize,
}

impl FlowTable {
    /// A table of `entries` (a power of two, 64 to 2^24), all of it reserved now, its pages touched when used.
    pub fn new(entries: usize, timeouts: Timeouts, seed: HashSeed) -> FlowTable {
        let sound = entries.is_power_of_two() && (64..=1 << 24).contains(&entries);
        assert!(sound, "the configuration is validated before");
        let (mut buckets, memory) = (Vec::with_capacity(entries / WAYS), Vec::with_capacity(entries));
        huge_pages(&buckets);
        huge_pages(&memory);
        buckets.resize(entries / WAYS, bytemuck::Zeroable::zeroed());
        FlowTable {
            buckets,
            mask: entries / WAYS - 1,
            entries: memory,
            free: Vec::new(),
            seed,
            timeouts,
            used: 0,
            held_packets: 0,
            held_bytes: 0,
            sweep_at: 0,
        }
    }

    /// The hash by which `key` is found.
    #[inline(always)]
    pub fn hash(&self, key: &FlowKey) -> u64 {
        self.seed.hash(key)
    }

    /// Entries in use.
    pub fn used(&self) -> usize {
        self.used
    }

    /// Wire packets and bytes in the table: seen, not yet expelled.
    pub fn held(&self) -> (u64, u64) {
        (self.held_packets, self.held_bytes)
    }

    #[inline(always)]
    fn bucket(&self, hash: u64) -> usize {
        hash as usize & self.mask
    }

    /// First look: asks for the bucket.
    #[inline(always)]
    pub fn prefetch_bucket(&self, hash: u64) {
        prefetch(&self.buckets[self.bucket(hash)]);
    }

    /// Second look, when the bucket is there: where the flow probably is, or who would go for it; asks for that entry.
    #[inline(always)]
    pub fn look_up(&self, hash: u64) -> Candidate {
        let bucket = &self.buckets[self.bucket(hash)];
        let matching = matches(&bucket.tags, tag_of(hash));
        let way = if matching != 0 {
            first_way(matching)
        } else if vacancy(&bucket.tags) != 0 {
            return Candidate::NONE;
        } else {
            victim(&bucket.tags, hash)
        };
        let number = bucket.entries[way];
        if let Some(entry) = self.entries.get(number as usize) {
            prefetch(entry);
            prefetch(&entry.tcp_flags);
        }
        Candidate { way: way as u32, number }
    }

    /// Counts one packet. `locate` tells the direction of a new flow from its originator's way. Entries that
    /// must be written because of it are shown to `expel`, with the reason, before they are used anew.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "one call a packet: a struct would be stored and loaded again")]
    pub fn update(
        &mut self,
        key: &FlowKey,
        hash: u64,
        candidate: Candidate,
        way: Way,
        seen: &Seen,
        locate: impl FnOnce(&FlowKey, Way) -> Direction,
        expel: &mut impl FnMut(&mut Entry, EndReason),
    ) -> Updated {
        self.held_packets += u64::from(seen.packets);
        self.held_bytes += u64::from(seen.bytes);
        let at = self.bucket(hash);
        // Packets before this one may have changed the bucket: the candidate is believed only if it still holds.
        if let Some(entry) = self.entries.get(candidate.number as usize)
            && entry.key == *key
            && self.buckets[at].entries[candidate.way as usize & (WAYS - 1)] == candidate.number
        {
            self.buckets[at].tags[candidate.way as usize & (WAYS - 1)] |= ESTABLISHED;
            return self.count(candidate.number as usize, way, seen, expel);
        }
        self.update_slowly(at, key, hash, way, seen, locate, expel)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the cold half of `update`, split off for the reader and the inliner"
    )]
    #[inline(never)]
    fn update_slowly(
        &mut self,
        at: usize,
        key: &FlowKey,
        hash: u64,
        way: Way,
        seen: &Seen,
        locate: impl FnOnce(&FlowKey, Way) -> Direction,
        expel: &mut impl FnMut(&mut Entry, EndReason),
    ) -> Updated {
        let mut matching = matches(&self.buckets[at].tags, tag_of(hash));
        while matching != 0 {
            let way_of_bucket = first_way(matching);
            let number = self.buckets[at].entries[way_of_bucket] as usize;
            if self.entries.get(number).is_some_and(|entry| entry.key == *key) {
                self.buckets[at].tags[way_of_bucket] |= ESTABLISHED;
                return self.count(number, way, seen, expel);
            }
            matching &= matching - 1;
        }
        self.insert(at, hash, key, way, seen, locate, expel)
    }

    #[inline(always)]
    fn count(
        &mut self,
        number: usize,
        way: Way,
        seen: &Seen,
        expel: &mut impl FnMut(&mut Entry, EndReason),
    ) -> Updated {
        let entry = &mut self.entries[number];
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
                expel(entry, reason);
                entry.restart();
            }
            entry.last_ns = seen.time_ns;
        } else if entry.last_ns - seen.time_ns > self.timeouts.idle_ns {
            self.turn_back(number, seen.time_ns, expel);
        }
        let entry = &mut self.entries[number];
        entry.first_ns = entry.first_ns.min(seen.time_ns);
        add(entry, way, seen);
        let direction = entry.flow_direction();
        let forward = entry.originator == way as u8;
        Updated { direction: if forward { direction } else { direction.reversed() }, is_new: false }
    }

    /// Time went back by more than a flow may be idle: the record of before ends, or it would span both times.
    #[cold]
    fn turn_back(&mut self, number: usize, time_ns: u64, expel: &mut impl FnMut(&mut Entry, EndReason)) {
        let entry = &mut self.entries[number];
        if entry.total_packets() > 0 {
            self.held_packets -= entry.total_packets();
            self.held_bytes -= entry.total_bytes();
            expel(entry, EndReason::Idle);
            entry.restart();
        }
        entry.last_ns = time_ns;
    }

    /// Moves the times of all flows by `by_ns`: the clock was set, and how long a flow lasts or is silent has not
    /// changed by that. One pass over the entries that were ever used.
    pub fn shift(&mut self, by_ns: i64) {
        for entry in self.entries.iter_mut().filter(|entry| entry.in_use != 0) {
            entry.last_ns = entry.last_ns.saturating_add_signed(by_ns);
            // `u64::MAX` = no packet since the last export.
            if entry.first_ns != u64::MAX {
                entry.first_ns = entry.first_ns.saturating_add_signed(by_ns);
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the cold half of `update`, split off for the reader and the inliner"
    )]
    fn insert(
        &mut self,
        at: usize,
        hash: u64,
        key: &FlowKey,
        way: Way,
        seen: &Seen,
        locate: impl FnOnce(&FlowKey, Way) -> Direction,
        expel: &mut impl FnMut(&mut Entry, EndReason),
    ) -> Updated {
        let (way_of_bucket, number) = self.place(at, hash, expel);
        // A SYN with ACK answers a SYN that was not seen: its receiver began the connection.
        let originator = if seen.tcp_flags & (SYN | ACK) == SYN | ACK { way.opposite() } else { way };
        let direction = locate(key, originator);
        let entry = &mut self.entries[number as usize];
        *entry = Entry {
            key: *key,
            last_ns: seen.time_ns,
            first_ns: seen.time_ns,
            originator: originator as u8,
            direction: direction as u8,
            in_use: 1,
            ..Entry::default()
        };
        add(entry, way, seen);
        let bucket = &mut self.buckets[at];
        bucket.entries[way_of_bucket] = number;
        bucket.tags[way_of_bucket] = tag_of(hash) | if seen.packets > 1 { ESTABLISHED } else { 0 };
        Updated { direction: if originator == way { direction } else { direction.reversed() }, is_new: true }
    }

    /// A way of the bucket and an entry for a newcomer; a full bucket gives up its victim.
    #[inline]
    fn place(&mut self, at: usize, hash: u64, expel: &mut impl FnMut(&mut Entry, EndReason)) -> (usize, u32) {
        let bucket = &self.buckets[at];
        let vacant = vacancy(&bucket.tags);
        if vacant != 0 {
            let way = first_way(vacant);
            self.used += 1;
            let number = self.free.pop().unwrap_or_else(|| {
                // There are as many entries as ways: a free way means that one is left.
                self.entries.push(Entry::default());
                (self.entries.len() - 1) as u32
            });
            return (way, number);
        }
        let way = victim(&bucket.tags, hash);
        let number = bucket.entries[way];
        let entry = &mut self.entries[number as usize];
        if entry.total_packets() > 0 {
            self.held_packets -= entry.total_packets();
            self.held_bytes -= entry.total_bytes();
            expel(entry, EndReason::Evicted);
        }
        (way, number)
    }

    fn remove(&mut self, number: usize) {
        let entry = &mut self.entries[number];
        entry.in_use = 0;
        let at = self.seed.hash(&entry.key) as usize & self.mask;
        let bucket = &mut self.buckets[at];
        for way in 0..WAYS {
            if bucket.tags[way] != 0 && bucket.entries[way] as usize == number {
                bucket.tags[way] = 0;
            }
        }
        self.free.push(number as u32);
        self.used -= 1;
    }

    /// Entries that a whole sweep looks at: those that were ever used.
    pub fn touched(&self) -> usize {
        self.entries.len()
    }

    /// Looks at the next `count` entries, in the order in which they lie in memory, and shows them to `look`: with a
    /// reason what is idle, closed or due at `now_ns` and must be written, without one what stays. Calling it for all
    /// entries once a second costs a few ns an entry.
    pub fn sweep(&mut self, count: usize, now_ns: u64, mut look: impl FnMut(&mut Entry, Option<EndReason>)) {
        for _ in 0..count.min(self.entries.len()) {
            if self.sweep_at >= self.entries.len() {
                self.sweep_at = 0;
            }
            let number = self.sweep_at;
            self.sweep_at += 1;
            if self.entries[number].in_use != 0 {
                self.sweep_entry(number, now_ns, &mut look);
            }
        }
    }

    fn sweep_entry(&mut self, number: usize, now_ns: u64, look: &mut impl FnMut(&mut Entry, Option<EndReason>)) {
        let entry = &mut self.entries[number];
        // Of a time that went back, what is far ahead is as silent as what is far behind.
        let silent = now_ns.abs_diff(entry.last_ns);
        let closed = entry.is_closed() && silent >= CLOSED_LINGER_NS;
        let holds = entry.total_packets() > 0;
        let ended = closed || silent > self.timeouts.idle_ns;
        let due = holds && now_ns.saturating_sub(entry.first_ns) >= self.timeouts.active_ns;
        if holds && (ended || due) {
            self.held_packets -= entry.total_packets();
            self.held_bytes -= entry.total_bytes();
            let reason = match (closed, ended) {
                (true, _) => EndReason::Closed,
                (_, true) => EndReason::Idle,
                _ => EndReason::Active,
            };
            look(entry, Some(reason));
            entry.restart();
        } else if holds {
            look(entry, None);
        }
        if ended {
            self.remove(number);
        }
    }

    /// Shows everything to `expel`; the table is empty afterwards.
    pub fn drain(&mut self, mut expel: impl FnMut(&mut Entry, EndReason)) {
        for entry in self.entries.iter_mut().filter(|entry| entry.in_use != 0 && entry.total_packets() > 0) {
            self.held_packets -= entry.total_packets();
            self.held_bytes -= entry.total_bytes();
            expel(entry, EndReason::Shutdown);
        }
        self.entries.clear();
        self.free.clear();
        self.buckets.fill(bytemuck::Zeroable::zeroed());
        self.used = 0;
        self.sweep_at = 0;
    }
}

#[inline(always)]
fn add(entry: &mut Entry, way: Way, seen: &Seen) {
    let way = way as usize;
    entry.packets[way] += u64::from(seen.packets);
    entry.bytes[way] += u64::from(seen.bytes);
    entry.tcp_flags[way] |= seen.tcp_flags;
    if seen.tcp_flags & (SYN | RST | FIN) != 0 {
        let count = match seen.tcp_flags & (SYN | ACK) {
            SYN => &mut entry.syns,
            flags if flags & SYN != 0 => &mut entry.syn_acks,
            _ => &mut entry.resets,
        };
        *count = count.saturating_add(1);
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

/// Where `FlowTable::look_up` found a flow.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    way: u32,
    /// `u32::MAX` = nowhere.
    number: u32,
}

impl Candidate {
    /// Not looked up.
    pub const NONE: Candidate = Candidate { way: 0, number: u32::MAX };
}

/// A bit for each of the eight ways.
type WayMask = u32;

#[inline(always)]
fn first_way(mask: WayMask) -> usize {
    mask.trailing_zeros() as usize & (WAYS - 1)
}

/// The ways whose tag is `tag`, established or not.
#[inline(always)]
fn matches(tags: &[u16; WAYS], tag: u16) -> WayMask {
    (u16x8::new(*tags) & u16x8::splat(!ESTABLISHED)).simd_eq(u16x8::splat(tag)).to_bitmask()
}

/// The ways that are not used.
#[inline(always)]
fn vacancy(tags: &[u16; WAYS]) -> WayMask {
    u16x8::new(*tags).simd_eq(u16x8::ZERO).to_bitmask()
}

/// The way of a full bucket that goes: a one-packet newcomer if there is one. Where the search begins depends on the
/// hash alone, so that the entry that is prefetched is the one that goes.
#[inline(always)]
fn victim(tags: &[u16; WAYS], hash: u64) -> usize {
    let newcomers = (u16x8::new(*tags) & u16x8::splat(ESTABLISHED)).simd_eq(u16x8::ZERO).to_bitmask();
    let turn = (hash >> 40) as usize % WAYS;
    let after_turn = newcomers & (WayMask::MAX << turn);
    let mask = if after_turn != 0 { after_turn } else { newcomers };
    if mask != 0 { first_way(mask) } else { turn }
}

#[cfg(test)]
mod tests;
