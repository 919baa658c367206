//! Numbers that look random and are the same for the same seed.

use std::time::Duration;

/// Marsaglia's xorshift*: good enough for traffic, and without a dependency.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A stream of its own for each part of the demo.
    pub fn new(seed: u64, part: u64) -> Random {
        // Never zero, which would stay zero.
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(part).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1)
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// One of `0..count`.
    pub fn below(&mut self, count: u64) -> u64 {
        self.any() % count.max(1)
    }

    /// One of `0.0..1.0`.
    pub fn share(&mut self) -> f64 {
        (self.any() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The pause until the next of many that come independently, `mean` on average, ten times it at most.
    pub fn pause(&mut self, mean: Duration) -> Duration {
        mean.mul_f64((-(1.0 - self.share()).ln()).min(10.0))
    }

    /// Bytes of an answer: most are small, a few are large.
    pub fn size(&mut self) -> u64 {
        match self.below(100) {
            0..=79 => 2_000 + self.below(60_000),
            80..=97 => 60_000 + self.below(500_000),
            _ => 4_000_000 + self.below(12_000_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Random;

    #[test]
    fn a_seed_gives_the_same_and_another_gives_others() {
        let first = |seed, part| Random::new(seed, part).any();
        assert_eq!(first(1, 2), first(1, 2));
        assert!(first(1, 2) != first(2, 2) && first(1, 2) != first(1, 3));
    }

    #[test]
    fn numbers_stay_in_their_bounds_and_near_their_mean() {
        let mut random = Random::new(7, 7);
        let mut sum = Duration::ZERO;
        for _ in 0..10_000 {
            assert!(random.below(3) < 3 && (0.0..1.0).contains(&random.share()));
            assert!((2_000..16_000_000).contains(&random.size()));
            let pause = random.pause(Duration::from_millis(10));
            assert!(pause <= Duration::from_millis(100));
            sum += pause;
        }
        assert!((90..110).contains(&sum.as_secs()), "{sum:?}");
    }
}
