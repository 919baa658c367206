//! metric: the names and values that rules speak of, joined from the host and the roles' lines.
//!
//! [`catalogue`] has the names; [`Gatherer`] makes a [`Snapshot`], the values of one second, from the newest sample, the
//! newest lines and notifier's own gauges. What is not known is NaN: neither good nor bad.

mod books;
pub mod catalogue;
mod gather;
mod host;
mod rate;
mod snapshot;
pub mod subject;
#[cfg(test)]
mod tests;

pub use catalogue::{Metric, Source};
pub use gather::{Gatherer, Own};
pub use host::{HostValues, processes};
pub use snapshot::{Row, Snapshot, Table};
pub use subject::clean;
