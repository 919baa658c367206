//! telemetry: what a worker counts beside the flows. Bounded, without locks, no clock.
//!
//! Totals by interface, direction and protocol are counted at packet rate ([`counters`]). Who talks is counted at
//! flow rate: once a second the sweep over the flow table shows each flow that moved, and its difference since the
//! last look goes into small tables of heavy hitters ([`harvest`], [`top`]).

pub mod counters;
pub mod harvest;
pub mod host;
pub mod look;
mod run;
pub mod sketch;
pub mod top;
mod votes;

pub use counters::{InterfaceSecond, ProtocolClass, SecondCounters};
pub use harvest::{MinuteTalkers, SecondTops, Telemetry};
pub use host::{HostEntry, HostTable};
pub use top::{TopCounts, TopKey, TopTable};
