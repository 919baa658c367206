//! What goes over a subscriber's connection: the request of each transport and server, and what is found in the answer.

use std::fmt::Write;

/// How a subscriber hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Events,
    Socket,
    Poll,
}

impl Transport {
    pub const ALL: [Transport; 3] = [Transport::Events, Transport::Poll, Transport::Socket];

    pub const fn name(self) -> &'static str {
        match self {
            Transport::Events => "sse",
            Transport::Socket => "ws",
            Transport::Poll => "poll",
        }
    }

    pub fn named(name: &str) -> Option<Transport> {
        Transport::ALL.into_iter().find(|transport| transport.name() == name)
    }
}

/// Whose protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The hub's.
    Floodmark,
    /// That of nginx with nchan.
    Nchan,
}

/// The channel of all runs.
pub const CHANNEL: &str = "x/load";

/// Where a subscriber goes on: the hub's cursor, or nchan's two headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub cursor: String,
    pub etag: String,
}

/// The request of a subscriber. `wait_s`: how long a long-poll may wait.
pub fn request(dialect: Dialect, transport: Transport, token: &str, place: &Place, wait_s: u32) -> String {
    let cursor = &place.cursor;
    let mut request = match (dialect, transport) {
        (Dialect::Floodmark, Transport::Events) => format!("GET /push/events?channels={CHANNEL}&since={cursor}"),
        (Dialect::Floodmark, Transport::Socket) => format!("GET /push/socket?channels={CHANNEL}&since={cursor}"),
        (Dialect::Floodmark, Transport::Poll) => {
            format!("GET /push/poll?channels={CHANNEL}&wait={wait_s}&since={cursor}")
        }
        (Dialect::Nchan, transport) => format!("GET /{}", transport.name()),
    };
    request.push_str(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    if dialect == Dialect::Floodmark {
        let _ = write!(request, "Authorization: Bearer {token}\r\n");
    } else if transport == Transport::Events && !cursor.is_empty() {
        let _ = write!(request, "Last-Event-ID: {cursor}\r\n");
    } else if !cursor.is_empty() {
        let _ = write!(request, "If-Modified-Since: {cursor}\r\nIf-None-Match: {}\r\n", place.etag);
    }
    request.push_str(match transport {
        Transport::Events => "Accept: text/event-stream\r\n",
        Transport::Socket => {
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        }
        Transport::Poll => "",
    });
    request.push_str("\r\n");
    request
}

/// Head of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    pub length: usize,
    pub modified: String,
    pub etag: String,
}

/// The head at the beginning of `bytes`, and its length; `None` = not yet whole.
pub fn head(bytes: &[u8]) -> Option<(Head, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut head = Head { status, ..Head::default() };
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        match name.to_ascii_lowercase().as_str() {
            "content-length" => head.length = value.parse().ok()?,
            "last-modified" => head.modified = value.to_owned(),
            "etag" => head.etag = value.to_owned(),
            _ => (),
        }
    }
    Some((head, end))
}

/// How many bytes at the beginning of a stream are whole messages.
pub fn whole(transport: Transport, bytes: &[u8]) -> usize {
    match transport {
        Transport::Events => bytes.windows(2).rposition(|two| two == b"\n\n").map_or(0, |at| at + 2),
        // A message's text ends with the only brace that is followed by another frame or nothing: what is between
        // braces is left for the next time, which counts nothing twice.
        Transport::Socket | Transport::Poll => bytes.iter().rposition(|byte| *byte == b'}').map_or(0, |at| at + 1),
    }
}

/// Body of message `number`, sent `sent_us` after the program's start, of some 120 bytes.
pub fn body(number: u32, sent_us: u64) -> String {
    format!("{{\"n\":{number},\"t\":{sent_us},\"pad\":\"{}\"}}", "x".repeat(88))
}

/// Number and time of each message in `bytes`.
pub fn messages(bytes: &[u8]) -> impl Iterator<Item = (u32, u64)> {
    let starts = bytes.windows(5).enumerate().filter(|(_, five)| *five == b"{\"n\":").map(|(at, _)| at + 5);
    starts.filter_map(|at| {
        let (number, rest) = digits(&bytes[at..])?;
        let (sent, _) = digits(rest.strip_prefix(b",\"t\":")?)?;
        Some((u32::try_from(number).ok()?, sent))
    })
}

fn digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&bytes[..length]).ok()?.parse().ok()?;
    Some((number, &bytes[length..]))
}

/// The last cursor in whole messages.
pub fn cursor(transport: Transport, bytes: &[u8]) -> Option<String> {
    let (before, after): (&[u8], u8) = match transport {
        Transport::Events => (b"id: ", b'\n'),
        Transport::Socket => (b"\"id\":\"", b'"'),
        Transport::Poll => (b"\"cursor\":\"", b'"'),
    };
    let find =
        |before: &[u8]| bytes.windows(before.len()).rposition(|window| window == before).map(|at| at + before.len());
    // A socket's first frame has its place without a message.
    let at = find(before).or_else(|| find(b"\"cursor\":\""))?;
    let length = bytes[at..].iter().position(|byte| *byte == after)?;
    String::from_utf8(bytes[at..at + length].to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::{Transport, body, cursor, head, messages, whole};

    #[test]
    fn messages_are_found_in_each_transport() {
        let (one, two) = (body(3, 70), body(4, 80));
        assert!((110..=130).contains(&one.len()), "{}", one.len());
        let events = format!(
            "id: 5f-1\ndata: {{\"id\":\"5f-1\",\"data\":{one}}}\n\nid: 5f-2\ndata: {{\"data\":{two}}}\n\nid: 5"
        );
        let part = &events.as_bytes()[..whole(Transport::Events, events.as_bytes())];
        assert_eq!(messages(part).collect::<Vec<_>>(), [(3, 70), (4, 80)]);
        assert_eq!(cursor(Transport::Events, part).as_deref(), Some("5f-2"));
        let polled = format!("{{\"cursor\":\"5f-9\",\"messages\":[{{\"id\":\"5f-9\",\"data\":{one}}}]}}\n");
        assert_eq!(cursor(Transport::Poll, polled.as_bytes()).as_deref(), Some("5f-9"));
        let socket = format!("{{\"cursor\":\"5f-8\"}}..{{\"id\":\"5f-9\",\"data\":{one}}}..{{\"id\":\"5f-");
        let part = &socket.as_bytes()[..whole(Transport::Socket, socket.as_bytes())];
        assert_eq!(cursor(Transport::Socket, part).as_deref(), Some("5f-9"));
        assert_eq!(cursor(Transport::Socket, b"{\"cursor\":\"5f-8\"}").as_deref(), Some("5f-8"));
    }

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nEtag: 0\r\n\r\nabcde";
        assert_eq!(head(&text[..40]), None);
        let (head, length) = head(text).expect("whole");
        assert_eq!((head.status, head.length, head.etag.as_str(), &text[length..]), (200, 5, "0", &b"abcde"[..]));
    }
}
