//! Contract 1.

pub mod config;
