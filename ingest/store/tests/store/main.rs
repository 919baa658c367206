//! The store against a real MariaDB and real SQLite files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod backup;
mod batches;
mod clock;
mod condense;
mod errors;
mod inspection;
mod migrations;
mod noted;
mod place;
mod previous;
mod reading;
mod recovery;
mod refused;
mod retention;
mod rights;
mod views;
