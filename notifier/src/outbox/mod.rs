//! outbox: notifications that are not sent yet, durable before they are sent.
//!
//! One [`row::Row`] for each recipient and channel, with a stable id: the Message-ID and the idempotency key are made
//! of it, so that a repeat can be recognised. [`book::Outbox`] holds the rows that are not final and is pure;
//! [`table`] keeps them in the state file; [`gauge`] knows how each channel goes; [`dispatch`] is the sender, one task
//! for each channel. What was being sent when the process died is sent again, with the same id.
//!
//! | state | means | next |
//! |---|---|---|
//! | `waiting` | not sent, or an attempt failed | `sending`, `expired`, `superseded` |
//! | `sending` | an attempt is under way, or was when the process died | `sent`, `waiting`, `failed`, `expired` |
//! | `sent` | accepted | `delivered`, `failed` where the channel tells |
//! | `delivered` | arrived | |
//! | `failed` | refused for good | |
//! | `expired` | too old to be worth sending | |
//! | `superseded` | another message says it | |
//!
//! Places that tests arm (`faults::pass`): `notifier.begin` before a row is marked as being sent, `notifier.sending`
//! when it is, `notifier.sent` when the channel has answered, `notifier.mark` before the answer is kept,
//! `notifier.marked` when it is.

pub mod book;
mod digest;
pub mod dispatch;
pub mod gauge;
pub mod row;
pub mod table;
#[cfg(test)]
mod tests;

pub use book::Outbox;
pub use row::{Row, RowState};

/// Rows of one receiver and channel that wait; more become a digest.
pub const ROUTE_WAITING_MAX: usize = 32;

/// Rows that are not final; more are refused, which needs 128 routes that are all stuck.
pub const LIVE_MAX: usize = 4_096;

/// Rows whose delivery is still to be told; the oldest is forgotten.
pub const FOLLOWED_MAX: usize = 4_096;

/// Final rows that are kept to be looked at, and for how long, ns.
pub const FINAL_MAX: u64 = 10_000;
/// See [`FINAL_MAX`].
pub const FINAL_AGE_NS: u64 = 30 * 86_400 * 1_000_000_000;

/// Bytes of final rows' notices; the oldest go first.
pub const FINAL_BYTES_MAX: u64 = 64 << 20;

/// Characters of a channel's answer.
pub const ANSWER_CHARS_MAX: usize = 200;

/// Tables of this part in the state file.
pub const MIGRATIONS: &[(&str, &str)] = &[(
    "outbox_0001",
    "CREATE TABLE outbox (
       id TEXT PRIMARY KEY, created_ns INTEGER NOT NULL, kind TEXT NOT NULL, class TEXT NOT NULL, severity TEXT NOT NULL,
       receiver TEXT NOT NULL, channel TEXT NOT NULL, recipient TEXT NOT NULL, thread TEXT NOT NULL,
       incidents TEXT NOT NULL, notice TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
       next_try_ns INTEGER NOT NULL, expires_ns INTEGER NOT NULL, is_unsure INTEGER NOT NULL, is_followed INTEGER NOT NULL,
       provider_id TEXT NOT NULL, answer TEXT NOT NULL, settled_ns INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX outbox_state ON outbox (state);
     CREATE INDEX outbox_created ON outbox (created_ns);",
)];
