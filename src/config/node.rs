//! The `[node]` section of floodmark.toml.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Whether a role gives up the rights that it does not need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confinement {
    /// As far as this kernel goes: what it does not have is told.
    #[default]
    Possible,
    /// All of it, or the role does not begin.
    Required,
    /// No: for finding faults, with a debugger or a core dump.
    Off,
}

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
    /// Whether roles give up the rights that they do not need.
    pub confinement: Confinement,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            name: String::new(),
            data_dir: PathBuf::from("./floodmark-data"),
            run_dir: PathBuf::new(),
            confinement: Confinement::default(),
        }
    }
}
