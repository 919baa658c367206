//! Heavy hitters in a fixed table: whoever has most of a slot's traffic keeps it.
//!
//! Each key has one slot by its hash. A slot's owner is found by weighted majority vote (Boyer and Moore 1981): a
//! stranger's packets count against the owner's, and who has outvoted the owner takes the slot. What an owner's counters
//! show is what it did while it owned the slot: a lower bound, never a guess. `total` counts everybody.

/// A key of any kind, in 16 bytes: an address, or protocol and port.
pub type TopKey = [u8; 16];

/// What is counted for a key; `in` is towards the local networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Zeroable, bytemuck::Pod)]
#[expect(missing_docs, reason = "the names say it")]
#[repr(C)]
pub struct TopCounts {
    pub packets_in: u64,
    pub bytes_in: u64,
    pub packets_out: u64,
    pub bytes_out: u64,
    pub flows: u64,
    pub syn_without_ack: u64,
    pub fragments: u64,
    /// Fills four vectors of two.
    pub reserved: u64,
}

impl TopCounts {
    /// Packets of both ways.
    pub fn packets(&self) -> u64 {
        self.packets_in + self.packets_out
    }

    /// Adds `other`: all fields at once, at packet rate in a flood. None can overflow in a century.
    #[inline(always)]
    pub fn add(&mut self, other: &TopCounts) {
        let theirs: &[u64; 8] = bytemuck::cast_ref(other);
        for (mine, more) in bytemuck::cast_mut::<TopCounts, [u64; 8]>(self).iter_mut().zip(theirs) {
            *mine = mine.wrapping_add(*more);
        }
    }

    /// What is left when `named` is taken out; never below zero.
    pub fn without(&self, named: &TopCounts) -> TopCounts {
        TopCounts {
            packets_in: self.packets_in.saturating_sub(named.packets_in),
            bytes_in: self.bytes_in.saturating_sub(named.bytes_in),
            packets_out: self.packets_out.saturating_sub(named.packets_out),
            bytes_out: self.bytes_out.saturating_sub(named.bytes_out),
            flows: self.flows.saturating_sub(named.flows),
            syn_without_ack: self.syn_without_ack.saturating_sub(named.syn_without_ack),
            fragments: self.fragments.saturating_sub(named.fragments),
            reserved: 0,
        }
    }
}

/// Registers of the small sketch of remote addresses that a slot may have: error about 13 %.
const SKETCH: usize = 64;

/// Who owns a slot, and what it did there.
#[derive(Clone, Copy, Default)]
struct Slot {
    key: TopKey,
    counts: TopCounts,
    remotes_at_least: u64,
}

/// What is looked at for every packet: eight bytes a slot, so that a table's stay in the first-level cache.
#[derive(Clone, Copy, Default)]
struct Vote {
    /// Bits of the owner's hash; 0 = nobody.
    tag: u32,
    votes: u32,
}

/// A slot that nobody defends goes to every so-manieth stranger only: in a crowd of one-packet strangers the slots
/// would else change hands at every second packet.
const ADMIT_EVERY: u32 = 8;

/// The table; see the module.
pub struct TopTable {
    votes: Box<[Vote]>,
    slots: Box<[Slot]>,
    sketches: Box<[[u8; SKETCH]]>,
    total: Option<TopCounts>,
    strangers: u32,
}

/// One entry of a list that a table gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopEntry {
    /// Whose.
    pub key: TopKey,
    /// Lower bounds.
    pub counts: TopCounts,
    /// Estimate of distinct addresses on the other side; 0 = not sketched.
    pub remotes: u64,
}

impl TopTable {
    /// A table of `slots` (a power of two) that also counts everybody's total.
    pub fn totalling(slots: usize) -> TopTable {
        TopTable { total: Some(TopCounts::default()), ..TopTable::new(slots, false) }
    }

    /// A table of `slots` (a power of two); `sketched` adds 64 bytes a slot for counting addresses on the other side.
    pub fn new(slots: usize, sketched: bool) -> TopTable {
        assert!(slots.is_power_of_two(), "limits.rs has powers of two");
        let sketches = if sketched { vec![[0; SKETCH]; slots] } else { Vec::new() };
        TopTable {
            votes: vec![Vote::default(); slots].into_boxed_slice(),
            strangers: 0,
            slots: vec![Slot::default(); slots].into_boxed_slice(),
            sketches: sketches.into_boxed_slice(),
            total: None,
        }
    }

    /// Counts for `key`, whose hash is `hash`; `remote` is the hash of the address on the other side.
    #[inline]
    pub fn add(&mut self, key: &TopKey, hash: u64, counts: &TopCounts, remote: u64) {
        if let Some(total) = &mut self.total {
            total.add(counts);
        }
        let at = hash as usize & (self.slots.len() - 1);
        let tag = (hash >> 32) as u32 | 1;
        let weight = u32::try_from(counts.packets()).unwrap_or(u32::MAX);
        let vote = &mut self.votes[at];
        if vote.tag == tag && self.slots[at].key == *key {
            vote.votes = vote.votes.saturating_add(weight);
            self.slots[at].counts.add(counts);
        } else if vote.votes >= weight {
            vote.votes -= weight;
            return;
        } else {
            self.strangers = self.strangers.wrapping_add(1);
            if weight < ADMIT_EVERY && vote.tag != 0 && !self.strangers.is_multiple_of(ADMIT_EVERY) {
                return;
            }
            *vote = Vote { tag, votes: weight - vote.votes };
            self.slots[at] = Slot { key: *key, counts: *counts, remotes_at_least: 0 };
            if let Some(sketch) = self.sketches.get_mut(at) {
                sketch.fill(0);
            }
        }
        self.sketch(at, remote);
    }

    #[inline]
    fn sketch(&mut self, at: usize, remote: u64) {
        if let Some(sketch) = self.sketches.get_mut(at) {
            let index = (remote >> 58) as usize;
            let rank = ((remote << 6) | 1 << 5).leading_zeros() as u8 + 1;
            sketch[index] = sketch[index].max(rank);
        }
    }

    /// Another estimate of the owner's addresses on the other side; the larger one counts.
    pub fn raise_remotes(&mut self, key: &TopKey, hash: u64, remotes: u64) {
        let at = hash as usize & (self.slots.len() - 1);
        let slot = &mut self.slots[at];
        if slot.key == *key {
            slot.remotes_at_least = slot.remotes_at_least.max(remotes);
        }
    }

    /// What everybody did; zero in a table that does not total.
    pub fn total(&self) -> TopCounts {
        self.total.unwrap_or_default()
    }

    /// The `max` keys with most packets, most first.
    pub fn list(&self, max: usize) -> Vec<TopEntry> {
        let mut used: Vec<usize> = (0..self.slots.len()).filter(|&at| self.slots[at].counts.packets() > 0).collect();
        let most = |&at: &usize| std::cmp::Reverse(self.slots[at].counts.packets());
        if used.len() > max {
            used.select_nth_unstable_by_key(max, most);
            used.truncate(max);
        }
        used.sort_unstable_by_key(most);
        used.into_iter()
            .map(|at| TopEntry {
                key: self.slots[at].key,
                counts: self.slots[at].counts,
                remotes: self.sketches.get(at).map_or(0, small_estimate).max(self.slots[at].remotes_at_least),
            })
            .collect()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.votes.fill(Vote::default());
        self.slots.fill(Slot::default());
        self.sketches.fill([0; SKETCH]);
        self.total = self.total.map(|_| TopCounts::default());
    }
}

/// HyperLogLog estimate of a 64-register sketch.
fn small_estimate(sketch: &[u8; SKETCH]) -> u64 {
    let m = SKETCH as f64;
    let sum: f64 = sketch.iter().map(|&rank| (-f64::from(rank)).exp2()).sum();
    let raw = 0.709 * m * m / sum;
    let empty = sketch.iter().filter(|&&rank| rank == 0).count();
    let estimate = if raw <= 2.5 * m && empty > 0 { m * (m / empty as f64).ln() } else { raw };
    estimate.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> TopKey {
        u128::from(n).to_be_bytes()
    }

    fn mixed(n: u64) -> u64 {
        let z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z ^ z >> 31
    }

    fn one() -> TopCounts {
        TopCounts { packets_in: 1, bytes_in: 100, flows: 1, ..TopCounts::default() }
    }

    #[test]
    fn heavy_keys_survive_a_crowd_and_their_counts_are_lower_bounds() {
        let mut table = TopTable::new(1024, true);
        for n in 0..200_000u64 {
            table.add(&key(n + 100), mixed(n + 100), &one(), mixed(n));
            if n % 20 == 0 {
                for heavy in 0..10 {
                    table.add(&key(heavy), mixed(heavy), &one(), mixed(n));
                }
            }
        }
        let list = table.list(10);
        let heavy = list.iter().filter(|e| e.key < key(10)).count();
        assert!(heavy >= 9, "{heavy} of 10 heavy keys listed");
        assert!(
            list.iter().filter(|e| e.key < key(10)).all(|e| e.counts.packets() <= 10_000 && e.counts.packets() > 5_000)
        );
        table.clear();
        assert!(table.list(10).is_empty());
    }

    #[test]
    fn total_counts_those_who_have_no_slot() {
        let mut table = TopTable::totalling(1);
        for n in 0..100 {
            table.add(&key(n), mixed(n), &one(), 0);
        }
        assert_eq!((table.total().packets(), table.list(10).len()), (100, 1));
    }

    #[test]
    fn sketch_tells_few_remotes_from_many() {
        let mut table = TopTable::new(64, true);
        for n in 0..5000 {
            table.add(&key(1), mixed(1), &one(), mixed(n));
            table.add(&key(2), mixed(3), &one(), mixed(n % 4));
        }
        let remotes = |k| table.list(2).iter().find(|e| e.key == key(k)).unwrap().remotes;
        assert!((3000..8000).contains(&remotes(1)), "{}", remotes(1));
        assert!((3..=5).contains(&remotes(2)), "{}", remotes(2));
    }
}
