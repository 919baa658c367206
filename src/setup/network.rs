//! Which networks are "mine": offered from this machine's addresses.

use ipnet::IpNet;

use super::Seen;
use super::console::Console;
use super::draft::Draft;
use super::interface::links;
use super::stop::Stop;
use crate::cli::SetupArgs;

/// The answer that follows this machine's addresses, whatever they become.
const AUTOMATIC: &str = "auto";

pub fn ask(console: &mut Console, draft: &mut Draft, given: &mut SetupArgs) -> Result<(), Stop> {
    let flags = std::mem::take(&mut given.network);
    let flag = (!flags.is_empty()).then(|| flags.join(","));
    if console.asks() && flag.is_none() {
        let own: Vec<String> = own(&draft.config.capture.interfaces).iter().map(IpNet::to_string).collect();
        let own = if own.is_empty() { "none".to_owned() } else { own.join(", ") };
        console.say(&format!("  They decide what is in and out. By this machine's addresses (auto): {own}"))?;
        console
            .say("  On a router or a mirror port name the networks behind it, such as 192.0.2.0/24,2001:db8::/32")?;
    }
    let present: Vec<String> = draft.config.capture.local_networks.iter().map(IpNet::to_string).collect();
    let default = if present.is_empty() { AUTOMATIC.to_owned() } else { present.join(",") };
    draft.config.capture.local_networks = console.ask("Own networks", flag, &default, parse)?;
    Ok(())
}

fn parse(text: &str) -> Result<Vec<IpNet>, String> {
    if text.is_empty() || text.eq_ignore_ascii_case(AUTOMATIC) {
        return Ok(Vec::new());
    }
    let words = text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let network = word.parse::<IpNet>().or_else(|_| word.parse::<std::net::IpAddr>().map(IpNet::from));
            network.map(|network| network.trunc()).map_err(|_| {
                format!("{word:?} is no network; write an address and the length of its prefix, such as 192.0.2.0/24")
            })
        })
        .collect()
}

/// Networks of this machine's addresses on some interfaces, without those that never leave the link.
fn own(interfaces: &[String]) -> Vec<IpNet> {
    let Ok((links, addresses)) = links() else { return Vec::new() };
    let is_captured = |index: u32| links.iter().any(|link| link.index == index && interfaces.contains(&link.name));
    let mut networks: Vec<IpNet> = addresses
        .iter()
        .filter(|address| is_captured(address.ifindex) && !is_near(&address.address))
        .map(|address| address.address.trunc())
        .collect();
    networks.dedup();
    networks
}

fn is_near(network: &IpNet) -> bool {
    match network {
        IpNet::V4(v4) => v4.addr().is_loopback() || v4.addr().is_link_local(),
        IpNet::V6(v6) => v6.addr().is_loopback() || v6.addr().is_unicast_link_local(),
    }
}

pub fn test(draft: Draft) -> Seen {
    let config = &draft.config.capture;
    if config.local_networks.is_empty() {
        return match own(&config.interfaces).as_slice() {
            [] => Seen::Good("these interfaces have no address: all traffic will count as passing through".to_owned()),
            own => {
                let own: Vec<String> = own.iter().map(IpNet::to_string).collect();
                Seen::Good(format!("{} now, and whatever this machine's addresses become", own.join(", ")))
            }
        };
    }
    let Ok((_, addresses)) = links() else { return Seen::Nothing };
    let inside = addresses.iter().map(|address| address.address.addr());
    let inside = inside.filter(|ip| config.local_networks.iter().any(|network| network.contains(ip))).count();
    Seen::Good(match inside {
        0 => "no address of this machine lies in them: right for a router or a mirror port".to_owned(),
        count => format!("{count} of this machine's addresses lie in them"),
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn networks_are_read_and_trimmed_to_their_prefix() {
        let check = |text: &str, expect: &[&str]| {
            let networks: Vec<String> = parse(text).expect(text).iter().map(ToString::to_string).collect();
            assert_eq!(networks, expect, "{text}");
        };
        check("auto", &[]);
        check("", &[]);
        check("192.0.2.7/24, 2001:db8::1/32", &["192.0.2.0/24", "2001:db8::/32"]);
        check("192.0.2.7", &["192.0.2.7/32"]);
        for wrong in ["192.0.2.0/33", "eth0", "1.2.3/8", "::/129"] {
            assert!(parse(wrong).expect_err(wrong).contains("192.0.2.0/24"), "{wrong}");
        }
    }
}
