//! webhook: the notice as JSON to a URL.

pub mod config;
