//! live, contract 3: every role says once a second, as one JSON line, how it goes.
//!
//! A role owns one [`Publisher`] on `RUN/<role>.sock`. Who connects and says nothing gets the newest line at once and
//! each new one; who sends `GET /metrics`, `/healthz` or `/live` gets an HTTP answer, who sends `POST /control` is
//! obeyed ([`control`], contract 4); what is too long for a line has a path of its own ([`detail`]). [`Subscriber`] is the other end. The lines' shapes are [`mod@line`]; [`ledger`]
//! joins capture's and ingest's columns into the books. [`heartbeat`] is what a role tells its supervisor, and
//! [`descriptors`] what it leaves there for its next process. [`usage`] is what a process has used.
//!
//! Bounds: [`limits`]. A slow or silent peer is cut; the role that publishes never waits for one.

pub mod action;
pub mod client;
pub mod control;
pub mod descriptors;
pub mod detail;
pub mod error;
pub mod heartbeat;
pub mod host;
pub mod incident;
pub mod ledger;
pub mod limits;
pub mod line;
mod notifier_line;
mod peer;
pub mod publisher;
pub mod reflection;
mod run_line;
pub mod subscriber;
pub mod target;
pub mod usage;

pub use error::LiveError;
pub use heartbeat::Heartbeat;
pub use line::{CaptureLine, Envelope, IngestLine, Line, NotifierLine, PlainLine, Role, RunLine};
pub use publisher::{Health, Publisher};
pub use subscriber::Subscriber;
pub use usage::Usage;
