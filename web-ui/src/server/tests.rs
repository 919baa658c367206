//! Connections over loopback, with a small router.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use tokio_rustls::TlsConnector;

use super::loops::{Layout, Loops};
use super::tls::Tls;
use super::{Again, Door, Server, Stream, Takeover, Times, now_s, serve};
use crate::config::{Config, Model, TlsMode};

const SOON: Duration = Duration::from_secs(10);

struct Served {
    address: SocketAddr,
    door: Arc<Door>,
    stop: watch::Sender<bool>,
    task: JoinHandle<std::io::Result<()>>,
}

async fn start(router: Router, config: &Config) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    begin(listener, router, Door::new(config, None))
}

fn begin(listener: TcpListener, router: Router, door: Arc<Door>) -> Served {
    let address = listener.local_addr().expect("a bound socket");
    let (stop, stopping) = watch::channel(false);
    let served = Arc::clone(&door);
    let task = tokio::spawn(async move { serve(listener, router, served, stopping).await });
    Served { address, door, stop, task }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }
}

async fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.expect("the server reads");
}

/// Reads until what came ends with `end`.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    let read = async {
        while !text.ends_with(end.as_bytes()) {
            let byte = stream.read_u8().await.unwrap_or_else(|error| panic!("{error} after {text:?}"));
            text.push(byte);
        }
    };
    timeout(SOON, read).await.expect("an answer in time");
    String::from_utf8(text).expect("text")
}

/// Writes one answer by hand and gives the connection back.
async fn poll(taken: Takeover) -> Response {
    taken.take(|mut stream: Stream, read: Bytes| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nmine\n").await.ok()?;
        Some(Again { stream, read })
    })
}

/// Says how many bytes came beyond the request, and keeps the connection.
async fn keep(taken: Takeover) -> Response {
    taken.take(|mut stream: Stream, read: Bytes| async move {
        stream.write_all(format!("HTTP/1.1 200 OK\r\n\r\n{} more\n", read.len()).as_bytes()).await.ok()?;
        pending::<Option<Again>>().await
    })
}

fn router() -> Router {
    Router::new()
        .route("/plain", get(|| async { "plain\n" }))
        .route("/big", get(|| async { vec![b'x'; 4 << 20] }))
        .route("/poll", get(poll).post(poll))
        .route("/keep", get(keep))
        .route("/late", get(pending::<()>))
}

#[tokio::test]
async fn a_taken_connection_is_given_back_for_further_requests() {
    let served = start(router(), &Config::default()).await;
    let mut stream = served.connect().await;
    for _ in 0..3 {
        say(&mut stream, "GET /poll HTTP/1.1\r\nHost: t\r\n\r\n").await;
        let answer = until(&mut stream, "mine\n").await;
        assert_eq!(answer, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nmine\n");
        say(&mut stream, "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n").await;
        assert!(until(&mut stream, "plain\n").await.contains("200 OK"));
    }
    assert_eq!(served.door.places.taken(), 1);
    drop(stream);
    let gone = async {
        while served.door.places.taken() > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, gone).await.expect("a closed connection gives its place back");
}

#[tokio::test]
async fn what_was_read_beyond_the_request_is_served_next() {
    let served = start(router(), &Config::default()).await;
    let mut stream = served.connect().await;
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: t\r\n\r\n");
    let all = [request("/poll"), request("/plain"), request("/poll"), request("/keep"), "abc".to_owned()].concat();
    say(&mut stream, &all).await;
    assert!(until(&mut stream, "mine\n").await.ends_with("\r\n\r\nmine\n"));
    assert!(until(&mut stream, "plain\n").await.ends_with("\r\n\r\nplain\n"));
    assert!(until(&mut stream, "mine\n").await.ends_with("\r\n\r\nmine\n"));
    assert!(until(&mut stream, "more\n").await.ends_with("\r\n\r\n3 more\n"));
}

#[tokio::test]
async fn an_answer_that_waits_for_its_reader_is_whole_before_the_connection_is_taken() {
    let served = start(router(), &Config::default()).await;
    let mut stream = served.connect().await;
    say(&mut stream, "GET /big HTTP/1.1\r\nHost: t\r\n\r\nGET /poll HTTP/1.1\r\nHost: t\r\n\r\n").await;
    let head = until(&mut stream, "\r\n\r\n").await;
    assert!(head.contains("content-length: 4194304"), "{head}");
    let mut body = vec![0; 4 << 20];
    timeout(SOON, stream.read_exact(&mut body)).await.expect("in time").expect("whole");
    assert!(body.iter().all(|byte| *byte == b'x'));
    assert!(until(&mut stream, "mine\n").await.starts_with("HTTP/1.1 200 OK\r\ncontent-length: 5"));
}

#[tokio::test]
async fn a_request_with_a_body_or_for_a_head_alone_takes_nothing() {
    let served = start(router(), &Config::default()).await;
    for request in [
        "HEAD /poll HTTP/1.1\r\nHost: t\r\n\r\n",
        "POST /poll HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n",
        "GET /poll HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc",
    ] {
        let mut stream = served.connect().await;
        say(&mut stream, request).await;
        let head = until(&mut stream, "\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 400"), "{request}: {head}");
    }
}

#[tokio::test]
async fn the_stop_ends_taken_and_idle_connections() {
    let served = start(router(), &Config::default()).await;
    let (mut kept, mut idle) = (served.connect().await, served.connect().await);
    say(&mut kept, "GET /keep HTTP/1.1\r\nHost: t\r\n\r\n").await;
    until(&mut kept, "more\n").await;
    served.stop.send(true).expect("it runs");
    timeout(SOON, served.task).await.expect("in time").expect("no panic").expect("no failure");
    for stream in [&mut kept, &mut idle] {
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0, "closed");
    }
}

const QUICK: Times =
    Times { head: Duration::from_millis(300), idle: Duration::from_millis(300), request: Duration::from_millis(300) };

async fn with(config: &Config, tls: Option<Tls>, times: Times) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    begin(listener, router(), Door::with_times(config, tls, times))
}

/// Waits until the server closes the connection; gives what it said.
async fn closed(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut said)).await.expect("closed in time");
    String::from_utf8(said).expect("text")
}

#[tokio::test]
async fn what_does_not_come_in_time_is_cut_and_counted() {
    let served = with(&Config::default(), None, QUICK).await;
    let (mut silent, mut slow, mut idle) = (served.connect().await, served.connect().await, served.connect().await);
    say(&mut slow, "GET /plain HTTP/1.1\r\nHost: t\r\nX-").await;
    say(&mut idle, "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n").await;
    until(&mut idle, "plain\n").await;
    for stream in [&mut silent, &mut slow, &mut idle] {
        assert_eq!(closed(stream).await, "");
    }
    assert_eq!(served.door.counts.head_timeouts.get(), 3);
    let mut late = served.connect().await;
    say(&mut late, "GET /late HTTP/1.1\r\nHost: t\r\n\r\n").await;
    let answer = until(&mut late, "try again\n").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert_eq!(served.door.counts.request_timeouts.get(), 1);
}

#[tokio::test]
async fn connections_that_ask_nothing_give_way() {
    let config = Config { connections_max: 64, connections_per_address_max: 64, ..Config::default() };
    let served = start(router(), &config).await;
    let mut settled = served.connect().await;
    say(&mut settled, "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n").await;
    until(&mut settled, "plain\n").await;
    // 59 more are all that are not kept; each that comes then ends the oldest.
    let mut open = Vec::new();
    for _ in 0..100 {
        let mut stream = served.connect().await;
        say(&mut stream, "GET / HT").await;
        open.push(stream);
    }
    let mut new = served.connect().await;
    say(&mut new, "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n").await;
    until(&mut new, "plain\n").await;
    assert_eq!(closed(&mut open[0]).await, "");
    say(&mut settled, "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n").await;
    until(&mut settled, "plain\n").await;
    assert!(served.door.places.taken() <= 60 && served.door.counts.evicted.get() >= 41);
}

#[tokio::test]
async fn one_address_gets_no_more_than_its_share() {
    let config = Config { connections_max: 64, connections_per_address_max: 8, ..Config::default() };
    let served = start(router(), &config).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(served.connect().await);
    }
    assert_eq!(closed(&mut served.connect().await).await, "");
    assert_eq!(served.door.counts.refused_address.get(), 1);
}

#[tokio::test]
async fn tls_and_plain_http_come_in_at_one_port() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let config = Config { tls: TlsMode::Own, ..Config::default() };
    let tls = Tls::open(&config, dir.path(), "n", now_s()).expect("made").expect("on");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(tls.authority().expect("own").to_vec())).expect("an authority");
    let served = with(&config, Some(tls), QUICK).await;
    let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let wire = served.connect().await;
    let mut stream = TlsConnector::from(Arc::new(client)).connect(name, wire).await.expect("it is trusted");
    for _ in 0..2 {
        stream
            .write_all(b"GET /poll HTTP/1.1\r\nHost: t\r\n\r\nGET /plain HTTP/1.1\r\nHost: t\r\n\r\n")
            .await
            .expect("taken");
        let mut text = Vec::new();
        while !text.ends_with(b"plain\n") {
            text.push(timeout(SOON, stream.read_u8()).await.expect("in time").expect("more"));
        }
        let text = String::from_utf8(text).expect("text");
        assert!(text.contains("mine\nHTTP/1.1 200 OK"), "{text}");
    }
    // A tunnel on this machine.
    let mut plain = served.connect().await;
    say(&mut plain, "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n").await;
    until(&mut plain, "plain\n").await;
    // Half a handshake.
    let mut half = served.connect().await;
    half.write_all(&[22, 3, 1]).await.expect("taken");
    closed(&mut half).await;
    assert_eq!(served.door.counts.handshake_errors.get(), 1);
}

#[tokio::test]
async fn plain_http_from_another_machine_is_told_to_use_tls() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let config = Config { tls: TlsMode::Own, ..Config::default() };
    let door = Door::new(&config, Tls::open(&config, dir.path(), "n", now_s()).expect("made"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let mut client = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("it listens");
    let (wire, _) = listener.accept().await.expect("a client");
    let (_stop, stopping) = watch::channel(false);
    let server = Arc::new(Server {
        router: router(),
        places: Arc::clone(&door.places),
        counts: Arc::clone(&door.counts),
        door: Arc::clone(&door),
        listen: None,
        loops: Arc::new(Loops::start(&Layout::of(&config), &stopping).expect("no threads")),
        stopping,
    });
    let place = door.places.take("192.0.2.1".parse().expect("an address"), super::now()).expect("room");
    super::opening::begin(wire, place, server);
    say(&mut client, "GET / HTTP/1.1\r\nHost: t\r\n\r\n").await;
    let said = closed(&mut client).await;
    assert!(said.starts_with("HTTP/1.1 400") && said.contains("use https://"), "{said}");
    assert_eq!((door.counts.plain_on_tls.get(), door.places.taken()), (1, 0));
}

#[tokio::test]
async fn threads_alike_and_threads_apart_serve_the_same() {
    let apart = Config { model: Model::Apart, ..Config::default() };
    for config in [Config { threads: 3, ..Config::default() }, apart] {
        let served = start(router(), &config).await;
        for _ in 0..20 {
            let mut stream = served.connect().await;
            for _ in 0..2 {
                say(&mut stream, "GET /poll HTTP/1.1\r\nHost: t\r\n\r\nGET /plain HTTP/1.1\r\nHost: t\r\n\r\n").await;
                until(&mut stream, "mine\n").await;
                until(&mut stream, "plain\n").await;
            }
        }
        served.stop.send(true).expect("it runs");
        timeout(SOON, served.task).await.expect("in time").expect("no panic").expect("no failure");
    }
}
