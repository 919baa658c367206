//! faults: faults on purpose. Without features it is [`pass`], which does nothing: the named places at which tests make
//! a step fail. With `harness` it is what the fault tests share: how often to run ([`runs`]), the seed ([`Seed`]) and
//! the table that `cargo x faults` prints ([`report`]).
#![forbid(unsafe_code)]

mod failpoint;
#[cfg(feature = "harness")]
pub mod report;
#[cfg(feature = "harness")]
mod sizes;

#[cfg(feature = "failpoints")]
pub use failpoint::arm_by_environment;
pub use failpoint::pass;
#[cfg(feature = "harness")]
pub use sizes::{Seed, runs};
