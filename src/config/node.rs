//! The `[node]` section of floodmark.toml.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The `[node]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Name of this machine in tables and messages; empty = the host name.
    pub name: String,
    /// Folder of everything that is kept: spool, store, state. A relative path starts at the working directory.
    pub data_dir: PathBuf,
    /// Folder of the roles' sockets; empty = `run` in `data_dir`.
    pub run_dir: PathBuf,
}

impl Default for Config {
    fn default() -> Config {
        Config { name: String::new(), data_dir: PathBuf::from("./floodmark-data"), run_dir: PathBuf::new() }
    }
}
