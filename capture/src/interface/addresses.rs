//! The machine's own addresses and the networks that they lie in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::netlink::{attributes, number};

/// Bytes of `ifaddrmsg`: family 1, prefix length 1, flags 1, scope 1, index 4.
const INFO: usize = 8;

/// An address of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Index of the interface that has it.
    pub ifindex: u32,
    /// The address, with the length of its network's prefix.
    pub address: IpNet,
}

/// Reads the body of an RTM_NEWADDR; `None` if it is no IP address.
pub(super) fn parse(body: &[u8]) -> Option<Address> {
    let (&family, &prefix) = (body.first()?, body.get(1)?);
    let ifindex = number(body, 4)?;
    let (mut local, mut address) = (None, None);
    for (kind, value) in attributes(body.get(INFO..)?) {
        match kind {
            // On a point-to-point link IFA_ADDRESS is the other end, IFA_LOCAL is us.
            libc::IFA_LOCAL => local = ip(family, value),
            libc::IFA_ADDRESS => address = ip(family, value),
            _ => (),
        }
    }
    let address = IpNet::new(local.or(address)?, prefix).ok()?;
    Some(Address { ifindex, address })
}

fn ip(family: u8, value: &[u8]) -> Option<IpAddr> {
    match i32::from(family) {
        libc::AF_INET => Some(Ipv4Addr::from(*value.first_chunk::<4>()?).into()),
        libc::AF_INET6 => Some(Ipv6Addr::from(*value.first_chunk::<16>()?).into()),
        _ => None,
    }
}
