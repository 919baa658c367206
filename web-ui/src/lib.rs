//! web-ui.

pub mod config;
