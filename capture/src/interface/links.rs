//! What the kernel says of one interface.

use super::netlink::{attributes, number, short};

/// Bytes of `ifinfomsg`: family 1, padding 1, hardware type 2, index 4, flags 4, change mask 4.
const INFO: usize = 16;

/// One network interface at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The kernel's number; a deleted and re-created interface has a new one, a renamed one keeps it.
    pub index: u32,
    /// Name.
    pub name: String,
    /// Hardware type (ARPHRD of linux/if_arp.h).
    pub hardware: u16,
    /// Flags (IFF of net/if.h).
    pub flags: u32,
    /// Largest packet, in bytes.
    pub mtu: u32,
    /// Index of the bridge, bond or team that this interface is a member of.
    pub master: Option<u32>,
    /// Index of the interface that this one stands on, if that is in the same namespace: of a VLAN its trunk.
    pub lower: Option<u32>,
    /// Kind of a virtual interface as `ip link` names it ("bridge", "vlan", "veth"), empty for a device.
    pub kind: String,
    /// The device's counters.
    pub counters: Counters,
}

/// Counters of a device since it was made; what the `pre_tap` observation compares the ring with. A device may count
/// merged frames or wire packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets received.
    pub rx_packets: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Packets received with errors.
    pub rx_errors: u64,
    /// Packets dropped on the way in, by the kernel.
    pub rx_dropped: u64,
    /// Packets missed by the device for want of room.
    pub rx_missed: u64,
}

impl Link {
    /// Switched on and with a carrier: frames can come.
    pub fn is_up(&self) -> bool {
        let needed = (libc::IFF_UP | libc::IFF_RUNNING) as u32;
        self.flags & needed == needed
    }

    /// A loopback interface, on which the kernel shows each frame twice.
    pub fn is_loopback(&self) -> bool {
        self.flags & libc::IFF_LOOPBACK as u32 != 0
    }
}

/// The interface of that name.
pub fn find<'a>(links: &'a [Link], name: &str) -> Option<&'a Link> {
    links.iter().find(|link| link.name == name)
}

/// Pairs (member, whole) among the captured indexes where each frame of the member is also seen on the whole, so that
/// capturing both counts it twice: a port and its bridge or bond, a VLAN and its trunk, and so on through several levels.
pub fn double_counted(links: &[Link], captured: &[u32]) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    for &member in captured {
        let mut reached = vec![member];
        let mut next = 0;
        while let Some(link) = reached.get(next).and_then(|&index| links.iter().find(|link| link.index == index)) {
            let stacked = matches!(link.kind.as_str(), "vlan" | "macvlan" | "macvtap" | "ipvlan" | "macsec" | "veth");
            for over in link.master.into_iter().chain(link.lower.filter(|_| stacked)) {
                if !reached.contains(&over) {
                    reached.push(over);
                }
            }
            next += 1;
        }
        pairs.extend(reached[1..].iter().filter(|over| captured.contains(over)).map(|&over| (member, over)));
    }
    pairs
}

/// Reads the body of an RTM_NEWLINK; `None` if it is too short or has no name.
pub(super) fn parse(body: &[u8]) -> Option<Link> {
    let mut link =
        Link { hardware: short(body, 2)?, index: number(body, 4)?, flags: number(body, 8)?, ..Link::default() };
    let mut elsewhere = false;
    for (kind, value) in attributes(body.get(INFO..)?) {
        match kind {
            libc::IFLA_IFNAME => link.name = text(value),
            libc::IFLA_MTU => link.mtu = number(value, 0)?,
            libc::IFLA_MASTER => link.master = number(value, 0),
            libc::IFLA_LINK => link.lower = number(value, 0).filter(|&lower| lower != 0 && lower != link.index),
            libc::IFLA_LINK_NETNSID => elsewhere = true,
            libc::IFLA_STATS64 => link.counters = counters(value),
            libc::IFLA_LINKINFO => {
                let found = attributes(value).find(|(kind, _)| *kind == libc::IFLA_INFO_KIND);
                link.kind = found.map(|(_, value)| text(value)).unwrap_or_default();
            }
            _ => (),
        }
    }
    if elsewhere {
        link.lower = None;
    }
    (!link.name.is_empty()).then_some(link)
}

/// Bytes up to the first zero, as text.
fn text(value: &[u8]) -> String {
    let end = value.iter().position(|&byte| byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

/// `rtnl_link_stats64` (linux/if_link.h): 64-bit counters in a row, of which later kernels add more at the end.
fn counters(value: &[u8]) -> Counters {
    let at = |index: usize| {
        value.get(index * 8..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_ne_bytes(*bytes))
    };
    Counters {
        rx_packets: at(0),
        tx_packets: at(1),
        rx_bytes: at(2),
        tx_bytes: at(3),
        rx_errors: at(4),
        rx_dropped: at(6),
        rx_missed: at(15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, kind: &str, master: Option<u32>, lower: Option<u32>) -> Link {
        Link { index, kind: kind.to_owned(), master, lower, ..Link::default() }
    }

    #[test]
    fn members_and_wholes_are_paired_through_levels() {
        let links = [
            link(1, "", None, None),
            link(2, "", Some(3), None),
            link(3, "bond", Some(4), None),
            link(4, "bridge", None, None),
            link(5, "vlan", None, Some(3)),
        ];
        assert_eq!(double_counted(&links, &[1, 2]), []);
        assert_eq!(double_counted(&links, &[2, 4]), [(2, 4)]);
        assert_eq!(double_counted(&links, &[5, 3, 4]), [(5, 3), (5, 4), (3, 4)]);
    }

    #[test]
    fn veth_pair_points_at_each_other_and_the_search_ends() {
        let links = [link(1, "veth", None, Some(2)), link(2, "veth", None, Some(1))];
        assert_eq!(double_counted(&links, &[1, 2]), [(1, 2), (2, 1)]);
    }
}
