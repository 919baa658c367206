//! What is known of each interface beside its packets; written by the interface watch, read by the live line.

use std::collections::VecDeque;

use spool::row::DeviceCount;

/// Cuts whose `pre_tap` is remembered: devices and tap are not read at one moment, and the least of some readings is
/// nearest to what never reached the tap.
const PRE_TAP_CUTS: usize = 8;

/// One interface.
#[derive(Clone, Debug, Default)]
pub struct InterfaceBoard {
    /// Name now.
    pub name: String,
    /// "absent", "up", "down", "blind: REASON".
    pub state: String,
    /// Times its rings were opened.
    pub opened: u64,
    /// Packets the device received while our rings were open there, cumulative over reopenings; `None` = not known.
    pub device_received: Option<u64>,
    /// The device's own counter as it was read last; the next start compares.
    pub device: Option<DeviceCount>,
    /// That counter when the rings were opened last, and `device_received` then.
    pub received_base: u64,
    /// See above.
    pub received_before: u64,
    /// `pre_tap` at the last cuts, `PRE_TAP_CUTS` at most.
    pub pre_tap_recent: VecDeque<i64>,
    /// The rings go to the next process: what they hold is not ours any more.
    pub parts: bool,
    /// A worker found that the rings' interface is gone.
    pub rings_dead: bool,
    /// Frames that the kernel showed our sockets up to the last cut, cumulative.
    pub tap_seen: u64,
    /// Since when, in ns since the epoch, the device receives packets and the tap sees none, and how that is told.
    pub blind: Option<(u64, String)>,
    /// Loopback shows each frame twice and counts it once: its device counter says nothing about the tap.
    pub loopback: bool,
}

/// All interfaces; number `i` is at `i - 1`.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// In the order of the configuration.
    pub interfaces: Vec<InterfaceBoard>,
    /// Cuts of the books so far: the clock of who looks at `tap_seen`.
    pub cuts: u64,
    /// Packet sockets left for interfaces that come back.
    pub spares: usize,
}

impl InterfaceBoard {
    /// What never reached the tap, as far as the last cuts tell.
    pub fn pre_tap_settled(&self) -> i64 {
        self.pre_tap_recent.iter().copied().min().unwrap_or(0).max(0)
    }

    /// The state for people: blindness is worse than any other.
    pub fn shown_state(&self) -> &str {
        self.blind.as_ref().map_or(&self.state, |(_, text)| text)
    }
}

impl Board {
    /// All absent.
    pub fn new(names: &[String]) -> Board {
        let absent =
            |name: &String| InterfaceBoard { name: name.clone(), state: "absent".into(), ..Default::default() };
        Board { interfaces: names.iter().map(absent).collect(), ..Board::default() }
    }

    /// Notes what the tap saw up to a cut, and `pre_tap`: for each interface.
    pub fn note_cut(&mut self, seen: impl IntoIterator<Item = (u64, Option<i64>)>) {
        self.cuts += 1;
        for (entry, (seen, pre_tap)) in self.interfaces.iter_mut().zip(seen) {
            entry.tap_seen = seen;
            if entry.pre_tap_recent.len() == PRE_TAP_CUTS {
                entry.pre_tap_recent.pop_front();
            }
            entry.pre_tap_recent.extend(pre_tap);
        }
    }

    /// The entry of interface `number` (from 1).
    pub fn of(&mut self, number: u16) -> &mut InterfaceBoard {
        &mut self.interfaces[usize::from(number) - 1]
    }
}
