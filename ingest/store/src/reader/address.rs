//! Ranges of addresses: one host or a prefix, IPv4 as IPv4-mapped IPv6, as the tables keep them.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The addresses of a prefix, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    /// Lowest address, 16 bytes.
    pub low: [u8; 16],
    /// Highest address, 16 bytes.
    pub high: [u8; 16],
}

/// Why a text is not an address or a prefix.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address or a prefix, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32")]
pub struct NotAnAddress(String);

impl FromStr for AddressRange {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<AddressRange, NotAnAddress> {
        let wrong = || NotAnAddress(text.to_owned());
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let (bits, offset) = match address.parse::<IpAddr>().map_err(|_| wrong())? {
            IpAddr::V4(v4) => (v4.to_ipv6_mapped().to_bits(), 96),
            IpAddr::V6(v6) => (v6.to_bits(), 0),
        };
        let length = length.unwrap_or(128 - offset).saturating_add(offset);
        if length > 128 {
            return Err(wrong());
        }
        let hosts = u128::MAX.checked_shr(length).unwrap_or(0);
        let (low, high) = (Ipv6Addr::from_bits(bits & !hosts), Ipv6Addr::from_bits(bits | hosts));
        Ok(AddressRange { low: low.octets(), high: high.octets() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, low: &str, high: &str) {
        let octets = |text: &str| match text.parse::<IpAddr>().unwrap() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        };
        assert_eq!(text.parse(), Ok(AddressRange { low: octets(low), high: octets(high) }), "{text}");
    }

    #[test]
    fn a_prefix_is_the_range_of_its_addresses() {
        check("192.0.2.7", "192.0.2.7", "192.0.2.7");
        check("192.0.2.7/24", "192.0.2.0", "192.0.2.255");
        check("0.0.0.0/0", "0.0.0.0", "255.255.255.255");
        check("2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
        check("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "host", "1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3.4/x", "1.2.3.4/4294967295"] {
            assert!(text.parse::<AddressRange>().is_err(), "{text}");
        }
    }
}
