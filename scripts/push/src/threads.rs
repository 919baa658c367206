//! The baseline that servers of the nineties were: a thread for each connection, which blocks while its request waits.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context;

/// Stack of a thread; what is not touched is no memory.
const STACK: usize = 256 << 10;

/// How long a request waits.
const WAIT: Duration = Duration::from_secs(50);

#[derive(Default)]
struct Channel {
    messages: Mutex<Vec<String>>,
    came: Condvar,
}

/// Serves long-polls of one channel.
pub fn serve(port: &str) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port.parse::<u16>()?))?;
    let channel = Arc::new(Channel::default());
    loop {
        let (stream, _) = listener.accept()?;
        let channel = Arc::clone(&channel);
        let work = move || {
            // The client's end.
            let _ = connection(stream, &channel);
        };
        thread::Builder::new().stack_size(STACK).spawn(work).context("a thread for a connection")?;
    }
}

fn connection(mut stream: TcpStream, channel: &Channel) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut read, mut space) = (Vec::new(), [0; 2_048]);
    loop {
        let end = loop {
            if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            match stream.read(&mut space)? {
                0 => return Ok(()),
                length => read.extend_from_slice(&space[..length]),
            }
        };
        let head = String::from_utf8_lossy(&read[..end]).into_owned();
        read.drain(..end);
        let length = head.split("Content-Length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
        while read.len() < length.unwrap_or(0) {
            match stream.read(&mut space)? {
                0 => return Ok(()),
                length => read.extend_from_slice(&space[..length]),
            }
        }
        let body: Vec<u8> = read.drain(..length.unwrap_or(0)).collect();
        let answer = channel.answer(&head, String::from_utf8_lossy(&body).into_owned());
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len())?;
        if head.contains("Connection: close") {
            return Ok(());
        }
    }
}

impl Channel {
    fn answer(&self, head: &str, body: String) -> String {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if head.starts_with("POST /push/publish") {
            messages.push(body);
            self.came.notify_all();
            return String::new();
        }
        if !head.starts_with("GET /push/poll") {
            return String::new();
        }
        let since = head.split("since=").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect());
        let since = since.and_then(|text: String| text.parse().ok()).unwrap_or(messages.len());
        let wait = if head.contains("wait=0") { Duration::ZERO } else { WAIT };
        let waited = self.came.wait_timeout_while(messages, wait, |messages| messages.len() <= since);
        let (messages, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let new = messages.get(since..).unwrap_or_default().join(",");
        format!("{{\"cursor\":\"{}\",\"messages\":[{new}]}}\n", messages.len())
    }
}
