//! Traffic rows of one time as values of the node and of its interfaces.

use std::collections::{BTreeMap, HashMap};

use live::incident::SubjectKind;
use notifier::metric::Snapshot;
use store::Traffic;

/// Metrics of the node that stored traffic has.
pub const NODE: [&str; 10] = [
    "packets_per_second",
    "packets_in_per_second",
    "packets_out_per_second",
    "bits_in_per_second",
    "bits_out_per_second",
    "flows_new_per_second",
    "syn_per_second",
    "syn_without_ack_per_second",
    "fragments_per_second",
    "packets_dropped_per_second",
];

/// The same of each interface.
pub const INTERFACE: [&str; 9] = [
    "interface_packets_in_per_second",
    "interface_packets_out_per_second",
    "interface_bits_in_per_second",
    "interface_bits_out_per_second",
    "interface_flows_new_per_second",
    "interface_syn_per_second",
    "interface_syn_without_ack_per_second",
    "interface_fragments_per_second",
    "interface_packets_dropped_per_second",
];

/// Names of interfaces, by node, epoch and number.
pub type Names = HashMap<(u16, u64, u16), String>;

/// Sums of one bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    packets: f64,
    of: [f64; INTERFACE.len()],
}

impl Sums {
    fn add(&mut self, traffic: &Traffic) {
        let row = &traffic.row;
        let packets = [row.packets_in, row.packets_out, row.packets_through, row.packets_internal];
        self.packets += packets.iter().map(|packets| *packets as f64).sum::<f64>();
        let values = [
            row.packets_in as f64,
            row.packets_out as f64,
            row.bytes_in as f64 * 8.0,
            row.bytes_out as f64 * 8.0,
            row.flows_new as f64,
            row.syn_packets as f64,
            row.syn_without_ack_packets as f64,
            row.fragment_packets as f64,
            row.dropped_frames as f64,
        ];
        self.of.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
}

/// What passed in one second or minute; by default nothing.
#[derive(Clone, Debug, Default)]
pub struct Passed {
    all: Sums,
    interfaces: BTreeMap<String, Sums>,
}

impl Passed {
    /// Adds a row of the same time.
    pub fn add(&mut self, row: &Traffic, names: &Names) {
        self.all.add(row);
        let name = names.get(&(row.node_id, row.epoch, row.row.interface)).map_or("?", String::as_str);
        self.interfaces.entry(name.to_owned()).or_default().add(row);
    }

    /// Sets the values, of each second of `seconds`.
    pub fn set(&self, seconds: f64, to: &mut Snapshot) {
        to.set(NODE[0], self.all.packets / seconds);
        NODE[1..].iter().zip(self.all.of).for_each(|(name, value)| to.set(name, value / seconds));
        for (name, sums) in &self.interfaces {
            let mut at = 0;
            let values = INTERFACE.map(|name| {
                at += 1;
                (name, sums.of[at - 1] / seconds)
            });
            to.add(SubjectKind::Interface, name, &values);
        }
    }
}
