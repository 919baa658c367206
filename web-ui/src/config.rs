//! The `[web]` section of floodmark.toml.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Names in `web.hosts`, and networks in `web.trusted_proxies`.
const LIST_MAX: usize = 64;

/// The `[web]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port of the page.
    pub listen: SocketAddr,
    /// How the page is reached from outside, such as `https://flood.example:8443`: links in mails begin with it. Empty
    /// = mails have no links.
    pub public_url: String,
    /// Names and addresses by which the page is reached, besides those of this machine.
    pub hosts: Vec<String>,
    /// Where TLS comes from.
    pub tls: TlsMode,
    /// With `files`: the certificates, PEM, the server's first.
    pub tls_cert_file: PathBuf,
    /// With `files`: its key, PEM.
    pub tls_key_file: PathBuf,
    /// Reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Threads that serve connections.
    pub threads: usize,
    /// How they share the work; no key of the file, since one of them is better in every measured case.
    #[serde(skip)]
    pub model: Model,
    /// Connections at once in all; a part is kept for addresses whose users are signed in.
    pub connections_max: usize,
    /// Connections at once from one IPv4 address or one IPv6 network of 64 bits.
    pub connections_per_address_max: usize,
    /// A session that is not used for so long ends.
    #[serde(with = "humantime_serde")]
    pub session_idle: Duration,
    /// Every session ends after so long.
    #[serde(with = "humantime_serde")]
    pub session_lifetime: Duration,
}

impl Config {
    /// What browsers reach the page by.
    pub const fn scheme(&self) -> &'static str {
        match self.tls {
            TlsMode::Off => "http",
            TlsMode::Own | TlsMode::Files => "https",
        }
    }
}

/// How threads share the work of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// Each accepts, reads requests, publishes and serves push streams.
    #[default]
    Alike,
    /// One accepts, one reads requests and publishes, one serves push streams, whatever their number is said to be:
    /// for measuring it against the other.
    Apart,
}

/// Where TLS comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// No TLS: for a reverse proxy on another machine that adds it.
    Off,
    /// A certificate of the page's own authority.
    Own,
    /// Given files.
    Files,
}

impl Default for Config {
    fn default() -> Config {
        let day = Duration::from_secs(86_400);
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            public_url: String::new(),
            hosts: Vec::new(),
            tls: TlsMode::Own,
            tls_cert_file: PathBuf::new(),
            tls_key_file: PathBuf::new(),
            trusted_proxies: Vec::new(),
            threads: 1,
            model: Model::Alike,
            connections_max: 4_096,
            connections_per_address_max: 256,
            session_idle: 7 * day,
            session_lifetime: 90 * day,
        }
    }
}

/// One value that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Section and key.
    pub key: String,
    /// The value as it would stand in the file.
    pub value: String,
    /// What is allowed.
    pub allowed: String,
    /// What to do.
    pub remedy: String,
}

/// Everything that is wrong. Reads no files and opens no connection.
pub fn check(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut problem = |key: &str, value: String, allowed: &str, remedy: &str| {
        let (allowed, remedy) = (allowed.to_owned(), remedy.to_owned());
        problems.push(Problem { key: format!("web.{key}"), value, allowed, remedy });
    };
    for host in config.hosts.iter().filter(|host| !is_host(host)) {
        let value = format!("{:?}", host.chars().take(80).collect::<String>());
        problem("hosts", value, "names such as \"flood.example\", and addresses", "leave out https:// and the port");
    }
    let lists = [("hosts", config.hosts.len()), ("trusted_proxies", config.trusted_proxies.len())];
    for (key, length) in lists.into_iter().filter(|(_, length)| *length > LIST_MAX) {
        problem(key, format!("{length} entries"), &format!("{LIST_MAX} entries"), "name only what is used");
    }
    if config.tls == TlsMode::Files {
        let files = [("tls_cert_file", &config.tls_cert_file), ("tls_key_file", &config.tls_key_file)];
        for (key, _) in files.into_iter().filter(|(_, file)| !file.is_absolute()) {
            problem(key, "no whole path".to_owned(), "a path from / on", "name the file, or set web.tls = \"own\"");
        }
    }
    if !(1..=THREADS_MAX).contains(&config.threads) {
        let allowed = format!("1 to {THREADS_MAX}");
        problem("threads", config.threads.to_string(), &allowed, "1 serves thousands of connections");
    }
    if !(CONNECTIONS_MIN..=CONNECTIONS_MAX).contains(&config.connections_max) {
        let allowed = format!("{CONNECTIONS_MIN} to {CONNECTIONS_MAX}");
        problem("connections_max", config.connections_max.to_string(), &allowed, "each may take some 16 KiB");
    }
    if !(8..=config.connections_max.max(8)).contains(&config.connections_per_address_max) {
        let value = config.connections_per_address_max.to_string();
        problem("connections_per_address_max", value, "8 to web.connections_max", "a browser opens 6 at once");
    }
    let sessions = [
        ("session_idle", config.session_idle, SESSION_MIN),
        ("session_lifetime", config.session_lifetime, config.session_idle),
    ];
    for (key, value, least) in sessions {
        if !(least.min(SESSION_MAX)..=SESSION_MAX).contains(&value) {
            let value = format!("\"{}s\"", value.as_secs());
            problem(
                key,
                value,
                "5m to 400days; session_lifetime at least session_idle",
                "7days and 90days are the defaults",
            );
        }
    }
    problems
}

/// A reader looks away for some minutes.
const SESSION_MIN: Duration = Duration::from_secs(300);

/// Browsers keep a cookie no longer.
const SESSION_MAX: Duration = Duration::from_secs(400 * 86_400);

/// More serve no more: the work of a page is small.
const THREADS_MAX: usize = 64;

/// Fewer are taken by a browser or two.
const CONNECTIONS_MIN: usize = 64;

/// 16 GiB of them.
const CONNECTIONS_MAX: usize = 1_000_000;

/// Whether `text` is an address or a host name (RFC 1123, section 2.1).
pub fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inner && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    text.parse::<IpAddr>().is_ok() || (text.len() <= 253 && text.split('.').all(is_label))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Config, TlsMode, check};

    fn keys(change: impl FnOnce(&mut Config)) -> Vec<String> {
        let mut config = Config::default();
        change(&mut config);
        check(&config).into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn values_out_of_range_are_told_by_their_keys() {
        assert!(keys(|_| ()).is_empty());
        assert_eq!(keys(|web| web.hosts = vec!["https://a".into(), "a.b".into(), "-a".into()]), ["web.hosts"; 2]);
        assert_eq!(keys(|web| web.hosts = vec!["a".into(); 65]), ["web.hosts"]);
        assert_eq!(keys(|web| web.tls = TlsMode::Files), ["web.tls_cert_file", "web.tls_key_file"]);
        assert_eq!(keys(|web| web.threads = 0), ["web.threads"]);
        assert_eq!(keys(|web| web.session_idle = Duration::ZERO), ["web.session_idle"]);
        assert_eq!(keys(|web| web.session_lifetime = Duration::from_secs(600)), ["web.session_lifetime"]);
        assert_eq!(keys(|web| web.connections_max = 1), ["web.connections_max", "web.connections_per_address_max"]);
        assert_eq!(keys(|web| web.connections_per_address_max = 0), ["web.connections_per_address_max"]);
    }
}
