//! Faults of the disk under the spool: power cuts, errors at every operation, no space; and a model to differ from.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod errors;
mod model;
mod power;
mod world;
