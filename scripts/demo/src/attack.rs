//! The attacks: frames with forged senders, put on the world's end of the wire, in turn and at a bounded rate.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use anyhow::Context;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, bind, send, socket};

use crate::clock::now;
use crate::network::{ETH0, WORLD0, server};
use crate::plan::Plan;
use crate::random::Random;
use crate::say;

/// Packets a second: twice what the strictest limit is, and little work for a small machine.
const RATE: u64 = 14_000;

/// Frames of one burst.
const BURST_MS: u64 = 20;

/// Kinds of attacks, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Syn,
    Amplification,
    Udp,
}

const KINDS: [Kind; 3] = [Kind::Syn, Kind::Amplification, Kind::Udp];

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Kind::Syn => "a SYN flood on 203.0.113.10",
            Kind::Amplification => "answers of time servers that nobody asked (NTP amplification) for 203.0.113.20",
            Kind::Udp => "a UDP flood on 203.0.113.21",
        }
    }

    fn frame(self, random: &mut Random) -> Vec<u8> {
        // Of a network that carriers use inside: nobody's.
        let source = (100 << 24 | 64 << 16 | random.below(1 << 22) as u32).to_be_bytes();
        let port = 1_024 + random.below(60_000) as u16;
        match self {
            Kind::Syn => frame(source, (port, 443), 10, &tcp_syn(random.any() as u32)),
            Kind::Amplification => {
                let source = [source[0], source[1], 7, source[3]];
                frame(source, (123, 80), 20, &[0x17; 448])
            }
            Kind::Udp => frame(source, (port, port / 7 + 1), 21, &[0xaa; 120]),
        }
    }
}

/// The rest of a TCP header behind the ports: a SYN with its usual option.
fn tcp_syn(sequence: u32) -> Vec<u8> {
    let mut rest = sequence.to_be_bytes().to_vec();
    rest.extend([0, 0, 0, 0, 0x60, 0x02, 0xff, 0xff, 0, 0, 0, 0, 2, 4, 5, 0xb4]);
    rest
}

/// An IPv4 frame for a server: TCP for the first, which is a web server, UDP for the others.
fn frame(source: [u8; 4], ports: (u16, u16), target: u8, rest: &[u8]) -> Vec<u8> {
    let is_tcp = target == 10;
    let head = if is_tcp { 4 } else { 8 };
    let mut ip = vec![0x45, 0];
    ip.extend(u16::try_from(20 + head + rest.len()).unwrap_or(u16::MAX).to_be_bytes());
    ip.extend([0, 0, 0, 0, 54, if is_tcp { 6 } else { 17 }, 0, 0]);
    ip.extend(source);
    ip.extend(server(target).0.octets());
    let sum = !ip.chunks(2).fold(0_u16, |sum, pair| {
        let (sum, carry) = sum.overflowing_add(u16::from_be_bytes([pair[0], pair[1]]));
        sum + u16::from(carry)
    });
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    let mut frame = [&ETH0[..], &WORLD0, &[8, 0], &ip].concat();
    frame.extend(ports.0.to_be_bytes());
    frame.extend(ports.1.to_be_bytes());
    if !is_tcp {
        frame.extend(u16::try_from(8 + rest.len()).unwrap_or(u16::MAX).to_be_bytes());
        frame.extend([0, 0]);
    }
    frame.extend(rest);
    frame.resize(frame.len().max(60), 0);
    frame
}

/// A packet socket that only sends, on `interface` of this thread's namespace.
///
/// # Errors
/// No such interface, or no right.
pub fn sender(interface: &str) -> anyhow::Result<OwnedFd> {
    let address = nix::ifaddrs::getifaddrs()?
        .find(|one| one.interface_name == interface && one.address.is_some_and(|a| a.as_link_addr().is_some()))
        .and_then(|one| one.address)
        .with_context(|| format!("no interface {interface}"))?;
    let link = *address.as_link_addr().context("no link address")?;
    let fd = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).context("no packet socket")?;
    bind(fd.as_raw_fd(), &link).with_context(|| format!("cannot bind to {interface}"))?;
    Ok(fd)
}

/// Attacks as the plan says until `stop`; on the world's thread.
///
/// # Errors
/// No packet socket.
pub fn run(plan: &Plan, stop: &AtomicBool) -> anyhow::Result<()> {
    let fd = sender("world0")?;
    let mut random = Random::new(plan.seed, 77);
    let mut pause = plan.calm;
    for kind in KINDS.into_iter().cycle() {
        if !wait(pause, stop) {
            return Ok(());
        }
        say(&format!("an attack begins: {}, {} s", kind.name(), plan.attack.as_secs()));
        let end = now() + plan.attack;
        let mut due = now();
        while now() < end && !stop.load(Ordering::Relaxed) {
            for _ in 0..RATE * BURST_MS / 1_000 {
                // A full queue is the wire's bound: what it does not take is not sent.
                let _ = send(fd.as_raw_fd(), &kind.frame(&mut random), MsgFlags::MSG_DONTWAIT);
            }
            // After a machine that was away, no catching up: the rate is a bound.
            due = (due + Duration::from_millis(BURST_MS)).max(now() - Duration::from_millis(BURST_MS));
            sleep(due.saturating_duration_since(now()));
        }
        say("the attack is over");
        pause = plan.pause;
    }
    Ok(())
}

/// `false` = it was stopped meanwhile.
pub fn wait(pause: Duration, stop: &AtomicBool) -> bool {
    let end = now() + pause;
    while now() < end {
        if stop.load(Ordering::Relaxed) {
            return false;
        }
        sleep(Duration::from_millis(100));
    }
    !stop.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::{KINDS, Kind};
    use crate::random::Random;

    #[test]
    fn frames_are_whole_and_their_headers_add_up() {
        let mut random = Random::new(1, 1);
        for kind in KINDS {
            for _ in 0..100 {
                let frame = kind.frame(&mut random);
                let ip = &frame[14..34];
                let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
                assert_eq!(frame.len(), (14 + total).max(60), "{kind:?}");
                let sum: u32 = ip.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
                assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "{kind:?}");
                assert_eq!(ip[9], if kind == Kind::Syn { 6 } else { 17 });
                assert!(ip[12] == 100 && (64..128).contains(&ip[13]), "{:?}", &ip[12..16]);
                assert_eq!(ip[16..19], [203, 0, 113]);
            }
        }
    }
}
