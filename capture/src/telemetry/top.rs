//! Heavy hitters in a fixed table: whoever has most of a slot's traffic keeps it.
//!
//! Each key has one slot by its hash. A slot's owner is found by weighted majority vote (Boyer and Moore 1981): a
//! stranger's packets count against the owner's, and who has outvoted the owner takes the slot. What an owner's counters
//! show is what it did while it owned the slot: a lower bound, never a guess. `total` counts everybody.

use super::votes::{Claim, Votes};

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

/// Who owns a slot, and what it did there.
#[derive(Clone, Copy, Default)]
struct Slot {
    key: TopKey,
    counts: TopCounts,
}

/// The table; see the module.
pub struct TopTable {
    votes: Votes,
    slots: Box<[Slot]>,
    total: Option<TopCounts>,
}

/// One entry of a list that a table gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopEntry {
    /// Whose.
    pub key: TopKey,
    /// Lower bounds.
    pub counts: TopCounts,
}

impl TopTable {
    /// A table of `slots` (a power of two) that also counts everybody's total.
    pub fn totalling(slots: usize) -> TopTable {
        TopTable { total: Some(TopCounts::default()), ..TopTable::new(slots) }
    }

    /// A table of `slots` (a power of two).
    pub fn new(slots: usize) -> TopTable {
        TopTable { votes: Votes::new(slots), slots: vec![Slot::default(); slots].into_boxed_slice(), total: None }
    }

    /// Counts for `key`, whose hash is `hash`.
    #[inline]
    pub fn add(&mut self, key: &TopKey, hash: u64, counts: &TopCounts) {
        if let Some(total) = &mut self.total {
            total.add(counts);
        }
        let at = self.votes.slot(hash);
        let slot = &mut self.slots[at];
        match self.votes.claim(at, hash, counts.packets(), || slot.key == *key) {
            Claim::Kept => slot.counts.add(counts),
            Claim::Won => *slot = Slot { key: *key, counts: *counts },
            Claim::Lost => {}
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
        used.into_iter().map(|at| TopEntry { key: self.slots[at].key, counts: self.slots[at].counts }).collect()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.votes.clear();
        self.slots.fill(Slot::default());
        self.total = self.total.map(|_| TopCounts::default());
    }
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
        let mut table = TopTable::new(1024);
        for n in 0..200_000u64 {
            table.add(&key(n + 100), mixed(n + 100), &one());
            if n % 20 == 0 {
                for heavy in 0..10 {
                    table.add(&key(heavy), mixed(heavy), &one());
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
            table.add(&key(n), mixed(n), &one());
        }
        assert_eq!((table.total().packets(), table.list(10).len()), (100, 1));
    }
}
