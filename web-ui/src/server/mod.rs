//! Connections: accepted, bounded in number and time, served by hyper; what a router answers is none of its business.

mod connection;
mod counts;
mod loops;
mod opening;
mod peer;
mod places;
mod socket;
mod stream;
mod takeover;
pub mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::Request;
use ipnet::IpNet;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

pub use counts::{Count, Counts};
pub use peer::Peer;
pub use places::{PlaceLimits, Places};
pub use stream::Stream;
pub use takeover::{Again, NoTakeover, Takeover};

use crate::config::Config;
use crate::guard::Visitor;
use loops::{Layout, Loops};
use places::Full;
use tls::Tls;

/// How long the head of a request may take to come.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may say nothing before its first request, and after a push stream's end.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a handler may take until it answers: longer than the longest wait that it is asked for, which is 50 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The pause when accepting fails, mostly for want of descriptors, which others give back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// How often it is looked whether given files have changed, or the own certificate must be renewed.
const KEEP_EVERY: Duration = Duration::from_secs(60);

/// Files that are no connections: the store, the live sockets, the state, the log.
const DESCRIPTORS_OF_OTHERS: usize = 192;

/// How long the other threads serve on after the stop: as long as the role does.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// How soon the last connection's end is seen at the stop.
const STOP_POLL: Duration = Duration::from_millis(10);

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

/// The server's own parts, before there is a router: what handlers ask, and what is counted.
pub struct Door {
    /// Who has a connection.
    pub places: Arc<Places>,
    /// What happened.
    pub counts: Arc<Counts>,
    times: Times,
    proxies: Vec<IpNet>,
    tls: Option<Tls>,
    loops: Layout,
}

/// What all connections share.
struct Server {
    router: Router,
    door: Arc<Door>,
    places: Arc<Places>,
    counts: Arc<Counts>,
    listen: Option<SocketAddr>,
    loops: Arc<Loops>,
    stopping: watch::Receiver<bool>,
}

impl Door {
    /// The door as `[web]` says. `tls`: as [`Tls::open`] gives it.
    pub fn new(config: &Config, tls: Option<Tls>) -> Arc<Door> {
        let counts = Arc::new(Counts::default());
        let limits = PlaceLimits {
            all: config.connections_max.min(descriptors().saturating_sub(DESCRIPTORS_OF_OTHERS)).max(1),
            per_address: config.connections_per_address_max,
        };
        let proxies = config.trusted_proxies.clone();
        let is_proxy = move |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(&address));
        let places = Places::new(limits, Arc::clone(&counts), is_proxy);
        let times = Times { head: HEAD_TIMEOUT, idle: IDLE_TIMEOUT, request: REQUEST_TIMEOUT };
        Arc::new(Door {
            places,
            counts,
            times,
            proxies: config.trusted_proxies.clone(),
            tls,
            loops: Layout::of(config),
        })
    }

    /// TLS of the port; `None` = off.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// Whether browsers may be told to insist on TLS (HSTS): only with a certificate that was given, since one of the
    /// page's own would lock out whoever has not been told of its authority.
    pub fn is_strict(&self) -> bool {
        self.tls.as_ref().is_some_and(Tls::is_given)
    }

    /// The same with other times, for tests.
    #[cfg(test)]
    pub(crate) fn with_times(config: &Config, tls: Option<Tls>, times: Times) -> Arc<Door> {
        let mut door = Door::new(config, tls);
        Arc::get_mut(&mut door).expect("nobody else has it yet").times = times;
        door
    }
}

/// Files that this process may have open; the soft limit is raised as far as the system lets it.
fn descriptors() -> usize {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1_024, 1_024));
    let raised = soft >= hard || setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    usize::try_from(if raised { hard.max(soft) } else { soft }).unwrap_or(usize::MAX)
}

/// Notes the address of a request whose user is signed in: some places are kept for it.
pub(crate) fn note_visitor(request: &Request) {
    let extensions = request.extensions();
    if let (Some(_), Some(peer), Some(door)) =
        (extensions.get::<Visitor>(), extensions.get::<Peer>(), extensions.get::<Arc<Places>>())
    {
        door.signed_in(peer.address, now());
    }
}

/// Serves `router` on `listener` until `stopping` turns true; answers under way may end.
///
/// # Errors
/// The listener fails for good.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    door: Arc<Door>,
    stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let address = listener.local_addr().ok();
    let loops = Arc::new(Loops::start(&door.loops, &stopping)?);
    let listener = listener.into_std()?;
    let server = Arc::new(Server {
        router,
        places: Arc::clone(&door.places),
        counts: Arc::clone(&door.counts),
        door,
        listen: address,
        loops: Arc::clone(&loops),
        stopping: stopping.clone(),
    });
    for other in &loops.alike {
        let (server, listener) = (Arc::clone(&server), listener.try_clone()?);
        other.spawn(async move {
            match TcpListener::from_std(listener) {
                Ok(listener) => accept(listener, &server).await,
                Err(error) => tracing::error!(%error, "a thread of the page serves nobody"),
            }
        });
    }
    let listener = TcpListener::from_std(listener)?;
    let mut look = interval(KEEP_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    look.reset();
    let mut accepting = pin!(accept(listener, &server));
    loop {
        tokio::select! {
            () = accepting.as_mut() => break,
            _ = look.tick() => keep_certificate(&server.door),
        }
    }
    // Every connection gives its place back; the caller bounds the wait.
    while server.places.taken() > 0 {
        tokio::time::sleep(STOP_POLL).await;
    }
    Ok(())
}

/// Accepts until the stop.
async fn accept(listener: TcpListener, server: &Arc<Server>) {
    let mut stopping = server.stopping.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        match accepted {
            Ok((wire, peer)) => admit(wire, peer, server),
            Err(error) => {
                // Descriptors are short, or the peer is gone already: others go on.
                tracing::debug!(%error, "a connection could not be accepted");
                server.counts.accept_errors.add(1);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Gives a connection its place and its task, or closes it.
fn admit(wire: TcpStream, peer: SocketAddr, server: &Arc<Server>) {
    match server.places.take(peer.ip().to_canonical(), now()) {
        Ok(place) => {
            server.counts.accepted.add(1);
            socket::set(&wire);
            opening::begin(wire, place, Arc::clone(server));
        }
        Err(Full::All) => server.counts.refused_all.add(1),
        Err(Full::Address) => server.counts.refused_address.add(1),
    }
}

fn keep_certificate(door: &Door) {
    if let Some(tls) = door.tls()
        && let Err(error) = tls.keep(now_s())
    {
        tracing::warn!(%error, "the certificate in use is kept");
    }
}

#[expect(clippy::disallowed_methods, reason = "the server's clock: the ages of connections are counted from here")]
fn now() -> Instant {
    Instant::now()
}

/// Seconds since the epoch: the ages of certificates are counted by them.
#[expect(clippy::disallowed_methods, reason = "the server's clock: the ages of certificates are counted from here")]
pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests;
