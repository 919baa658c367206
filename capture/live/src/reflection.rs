//! Services that answer a small UDP request with much: the source ports of amplification attacks.
//!
//! A port is in the list when amplification by it was seen at scale, and when a local network seldom receives
//! unasked packets from it: what a local host asked for is never counted as amplified, whatever the port.

/// One service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// UDP port.
    pub port: u16,
    /// Its name in the kind of an attack, as in `dns_amplification`.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
}

const fn service(port: u16, name: &'static str, title: &'static str) -> Service {
    Service { port, name, title }
}

/// The services, by port. Two ports of one protocol have one name.
pub const SERVICES: [Service; 28] = [
    service(17, "qotd", "QOTD"),
    service(19, "chargen", "CharGEN"),
    service(53, "dns", "DNS"),
    service(69, "tftp", "TFTP"),
    service(111, "portmap", "Portmap"),
    service(123, "ntp", "NTP"),
    service(137, "netbios", "NetBIOS"),
    service(161, "snmp", "SNMP"),
    service(177, "xdmcp", "XDMCP"),
    service(389, "cldap", "CLDAP"),
    service(427, "slp", "SLP"),
    service(500, "ike", "IKE"),
    service(520, "rip", "RIP"),
    service(623, "ipmi", "IPMI"),
    service(1434, "mssql", "MS-SQL"),
    service(1900, "ssdp", "SSDP"),
    service(3283, "ard", "Apple Remote Desktop"),
    service(3389, "rdp", "RDP"),
    service(3702, "wsd", "WS-Discovery"),
    service(4500, "ike", "IKE"),
    service(5060, "sip", "SIP"),
    service(5353, "mdns", "mDNS"),
    service(5683, "coap", "CoAP"),
    service(10_001, "ubiquiti", "Ubiquiti discovery"),
    service(11_211, "memcached", "memcached"),
    service(27_015, "source", "Source engine"),
    service(37_810, "dvr", "DVR discovery"),
    service(47_808, "bacnet", "BACnet"),
];

/// The place of `port` in [`SERVICES`].
#[inline]
pub fn place(port: u16) -> Option<usize> {
    // A search of five steps, and none for the ports of clients that most packets have.
    if port > SERVICES[SERVICES.len() - 1].port { None } else { SERVICES.binary_search_by_key(&port, |s| s.port).ok() }
}

#[cfg(test)]
mod tests {
    use super::{SERVICES, place};

    #[test]
    fn every_service_is_found_by_its_port_and_no_other_port_is() {
        for (at, service) in SERVICES.iter().enumerate() {
            assert_eq!(place(service.port), Some(at), "{}", service.name);
        }
        assert_eq!((place(0), place(443), place(50_000)), (None, None, None));
    }
}
