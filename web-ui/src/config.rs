//! The `[web]` section of floodmark.toml.

use std::net::SocketAddr;

use ipnet::IpNet;
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
    /// Connections at once in all; a part is kept for addresses whose users are signed in.
    pub connections_max: usize,
    /// Connections at once from one IPv4 address or one IPv6 network of 64 bits.
    pub connections_per_address_max: usize,
    /// Reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            public_url: String::new(),
            connections_max: 4_096,
            connections_per_address_max: 256,
            trusted_proxies: Vec::new(),
        }
    }
}
