//! Contract 2.

pub mod config;
