//! The request's host must be one of ours: a page of another name that points to this machine (DNS rebinding) gets
//! nothing.

use std::collections::HashSet;
use std::fs;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Problem;
use crate::config::Config;

/// The names that this page answers to. Addresses are not listed: rebinding needs a name, and a machine has addresses
/// (of a NAT in front of it, of a network that comes later) that it does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts(HashSet<String>);

impl Hosts {
    /// `localhost`, this machine's name, the host of `public_url`, and `hosts`.
    pub fn of(config: &Config) -> Hosts {
        let machine = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Hosts::with(config, machine.trim())
    }

    fn with(config: &Config, machine: &str) -> Hosts {
        let mut names: HashSet<String> = config.hosts.iter().map(|name| plain(name)).collect();
        names.insert("localhost".to_owned());
        if !machine.is_empty() {
            let machine = plain(machine);
            let short = machine.split('.').next().unwrap_or_default().to_owned();
            names.extend([format!("{short}.local"), short, machine]);
        }
        let public = config.public_url.parse::<Uri>().ok().and_then(|url| url.host().map(plain));
        names.extend(public);
        Hosts(names)
    }

    /// Whether a `Host` header or an authority is ours.
    fn has(&self, authority: &str) -> bool {
        let Some(host) = host_of(authority) else { return false };
        host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() || self.0.contains(&plain(host))
    }
}

/// Without the port; `None` = not the form of a host.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, "1"),
    };
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    (port.parse::<u16>().is_ok() && !host.is_empty() && (is_bracketed || is_name)).then_some(host)
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Refuses what is for another host.
pub async fn known_host(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    let mut given = request.headers().get_all(header::HOST).iter();
    let (first, second) = (given.next(), given.next());
    let named = request.uri().authority().map(|authority| authority.as_str());
    let named = named.or_else(|| first.and_then(|host| host.to_str().ok()));
    let Some(named) = named.filter(|_| second.is_none()) else {
        let (en, ru) = ("The request names no host, or two.", "В запросе нет имени узла или их два.");
        return Problem::bad_request(en, ru).into_response();
    };
    // An authority and a `Host` that differ are two hosts.
    let differs = first.is_some_and(|host| host.as_bytes() != named.as_bytes());
    if differs || !hosts.has(named) {
        return Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "This page does not go by the name in the request; list the name in web.hosts, or use the machine's address.",
            "Страница не отвечает на имя из запроса; укажите его в web.hosts или откройте страницу по адресу машины.",
        )
        .into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::Hosts;
    use crate::config::Config;

    #[test]
    fn our_names_and_any_address_are_known_and_nothing_else() {
        let config = Config {
            public_url: "https://Flood.Example:8443/".to_owned(),
            hosts: vec!["watch.example".to_owned()],
            ..Config::default()
        };
        let hosts = Hosts::with(&config, "Gate7.lan");
        let check = |host: &str, expect: bool| assert_eq!(hosts.has(host), expect, "{host:?}");
        check("localhost:8443", true);
        check("LOCALHOST", true);
        check("flood.example", true);
        check("flood.example.:8443", true);
        check("watch.example:1", true);
        check("gate7.lan", true);
        check("gate7", true);
        check("gate7.local:8443", true);
        check("192.0.2.7:8443", true);
        check("[2001:db8::7]:8443", true);
        check("[::1]", true);
        check("evil.example", false);
        check("localhost.evil.example", false);
        check("evil.example:8443@localhost", false);
        check("localhost:99999", false);
        check("[evil.example]", false);
        check("a b", false);
        check(":8443", false);
        check("", false);
    }
}
