//! Whether the tap of one interface is blind: the device receives packets and the tap sees none. Without clock or
//! system call.
//!
//! The look cannot tell a tap that is dead from frames that nobody behind the device is shown: refused by the kernel
//! before the tap (a VLAN header cut short), or taken by an XDP program. In both cases packets come and are not seen,
//! and both are told. Noise does not count: fewer than [`UNSEEN_MIN`] packets within [`LOOKS_MAX`] looks, or any number
//! while the tap sees something else.

/// Packets that the device must have received unseen; below it is noise, such as pause frames of a quiet port.
const UNSEEN_MIN: u64 = 8;

/// Successive looks, a second apart, without a packet at the tap.
const LOOKS_MIN: u32 = 2;

/// After so many looks the count of unseen packets begins anew.
const LOOKS_MAX: u32 = 60;

/// What one look showed, cumulative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that the device received.
    pub device: u64,
    /// Frames that the kernel showed our sockets.
    pub tap: u64,
}

/// What changed with a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is blind now; so many packets were not seen.
    Blind {
        /// Packets.
        unseen: u64,
    },
    /// The tap sees packets again, of which so many were missed meanwhile.
    Sees {
        /// Packets.
        unseen: u64,
    },
}

/// The state of one interface.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blindness {
    /// Counts when the tap last moved, and looks since something was not seen.
    moved: Option<Counts>,
    looks: u32,
    blind: bool,
}

impl Blindness {
    /// Takes the counts of one second while the rings are open.
    pub fn look(&mut self, counts: Counts) -> Option<Change> {
        let Some(moved) = self.moved else {
            self.moved = Some(counts);
            return None;
        };
        let unseen = counts.device.saturating_sub(moved.device);
        if counts.tap != moved.tap {
            let was_blind = self.blind;
            *self = Blindness { moved: Some(counts), ..Blindness::default() };
            return was_blind.then_some(Change::Sees { unseen });
        }
        if self.blind {
            return None;
        }
        // A device that is quiet hides nothing. And the first packets after a pause are in its counter already, though
        // the tap's newest count is some moments older: they have until the next look.
        if unseen == 0 {
            self.looks = 0;
            return None;
        }
        self.looks += 1;
        if self.looks >= LOOKS_MIN && unseen >= UNSEEN_MIN {
            self.blind = true;
            return Some(Change::Blind { unseen });
        }
        if self.looks >= LOOKS_MAX {
            *self = Blindness { moved: Some(counts), ..Blindness::default() };
        }
        None
    }

    /// The rings were closed because the interface is gone: what follows is another beginning.
    pub fn forget(&mut self) {
        *self = Blindness::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at (device, tap) after each other; gives the number of the look and the change.
    fn changes(counts: impl IntoIterator<Item = (u64, u64)>) -> Vec<(usize, Change)> {
        let mut blindness = Blindness::default();
        let looks = counts.into_iter().enumerate();
        looks.filter_map(|(at, (device, tap))| Some((at, blindness.look(Counts { device, tap })?))).collect()
    }

    #[test]
    fn packets_that_the_tap_does_not_see_for_two_seconds_are_blindness() {
        let all = changes([(0, 0), (100, 100), (200, 100), (300, 100), (400, 100), (500, 200), (600, 300)]);
        assert_eq!(all, [(3, Change::Blind { unseen: 200 }), (5, Change::Sees { unseen: 400 })]);
    }

    #[test]
    fn a_tap_that_sees_nothing_from_the_beginning_is_blind() {
        assert_eq!(changes([(50, 0), (100, 0), (150, 0)]), [(2, Change::Blind { unseen: 100 })]);
    }

    #[test]
    fn silence_and_noise_are_not_blindness() {
        assert_eq!(changes((0..500).map(|_| (7, 7))), []);
        assert_eq!(changes((0..500).map(|second| (second / 10, 0))), [], "six packets a minute");
        assert_eq!(changes((0..500).map(|second| (second * 1_000, second / 2))), [], "many unseen beside some seen");
        assert_eq!(changes([(0, 0), (1_000, 0), (1_000, 5), (2_000, 5), (2_000, 6)]), [], "one second behind");
    }

    #[test]
    fn slow_traffic_is_missed_too() {
        let all = changes((0..30).map(|second| (second, 0)));
        assert_eq!(all, [(8, Change::Blind { unseen: 8 })]);
    }

    #[test]
    fn traffic_after_a_pause_is_not_blindness() {
        let begins = [(9, 9), (9, 9), (9, 9), (9, 9), (2_009, 9), (22_009, 21_000)];
        assert_eq!(changes(begins), [], "the device is read some moments after the tap");
        let dead = [(9, 9), (9, 9), (9, 9), (9, 9), (2_009, 9), (22_009, 9)];
        assert_eq!(changes(dead), [(5, Change::Blind { unseen: 22_000 })]);
    }

    #[test]
    fn another_beginning_forgets() {
        let mut blindness = Blindness::default();
        for device in [0, 100, 200] {
            blindness.look(Counts { device, tap: 0 });
        }
        assert!(blindness.blind);
        blindness.forget();
        assert!(!blindness.blind);
        assert_eq!(blindness.look(Counts { device: 5_000, tap: 0 }), None);
    }
}
