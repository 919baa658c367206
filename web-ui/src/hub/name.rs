//! Names of channels: which are the page's own, and which belong to scripts.

use std::net::IpAddr;

use super::limits::NAME_MAX;

/// The page's own channels that always exist.
pub const OWN: [&str; 5] = ["traffic", "load", "workers", "ledger", "incidents"];

/// The page's own channel whose every message counts; the others of its own are gauges: the newest says it all.
pub const INCIDENTS: &str = "incidents";

/// What a name says of its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of [`OWN`].
    Own,
    /// `host:<address>`: the page's own too, made when somebody looks at the host.
    Host,
    /// `x/…`: made, renewed and closed by scripts.
    Script,
}

impl Kind {
    /// The kind of `name`; `None` = there can be no such channel.
    ///
    /// A script's name is `x/` and parts of letters, digits, `.`, `_` and `-` between slashes, so that it needs no
    /// escaping in JSON, in a query or in a page.
    pub fn of(name: &str) -> Option<Kind> {
        if name.len() > NAME_MAX {
            return None;
        }
        if OWN.contains(&name) {
            return Some(Kind::Own);
        }
        if let Some(address) = name.strip_prefix("host:") {
            // One spelling for one host: others would be channels that nobody publishes to.
            return address.parse::<IpAddr>().ok().filter(|ip| ip.to_string() == address).map(|_| Kind::Host);
        }
        let parts = name.strip_prefix("x/")?;
        let is_fine = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        parts.split('/').all(is_fine).then_some(Kind::Script)
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn a_name_says_its_kind() {
        let check = |name: &str, expect: Option<Kind>| assert_eq!(Kind::of(name), expect, "{name:?}");
        check("incidents", Some(Kind::Own));
        check("Incidents", None);
        check("host:192.0.2.7", Some(Kind::Host));
        check("host:2001:db8::1", Some(Kind::Host));
        check("host:2001:DB8::1", None);
        check("host:192.0.2.07", None);
        check("host:", None);
        check("x/backup/db-1", Some(Kind::Script));
        check("x/", None);
        check("x//a", None);
        check("x/a/", None);
        check("x/a b", None);
        check("x/\"<script>", None);
        check("x/é", None);
        check(&format!("x/{}", "a".repeat(95)), None);
        check("", None);
    }
}
