//! Visits over real TCP connections and datagrams, in waves, from addresses of the world; and what the servers fetch
//! themselves.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, sleep};
use std::time::{Duration, Instant};

use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, bind, connect, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::clock::now;
use crate::network::{SERVERS, server, visitor};
use crate::plan::Plan;
use crate::random::Random;
use crate::servers::REQUEST;

/// Visitors at the same time.
const VISITORS: u64 = 24;

/// Servers that fetch something at the same time.
const FETCHERS: u64 = 4;

/// How long a step of a visit may take.
const PATIENCE_S: i64 = 10;

/// Which end of the wire the visitors are at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// They visit the servers.
    World,
    /// The servers visit the world.
    Servers,
}

/// Starts the visitors of one side; they end at `stop`.
///
/// # Errors
/// No thread.
pub fn start(side: Side, plan: &Plan, has_six: bool, stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let begun = now();
    let (count, rate) = match side {
        Side::World => (VISITORS, plan.visits),
        Side::Servers => (FETCHERS, plan.visits.div_ceil(10)),
    };
    for number in 0..count {
        let (stop, seed) = (Arc::clone(stop), plan.seed);
        let mean = Duration::from_secs_f64(count as f64 / rate as f64);
        let name = if side == Side::World { "visitor" } else { "fetcher" };
        Builder::new().name(name.to_owned()).stack_size(256 << 10).spawn(move || {
            let mut random = Random::new(seed, number + 1_000 * u64::from(side == Side::Servers));
            while !stop.load(Ordering::Relaxed) {
                sleep(random.pause(mean).div_f64(wave(begun)).min(Duration::from_secs(5)));
                // What does not come about is no visit: the world is like that.
                let _ = visit(side, &mut random, has_six, &stop);
            }
        })?;
    }
    Ok(())
}

/// How busy the moment is, around 1: a long wave and a short one.
fn wave(begun: Instant) -> f64 {
    let seconds = begun.elapsed().as_secs_f64();
    1.0 + 0.45 * (seconds / 38.0).sin() + 0.3 * (seconds / 7.3).sin()
}

fn visit(side: Side, random: &mut Random, has_six: bool, stop: &AtomicBool) -> anyhow::Result<()> {
    let is_six = has_six && random.below(6) == 0;
    let own = |last: u8| if is_six { IpAddr::from(server(last).1) } else { IpAddr::from(server(last).0) };
    if side == Side::Servers {
        let from = own(SERVERS[random.below(4) as usize]);
        return fetch(from, (visitor(random, is_six), 443).into(), random, stop);
    }
    let from = visitor(random, is_six);
    match random.below(20) {
        0..=7 => fetch(from, (own(10), 443).into(), random, stop),
        8..=10 => fetch(from, (own(11), 443).into(), random, stop),
        11 => fetch(from, (own(10), 80).into(), random, stop),
        12 => fetch(from, (own(20), [25, 587, 993][random.below(3) as usize]).into(), random, stop),
        13 => fetch(from, (own(21), [22, 3306][random.below(2) as usize]).into(), random, stop),
        14 => datagrams(from, (own(11), 443).into(), 40, 400, random),
        15 => datagrams(from, (own(21), 123).into(), 1, 48, random),
        _ => datagrams(from, (own(53), 53).into(), 1, 32, random),
    }
}

/// One connection with one to three requests.
fn fetch(from: IpAddr, to: SocketAddr, random: &mut Random, stop: &AtomicBool) -> anyhow::Result<()> {
    let mut stream = connected(from, to)?;
    for _ in 0..=random.below(3) {
        let length = random.size();
        let pace = if length > 1_000_000 { 1_500_000 } else { 4_000_000 };
        let mut request = [0; REQUEST];
        request[..8].copy_from_slice(&length.to_be_bytes());
        request[8..].copy_from_slice(&u64::to_be_bytes(pace));
        stream.write_all(&request)?;
        let mut piece = [0; 16 << 10];
        let mut left = length;
        while left > 0 {
            let read = stream.read(&mut piece)?;
            if read == 0 || stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            left = left.saturating_sub(read as u64);
        }
        sleep(random.pause(Duration::from_millis(60)));
    }
    Ok(())
}

/// A connection from one of the addresses that this side has.
fn connected(from: IpAddr, to: SocketAddr) -> anyhow::Result<TcpStream> {
    let family = if from.is_ipv6() { AddressFamily::Inet6 } else { AddressFamily::Inet };
    let fd = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    let patience = TimeVal::seconds(PATIENCE_S);
    setsockopt(&fd, sockopt::SendTimeout, &patience)?;
    setsockopt(&fd, sockopt::ReceiveTimeout, &patience)?;
    bind(fd.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(from, 0)))?;
    connect(fd.as_raw_fd(), &SockaddrStorage::from(to))?;
    Ok(TcpStream::from(fd))
}

/// Some datagrams, each with its answer.
fn datagrams(from: IpAddr, to: SocketAddr, count: u64, bytes: u64, random: &mut Random) -> anyhow::Result<()> {
    let socket = UdpSocket::bind(SocketAddr::new(from, 0))?;
    socket.set_read_timeout(Some(Duration::from_millis(500)))?;
    let mut answer = [0; 1_400];
    for _ in 0..count {
        let length = (bytes / 2 + random.below(bytes)).min(1_000) as usize;
        socket.send_to(&[0x11; 1_000][..length], to)?;
        socket.recv(&mut answer)?;
    }
    Ok(())
}
