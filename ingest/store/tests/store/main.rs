//! The store against a real MariaDB and real SQLite files.

mod batches;
mod errors;
mod migrations;
mod place;
mod reading;
mod recovery;
mod refused;
mod retention;
mod rights;
