//! notifier: the host's load, the rules, the incidents and the outbox.
//!
//! It runs without the database and without capture: a warning leaves the machine even if neither starts. In this
//! version it starts, stops, and sends nothing.

pub mod config;
pub mod role;
