//! The `[web]` section of floodmark.toml.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// The `[web]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port of the page.
    pub listen: SocketAddr,
    /// How the page is reached from outside, such as `https://flood.example:8443`: links in mails begin with it. Empty
    /// = mails have no links.
    pub public_url: String,
}

impl Default for Config {
    fn default() -> Config {
        Config { listen: SocketAddr::from(([127, 0, 0, 1], 8443)), public_url: String::new() }
    }
}
