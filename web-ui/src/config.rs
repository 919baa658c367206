//! The `[web]` section of floodmark.toml.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// The `[web]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port of the page.
    pub listen: SocketAddr,
}

impl Default for Config {
    fn default() -> Config {
        Config { listen: SocketAddr::from(([127, 0, 0, 1], 8443)) }
    }
}
