//! What the servers do: an answer of the length that the visitor asks for, at the pace that it asks for.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{Builder, sleep};
use std::time::Duration;

use anyhow::Context;

/// Connections of one port at once; more are closed unanswered.
const CONNECTIONS_MAX: usize = 128;

/// How long a peer may be silent.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of an answer at most.
pub const ANSWER_MAX: u64 = 20_000_000;

/// Bytes of a request: length of the answer, and its pace in bytes a second, both big-endian.
pub const REQUEST: usize = 16;

/// Bytes of one write.
const PIECE: usize = 16 << 10;

/// Ports of the servers: web, mail, shell, database; what the world serves to them is the web.
pub const TCP: [u16; 7] = [443, 80, 25, 22, 3306, 993, 587];
/// Names, time, and what runs over UDP like the web.
pub const UDP: [u16; 3] = [53, 123, 443];

/// Serves `tcp` and `udp` in the namespace of this thread until `stop`.
///
/// # Errors
/// A port cannot be opened.
pub fn serve(tcp: &[u16], udp: &[u16], has_six: bool, stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    for port in tcp {
        let listener = TcpListener::bind(any(has_six, *port)).with_context(|| format!("port {port}"))?;
        listener.set_nonblocking(true)?;
        let stop = Arc::clone(stop);
        Builder::new().name(format!("tcp-{port}")).spawn(move || accept(&listener, &stop))?;
    }
    for port in udp {
        // One socket for each address: an answer must come from the address that was asked.
        for address in super::network::SERVERS.map(super::network::server) {
            let own = [Some(SocketAddr::from((address.0, *port))), has_six.then_some((address.1, *port).into())];
            for address in own.into_iter().flatten() {
                let socket = UdpSocket::bind(address).with_context(|| format!("{address}"))?;
                socket.set_read_timeout(Some(Duration::from_millis(500)))?;
                let stop = Arc::clone(stop);
                Builder::new().name(format!("udp-{port}")).spawn(move || echo(&socket, &stop))?;
            }
        }
    }
    Ok(())
}

fn any(has_six: bool, port: u16) -> SocketAddr {
    // The IPv6 socket takes IPv4 too.
    if has_six { (Ipv6Addr::UNSPECIFIED, port).into() } else { (Ipv4Addr::UNSPECIFIED, port).into() }
}

fn accept(listener: &TcpListener, stop: &AtomicBool) {
    let count = Arc::new(AtomicUsize::new(0));
    while !stop.load(Ordering::Relaxed) {
        let Ok((stream, _)) = listener.accept() else {
            sleep(Duration::from_millis(5));
            continue;
        };
        if count.load(Ordering::Relaxed) >= CONNECTIONS_MAX {
            continue;
        }
        count.fetch_add(1, Ordering::Relaxed);
        let here = Arc::clone(&count);
        let spawned = Builder::new().name("visit".to_owned()).stack_size(128 << 10).spawn(move || {
            // A visitor that goes away ends its visit and nothing else.
            let _ = answer(stream);
            here.fetch_sub(1, Ordering::Relaxed);
        });
        if spawned.is_err() {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Reads requests until the peer has no more, and answers each.
fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = [0; REQUEST];
    while stream.read_exact(&mut request).is_ok() {
        let number = |at: usize| request[at..at + 8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let (length, pace) = (number(0).min(ANSWER_MAX), number(8).max(1));
        let piece = [0x5a; PIECE];
        let mut left = usize::try_from(length).unwrap_or(usize::MAX);
        while left > 0 {
            let part = left.min(PIECE);
            stream.write_all(&piece[..part])?;
            left -= part;
            sleep(Duration::from_secs_f64((part as f64 / pace as f64).min(1.0)));
        }
    }
    Ok(())
}

/// Answers each datagram by one that is up to three times as long.
fn echo(socket: &UdpSocket, stop: &AtomicBool) {
    let mut buffer = [0; 1_400];
    while !stop.load(Ordering::Relaxed) {
        if let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            let answer = [0x5a; 1_400];
            let _ = socket.send_to(&answer[..(length * 3).clamp(60, 1_200)], peer);
        }
    }
}
