//! notifier: the host's load, the rules, the incidents and the outbox.
//!
//! It runs without the database and without capture: a warning leaves the machine even if neither starts. In this
//! version it says that it lives, and sends nothing.

pub mod config;
pub mod error;
pub mod role;

pub use error::NotifierError;
pub use role::{Options, run};
