//! notifier: the host's load, the rules, the incidents and the outbox.
//!
//! It runs without the database and without capture: a warning leaves the machine even if neither starts.
//!
//! The life of an alert: [`host`] samples the machine and [`lines`] hears the roles; [`metric`] gives both names;
//! [`rule`] and [`attack`] judge them once a second ([`judgement`]); [`incident`] keeps what fires and decides who is
//! told ([`chronicle`] says what else happened); [`outbox`] makes that durable; [`channel`] puts a [`notice`] into words
//! and hands it over. [`record`] writes what happened as rows into notifier's own spool.

pub mod attack;
pub mod channel;
pub mod chronicle;
pub mod config;
pub mod error;
pub mod host;
pub mod incident;
pub mod judgement;
pub mod limits;
pub mod lines;
pub mod metric;
pub mod notice;
pub mod outbox;
pub mod record;
pub mod role;
pub mod rule;
pub mod secret;
pub mod state;
pub mod watch;
pub mod words;

pub use error::NotifierError;
pub use role::{Options, run};
