//! The names and addresses of a certificate.

use std::fs;
use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;

use crate::config::Config;

/// Addresses of this machine that go into a certificate: a host with hundreds lists those that matter in `web.hosts`.
const ADDRESSES_MAX: usize = 16;

/// What a certificate is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The node, for the authority's name.
    pub node: String,
    /// Asked for: `web.hosts` and the address that is listened on. The authority must be for all of them.
    pub asked: Vec<String>,
    /// Found: the host's name and addresses. Those that came after the authority was made are left out, so that phones
    /// need not trust a new one whenever an address comes or goes.
    pub found: Vec<String>,
}

impl Names {
    /// The names of this machine.
    pub fn of(config: &Config, node: &str) -> Names {
        let mut asked: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
        asked.extend(config.hosts.iter().map(|host| host.to_ascii_lowercase()));
        if !config.listen.ip().is_unspecified() {
            asked.push(config.listen.ip().to_string());
        }
        let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_ascii_lowercase();
        let mut found = addresses();
        if crate::config::is_host(&name) {
            // As phones find it by multicast DNS.
            found.push(format!("{}.local", name.split('.').next().unwrap_or(&name)));
            found.push(name);
        }
        let unique = |list: &mut Vec<String>| {
            list.sort();
            list.dedup();
        };
        unique(&mut asked);
        found.retain(|name| !asked.contains(name));
        unique(&mut found);
        Names { node: node.to_owned(), asked, found }
    }
}

fn addresses() -> Vec<String> {
    let Ok(list) = getifaddrs() else { return Vec::new() };
    let address = |storage: nix::sys::socket::SockaddrStorage| {
        let v4 = storage.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
        v4.or_else(|| storage.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
    };
    let is_useful = |address: &IpAddr| match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local(),
    };
    let addresses = list.filter_map(|interface| address(interface.address?)).filter(is_useful);
    addresses.take(ADDRESSES_MAX).map(|address| address.to_string()).collect()
}
