//! Where the page is reached: the address that goes into a link.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::config::{Config, TlsMode};

/// The beginning of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Without the last slash.
    pub url: String,
    /// Only this machine itself reaches it.
    pub is_loopback: bool,
}

/// `public_url`, else the address that is listened on; where that is "any", the address by which this machine reaches
/// others.
pub fn reach(config: &Config) -> Reach {
    if !config.public_url.is_empty() {
        return Reach { url: config.public_url.trim_end_matches('/').to_owned(), is_loopback: false };
    }
    let scheme = if config.tls != TlsMode::Off { "https" } else { "http" };
    let listen = config.listen;
    let ip = if listen.ip().is_unspecified() { outward(listen.ip()).unwrap_or(listen.ip()) } else { listen.ip() };
    Reach { url: format!("{scheme}://{}", SocketAddr::new(ip, listen.port())), is_loopback: ip.is_loopback() }
}

/// The own address of the default route. Nothing is sent: the address beyond it is one that nobody has (RFC 5737,
/// RFC 3849).
fn outward(any: IpAddr) -> Option<IpAddr> {
    let beyond = [
        SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 9)),
        SocketAddr::from((Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9)),
    ];
    let try_one = |to: SocketAddr| {
        let from: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((from, 0)).ok()?;
        socket.connect(to).ok()?;
        socket.local_addr().ok().map(|own| own.ip()).filter(|ip| !ip.is_unspecified())
    };
    beyond.into_iter().filter(|to| any.is_ipv6() || to.is_ipv4()).find_map(try_one)
}

#[cfg(test)]
mod tests {
    use super::reach;
    use crate::config::Config;

    #[test]
    fn a_link_begins_where_a_phone_can_reach_it() {
        let of = |public_url: &str, listen: &str| {
            let listen = listen.parse().expect("an address");
            let reach = reach(&Config { public_url: public_url.to_owned(), listen, ..Config::default() });
            (reach.url, reach.is_loopback)
        };
        assert_eq!(of("https://f.example:8443/", "127.0.0.1:8443"), ("https://f.example:8443".to_owned(), false));
        let (url, is_loopback) = of("", "127.0.0.1:8443");
        assert!(url.ends_with("://127.0.0.1:8443") && is_loopback, "{url}");
        let (url, is_loopback) = of("", "[2001:db8::7]:8443");
        assert!(url.ends_with("://[2001:db8::7]:8443") && !is_loopback, "{url}");
    }
}
