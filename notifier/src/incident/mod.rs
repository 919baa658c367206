//! incident: from transitions to notifications; group, inhibit, silence, acknowledge, escalate, repeat, cap.

pub mod config;

/// Tables of this part in the state file.
pub const MIGRATIONS: &[(&str, &str)] = &[];
