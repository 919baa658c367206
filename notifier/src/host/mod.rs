//! host: what this machine does, sampled from /proc and /sys.

pub mod config;
