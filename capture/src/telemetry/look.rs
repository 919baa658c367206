//! Packets that are looked at one by one: so few of them that it costs next to nothing, spread evenly over all.
//!
//! Sizes, times to live and ports of an attack are shares: a few thousand packets a second tell them, whatever the rate.
//! One packet in `every` is kept as 48 bytes; when the second's room is full, every other one is dropped and `every`
//! doubles, so that all that are kept stand for as many.

use spool::row::Direction;

use crate::limits::{LOOKED_MAX, RECENT_PER_SECOND};

/// One packet that was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of wire::Packet")]
pub struct Looked {
    pub src: [u8; 16],
    pub dst: [u8; 16],
    pub src_port: u16,
    pub dst_port: u16,
    pub protocol: u8,
    pub tcp_flags: u8,
    /// Time to live or hop limit; 0 = not read.
    pub ttl: u8,
    pub direction: Direction,
    /// Wire packets.
    pub packets: u32,
    /// Wire bytes.
    pub bytes: u32,
}

/// The packets of one second, each of which stands for `every`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// One in so many; 0 = none was looked at.
    pub every: u32,
    /// Those.
    pub packets: Vec<Looked>,
}

/// Chooses and keeps them.
pub struct Looker {
    every: u32,
    random: u32,
    looked: Vec<Looked>,
    /// Looks until one is kept with its bytes.
    until_recent: u32,
    recent_every: u32,
}

impl Default for Looker {
    fn default() -> Looker {
        Looker { every: 1, random: 0x9e37_79b9, looked: Vec::new(), until_recent: 1, recent_every: 1 }
    }
}

impl Looker {
    /// Packets until the next look, one at least: on average `every`, never in step with a pattern of the traffic.
    pub fn interval(&mut self) -> u32 {
        if self.every == 1 {
            return 1;
        }
        // Marsaglia's xorshift: enough not to be in step.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let half = self.every / 2;
        self.every - half + ((u64::from(self.random) * u64::from(2 * half + 1)) >> 32) as u32
    }

    /// Keeps one. Answers whether its bytes shall be kept too.
    pub fn keep(&mut self, looked: Looked) -> bool {
        if self.looked.len() >= LOOKED_MAX {
            let mut at = 0usize;
            self.looked.retain(|_| {
                at += 1;
                at.is_multiple_of(2)
            });
            self.every = self.every.saturating_mul(2);
        }
        self.looked.push(looked);
        self.until_recent -= 1;
        let is_recent = self.until_recent == 0;
        if is_recent {
            self.until_recent = self.recent_every;
        }
        is_recent
    }

    /// The packets of the second that ends. The next one begins with the interval that this one would have needed.
    pub fn take(&mut self) -> Looks {
        let packets = std::mem::take(&mut self.looked);
        let looks = Looks { every: self.every, packets };
        let seen = looks.packets.len() as u64 * u64::from(looks.every);
        self.every = u32::try_from(seen.div_ceil(LOOKED_MAX as u64)).unwrap_or(u32::MAX).max(1);
        self.recent_every = (looks.packets.len() as u32).div_ceil(RECENT_PER_SECOND).max(1);
        self.until_recent = self.until_recent.min(self.recent_every);
        looks
    }
}

#[cfg(test)]
mod tests {
    use super::{Looked, Looker};
    use crate::limits::LOOKED_MAX;

    /// Packets that were looked at of `count`, and what they stand for.
    fn second(looker: &mut Looker, count: u32) -> (usize, u64) {
        let mut until = looker.interval();
        for number in 0..count {
            until -= 1;
            if until == 0 {
                looker.keep(Looked { packets: number, ..Looked::default() });
                until = looker.interval();
            }
        }
        let looks = looker.take();
        (looks.packets.len(), looks.packets.len() as u64 * u64::from(looks.every))
    }

    #[test]
    fn few_packets_are_all_looked_at_and_many_are_bounded_and_stand_for_all() {
        let mut looker = Looker::default();
        assert_eq!(second(&mut looker, 3_000), (3_000, 3_000));
        for count in [50_000, 1_000_000, 1_000_000, 20_000, 200] {
            let (looked, stand_for) = second(&mut looker, count);
            assert!(looked <= LOOKED_MAX, "{looked}");
            assert!(stand_for.abs_diff(u64::from(count)) <= u64::from(count) / 8 + 300, "{count}: {stand_for}");
        }
        assert_eq!(second(&mut looker, 200), (200, 200), "it comes back to all of them");
    }
}
