//! ingest.

pub mod config;
