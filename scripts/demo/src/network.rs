//! The wire: `eth0` on this side, `world0` in a namespace of its own on the other, and who has which address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;

use anyhow::{Context, bail};
use nix::sched::{CloneFlags, unshare};

use crate::random::Random;

/// Servers on this side: 203.0.113.10 and so on, and the same of 2001:db8:1::.
pub const SERVERS: [u8; 5] = [10, 11, 20, 21, 53];

/// The stations' addresses, which frames of attacks need.
pub const ETH0: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];
pub const WORLD0: [u8; 6] = [0x02, 0, 0, 0, 0, 0x02];

/// A server's addresses.
pub fn server(last: u8) -> (Ipv4Addr, Ipv6Addr) {
    (Ipv4Addr::new(203, 0, 113, last), Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, u16::from(last)))
}

/// An address of the world: those that documents and benchmarks may use. A few networks have most of the visitors.
pub fn visitor(random: &mut Random, is_six: bool) -> IpAddr {
    if is_six {
        let at = random.below(400) as u16;
        return Ipv6Addr::new(0x2001, 0xdb8, 0xf, at % 16, 0, 0, at, 0x17).into();
    }
    let host = random.below(254) as u8 + 1;
    let address = match random.below(4) {
        0 => Ipv4Addr::new(198, 51, 100, host),
        1 => Ipv4Addr::new(192, 0, 2, host),
        _ => Ipv4Addr::new(198, 18, random.below(24) as u8, host),
    };
    address.into()
}

/// Makes the wire and this side's addresses; `world` runs on a thread on the other side, once it is ready. Whether there
/// is IPv6 is told to it.
///
/// # Errors
/// The kernel refuses a step: no veth, no second namespace.
pub fn build<T: Send + 'static>(
    world: impl FnOnce(bool) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<(bool, JoinHandle<anyhow::Result<T>>)> {
    ip("link set lo up")?;
    ip("link add eth0 address 02:00:00:00:00:01 type veth peer name world0 address 02:00:00:00:00:02")
        .context("no pair of virtual interfaces: is the kernel's module veth there?")?;
    let (to_main, from_world) = mpsc::channel();
    let (to_world, from_main) = mpsc::channel::<bool>();
    let thread = std::thread::Builder::new().name("world".to_owned()).spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).context("no second network namespace")?;
        to_main.send(nix::unistd::gettid()).context("the demo ends")?;
        let has_six = from_main.recv().context("the demo ends")?;
        settle_world(has_six)?;
        world(has_six)
    })?;
    // A thread that failed has hung up, and says why when it is joined.
    let Ok(id) = from_world.recv() else {
        return Err(thread.join().ok().and_then(Result::err).unwrap_or_else(|| anyhow::anyhow!("no other side")));
    };
    ip(&format!("link set world0 netns {id}"))?;
    ip("link set eth0 up")?;
    for last in SERVERS {
        ip(&format!("addr add {}/24 dev eth0", server(last).0))?;
    }
    let six = |last: &u8| ip(&format!("-6 addr add {}/64 dev eth0 nodad", server(*last).1)).is_ok();
    let has_six = SERVERS.iter().all(six);
    to_world.send(has_six).context("the other side has ended")?;
    ip("route add default via 203.0.113.254 dev eth0 onlink")?;
    if has_six {
        ip("-6 route add default via 2001:db8:1::fe dev eth0 onlink")?;
    }
    Ok((has_six, thread))
}

/// The other side has all addresses of the world at once.
fn settle_world(has_six: bool) -> anyhow::Result<()> {
    ip("link set lo up")?;
    ip("link set world0 up")?;
    ip("addr add 203.0.113.254/24 dev world0")?;
    for network in ["198.51.100.0/24", "192.0.2.0/24", "198.18.0.0/15"] {
        ip(&format!("route add local {network} dev lo"))?;
    }
    if has_six {
        ip("-6 addr add 2001:db8:1::fe/64 dev world0 nodad")?;
        ip("-6 route add local 2001:db8:f::/48 dev lo")?;
    }
    Ok(())
}

/// Runs `ip`, of the package iproute2, in the namespace of this thread.
fn ip(words: &str) -> anyhow::Result<()> {
    let mut command = Command::new("ip");
    command.args(words.split_whitespace()).stdin(Stdio::null());
    let output = command.output().context("cannot start `ip` (package iproute2)")?;
    if !output.status.success() {
        bail!("ip {words}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
