//! Bounds of notifier.

/// A notice as JSON.
pub const NOTICE_BYTES_MAX: usize = 256 << 10;
