//! interface: what network interfaces this machine has, and what happens to them.
//!
//! Everything but the default route is asked by netlink: that is right in every network namespace (/sys is not), needs
//! no capability, and goes on working under a sandbox that hides /proc/net, over the one socket opened at start.
//!
//! * `netlink` asks the kernel and takes its answers apart;
//! * `links` knows interfaces: name, index, kind, state, master, counters;
//! * `addresses` knows the machine's own prefixes;
//! * `route` finds the interface of the default route;
//! * `watch` turns successive lists of links into events.

mod addresses;
mod links;
mod netlink;
mod route;
mod watch;

pub use addresses::Address;
pub use links::{Counters, Link, double_counted, find};
pub use netlink::{LinkNews, Netlink};
pub use route::default_route_interface;
pub use watch::{Event, Watch};

/// Why something about interfaces cannot be known.
#[derive(Debug, thiserror::Error)]
pub enum InterfaceError {
    /// The kernel cannot be asked.
    #[error("cannot ask the kernel for its network interfaces (netlink): {0}")]
    Netlink(#[source] std::io::Error),
    /// The kernel's list changed during each of several readings.
    #[error("the list of network interfaces keeps changing while it is read")]
    Unsteady,
    /// A name that no interface can have.
    #[error("\"{0}\" cannot be the name of an interface: 1 to 15 bytes without \"/\", spaces and control characters")]
    Name(String),
}

/// Checks a name as the kernel does (dev_valid_name), before it is given to anything that trusts it.
///
/// # Errors
/// [`InterfaceError::Name`].
pub fn check_name(name: &str) -> Result<(), InterfaceError> {
    // IFNAMSIZ is 16 with the final zero byte.
    let bad = |byte: u8| byte == b'/' || byte == b':' || byte.is_ascii_whitespace() || byte.is_ascii_control();
    if name.is_empty() || name.len() > 15 || name == "." || name == ".." || name.bytes().any(bad) {
        return Err(InterfaceError::Name(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names_are_checked_as_the_kernel_does() {
        for good in ["lo", "eth0", "enp3s0f1np1", "br-0123456789ab", "vlan.10"] {
            check_name(good).expect(good);
        }
        for bad in ["", ".", "..", "a/b", "sixteen-bytes-xx", "a b", "a\0b", "a\n", "eth0:1"] {
            check_name(bad).expect_err(bad);
        }
    }
}
