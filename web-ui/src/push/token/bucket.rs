//! A token's rate: so many messages a second on average, ten seconds' worth at once.

/// What is full holds so many seconds of the rate, and one message at least.
const BURST_S: f64 = 10.0;

/// A bucket of messages that fills with time.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: f64,
    level: f64,
    filled_ns: u64,
}

impl Bucket {
    /// A full one.
    pub fn new(rate: f64) -> Bucket {
        Bucket { rate, level: (rate * BURST_S).max(1.0), filled_ns: 0 }
    }

    /// Takes one message out.
    ///
    /// # Errors
    /// It is empty; seconds until it is not, rounded up.
    pub fn take(&mut self, now_ns: u64) -> Result<(), u64> {
        let passed_s = now_ns.saturating_sub(self.filled_ns) as f64 / 1e9;
        self.level = (self.level + passed_s * self.rate).min((self.rate * BURST_S).max(1.0));
        // A clock that was set back does not empty it, nor does it fill it twice.
        self.filled_ns = now_ns;
        if self.level < 1.0 {
            return Err((((1.0 - self.level) / self.rate).ceil() as u64).max(1));
        }
        self.level -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Bucket;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn it_gives_a_burst_and_then_the_rate() {
        let mut bucket = Bucket::new(2.0);
        assert!((0..20).all(|_| bucket.take(5 * SECOND).is_ok()));
        assert_eq!(bucket.take(5 * SECOND), Err(1));
        assert_eq!(bucket.take(6 * SECOND), Ok(()));
        assert_eq!(bucket.take(6 * SECOND), Ok(()));
        assert_eq!(bucket.take(6 * SECOND), Err(1));
        assert_eq!(bucket.take(SECOND), Err(1), "a clock that was set back");
    }

    #[test]
    fn a_slow_rate_says_how_long_to_wait() {
        let mut bucket = Bucket::new(0.01);
        assert_eq!(bucket.take(SECOND), Ok(()));
        assert_eq!(bucket.take(SECOND), Err(100));
        assert_eq!(bucket.take(101 * SECOND), Ok(()));
    }
}
