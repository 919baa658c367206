//! `[notifier.watch]`, `[[peer]]`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::channel::sms::url_fault;
use crate::channel::uplink::{self, Uplink};
use crate::config::Problem;

/// Peers of one machine.
const PEERS_MAX: usize = 64;

/// The dead-man ping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Asked for while notifier is well; empty = no ping.
    pub url: String,
    /// How often.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
    /// For one.
    #[serde(with = "humantime_serde")]
    pub time_limit: Duration,
    /// So many failures in a row fire.
    pub failures: u32,
    /// Allows plain `http://` to another machine.
    pub insecure: bool,
    /// Source address or interface.
    pub bind: String,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            url: String::new(),
            interval: Duration::from_secs(60),
            time_limit: Duration::from_secs(10),
            failures: 3,
            insecure: false,
            bind: String::new(),
        }
    }
}

/// What is wrong with it.
pub fn check(config: &Config, problems: &mut Vec<Problem>) {
    let mut checks = Checks { key: "notifier.watch".to_owned(), problems };
    if !config.url.is_empty() {
        checks.url(&config.url, config.insecure);
    }
    checks.times(config.interval, config.time_limit, config.failures);
    checks.bind(&config.bind);
}

/// `[[peer]]`: another Floodmark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Peer {
    /// Its name, unique.
    pub name: String,
    /// Its page's `/healthz`, or any URL that answers 200 when all is well.
    pub url: String,
    /// File of the token that the other page wants; empty = none.
    pub token_file: PathBuf,
    /// More authorities to trust.
    pub tls_ca_file: PathBuf,
    /// How often it is asked.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
    /// For one question.
    #[serde(with = "humantime_serde")]
    pub time_limit: Duration,
    /// So many failures in a row fire.
    pub failures: u32,
    /// Allows plain `http://` to another machine.
    pub insecure: bool,
    /// Source address or interface.
    pub bind: String,
}

impl Default for Peer {
    fn default() -> Peer {
        Peer {
            name: String::new(),
            url: String::new(),
            token_file: PathBuf::new(),
            tls_ca_file: PathBuf::new(),
            interval: Duration::from_secs(15),
            time_limit: Duration::from_secs(5),
            failures: 3,
            insecure: false,
            bind: String::new(),
        }
    }
}

/// What is wrong with the peers.
pub fn check_peers(list: &[Peer], problems: &mut Vec<Problem>) {
    let mut names = BTreeSet::new();
    for (number, peer) in list.iter().enumerate() {
        let name = if peer.name.is_empty() { (number + 1).to_string() } else { peer.name.clone() };
        let mut checks = Checks { key: format!("peer[{name}]"), problems };
        let is_name = (1..=64).contains(&peer.name.len()) && peer.name.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_name {
            checks.no(
                "name",
                &peer.name,
                "1 to 64 characters without spaces",
                "the name of the other machine is a good one",
            );
        } else if !names.insert(peer.name.as_str()) {
            checks.no("name", &peer.name, "a name of its own", "rename one of the two");
        }
        checks.url(&peer.url, peer.insecure);
        checks.times(peer.interval, peer.time_limit, peer.failures);
        checks.bind(&peer.bind);
    }
    if list.len() > PEERS_MAX {
        let mut checks = Checks { key: "peer".to_owned(), problems };
        checks.no(
            "name",
            &format!("{} entries", list.len()),
            "up to 64",
            "let the machines watch each other in a ring",
        );
    }
}

struct Checks<'a> {
    key: String,
    problems: &'a mut Vec<Problem>,
}

impl Checks<'_> {
    fn no(&mut self, name: &str, value: &str, allowed: &str, remedy: &str) {
        self.problems.push(Problem {
            key: format!("{}.{name}", self.key),
            value: value.to_owned(),
            allowed: allowed.to_owned(),
            remedy: remedy.to_owned(),
        });
    }

    fn url(&mut self, text: &str, insecure: bool) {
        match Url::parse(text) {
            Err(error) => self.no("url", text, "an http:// or https:// URL", &error.to_string()),
            Ok(url) => {
                if let Some(remedy) = url_fault(&url, insecure) {
                    self.no("url", text, "https://, or http:// to this machine", &remedy);
                }
            }
        }
    }

    fn times(&mut self, interval: Duration, time_limit: Duration, failures: u32) {
        let second = Duration::from_secs(1);
        if !(5 * second..=3_600 * second).contains(&interval) {
            self.no("interval", &format!("{interval:?}"), "5s to 1h", "the default is a good beginning");
        }
        if !(second..=30 * second).contains(&time_limit) {
            self.no("time_limit", &format!("{time_limit:?}"), "1s to 30s", "the default is a good beginning");
        }
        if !(1..=100).contains(&failures) {
            self.no("failures", &failures.to_string(), "1 to 100", "one lost packet should not wake anybody: 3");
        }
    }

    fn bind(&mut self, bind: &str) {
        if Uplink::parse(bind).is_none() {
            self.no("bind", bind, uplink::ALLOWED, "leave it empty to leave as the routes say");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Peer, check, check_peers};

    #[test]
    fn urls_and_times_are_checked() {
        let told = |config: Config| {
            let mut problems = Vec::new();
            check(&config, &mut problems);
            problems.into_iter().map(|problem| problem.key).collect::<Vec<_>>()
        };
        assert!(told(Config::default()).is_empty());
        let with = |url: &str| told(Config { url: url.to_owned(), ..Config::default() });
        assert!(with("https://ping.example/abc").is_empty() && with("http://127.0.0.1/x").is_empty());
        assert!(with("http://[::1]:8080/x").is_empty());
        for url in ["http://ping.example/abc", "ftp://x/y", "nowhere", "https:///", "http://127.0.0.1.example/"] {
            assert_eq!(with(url), ["notifier.watch.url"], "{url}");
        }
        assert_eq!(told(Config { failures: 0, ..Config::default() }), ["notifier.watch.failures"]);
    }

    #[test]
    fn peers_are_checked() {
        let peer = Peer { name: "b".to_owned(), url: "https://b.example/healthz".to_owned(), ..Peer::default() };
        let told = |list: &[Peer]| {
            let mut problems = Vec::new();
            check_peers(list, &mut problems);
            problems.into_iter().map(|problem| problem.key).collect::<Vec<_>>()
        };
        assert!(told(std::slice::from_ref(&peer)).is_empty());
        assert_eq!(told(&[peer.clone(), peer.clone()]), ["peer[b].name"]);
        assert_eq!(told(&[Peer { bind: "a/b".to_owned(), ..peer.clone() }]), ["peer[b].bind"]);
        assert_eq!(told(&[Peer::default()]), ["peer[1].name", "peer[1].url"]);
    }
}
