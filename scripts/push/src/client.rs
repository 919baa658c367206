//! One subscriber.

use std::future::{pending, poll_fn};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_rustls::TlsConnector;

use crate::books::Books;
use crate::wire::{self, Dialect, Place, Transport};

/// Source addresses: each has 28,232 ports.
const SOURCES: usize = 64;

/// How long a long-poll may wait.
const WAIT_S: u32 = 50;

/// How often a client asks that does not wait.
const PULL: Duration = Duration::from_secs(1);

/// What all subscribers of a run share.
pub struct Plan {
    pub address: SocketAddr,
    pub dialect: Dialect,
    pub transport: Transport,
    pub token: String,
    pub tls: Option<TlsConnector>,
    pub books: Books,
    /// Each second a tenth of the clients is killed and resumes.
    pub kill: bool,
    /// One of a hundred never reads.
    pub stalled: bool,
    /// Clients ask once a second and do not wait.
    pub is_pull: bool,
    /// The place from which all begin.
    pub begin: Place,
}

/// A connection.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// What a connection's end means.
enum End {
    /// Its time has come.
    Killed,
    Lost,
}

impl Plan {
    /// Whether client `index` never reads.
    pub fn is_stalled(&self, index: usize) -> bool {
        self.stalled && index % 100 == 99
    }

    /// Connects from one of the source addresses.
    pub async fn connect(&self, index: usize) -> anyhow::Result<Box<dyn Wire>> {
        let wire = tcp(self.address, index).await?;
        match &self.tls {
            None => Ok(Box::new(wire)),
            Some(tls) => {
                let name = ServerName::try_from("localhost")?;
                Ok(Box::new(tls.connect(name, wire).await.context("TLS")?))
            }
        }
    }
}

/// A connection from one of the source addresses.
pub async fn tcp(address: SocketAddr, index: usize) -> io::Result<TcpStream> {
    let last = u8::try_from(index % SOURCES + 1).unwrap_or(1);
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)))?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Subscribes, reads, and resumes when killed, for ever.
pub async fn subscribe(plan: Arc<Plan>, index: usize) {
    if plan.is_pull {
        // Spread over the second, as people are.
        sleep(PULL.mul_f64((index * 7_919 % 1_000) as f64 / 1e3)).await;
    }
    let mut client = Client { index, seen: 0, place: plan.begin.clone(), is_first: true };
    loop {
        match client.connection(&plan).await {
            Ok(End::Killed) => {
                plan.books.resumed.fetch_add(1, Ordering::Relaxed);
            }
            ended => {
                let fault = ended.err().map_or_else(|| "the server closed".to_owned(), |error| format!("{error:#}"));
                plan.books.fault.get_or_init(|| fault);
                plan.books.lost.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

struct Client {
    index: usize,
    seen: u64,
    place: Place,
    is_first: bool,
}

impl Client {
    async fn connection(&mut self, plan: &Plan) -> anyhow::Result<End> {
        let mut stream = plan.connect(self.index).await?;
        let mut rest = Vec::new();
        // The clients' times are spread over ten seconds.
        let end = plan.kill.then(|| {
            let first =
                if self.is_first { Duration::from_millis(self.index as u64 * 7 % 10_000) } else { Duration::ZERO };
            Instant::now() + if self.is_first { first } else { Duration::from_secs(10) }
        });
        loop {
            let wait_s = if plan.is_pull { 0 } else { WAIT_S };
            let request = wire::request(plan.dialect, plan.transport, &plan.token, &self.place, wait_s);
            let next = Instant::now() + PULL;
            stream.write_all(request.as_bytes()).await?;
            stream.flush().await?;
            if plan.transport == Transport::Poll {
                self.opened(plan);
            }
            if plan.is_stalled(self.index) {
                self.opened(plan);
                pending::<()>().await;
            }
            match self.answer(plan, &mut stream, &mut rest, end).await? {
                Some(end) => return Ok(end),
                None if plan.is_pull => sleep_until(next).await,
                None => (),
            }
        }
    }

    /// The first time that a subscription stands.
    fn opened(&mut self, plan: &Plan) {
        if std::mem::take(&mut self.is_first) {
            plan.books.open.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Reads an answer: of a long-poll to its end, else for ever.
    async fn answer(
        &mut self,
        plan: &Plan,
        stream: &mut Box<dyn Wire>,
        rest: &mut Vec<u8>,
        end: Option<Instant>,
    ) -> anyhow::Result<Option<End>> {
        let head = loop {
            if let Some((head, length)) = wire::head(rest) {
                rest.drain(..length);
                break head;
            }
            ensure!(rest.len() < 65_536, "an endless head");
            if let Some(end) = read(plan, stream, rest, end).await? {
                return Ok(Some(end));
            }
        };
        if !matches!(head.status, 200 | 101) {
            bail!("status {}", head.status);
        }
        self.opened(plan);
        if plan.transport == Transport::Poll {
            while rest.len() < head.length {
                if let Some(end) = read(plan, stream, rest, end).await? {
                    return Ok(Some(end));
                }
            }
            let body: Vec<u8> = rest.drain(..head.length).collect();
            self.take(plan, &body);
            if plan.dialect == Dialect::Nchan {
                self.place = Place { cursor: head.modified, etag: head.etag };
            }
            return Ok(None);
        }
        loop {
            let whole = wire::whole(plan.transport, rest);
            if whole > 0 {
                let messages: Vec<u8> = rest.drain(..whole).collect();
                self.take(plan, &messages);
                rest.shrink_to(256);
            }
            if let Some(end) = read(plan, stream, rest, end).await? {
                return Ok(Some(end));
            }
        }
    }

    fn take(&mut self, plan: &Plan, bytes: &[u8]) {
        wire::messages(bytes).for_each(|(number, sent_us)| plan.books.note(&mut self.seen, number, sent_us));
        let is_headers = plan.dialect == Dialect::Nchan && plan.transport == Transport::Poll;
        if !is_headers && let Some(cursor) = wire::cursor(plan.transport, bytes) {
            self.place.cursor = cursor;
        }
    }
}

/// Reads what is there, or waits for something.
async fn read(
    plan: &Plan,
    stream: &mut Box<dyn Wire>,
    rest: &mut Vec<u8>,
    end: Option<Instant>,
) -> anyhow::Result<Option<End>> {
    let reading = poll_fn(|cx| {
        // On the stack while it is used: 16,000 buffers would be the client's memory, and its cache misses.
        let mut space = [0; 4_096];
        let mut buffer = ReadBuf::new(&mut space);
        match Pin::new(&mut **stream).poll_read(cx, &mut buffer) {
            Poll::Ready(Ok(())) => {
                rest.extend_from_slice(buffer.filled());
                Poll::Ready(Ok::<usize, io::Error>(buffer.filled().len()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    });
    let length = match end {
        Some(end) => match timeout_at(end, reading).await {
            Ok(length) => length?,
            Err(_) => return Ok(Some(End::Killed)),
        },
        None => reading.await?,
    };
    plan.books.bytes.fetch_add(length as u64, Ordering::Relaxed);
    Ok((length == 0).then_some(End::Lost))
}
