//! What targets come to against their limits, for the rows that a back-test needs.

use ipnet::IpNet;
use live::CaptureLine;

use super::detector::{Detector, range};
use super::measure::{METRICS, Measured, Metric, Way, limit};

/// Below this share of a limit a value is not told, percent: it would be every target in every second.
const SHARE_MIN: u64 = 10;

/// Numbers of the metrics of what goes out begin here; those of what comes in at 1, in the order of
/// [`super::measure::METRICS`].
pub const OUT: u16 = 32;

/// Numbers of all packets of a target, in and out.
pub const PACKETS: [u16; 2] = [1 + Metric::Packets as u16, OUT + Metric::Packets as u16];

/// The same of all its bits.
pub const BITS: [u16; 2] = [1 + Metric::Bits as u16, OUT + Metric::Bits as u16];

/// One metric of one target in one second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Address or prefix.
    pub network: IpNet,
    /// The metric's number.
    pub metric: u16,
    /// Its value.
    pub value: f64,
    /// The limit that it is held against.
    pub limit: f64,
}

impl Detector {
    /// What is above a tenth of its limit in the second of this line.
    pub fn shares(&self, line: &CaptureLine) -> Vec<Share> {
        let mut shares = Vec::new();
        for target in &line.targets {
            let Some(network) = range(&target.name) else { continue };
            for (way, first) in [(Way::In, 1), (Way::Out, OUT)] {
                let measured = Measured::of(target, way);
                let limits = self.limits(&network, way);
                for (number, metric) in (first..).zip(METRICS) {
                    let (value, limit) = (measured.value(metric), limit(&limits, metric));
                    if limit > 0 && value.saturating_mul(100) >= limit.saturating_mul(SHARE_MIN) {
                        shares.push(Share { network, metric: number, value: value as f64, limit: limit as f64 });
                    }
                }
            }
        }
        shares
    }
}
