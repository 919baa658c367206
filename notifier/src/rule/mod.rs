//! rule: what a person wants to be told about, and when; the state machine from pending to resolved.

pub mod config;
pub mod expression;
pub mod words;

/// Tables of this part in the state file.
pub const MIGRATIONS: &[(&str, &str)] = &[];
