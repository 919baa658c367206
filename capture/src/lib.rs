//! capture: from the network interface (or a capture file) to the spool.
//!
//! The life of a packet here: a *source* (`ring`, `copy`, `file`) lends blocks of [`frame::Frame`]s; `wire` says what
//! each frame is; `local` says which way it goes; `flow` finds or makes its flow; `telemetry` counts; the `worker`
//! that does all this hands batches of flow records over a bounded lock-free queue to the one `spooler`, which closes
//! the traffic buckets and talker tables, writes the spool and publishes the live line.
//!
//! Bounds stand in `limits`. Nothing here waits for a disk, a database or a network peer, except in `replay`, where
//! the reader waits so that nothing is shed.

pub mod config;
pub mod copy;
pub mod error;
pub mod file;
pub mod flow;
pub mod frame;
pub mod interface;
pub mod limits;
pub mod local;
pub mod metrics;
pub mod queue;
pub mod replay;
pub mod ring;
pub mod role;
pub mod sample;
pub mod spooler;
mod steady;
pub mod targets;
pub mod telemetry;
pub mod wire;
pub mod worker;
