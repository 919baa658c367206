//! The `[web]` section of floodmark.toml.

use std::net::SocketAddr;
use std::time::Duration;

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
    /// Names besides the machine's own that the page answers to.
    pub hosts: Vec<String>,
    /// A session that is not used for so long ends.
    #[serde(with = "humantime_serde")]
    pub session_idle: Duration,
    /// Every session ends after so long.
    #[serde(with = "humantime_serde")]
    pub session_lifetime: Duration,
}

impl Config {
    /// Whether browsers come by https: here, or at the proxy that `public_url` names.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// Whether browsers trust the certificate that this process shows.
    pub fn has_trusted_certificate(&self) -> bool {
        false
    }
}

impl Default for Config {
    fn default() -> Config {
        let day = Duration::from_secs(86_400);
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            public_url: String::new(),
            hosts: Vec::new(),
            session_idle: 7 * day,
            session_lifetime: 90 * day,
        }
    }
}
