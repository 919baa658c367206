//! How much a fault test does, and from which seed.

use std::hash::{BuildHasher, Hasher, RandomState};

/// How often a fault happens in a test: `quick` by itself, `full` under `FLOODMARK_FAULTS=full`, and N under
/// `FLOODMARK_FAULTS_RUNS=N`.
#[expect(clippy::disallowed_methods, reason = "tests only: the one place where their size is read")]
pub fn runs(quick: u64, full: u64) -> u64 {
    let number = std::env::var("FLOODMARK_FAULTS_RUNS").ok().and_then(|text| text.parse().ok());
    let is_full = std::env::var("FLOODMARK_FAULTS").is_ok_and(|word| word == "full");
    number.unwrap_or(if is_full { full } else { quick })
}

/// A number of this process's own randomness.
pub fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A sequence of numbers that a printed seed repeats (SplitMix64).
#[derive(Clone, Debug)]
pub struct Seed(u64);

impl Seed {
    /// The seed `FLOODMARK_FAULTS_SEED`, else one of the process's own randomness; printed, with the test's name.
    #[expect(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        reason = "tests only: a failure must be repeatable"
    )]
    pub fn of(test: &str) -> Seed {
        let given = std::env::var("FLOODMARK_FAULTS_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(random);
        println!("{test}: repeat it with FLOODMARK_FAULTS_SEED={seed}");
        Seed(seed)
    }

    /// A known sequence.
    pub fn new(seed: u64) -> Seed {
        Seed(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`.
    ///
    /// # Panics
    /// `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a range that holds a number");
        self.draw() % bound
    }

    /// One of `choices`.
    ///
    /// # Panics
    /// There is none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::Seed;

    #[test]
    fn a_seed_repeats_its_sequence_and_another_does_not() {
        let take = |seed| (0..4).map(|_| seed).scan(Seed::new(seed), |s, _| Some(s.draw())).collect::<Vec<_>>();
        assert_eq!(take(7), take(7));
        assert_ne!(take(7), take(8));
        let mut seed = Seed::new(1);
        assert!((0..1000).all(|_| seed.below(3) < 3));
    }
}
