//! rule: what a person wants to be told about, and when; the state machine from pending to resolved.
//!
//! [`config`] is what stands in the file, [`builtin`] what is at work without one; [`compile`](mod@compile) makes both
//! ready and finds every mistake; [`judge`](mod@judge) reads a snapshot once a second; [`machine`] knows what fires.
//! [`Rules`] is all of it for the role.

pub mod backtest;
pub mod builtin;
pub mod compile;
pub mod config;
mod detail;
pub mod expression;
mod flap;
pub mod judge;
pub mod machine;
pub mod schedule;
mod set;
pub mod template;
#[cfg(test)]
mod tests;
pub mod threshold;
pub mod words;

pub use machine::Machine;
pub use set::{Rules, ThresholdError};
pub use threshold::MIGRATIONS;
