//! Which interface the default route uses, from the kernel's tables.

use std::fs;
use std::path::Path;

/// The interface of the default route, IPv4 before IPv6; `None` without one. `proc` is `/proc` but in tests.
pub fn default_route(proc: &Path) -> Option<String> {
    let read = |name: &str| fs::read_to_string(proc.join("net").join(name)).unwrap_or_default();
    let (ipv4, ipv6) = (read("route"), read("ipv6_route"));
    ipv4_default(&ipv4).or_else(|| ipv6_default(&ipv6)).map(str::to_owned)
}

/// Columns: Iface Destination Gateway Flags RefCnt Use Metric Mask …; the lowest metric wins.
fn ipv4_default(table: &str) -> Option<&str> {
    table
        .lines()
        .filter_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let default = *columns.get(1)? == "00000000" && *columns.get(7)? == "00000000";
            let metric: u32 = columns.get(6)?.parse().ok()?;
            default.then_some((metric, columns[0]))
        })
        .min_by_key(|(metric, _)| *metric)
        .map(|(_, name)| name)
}

/// Columns: destination, its prefix length, source, its prefix length, next hop, metric, …, flags, interface (hex).
fn ipv6_default(table: &str) -> Option<&str> {
    /// RTF_REJECT: the entry that stands for "no route".
    const REJECT: u32 = 0x0200;
    table
        .lines()
        .filter_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let default = columns.first()?.bytes().all(|digit| digit == b'0') && *columns.get(1)? == "00";
            let flags = u32::from_str_radix(columns.get(8)?, 16).ok()?;
            let metric = u32::from_str_radix(columns.get(5)?, 16).ok()?;
            (default && flags & REJECT == 0).then_some((metric, *columns.get(9)?))
        })
        .min_by_key(|(metric, _)| *metric)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{ipv4_default, ipv6_default};

    const HEAD: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

    #[test]
    fn the_cheapest_default_route_wins() {
        let table = format!(
            "{HEAD}wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
             eth1\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
             eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        );
        assert_eq!(ipv4_default(&table), Some("eth1"));
    }

    #[test]
    fn tables_without_a_default_route_give_none() {
        for table in ["", HEAD, "garbage\n\u{0}\nx y z\n"] {
            assert_eq!(ipv4_default(table), None);
            assert_eq!(ipv6_default(table), None);
        }
    }

    #[test]
    fn the_unreachable_entry_of_ipv6_is_no_route() {
        let zeros = "00000000000000000000000000000000";
        let reject = format!("{zeros} 00 {zeros} 00 {zeros} ffffffff 00000001 00000000 00200200       lo\n");
        assert_eq!(ipv6_default(&reject), None);
        let hop = "fe800000000000000000000000000001";
        let real = format!("{reject}{zeros} 00 {zeros} 00 {hop} 00000400 00000002 00000000 00000003     eth0\n");
        assert_eq!(ipv6_default(&real), Some("eth0"));
    }
}
