//! notifier.

pub mod config;
