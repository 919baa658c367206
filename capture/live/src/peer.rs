//! One connection to a role's socket: a subscriber of the lines, or one HTTP request.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use crate::limits::{FIRST_BYTE_WAIT, REQUEST_BYTES_MAX, STALE_AFTER, WRITE_TIMEOUT};
use crate::publisher::Shared;

/// Serves one peer until it goes, is too slow, or the role stops.
pub(crate) fn serve(mut stream: UnixStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    stream.set_read_timeout(Some(FIRST_BYTE_WAIT))?;
    let mut request = Vec::new();
    let mut buffer = [0u8; 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) if request.is_empty() => return stream_lines(stream, shared),
            Ok(0) => return Ok(()),
            Ok(n) => request.extend_from_slice(&buffer[..n]),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) && request.is_empty() => {
                return stream_lines(stream, shared);
            }
            Err(e) => return Err(e),
        }
        stream.set_read_timeout(Some(WRITE_TIMEOUT))?;
        if request.len() > REQUEST_BYTES_MAX {
            return answer(&mut stream, "431 Request Header Fields Too Large", "request too large\n");
        }
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(&request) {
            Ok(httparse::Status::Partial) => {}
            Ok(httparse::Status::Complete(_)) => {
                let (method, path) = (parsed.method.unwrap_or(""), parsed.path.unwrap_or("").to_owned());
                if method != "GET" {
                    return answer(&mut stream, "405 Method Not Allowed", "only GET is served here\n");
                }
                return get(stream, &path, shared);
            }
            Err(_) => return answer(&mut stream, "400 Bad Request", "not an HTTP request\n"),
        }
    }
}

fn get(mut stream: UnixStream, path: &str, shared: &Arc<Shared>) -> std::io::Result<()> {
    match path {
        "/metrics" => answer(&mut stream, "200 OK", &(shared.metrics)()),
        "/healthz" => match shared.health(STALE_AFTER) {
            Ok(()) => answer(&mut stream, "200 OK", "ok\n"),
            Err(why) => answer(&mut stream, "503 Service Unavailable", &format!("{why}\n")),
        },
        "/live" => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n";
            stream.write_all(head.as_bytes())?;
            stream_lines(stream, shared)
        }
        _ => answer(&mut stream, "404 Not Found", "served here: /metrics /healthz /live\n"),
    }
}

fn answer(stream: &mut UnixStream, status: &str, body: &str) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

fn stream_lines(mut stream: UnixStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    let mut seen = 0;
    while let Some((number, line)) = shared.next_line(seen) {
        stream.write_all(&line)?;
        seen = number;
    }
    Ok(())
}
