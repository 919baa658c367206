//! The store against a real MariaDB and real SQLite files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod batches;
mod clock;
mod errors;
mod inspection;
mod migrations;
mod place;
mod reading;
mod recovery;
mod refused;
mod retention;
mod rights;
