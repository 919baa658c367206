//! How many different things belong to a slot: HyperLogLog with 64 registers, error about 13 %.

/// Registers.
const REGISTERS: usize = 64;

/// The sketch; see the module. Two of them join to that of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sketch([u8; REGISTERS]);

impl Default for Sketch {
    fn default() -> Sketch {
        Sketch([0; REGISTERS])
    }
}

impl Sketch {
    /// Counts a thing by its 64-bit hash.
    #[inline(always)]
    pub fn insert(&mut self, hash: u64) {
        let rank = ((hash << 6) | 1 << 5).leading_zeros() as u8 + 1;
        let register = &mut self.0[(hash >> 58) as usize];
        *register = (*register).max(rank);
    }

    /// What either has seen.
    pub fn join(&mut self, other: &Sketch) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine = (*mine).max(theirs));
    }

    /// The estimate; 0 when nothing was inserted.
    pub fn count(&self) -> u64 {
        let m = REGISTERS as f64;
        let sum: f64 = self.0.iter().map(|&rank| (-f64::from(rank)).exp2()).sum();
        let raw = 0.709 * m * m / sum;
        let empty = self.0.iter().filter(|&&rank| rank == 0).count();
        let estimate = if raw <= 2.5 * m && empty > 0 { m * (m / empty as f64).ln() } else { raw };
        estimate.round() as u64
    }
}
