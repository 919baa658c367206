//! What a subscriber costs, in miniature: memory, and that everybody gets everything. Client and server are one process;
//! the client's side of a connection is a descriptor and nothing else. FLOODMARK_PUSH_CONNECTIONS takes another number.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Page, Transport, serve_with};
use crate::config::Config;

/// Messages, each to all.
const MESSAGES: usize = 3;

/// RSS that a subscriber may cost, bytes; the aim is 14 KiB, and the allocator's steps are among few.
const BYTES_MAX: usize = 14 << 10;

fn rss() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").expect("the kernel's own file");
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("pages") * 4096
}

#[expect(clippy::disallowed_methods, reason = "a figure is asked for by the environment")]
fn connections() -> usize {
    std::env::var("FLOODMARK_PUSH_CONNECTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000)
}

#[expect(clippy::disallowed_methods, reason = "a trip is measured")]
fn now() -> Instant {
    Instant::now()
}

/// Reads up to and with `end`; what came after it is not expected.
fn read_to(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    while !all.ends_with(end) {
        let read = stream.read(&mut buffer).expect("in time");
        assert!(read > 0, "it ended: {}", String::from_utf8_lossy(&all));
        all.extend_from_slice(&buffer[..read]);
    }
    all
}

struct Kind {
    transport: Transport,
    request: &'static str,
    /// The end of what comes before the first message; empty = nothing.
    begun: &'static [u8],
    /// The end of a message.
    end: &'static [u8],
}

const KINDS: [Kind; 3] = [
    Kind {
        transport: Transport::Events,
        request: "GET /push/events?channels=incidents HTTP/1.1\r\nhost: test\r\n\r\n",
        begun: b"\n\n",
        end: b"}\n\n",
    },
    Kind {
        transport: Transport::Socket,
        request: "GET /push/socket?channels=incidents HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\n\
                  upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        begun: b"\"}",
        end: b"}}",
    },
    Kind {
        transport: Transport::Poll,
        request: "GET /push/poll?channels=incidents&wait=60s HTTP/1.1\r\nhost: test\r\n\r\n",
        begun: b"",
        end: b"}\n",
    },
];

async fn measured(page: &Page, kind: &Kind, count: usize) -> usize {
    let before = rss();
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = TcpStream::connect(page.address).expect("the page listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a fresh socket");
        stream.write_all(kind.request.as_bytes()).expect("it is taken");
        if !kind.begun.is_empty() {
            read_to(&mut stream, kind.begun);
        }
        clients.push(stream);
    }
    page.is_followed_by(kind.transport, count as u64).await;
    let cost = rss().saturating_sub(before) / count;
    let mut trips = Duration::ZERO;
    for n in 0..MESSAGES {
        let published = now();
        page.publish(&["incidents"], &format!("{{\"n\":{n},\"pad\":\"{}\"}}", "a".repeat(80)));
        for client in &mut clients {
            let text = read_to(client, kind.end);
            trips += published.elapsed();
            let text = String::from_utf8_lossy(&text);
            assert!(text.matches(&format!("\"n\":{n},")).count() == 1 && text.matches("\"n\":").count() == 1, "{text}");
            if kind.transport == Transport::Poll {
                client.write_all(kind.request.as_bytes()).expect("it is taken");
            }
        }
        page.is_followed_by(kind.transport, count as u64).await;
    }
    let trip = trips / (count * MESSAGES) as u32;
    eprintln!("{}: {count} connections, {cost} bytes each, mean trip {trip:?}", kind.transport.name());
    cost
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_subscriber_costs_little_and_gets_everything() {
    let count = connections();
    let config = Config { connections_max: count + 100, connections_per_address_max: count + 100, ..Config::default() };
    for kind in &KINDS {
        // A page of its own: what an earlier one has given back to the allocator would hide a cost.
        let page = serve_with(config.clone()).await;
        Arc::clone(&page.app).hub.publish(&["load"], "1", 1);
        let cost = measured(&page, kind, count).await;
        assert!(cost <= BYTES_MAX, "{}: {cost} bytes", kind.transport.name());
    }
}
