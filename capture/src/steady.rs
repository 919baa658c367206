//! A time that only goes on, made of a clock that may be set: what waits for an interval waits no longer than that.

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steady {
    wall_ns: u64,
    time_ns: u64,
}

impl Steady {
    /// The time at `wall_ns` of the clock, ns. It begins as the clock's; it stands still while the clock is set back, and
    /// goes on with it from there.
    pub fn pass(&mut self, wall_ns: u64) -> u64 {
        self.time_ns = self.time_ns.saturating_add(wall_ns.saturating_sub(self.wall_ns));
        self.wall_ns = wall_ns;
        self.time_ns
    }
}

#[cfg(test)]
mod tests {
    use super::Steady;

    #[test]
    fn time_goes_on_wherever_the_clock_goes() {
        let mut steady = Steady::default();
        let times: Vec<u64> = [1000, 1010, 3, 13, 5000, 0, u64::MAX].into_iter().map(|at| steady.pass(at)).collect();
        assert_eq!(times, [1000, 1010, 1010, 1020, 6007, 6007, u64::MAX]);
    }
}
