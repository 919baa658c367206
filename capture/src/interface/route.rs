//! Finds the interface of the default route: what is captured when the configuration names none.

use std::fs::read_to_string;

/// Name of the interface with the best default route, IPv4 before IPv6; `None` if the machine has none.
pub fn default_route_interface() -> Option<String> {
    let v4 = read_to_string("/proc/net/route").ok().and_then(|text| default_v4(&text));
    v4.or_else(|| read_to_string("/proc/net/ipv6_route").ok().and_then(|text| default_v6(&text)))
}

/// RTF_UP, and RTF_REJECT of linux/route.h.
const UP: u32 = 1;
const REJECT: u32 = 0x200;

fn usable(flags: &str) -> bool {
    u32::from_str_radix(flags, 16).is_ok_and(|flags| flags & (UP | REJECT) == UP)
}

/// Columns: interface, destination, gateway, flags (hex), references, use, metric (decimal), mask …
fn default_v4(text: &str) -> Option<String> {
    let routes = text.lines().skip(1).filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [name, "00000000", _, flags, _, _, metric, "00000000", ..] = columns[..] else { return None };
        usable(flags).then(|| Some((metric.parse::<u32>().ok()?, name.to_owned())))?
    });
    routes.min_by_key(|(metric, _)| *metric).map(|(_, name)| name)
}

/// Columns: destination, its prefix length (hex), source, its length, next hop, metric (hex), references, use,
/// flags (hex), interface.
fn default_v6(text: &str) -> Option<String> {
    let routes = text.lines().filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let ["00000000000000000000000000000000", "00", _, _, _, metric, _, _, flags, name] = columns[..] else {
            return None;
        };
        let metric = u32::from_str_radix(metric, 16).ok()?;
        (usable(flags) && name != "lo").then(|| (metric, name.to_owned()))
    });
    routes.min_by_key(|(metric, _)| *metric).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_metric_of_the_usable_default_routes_wins() {
        let text = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
            wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
            eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
            dead0\t00000000\t0101A8C0\t0002\t0\t0\t1\t00000000\t0\t0\t0\n\
            eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        assert_eq!(default_v4(text).as_deref(), Some("eth0"));
        assert_eq!(default_v4("Iface\nrubbish\n\n"), None);
    }

    #[test]
    fn unreachable_route_of_lo_is_no_default_route() {
        let zero = "0".repeat(32);
        let line = |metric: &str, flags: &str, name: &str| {
            format!("{zero} 00 {zero} 00 {zero} {metric} 00000001 00000000 {flags}       {name}\n")
        };
        let text = line("ffffffff", "00200200", "lo") + &line("00000400", "00000003", "eth1");
        assert_eq!(default_v6(&text).as_deref(), Some("eth1"));
        assert_eq!(default_v6(&line("ffffffff", "00200200", "lo")), None);
    }
}
