//! channel: how a notice reaches a person. One file or folder for each kind of channel.
//!
//! A channel gets one message for one recipient, and says what became of it. It keeps no queue and tries once: the
//! outbox keeps, repeats and gives up. Every attempt ends within its time limit.

pub mod email;
pub mod http;
pub mod once;
pub mod script;
pub mod sms;
#[cfg(test)]
mod testing;
pub mod tls;
pub mod uplink;
pub mod webhook;

use serde::{Deserialize, Serialize};

/// One message, for one recipient, by one channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Stable over repeats, unique for ever: the Message-ID and the idempotency key are made of it.
    pub id: String,
    /// The incident it belongs to, for threads of mail; empty = none.
    pub thread: String,
    /// Address or number.
    pub to: String,
    /// What it says.
    pub notice: crate::notice::Notice,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// It was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What the provider calls it; empty = it does not say.
    pub provider_id: String,
    /// The provider's answer, at most 200 characters.
    pub answer: String,
    /// A later word will say whether it was delivered.
    pub is_followed: bool,
}

/// It was not accepted, or nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// A later attempt may succeed: refused connection, time-out, 4xx, a limit of the provider.
    #[error("{0}")]
    Passing(String),
    /// The whole was handed over and the answer never came: a repeat may arrive twice.
    #[error("{0}; it may have been delivered")]
    Unknown(String),
    /// No attempt will succeed for this recipient: no such address, a number that is none.
    #[error("{0}")]
    Refused(String),
    /// No attempt will succeed for any recipient until a person mends the channel: password, certificate, template.
    #[error("{0}")]
    Broken(String),
}

/// What became of a message after it was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// As in [`Receipt::provider_id`].
    pub provider_id: String,
    /// It arrived, or never will.
    pub arrived: bool,
    /// In the provider's words.
    pub answer: String,
}
