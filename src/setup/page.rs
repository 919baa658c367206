//! Where the page is, and so who may reach it; tried by opening the port.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use capture::interface::default_route_interface;

use super::Seen;
use super::console::Console;
use super::draft::Draft;
use super::interface::links;
use super::stop::Stop;
use crate::cli::SetupArgs;
use crate::config::Config;

/// The usual port.
const PORT: u16 = 8443;

/// Addresses that are offered; a machine with hundreds names its own.
const OFFERED_MAX: usize = 8;

pub fn ask(console: &mut Console, draft: &mut Draft, given: &mut SetupArgs) -> Result<(), Stop> {
    let own = own_addresses();
    let present = draft.config.web.listen;
    let is_fresh = present == web_ui::config::Config::default().listen && !draft.has_own_url;
    let port = present.port();
    let default = match own.first() {
        // A phone is why there is a page.
        Some(ip) if is_fresh => SocketAddr::new(*ip, port),
        _ => present,
    };
    if console.asks() && given.listen.is_none() {
        console.say("  local = this machine alone (a reverse proxy, an SSH tunnel); all = whoever reaches any of its addresses;")?;
        console.say("  or one address: whoever reaches that. Everybody must sign in.")?;
        let shown: Vec<String> = own.iter().map(|ip| SocketAddr::new(*ip, port).to_string()).collect();
        console.say(&format!(
            "  This machine has {}",
            if shown.is_empty() { "no other address".into() } else { shown.join(", ") }
        ))?;
    }
    draft.config.web.listen =
        console.ask("Address and port of the page", given.listen.take(), &default.to_string(), |text| {
            listen(text, port)
        })?;
    ask_url(console, draft, given)
}

/// What links in messages begin with.
fn ask_url(console: &mut Console, draft: &mut Draft, given: &mut SetupArgs) -> Result<(), Stop> {
    let reach = web_ui::sign_in::address::reach(&web_ui::config::Config {
        public_url: String::new(),
        ..draft.config.web.clone()
    });
    let default = if draft.has_own_url {
        draft.config.web.public_url.clone()
    } else if reach.is_loopback {
        String::new()
    } else {
        reach.url
    };
    let question = "Links in messages begin with";
    draft.config.web.public_url = console.ask(question, given.public_url.take(), &default, url)?;
    Ok(())
}

fn url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_url = rest.is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}@?#".contains(&byte))
    });
    if text.is_empty() || is_url {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("write the beginning of an address, such as https://flood.example:8443, or - for no links".to_owned())
    }
}

fn listen(text: &str, port: u16) -> Result<SocketAddr, String> {
    let port = if port == 0 { PORT } else { port };
    match text {
        "local" => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        "all" => Ok(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))),
        _ => {
            let address = text.parse().or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, port)));
            address.map_err(|_| "write local, all, or an address and port such as 192.0.2.7:8443".to_owned())
        }
    }
}

/// This machine's addresses: private ones first, because a page need not be open to the world; those of the default
/// route's interface before others.
fn own_addresses() -> Vec<IpAddr> {
    let Ok((links, addresses)) = links() else { return Vec::new() };
    let default_route = default_route_interface();
    let is_default =
        |index: u32| links.iter().any(|link| link.index == index && default_route.as_ref() == Some(&link.name));
    let mut own: Vec<(bool, bool, IpAddr)> = addresses
        .iter()
        .map(|address| (address.ifindex, address.address.addr()))
        .filter(|(_, ip)| is_reachable(*ip))
        .map(|(index, ip)| (!is_private(ip), !is_default(index), ip))
        .collect();
    own.sort();
    own.dedup();
    own.into_iter().map(|(_, _, ip)| ip).take(OFFERED_MAX).collect()
}

fn is_reachable(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local() && !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local() && !v6.is_unspecified(),
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

pub fn test(draft: Draft) -> Seen {
    let listen = draft.config.web.listen;
    let finding = crate::doctor::page::judge(listen, TcpListener::bind(listen).err().map(|error| error.kind()), || {
        UnixStream::connect(run_dir(&draft.config).join("web.sock")).is_ok()
    });
    match finding.level {
        crate::doctor::Level::Ok => Seen::Good(finding.what),
        _ => Seen::Bad(format!("{}; {}", finding.what, finding.remedy)),
    }
}

/// As the roles will take it.
fn run_dir(config: &Config) -> PathBuf {
    let node = &config.node;
    if node.run_dir.as_os_str().is_empty() { node.data_dir.join("run") } else { node.run_dir.clone() }
}

#[cfg(test)]
mod tests {
    use super::{listen, url};

    #[test]
    fn an_address_is_read_as_people_write_it() {
        let check = |text: &str, expect: &str| assert_eq!(listen(text, 8443).expect(text).to_string(), expect);
        check("local", "127.0.0.1:8443");
        check("all", "0.0.0.0:8443");
        check("192.0.2.7", "192.0.2.7:8443");
        check("192.0.2.7:443", "192.0.2.7:443");
        check("[::]:8443", "[::]:8443");
        check("::1", "[::1]:8443");
        for wrong in ["", "everywhere", "192.0.2.7:99999", "localhost:8443"] {
            assert!(listen(wrong, 8443).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_link_begins_with_a_scheme_and_a_host() {
        assert_eq!(url("https://f.example:8443/").as_deref(), Ok("https://f.example:8443"));
        assert_eq!(url("").as_deref(), Ok(""));
        for wrong in ["f.example", "https://", "https://a b", "ftp://x", "https://u@x"] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
    }
}
