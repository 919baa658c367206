//! `[[notifier.webhook]]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::channel::uplink::{self, Uplink};
use crate::config::Problem;

/// Headers of ours, which an entry must not set.
const OWN_HEADERS: [&str; 8] = [
    "content-type",
    "content-length",
    "transfer-encoding",
    "host",
    "connection",
    "idempotency-key",
    "floodmark-signature",
    "user-agent",
];

/// Headers of an entry.
const HEADERS_MAX: usize = 16;

/// A URL that is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebHook {
    /// Its name, by which receivers list it.
    pub name: String,
    /// Where to POST.
    pub url: String,
    /// File with the key of the signature; empty = no signature.
    pub secret_file: PathBuf,
    /// More headers.
    pub headers: BTreeMap<String, String>,
    /// For the whole exchange.
    #[serde(with = "humantime_serde")]
    pub time_limit: Duration,
    /// One more authority to trust.
    pub tls_ca_file: PathBuf,
    /// By which address or interface to leave.
    pub bind: String,
}

impl Default for WebHook {
    fn default() -> WebHook {
        WebHook {
            name: String::new(),
            url: String::new(),
            secret_file: PathBuf::new(),
            headers: BTreeMap::new(),
            time_limit: Duration::from_secs(10),
            tls_ca_file: PathBuf::new(),
            bind: String::new(),
        }
    }
}

const TIME_LIMITS: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);

/// Letters, digits, `-` and `_`, as in a command line.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|char| char.is_ascii_alphanumeric() || "-_".contains(char))
}

/// https, or http to this machine.
fn is_safe(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let is_loopback = match url.host_str() {
        None => return false,
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host.parse::<std::net::IpAddr>().map_or(host == "localhost", |address| address.is_loopback())
        }
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

fn is_header(name: &str, value: &str) -> bool {
    let is_ours = OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str());
    !is_ours && name.parse::<HeaderName>().is_ok() && HeaderValue::from_str(value).is_ok()
}

/// What is wrong with them.
pub fn check(list: &[WebHook], problems: &mut Vec<Problem>) {
    for (number, hook) in list.iter().enumerate() {
        let mut tell = |is_wrong: bool, key: &str, value: String, allowed: &str, remedy: &str| {
            if is_wrong {
                problems.push(Problem {
                    key: format!("notifier.webhook[{}].{key}", hook.name),
                    value,
                    allowed: allowed.to_owned(),
                    remedy: remedy.to_owned(),
                });
            }
        };
        let name = format!("{:?}", hook.name);
        tell(
            !is_name(&hook.name),
            "name",
            name.clone(),
            "1 to 64 letters, digits, `-` or `_`",
            "receivers list it by this name",
        );
        let is_twice = list[..number].iter().any(|other| other.name == hook.name);
        tell(is_twice, "name", name, "a name of its own", "two web hooks have this name");
        tell(
            !is_safe(&hook.url),
            "url",
            // It may hold a token.
            "\"…\"".to_owned(),
            "an https:// URL; http:// to this machine alone",
            "the notice names addresses and processes: it must not travel in the open",
        );
        let header = hook.headers.iter().find(|(name, value)| !is_header(name, value));
        let header = header.map(|(name, _)| format!("{name:?}"));
        tell(
            header.is_some(),
            "headers",
            header.unwrap_or_default(),
            "a header that is not one of the channel's own",
            "remove it, or correct its name and value",
        );
        tell(
            hook.headers.len() > HEADERS_MAX,
            "headers",
            hook.headers.len().to_string(),
            "at most 16",
            "send what is more by the receiver of the web hook",
        );
        tell(
            Uplink::parse(&hook.bind).is_none(),
            "bind",
            format!("{:?}", hook.bind),
            uplink::ALLOWED,
            "leave it empty for the usual route",
        );
        tell(
            !TIME_LIMITS.contains(&hook.time_limit),
            "time_limit",
            format!("{:?}", hook.time_limit),
            "1s to 1m",
            "10s suits nearly every server",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{WebHook, check};

    #[test]
    fn what_cannot_work_is_told_by_its_key() {
        let check = |change: &dyn Fn(&mut WebHook), expect: &[&str]| {
            let (name, url) = ("ops".to_owned(), "https://hooks.example/floodmark".to_owned());
            let mut hook = WebHook { name, url, ..WebHook::default() };
            change(&mut hook);
            let mut problems = Vec::new();
            check(std::slice::from_ref(&hook), &mut problems);
            let keys: Vec<_> = problems.iter().filter_map(|problem| problem.key.rsplit('.').next()).collect();
            assert_eq!(keys, expect, "{hook:?}");
        };
        check(&|_| {}, &[]);
        check(&|hook| hook.name = "a b".to_owned(), &["name"]);
        for url in ["", "ftp://x", "http://hooks.example/", "https://", "http://10.0.0.1/"] {
            check(&|hook| hook.url = url.to_owned(), &["url"]);
        }
        for url in ["http://127.0.0.1:80/", "http://[::1]/x", "http://localhost/", "https://10.0.0.1/"] {
            check(&|hook| hook.url = url.to_owned(), &[]);
        }
        let header = |name: &'static str, value: &'static str| {
            move |hook: &mut WebHook| drop(hook.headers.insert(name.to_owned(), value.to_owned()))
        };
        check(&header("Authorization", "Bearer x"), &[]);
        check(&header("Host", "x"), &["headers"]);
        check(&header("X-A", "a\r\nB: c"), &["headers"]);
        check(&header("a b", "c"), &["headers"]);
        check(&|hook| hook.bind = "a b".to_owned(), &["bind"]);
        check(&|hook| hook.time_limit = std::time::Duration::ZERO, &["time_limit"]);
        let twice = vec![WebHook { name: "a".to_owned(), url: "https://h/".to_owned(), ..WebHook::default() }; 2];
        let mut problems = Vec::new();
        super::check(&twice, &mut problems);
        assert_eq!(problems.len(), 1);
    }
}
