//! uplink: by which address or interface a channel leaves, so that an alert need not take the flooded one.

use std::net::IpAddr;

use tokio::net::TcpSocket;

/// `IFNAMSIZ` without its zero.
const INTERFACE_BYTES_MAX: usize = 15;

/// The key `bind` of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uplink {
    /// As the routes say.
    Any,
    /// From this address.
    Address(IpAddr),
    /// By this interface.
    Interface(String),
}

impl Uplink {
    /// Reads `bind`: empty, an address, or an interface's name; `None` = it is none of these.
    pub fn parse(bind: &str) -> Option<Uplink> {
        let is_name = |name: &str| {
            name.len() <= INTERFACE_BYTES_MAX
                && !matches!(name, "." | "..")
                && name.chars().all(|char| char.is_ascii_graphic() && !"/:".contains(char))
        };
        match bind {
            "" => Some(Uplink::Any),
            _ => match bind.parse() {
                Ok(address) => Some(Uplink::Address(address)),
                Err(_) => is_name(bind).then(|| Uplink::Interface(bind.to_owned())),
            },
        }
    }

    /// A socket towards `target` that leaves this way; `None` = the source address is of the other family.
    pub(crate) fn socket(&self, target: IpAddr) -> std::io::Result<Option<TcpSocket>> {
        let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        match self {
            Uplink::Any => {}
            Uplink::Address(address) if address.is_ipv4() != target.is_ipv4() => return Ok(None),
            Uplink::Address(address) => socket.bind((*address, 0).into())?,
            Uplink::Interface(name) => socket.bind_device(Some(name.as_bytes()))?,
        }
        Ok(Some(socket))
    }
}

/// What `bind` may be, for a problem.
pub const ALLOWED: &str = "empty, an address of this machine, or the name of an interface";

#[cfg(test)]
mod tests {
    use super::Uplink;

    #[test]
    fn an_address_or_a_name_is_taken() {
        assert_eq!(Uplink::parse(""), Some(Uplink::Any));
        assert_eq!(Uplink::parse("::1"), Some(Uplink::Address("::1".parse().expect("an address"))));
        assert_eq!(Uplink::parse("wwan0"), Some(Uplink::Interface("wwan0".to_owned())));
        for none in ["a b", "../etc", "..", "a-name-that-is-too-long", "eth0\n", "интерфейс"] {
            assert_eq!(Uplink::parse(none), None, "{none:?}");
        }
    }
}
