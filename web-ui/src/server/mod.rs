//! Connections: accepted, bounded in number and time, served by hyper; what a router answers is none of its business.

mod connection;
mod counts;
mod places;
mod socket;
mod stream;
mod takeover;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub use counts::{Count, Counts};
pub use places::{PlaceLimits, Places};
pub use stream::Stream;
pub use takeover::{Again, NoTakeover, Takeover};

use crate::config::Config;
use places::Full;

/// How long the head of a request may take to come.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may say nothing before its first request, and after a push stream's end.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a handler may take until it answers: longer than the longest wait that it is asked for, which is 50 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The pause when accepting fails, mostly for want of descriptors, which others give back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// How soon the last connection's end is seen at the stop.
const STOP_POLL: Duration = Duration::from_millis(10);

/// Where a request comes from; in its extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The client's address.
    pub address: IpAddr,
    /// Whether the client's connection is under TLS.
    pub is_tls: bool,
}

/// How long connections and requests may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// From a head's first byte to its last.
    pub head: Duration,
    /// Until a connection's first byte, and between requests.
    pub idle: Duration,
    /// From a request's head to its answer's head.
    pub request: Duration,
}

/// What all connections share.
pub(crate) struct Server {
    pub router: Router,
    pub times: Times,
    pub places: Arc<Places>,
    pub counts: Arc<Counts>,
    pub stopping: watch::Receiver<bool>,
}

/// The server's own parts, before there is a router: what handlers ask, and what is counted.
pub struct Door {
    /// Who has a connection.
    pub places: Arc<Places>,
    /// What happened.
    pub counts: Arc<Counts>,
    times: Times,
}

impl Door {
    /// The door as `[web]` says.
    pub fn new(config: &Config) -> Door {
        let counts = Arc::new(Counts::default());
        let limits = PlaceLimits { all: config.connections_max, per_address: config.connections_per_address_max };
        let proxies = config.trusted_proxies.clone();
        let is_proxy = move |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(&address));
        let times = Times { head: HEAD_TIMEOUT, idle: IDLE_TIMEOUT, request: REQUEST_TIMEOUT };
        Door { places: Places::new(limits, Arc::clone(&counts), is_proxy), counts, times }
    }
}

/// Serves `router` on `listener` until `stopping` turns true; answers under way may end.
///
/// # Errors
/// The listener fails for good.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    door: &Door,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let server = Arc::new(Server {
        router,
        times: door.times,
        places: Arc::clone(&door.places),
        counts: Arc::clone(&door.counts),
        stopping: stopping.clone(),
    });
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        match accepted {
            Ok((wire, peer)) => admit(wire, peer, &server),
            Err(error) => {
                // Descriptors are short, or the peer is gone already: others go on.
                tracing::debug!(%error, "a connection could not be accepted");
                server.counts.accept_errors.add(1);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    // Every connection gives its place back; the caller bounds the wait.
    while server.places.taken() > 0 {
        tokio::time::sleep(STOP_POLL).await;
    }
    Ok(())
}

/// Gives a connection its place and its task, or closes it.
fn admit(wire: TcpStream, peer: SocketAddr, server: &Arc<Server>) {
    match server.places.take(peer.ip(), now()) {
        Ok(place) => {
            server.counts.accepted.add(1);
            socket::set(&wire);
            let number = place.number();
            let task = connection::begin(Stream::plain(wire, place), Bytes::new(), Arc::clone(server));
            server.places.served_by(number, task);
        }
        Err(Full::All) => server.counts.refused_all.add(1),
        Err(Full::Address) => server.counts.refused_address.add(1),
    }
}

#[expect(clippy::disallowed_methods, reason = "the server's clock: the ages of connections are counted from here")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
