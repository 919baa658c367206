//! Where a request comes from: the connection's address, or what a trusted reverse proxy says.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// Proxies in a row that are looked at.
const HOPS_MAX: usize = 16;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where a request comes from; in its extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The client's address.
    pub address: IpAddr,
    /// Whether the client's connection is under TLS.
    pub is_tls: bool,
}

impl Peer {
    /// The client behind `self`, if `self` is one of `proxies`: the last address of the chain that is none of them.
    /// Anybody else may write into these headers what he likes, and is not heard.
    pub(super) fn behind(self, proxies: &[IpNet], headers: &HeaderMap) -> Peer {
        let is_proxy = |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(&address));
        if !is_proxy(self.address) {
            return self;
        }
        let mut address = self.address;
        let lines = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok());
        let chain: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        for hop in chain.iter().rev().take(HOPS_MAX) {
            // What is no address was written by nobody who is trusted: the last proxy stands for it.
            let Some(hop) = parse(hop.trim()) else { break };
            address = hop;
            if !is_proxy(hop) {
                break;
            }
        }
        let proto = headers.get_all(FORWARDED_PROTO).iter().next_back().and_then(|line| line.to_str().ok());
        let proto = proto.and_then(|line| line.rsplit(',').next()).map(str::trim);
        Peer { address, is_tls: proto.map_or(self.is_tls, |proto| proto.eq_ignore_ascii_case("https")) }
    }
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn parse(text: &str) -> Option<IpAddr> {
    let alone = text.trim_start_matches('[').trim_end_matches(']');
    let address = alone.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};
    use ipnet::IpNet;

    use super::Peer;

    fn check(from: &str, lines: &[&str], proto: &[&str], expect: &str, is_tls: bool) {
        let proxies: Vec<IpNet> = ["127.0.0.1/32", "10.0.0.0/8"].map(|net| net.parse().expect("a network")).into();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).expect("a value"));
        }
        for line in proto {
            headers.append("x-forwarded-proto", HeaderValue::from_str(line).expect("a value"));
        }
        let peer = Peer { address: from.parse().expect("an address"), is_tls: false };
        let found = peer.behind(&proxies, &headers);
        assert_eq!((found.address.to_string().as_str(), found.is_tls), (expect, is_tls), "{lines:?}");
    }

    #[test]
    fn only_trusted_proxies_are_heard() {
        check("192.0.2.1", &["198.51.100.1"], &["https"], "192.0.2.1", false);
        check("127.0.0.1", &["198.51.100.1"], &["https"], "198.51.100.1", true);
        check("127.0.0.1", &[], &[], "127.0.0.1", false);
    }

    #[test]
    fn what_a_client_wrote_before_the_first_trusted_proxy_is_not_heard() {
        check("127.0.0.1", &["1.1.1.1, 198.51.100.1, 10.2.3.4"], &["https, http"], "198.51.100.1", false);
        check("127.0.0.1", &["1.1.1.1", "198.51.100.1", "10.2.3.4"], &["http", "https"], "198.51.100.1", true);
        check("127.0.0.1", &["1.1.1.1, nonsense, 10.2.3.4"], &[], "10.2.3.4", false);
        check("127.0.0.1", &["10.9.9.9, 10.2.3.4"], &[], "10.9.9.9", false);
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        check("127.0.0.1", &["[2001:db8::7]:4711"], &[], "2001:db8::7", false);
        check("127.0.0.1", &["[2001:db8::7]"], &[], "2001:db8::7", false);
        check("127.0.0.1", &["198.51.100.1:80"], &[], "198.51.100.1", false);
        check("127.0.0.1", &["::ffff:198.51.100.1"], &[], "198.51.100.1", false);
    }
}
