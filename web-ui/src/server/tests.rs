//! Connections over loopback, with a small router.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Again, Door, Stream, Takeover, serve};
use crate::config::Config;

const SOON: Duration = Duration::from_secs(10);

struct Served {
    address: SocketAddr,
    door: Arc<Door>,
    stop: watch::Sender<bool>,
    task: JoinHandle<std::io::Result<()>>,
}

async fn start(router: Router, config: &Config) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    let door = Arc::new(Door::new(config));
    let (stop, stopping) = watch::channel(false);
    let served = Arc::clone(&door);
    let task = tokio::spawn(async move { serve(listener, router, &served, stopping).await });
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
        std::future::pending::<Option<Again>>().await
    })
}

fn router() -> Router {
    Router::new()
        .route("/plain", get(|| async { "plain\n" }))
        .route("/big", get(|| async { vec![b'x'; 4 << 20] }))
        .route("/poll", get(poll).post(poll))
        .route("/keep", get(keep))
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
