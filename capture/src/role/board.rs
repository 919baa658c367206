//! What is known of each interface beside its packets; written by the interface watch, read by the live line.

use spool::row::DeviceCount;

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
    /// A worker found that the rings' interface is gone.
    pub rings_dead: bool,
    /// Loopback shows each frame twice and counts it once: its device counter says nothing about the tap.
    pub loopback: bool,
}

/// All interfaces; number `i` is at `i - 1`.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// In the order of the configuration.
    pub interfaces: Vec<InterfaceBoard>,
}

impl Board {
    /// All absent.
    pub fn new(names: &[String]) -> Board {
        let absent =
            |name: &String| InterfaceBoard { name: name.clone(), state: "absent".into(), ..Default::default() };
        Board { interfaces: names.iter().map(absent).collect() }
    }

    /// The entry of interface `number` (from 1).
    pub fn of(&mut self, number: u16) -> &mut InterfaceBoard {
        &mut self.interfaces[usize::from(number) - 1]
    }
}
