//! Which interfaces are captured: offered as the kernel lists them, tried by a second of capture.

use std::time::{Duration, Instant};

use capture::config::Backend;
use capture::copy::{CopySource, CopySpec};
use capture::interface::{Address, InterfaceError, Link, Netlink, default_route_interface, double_counted, find};
use capture::ring::{RingError, RingSpec, Spares, open_group};

use super::Seen;
use super::console::Console;
use super::draft::Draft;
use super::stop::Stop;
use crate::cli::SetupArgs;

/// How long each interface is listened to.
const LISTENING: Duration = Duration::from_secs(1);

/// Interfaces that are listed; a container host has thousands.
const LISTED_MAX: usize = 30;

pub fn ask(console: &mut Console, draft: &mut Draft, given: &mut SetupArgs) -> Result<(), Stop> {
    let (links, addresses) = links().map_err(|error| Stop::Failed(error.to_string()))?;
    let default_route = default_route_interface();
    let links = in_order(links, default_route.as_deref());
    if console.asks() && given.interface.is_empty() {
        for (number, link) in (1..).zip(&links).take(LISTED_MAX) {
            let is_default = default_route.as_deref() == Some(link.name.as_str());
            console.say(&format!("  {number}  {}", described(link, &addresses, is_default)))?;
        }
        if links.len() > LISTED_MAX {
            console.say(&format!("  and {} more: `ip -brief link` lists them", links.len() - LISTED_MAX))?;
        }
    }
    let present = &draft.config.capture.interfaces;
    let default = match present.as_slice() {
        [] => default_route.or_else(|| links.first().map(|link| link.name.clone())).unwrap_or_default(),
        names => names.join(","),
    };
    let flags = std::mem::take(&mut given.interface);
    let flag = (!flags.is_empty()).then(|| flags.join(","));
    let question = "Interfaces to capture, by number or name, separated by commas";
    draft.config.capture.interfaces = console.ask(question, flag, &default, |text| chosen(text, &links))?;
    Ok(())
}

/// All links and addresses of this network namespace.
pub fn links() -> Result<(Vec<Link>, Vec<Address>), InterfaceError> {
    let mut netlink = Netlink::open()?;
    Ok((netlink.links()?, netlink.addresses()?))
}

/// The default route's first, then what is up; loopback is last.
fn in_order(mut links: Vec<Link>, default_route: Option<&str>) -> Vec<Link> {
    links
        .sort_by_key(|link| (default_route != Some(link.name.as_str()), link.is_loopback(), !link.is_up(), link.index));
    links
}

fn described(link: &Link, addresses: &[Address], is_default: bool) -> String {
    let own =
        addresses.iter().filter(|address| address.ifindex == link.index).map(|address| address.address.to_string());
    let own: Vec<String> = own.take(3).collect();
    let state = if link.is_up() { "up" } else { "down" };
    let note = if is_default { "  (default route)" } else { "" };
    format!("{:<15} {state:<5} {}{note}", link.name, own.join(" "))
}

fn chosen(text: &str, links: &[Link]) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = Vec::new();
    for word in text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty()) {
        let by_number = word.parse::<usize>().ok().and_then(|number| links.get(number.checked_sub(1)?));
        let Some(link) = find(links, word).or(by_number) else {
            let known: Vec<&str> = links.iter().take(LISTED_MAX).map(|link| link.name.as_str()).collect();
            return Err(format!("there is no interface {word:?} here; there are {}", known.join(", ")));
        };
        if !names.contains(&link.name) {
            names.push(link.name.clone());
        }
    }
    if names.is_empty() {
        return Err("name at least one; `ip -brief link` lists them".to_owned());
    }
    let indexes: Vec<u32> = names.iter().filter_map(|name| find(links, name)).map(|link| link.index).collect();
    if let Some((member, whole)) = double_counted(links, &indexes).first() {
        let name = |index: &u32| links.iter().find(|link| link.index == *index).map_or("", |link| link.name.as_str());
        let (member, whole) = (name(member), name(whole));
        return Err(format!(
            "packets of {member} are seen on {whole} too and would be counted twice; choose one of them"
        ));
    }
    Ok(names)
}

pub fn test(draft: Draft) -> Seen {
    let config = &draft.config.capture;
    let links = match links() {
        Ok((links, _)) => links,
        Err(error) => return Seen::Bad(error.to_string()),
    };
    let mut told = Vec::new();
    for name in &config.interfaces {
        let Some(link) = find(&links, name) else {
            return Seen::Bad(format!("{name} has gone meanwhile; `ip -brief link` lists what is there"));
        };
        if !link.is_up() {
            told.push(format!("{name} has no link now; capture begins by itself when it comes up"));
            continue;
        }
        match listen(config, name, link.index) {
            Ok(0) => told.push(format!("{name} opens; no packet passed within a second: is it the right one?")),
            Ok(count) => told.push(format!("{name} opens; {count} packets passed within a second")),
            Err(error) if error.is_missing_privilege() => {
                let remedy = "only root, or a program with CAP_NET_RAW, may capture; the service may";
                return Seen::Untried(format!("{name}: {remedy}"));
            }
            Err(error) => return Seen::Bad(error.to_string()),
        }
    }
    Seen::Good(told.join("; "))
}

/// Packets that pass in a second.
fn listen(config: &capture::config::Config, name: &str, ifindex: u32) -> Result<u64, RingError> {
    match config.backend {
        Backend::Ring => listen_by_ring(&RingSpec::from_config(config, name, ifindex)),
        Backend::Copy => {
            let (name, snaplen, promiscuous) = (name.to_owned(), config.snaplen, config.promiscuous);
            listen_by_copy(CopySpec { name, snaplen, promiscuous })
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long is listened is time of this command")]
fn now() -> Instant {
    Instant::now()
}

fn listen_by_ring(spec: &RingSpec) -> Result<u64, RingError> {
    let mut rings = open_group(spec, 1, &mut Spares::on_demand())?;
    let (end, mut count) = (now() + LISTENING, 0);
    for ring in &mut rings {
        while let Some(left) = end.checked_duration_since(now()).filter(|left| !left.is_zero()) {
            ring.wait(left)?;
            while let Some(block) = ring.next_block() {
                count += block.frames().count() as u64;
            }
        }
    }
    Ok(count)
}

fn listen_by_copy(spec: CopySpec) -> Result<u64, RingError> {
    let mut source = CopySource::open(spec, &mut Spares::on_demand())?;
    let (end, mut count) = (now() + LISTENING, 0);
    while let Some(left) = end.checked_duration_since(now()).filter(|left| !left.is_zero()) {
        if source.wait(left)? {
            count += source.next_group(0)?.len() as u64;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use capture::interface::Link;

    use super::{chosen, in_order};

    fn link(index: u32, name: &str, master: Option<u32>) -> Link {
        Link { index, name: name.to_owned(), master, ..Link::default() }
    }

    #[test]
    fn interfaces_are_chosen_by_number_or_name() {
        let links = [link(2, "eth0", Some(4)), link(3, "eth1", None), link(4, "br0", None), link(5, "7", None)];
        let check = |text: &str, expect: Result<&[&str], &str>| match (chosen(text, &links), expect) {
            (Ok(names), Ok(expect)) => assert_eq!(names, expect, "{text}"),
            (Err(why), Err(part)) => assert!(why.contains(part), "{text}: {why}"),
            (got, expect) => panic!("{text}: {got:?}, not {expect:?}"),
        };
        check("1", Ok(&["eth0"]));
        check("eth1, 1,eth1", Ok(&["eth1", "eth0"]));
        check("7", Ok(&["7"]));
        check("9", Err("eth0, eth1, br0"));
        check("", Err("at least one"));
        check("eth0,br0", Err("counted twice"));
        check("eth0;reboot", Err("no interface"));
    }

    #[test]
    fn the_default_route_comes_first_and_loopback_last() {
        let mut loopback = link(1, "lo", None);
        loopback.flags = libc::IFF_LOOPBACK as u32 | libc::IFF_UP as u32 | libc::IFF_RUNNING as u32;
        let names: Vec<String> = in_order(vec![loopback, link(2, "a", None), link(3, "b", None)], Some("b"))
            .into_iter()
            .map(|l| l.name)
            .collect();
        assert_eq!(names, ["b", "a", "lo"]);
    }
}
