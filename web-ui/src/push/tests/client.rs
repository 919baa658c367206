//! A small HTTP client that reads what it is given and nothing more.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
pub(super) struct Client {
    pub stream: TcpStream,
    kept: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The data of the messages of a long-poll.
    pub fn data(&self) -> Vec<Value> {
        let json = self.json();
        json["messages"].as_array().expect("messages").iter().map(|message| message["data"].clone()).collect()
    }

    pub fn cursor(&self) -> String {
        self.json()["cursor"].as_str().expect("a cursor").to_owned()
    }
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Client {
        Client { stream: TcpStream::connect(address).await.expect("the page listens"), kept: Vec::new() }
    }

    /// A request on a fresh connection, and its head only.
    pub async fn follow(address: SocketAddr, path: &str, headers: &str) -> (Client, String) {
        let mut client = Client::connect(address).await;
        client.send("GET", path, headers, b"").await;
        let head = client.until("\r\n\r\n").await;
        (client, head)
    }

    pub async fn get(&mut self, path: &str, headers: &str) -> Answer {
        self.send("GET", path, headers, b"").await;
        self.answer().await
    }

    pub async fn post(&mut self, path: &str, headers: &str, body: &[u8]) -> Answer {
        self.send("POST", path, headers, body).await;
        self.answer().await
    }

    pub async fn send(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) {
        let length = if method == "POST" { format!("content-length: {}\r\n", body.len()) } else { String::new() };
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n{length}{headers}\r\n").into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request).await.expect("a request is taken");
    }

    pub async fn answer(&mut self) -> Answer {
        let head = self.until("\r\n\r\n").await;
        let field =
            |name: &str| head.lines().find_map(|line| line.to_lowercase().strip_prefix(name).map(str::to_owned));
        let length: usize = field("content-length: ").map_or(0, |length| length.trim().parse().expect("a number"));
        while self.kept.len() < length {
            assert!(self.more().await, "the answer is cut: {head}");
        }
        let body = String::from_utf8(self.kept.drain(..length).collect()).expect("text");
        let status = head[9..12].parse().expect("a status");
        Answer { status, head, body }
    }

    /// Everything up to and with `end`.
    pub async fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.kept.windows(end.len()).position(|window| window == end.as_bytes()) {
                return String::from_utf8(self.kept.drain(..at + end.len()).collect()).expect("text");
            }
            assert!(self.more().await, "it ended before {end:?}: {:?}", String::from_utf8_lossy(&self.kept));
        }
    }

    /// The next event that is no ping.
    pub async fn event(&mut self) -> String {
        loop {
            let event = self.until("\n\n").await;
            if !event.starts_with(':') {
                return event;
            }
        }
    }

    /// All that comes until the end.
    pub async fn rest(&mut self) -> String {
        while self.more().await {}
        String::from_utf8(std::mem::take(&mut self.kept)).expect("text")
    }

    async fn more(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.kept)).await;
        read.expect("an answer in time").is_ok_and(|read| read > 0)
    }
}
