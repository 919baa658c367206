//! outbox: notifications that are not sent yet, durable before they are sent.

/// Tables of this part in the state file.
pub const MIGRATIONS: &[(&str, &str)] = &[];
