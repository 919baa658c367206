//! The `[store]` section of floodmark.toml.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Whether a connection to MySQL/MariaDB is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Encrypted and the certificate verified, except to loopback and Unix sockets.
    #[default]
    Verify,
    /// Never encrypted: for a network that is trusted.
    Off,
}

/// The `[store]` section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `sqlite://PATH` or `mysql://USER@HOST:PORT/DATABASE` (`?socket=/path` for a Unix socket); empty = SQLite in the data directory.
    pub url: String,
    /// File that holds the password of a `mysql://` URL; must not be readable by others.
    pub password_file: Option<PathBuf>,
    /// Whether a connection to MySQL/MariaDB is encrypted.
    pub tls: Tls,
    /// Certificate authority to trust for `tls = "verify"`; empty = the well-known ones.
    pub tls_ca_file: Option<PathBuf>,
}
