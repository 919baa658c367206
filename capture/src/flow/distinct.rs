//! How many different things were seen: an estimate in 1 KiB, and an exact set that is bounded.

use super::memory::prefetch;

/// HyperLogLog (Flajolet et al. 2007) with 1024 registers: standard error 3.2 %.
#[derive(Clone)]
pub struct Estimate {
    registers: Box<[u8; REGISTERS]>,
}

const REGISTERS: usize = 1024;
const INDEX_BITS: u32 = REGISTERS.trailing_zeros();

impl Default for Estimate {
    fn default() -> Estimate {
        Estimate { registers: Box::new([0; REGISTERS]) }
    }
}

impl Estimate {
    /// Counts a thing by its 64-bit hash.
    #[inline]
    pub fn insert(&mut self, hash: u64) {
        let index = (hash >> (64 - INDEX_BITS)) as usize;
        let rank = ((hash << INDEX_BITS) | 1 << (INDEX_BITS - 1)).leading_zeros() as u8 + 1;
        if self.registers[index] < rank {
            self.registers[index] = rank;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.registers.fill(0);
    }

    /// The estimate; 0 when nothing was inserted.
    pub fn count(&self) -> u64 {
        let m = REGISTERS as f64;
        let mut ranks = [0u32; 64];
        for &rank in self.registers.iter() {
            ranks[usize::from(rank) & 63] += 1;
        }
        let sum: f64 = ranks.iter().enumerate().map(|(rank, &n)| f64::from(n) * (-(rank as f64)).exp2()).sum();
        let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
        let empty = ranks[0];
        let estimate = if raw <= 2.5 * m && empty > 0 { m * (m / f64::from(empty)).ln() } else { raw };
        estimate.round() as u64
    }
}

/// An exact set of 64-bit hashes that stops at its bound. Two different things share a hash with a chance of n² / 2^65.
pub struct BoundedSet {
    slots: Box<[u64]>,
    len: usize,
    max: usize,
    overflowed: bool,
}

impl BoundedSet {
    /// A set of at most `max` members.
    pub fn new(max: usize) -> BoundedSet {
        BoundedSet {
            slots: bytemuck::allocation::zeroed_slice_box((max * 2).next_power_of_two()),
            len: 0,
            max,
            overflowed: false,
        }
    }

    /// Asks for the place of a member that will be added.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        prefetch(&self.slots[hash.max(1) as usize & (self.slots.len() - 1)]);
    }

    /// Adds a member.
    pub fn insert(&mut self, hash: u64) {
        if self.overflowed {
            return;
        }
        let hash = hash.max(1);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != 0 {
            if self.slots[at] == hash {
                return;
            }
            at = (at + 1) & mask;
        }
        if self.len == self.max {
            self.overflowed = true;
            return;
        }
        self.slots[at] = hash;
        self.len += 1;
    }

    /// Members.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Nothing was added.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every thing that was added is a member; false = there were more than the bound.
    pub fn is_exact(&self) -> bool {
        !self.overflowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64: a well-mixed sequence.
    fn mixed(n: u64) -> u64 {
        let z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    #[test]
    fn estimate_is_within_a_tenth_from_one_to_a_million() {
        let mut estimate = Estimate::default();
        assert_eq!(estimate.count(), 0);
        let mut inserted = 0;
        for target in [1u64, 10, 100, 1000, 10_000, 100_000, 1_000_000] {
            while inserted < target {
                inserted += 1;
                estimate.insert(mixed(inserted));
                estimate.insert(mixed(inserted));
            }
            let error = estimate.count() as f64 / target as f64 - 1.0;
            assert!(error.abs() < 0.1, "{target}: {}", estimate.count());
        }
    }

    #[test]
    fn set_is_exact_up_to_its_bound_and_says_when_it_is_not() {
        let mut set = BoundedSet::new(100);
        for n in (0..100).chain(0..100) {
            set.insert(mixed(n));
        }
        assert_eq!((set.len(), set.is_exact()), (100, true));
        set.insert(mixed(100));
        assert_eq!((set.len(), set.is_exact()), (100, false));
    }
}
