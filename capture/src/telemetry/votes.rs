//! Who owns a slot of a table of heavy hitters: the vote of Boyer and Moore (1981), by weight.

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

/// The votes of a table.
pub struct Votes {
    votes: Box<[Vote]>,
    strangers: u32,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The slot is the claimant's already.
    Kept,
    /// It is the claimant's from now on: its counters begin anew.
    Won,
    /// It stays with its owner.
    Lost,
}

impl Votes {
    /// Nobody owns one of `slots` (a power of two).
    pub fn new(slots: usize) -> Votes {
        assert!(slots.is_power_of_two(), "limits.rs has powers of two");
        Votes { votes: vec![Vote::default(); slots].into_boxed_slice(), strangers: 0 }
    }

    /// The slot of a hash.
    #[inline(always)]
    pub fn slot(&self, hash: u64) -> usize {
        hash as usize & (self.votes.len() - 1)
    }

    /// A claim of `weight` packets on slot `at`; `is_owner` compares the keys when the hashes agree.
    #[inline(always)]
    pub fn claim(&mut self, at: usize, hash: u64, weight: u64, is_owner: impl FnOnce() -> bool) -> Claim {
        let tag = (hash >> 32) as u32 | 1;
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        let vote = &mut self.votes[at];
        if vote.tag == tag && is_owner() {
            vote.votes = vote.votes.saturating_add(weight);
            return Claim::Kept;
        }
        if vote.votes >= weight {
            vote.votes -= weight;
            return Claim::Lost;
        }
        self.strangers = self.strangers.wrapping_add(1);
        if weight < ADMIT_EVERY && vote.tag != 0 && !self.strangers.is_multiple_of(ADMIT_EVERY) {
            return Claim::Lost;
        }
        *vote = Vote { tag, votes: weight - vote.votes };
        Claim::Won
    }

    /// Slots that somebody owns.
    pub fn owned(&self) -> impl Iterator<Item = usize> {
        self.votes.iter().enumerate().filter(|(_, vote)| vote.tag != 0).map(|(at, _)| at)
    }

    /// Forgets everybody.
    pub fn clear(&mut self) {
        self.votes.fill(Vote::default());
    }
}
