//! A TCP proxy that breaks connections on purpose, at a byte, or between a COMMIT and its answer.
//!
//! It listens on loopback and forwards to a server on a Unix socket or a TCP address, with two threads for each
//! connection. Lasting faults ([`Mode`]) hold for all connections, those that stand included; a [`Cut`] is armed, happens
//! once, and is counted. A cut ends both sides at once, towards the client by a reset where it came over TCP.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

use self::watch::Watch;

mod watch;

/// How long a thread waits before it looks whether something changed.
const TICK: Duration = Duration::from_millis(5);

/// Where the proxy forwards to.
#[derive(Clone, Debug)]
pub enum Upstream {
    /// A Unix socket.
    Unix(PathBuf),
    /// An address.
    Tcp(SocketAddr),
}

/// What happens to all connections until it is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Mode {
    /// Everything passes.
    #[default]
    Pass,
    /// Connections stand, or are accepted, and nothing passes, not even their end: a black hole.
    Silence,
    /// New connections are reset at once; those that stand go on.
    Refuse,
    /// Each piece of up to 16 KiB is late by so much.
    Delay(Duration),
    /// So many bytes a second pass in each direction.
    Throttle(u64),
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// The words of a protocol behind which a cut may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// A `COMMIT` of the MySQL protocol, as a query.
    MySqlCommit,
    /// A line of a text protocol that begins so, such as the `.` that ends a mail.
    Line(&'static [u8]),
}

/// A cut that happens once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// After so many bytes have passed one way, counted from the arming over all connections.
    After(Side, u64),
    /// The server gets the word and answers; the answer is dropped, and the connection reset.
    BeforeAnswer(Word),
}

#[derive(Default)]
struct Shared {
    mode: Mutex<Mode>,
    cut: Mutex<Option<Cut>>,
    cuts: AtomicU64,
    connections: AtomicU64,
    stop: AtomicBool,
}

impl Shared {
    fn mode(&self) -> Mode {
        *lock(&self.mode)
    }

    /// How many of `bytes` that go to `side` may pass; `Some` = the armed cut is behind them.
    fn allowed(&self, side: Side, bytes: usize) -> Option<usize> {
        let mut cut = lock(&self.cut);
        match &mut *cut {
            Some(Cut::After(of, left)) if *of == side => {
                if *left <= bytes as u64 {
                    let passed = *left as usize;
                    *cut = None;
                    return Some(passed);
                }
                *left -= bytes as u64;
                None
            }
            _ => None,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A proxy that works as long as this value lives.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port can be had.
    pub fn start(upstream: Upstream) -> io::Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let (address, shared) = (listener.local_addr()?, Arc::new(Shared::default()));
        let accepting = shared.clone();
        let acceptor = Some(spawn(move || accept(&listener, &upstream, &accepting)));
        Ok(Proxy { address, shared, acceptor })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens from now on.
    pub fn set(&self, mode: Mode) {
        *lock(&self.shared.mode) = mode;
    }

    /// Arms a cut; one that is armed already is replaced.
    pub fn arm(&self, cut: Cut) {
        *lock(&self.shared.cut) = Some(cut);
    }

    /// Takes an armed cut back.
    pub fn disarm(&self) {
        *lock(&self.shared.cut) = None;
    }

    /// Cuts that happened.
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::Acquire)
    }

    /// Connections that were accepted.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Acquire)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        if let Some(acceptor) = self.acceptor.take() {
            // A panic of the thread has failed the test by what it did not forward.
            let _ = acceptor.join();
        }
    }
}

/// Either kind of socket.
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    fn to(upstream: &Upstream) -> io::Result<Stream> {
        match upstream {
            Upstream::Unix(path) => UnixStream::connect(path).map(Stream::Unix),
            Upstream::Tcp(address) => TcpStream::connect(address).map(Stream::Tcp),
        }
    }

    /// Reads and writes end soon, so that a thread sees what changed.
    fn impatient(self) -> io::Result<Stream> {
        match &self {
            Stream::Tcp(s) => {
                s.set_nonblocking(false)?;
                s.set_nodelay(true)?;
                s.set_read_timeout(Some(TICK))?;
                s.set_write_timeout(Some(TICK))?;
            }
            Stream::Unix(s) => {
                s.set_read_timeout(Some(TICK))?;
                s.set_write_timeout(Some(TICK))?;
            }
        }
        Ok(self)
    }

    fn again(&self) -> io::Result<Stream> {
        match self {
            Stream::Tcp(s) => s.try_clone().map(Stream::Tcp),
            Stream::Unix(s) => s.try_clone().map(Stream::Unix),
        }
    }

    /// Its closing will be a reset, where the protocol knows one.
    fn reset_on_close(&self) {
        if let Stream::Tcp(s) = self {
            // Failing means that it is closed already.
            let _ = setsockopt(s, sockopt::Linger, &nix::libc::linger { l_onoff: 1, l_linger: 0 });
        }
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(s) => s.read(into),
            Stream::Unix(s) => s.read(into),
        }
    }

    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(s) => s.write(from),
            Stream::Unix(s) => s.write(from),
        }
    }
}

fn accept(listener: &TcpListener, upstream: &Upstream, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while !shared.stop.load(Ordering::Acquire) {
        let Ok((client, _)) = listener.accept() else {
            sleep(TICK);
            continue;
        };
        shared.connections.fetch_add(1, Ordering::AcqRel);
        let client = Stream::Tcp(client);
        if shared.mode() == Mode::Refuse {
            client.reset_on_close();
            continue;
        }
        // A client of a server that is away sees a reset, as behind a balancer.
        match connect(client, upstream, shared) {
            Ok(pair) => threads.extend(pair),
            Err(client) => client.reset_on_close(),
        }
        threads.retain(|thread| !thread.is_finished());
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// One direction of a connection.
struct Pump {
    from: Stream,
    to: Stream,
    side: Side,
    shared: Arc<Shared>,
    /// The connection is over.
    over: Arc<AtomicBool>,
    /// The next answer of the server is not to pass.
    swallow: Arc<AtomicBool>,
    watch: Watch,
}

fn connect(client: Stream, upstream: &Upstream, shared: &Arc<Shared>) -> Result<[JoinHandle<()>; 2], Stream> {
    let made = (|| {
        let server = Stream::to(upstream)?.impatient()?;
        let client = client.again()?.impatient()?;
        Ok::<_, io::Error>((client.again()?, server.again()?, client, server))
    })();
    let Ok((client_too, server_too, client, server)) = made else { return Err(client) };
    let (over, swallow) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let pump = |from, to, side| Pump {
        from,
        to,
        side,
        shared: shared.clone(),
        over: over.clone(),
        swallow: swallow.clone(),
        watch: Watch::default(),
    };
    let (up, down) = (pump(client, server, Side::ToServer), pump(server_too, client_too, Side::ToClient));
    Ok([spawn(move || up.run()), spawn(move || down.run())])
}

impl Pump {
    fn run(mut self) {
        let mut buffer = [0; 16 << 10];
        while !self.is_over() {
            if self.shared.mode() == Mode::Silence {
                sleep(TICK);
                continue;
            }
            match self.from.read(&mut buffer) {
                Ok(0) => break,
                Ok(bytes) => {
                    // It may have fallen silent while this thread was reading.
                    while self.shared.mode() == Mode::Silence && !self.is_over() {
                        sleep(TICK);
                    }
                    if !self.pass(&buffer[..bytes]) {
                        break;
                    }
                }
                Err(error) if is_pause(&error) => {}
                Err(_) => break,
            }
        }
        self.over.store(true, Ordering::Release);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire) || self.shared.stop.load(Ordering::Acquire)
    }

    /// Forwards a piece; false = the connection is over.
    fn pass(&mut self, piece: &[u8]) -> bool {
        match self.shared.mode() {
            Mode::Delay(late) => sleep(late),
            Mode::Throttle(rate) => sleep(Duration::from_secs_f64(piece.len() as f64 / rate.max(1) as f64)),
            _ => {}
        }
        if self.side == Side::ToClient && self.swallow.load(Ordering::Acquire) {
            return self.cut();
        }
        if self.side == Side::ToServer {
            self.look_for_word(piece);
        }
        match self.shared.allowed(self.side, piece.len()) {
            Some(passed) => {
                self.write(&piece[..passed]);
                self.cut()
            }
            None => self.write(piece),
        }
    }

    /// Takes the armed cut, if it is one that waits for a word, when the client has said it.
    fn look_for_word(&mut self, piece: &[u8]) {
        let mut cut = lock(&self.shared.cut);
        let word = match *cut {
            Some(Cut::BeforeAnswer(word)) => Some(word),
            _ => None,
        };
        if self.watch.feed(piece, word) {
            *cut = None;
            self.swallow.store(true, Ordering::Release);
        }
    }

    /// Ends the connection, towards the client by a reset.
    fn cut(&mut self) -> bool {
        let client = if self.side == Side::ToServer { &self.from } else { &self.to };
        client.reset_on_close();
        self.over.store(true, Ordering::Release);
        self.shared.cuts.fetch_add(1, Ordering::AcqRel);
        false
    }

    fn write(&mut self, mut piece: &[u8]) -> bool {
        while !piece.is_empty() && !self.is_over() {
            match self.to.write(piece) {
                Ok(0) => return false,
                Ok(bytes) => piece = &piece[bytes..],
                Err(error) if is_pause(&error) => {}
                Err(_) => return false,
            }
        }
        piece.is_empty()
    }
}

fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests;
