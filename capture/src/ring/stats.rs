//! Cumulative counters out of the kernel's, which are 32 bits wide and cleared by each read.

/// What the kernel did with the frames of one ring since it was opened.
///
/// `seen - dropped` frames have been or will be in a block: `seen = dropped + in ring + taken`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Frames that passed the filter, with those that were dropped.
    pub seen: u64,
    /// Frames for which the ring had no room.
    pub dropped: u64,
    /// How often the ring was full: all blocks held by us, everything dropped until one comes back.
    pub freezes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Accumulator {
    sum: Statistics,
}

impl Accumulator {
    /// Of a ring that is taken over: so many frames were shown to an earlier process, which did not take them.
    pub(crate) fn beginning_with(seen: u64) -> Accumulator {
        Accumulator { sum: Statistics { seen, ..Statistics::default() } }
    }

    /// Adds what one read returned, and gives the sum.
    pub(crate) fn add(&mut self, packets: u32, drops: u32, freezes: u32) -> Statistics {
        self.sum.seen += u64::from(packets);
        self.sum.dropped += u64::from(drops);
        self.sum.freezes += u64::from(freezes);
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_added_up_beyond_32_bits() {
        let mut counters = Accumulator::default();
        counters.add(u32::MAX, u32::MAX - 7, 1);
        let sum = counters.add(u32::MAX, 7, 2);
        assert_eq!(sum, Statistics { seen: 2 * u64::from(u32::MAX), dropped: u64::from(u32::MAX), freezes: 3 });
    }
}
