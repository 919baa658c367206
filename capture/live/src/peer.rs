//! One connection to a role's socket: a subscriber of the lines, or one HTTP request.
//!
//! Who may connect may read; only root and the user of this process may ask for something (`SO_PEERCRED`).

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use nix::sys::socket::{getsockopt, sockopt};
use nix::unistd::geteuid;

use crate::control::ControlError;
use crate::limits::{CONTROL_BYTES_MAX, FIRST_BYTE_WAIT, REQUEST_BYTES_MAX, STALE_AFTER, WRITE_TIMEOUT};
use crate::publisher::Shared;
use crate::usage::Usage;

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
            Ok(httparse::Status::Complete(head)) => {
                let (method, path) = (parsed.method.unwrap_or(""), parsed.path.unwrap_or("").to_owned());
                match (method, path.as_str()) {
                    ("GET", path) => return get(stream, path, shared),
                    ("POST", "/control") => {
                        let length = content_length(parsed.headers);
                        return control(stream, &request[head..], length, shared);
                    }
                    _ => {
                        let served = "served here: GET /metrics /healthz /live, POST /control\n";
                        return answer(&mut stream, "405 Method Not Allowed", served);
                    }
                }
            }
            Err(_) => return answer(&mut stream, "400 Bad Request", "not an HTTP request\n"),
        }
    }
}

fn get(mut stream: UnixStream, path: &str, shared: &Arc<Shared>) -> std::io::Result<()> {
    match path {
        "/metrics" => {
            let used = Usage::of_this_process().metrics(shared.role.name());
            answer(&mut stream, "200 OK", &((shared.metrics)() + &used))
        }
        "/healthz" => match shared.health(STALE_AFTER) {
            Ok(()) => answer(&mut stream, "200 OK", "ok\n"),
            Err(why) => answer(&mut stream, "503 Service Unavailable", &format!("{why}\n")),
        },
        "/live" => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n";
            stream.write_all(head.as_bytes())?;
            stream_lines(stream, shared)
        }
        _ => match shared.details.get().into_iter().flatten().find(|(known, _)| *known == path) {
            Some((_, tell)) => answer_as(&mut stream, "200 OK", "application/json", &tell()),
            None => answer(&mut stream, "404 Not Found", "served here: /metrics /healthz /live, and POST /control\n"),
        },
    }
}

fn content_length(headers: &[httparse::Header<'_>]) -> Option<usize> {
    let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"))?;
    std::str::from_utf8(header.value).ok()?.trim().parse().ok()
}

/// A control request, of which `begin` has been read.
fn control(mut stream: UnixStream, begin: &[u8], length: Option<usize>, shared: &Arc<Shared>) -> std::io::Result<()> {
    let Some(length) = length else {
        return answer(&mut stream, "411 Length Required", "Content-Length is missing\n");
    };
    let mut body = begin.to_vec();
    // Who may not ask is refused before more is read, and so is a body that would not be read to its end.
    let outcome = if let Some(error) = forbidden(&stream)? {
        Err(error)
    } else if length > CONTROL_BYTES_MAX {
        // A peer that is still writing would see a broken pipe in place of the answer: a little more is read.
        let rest = length.min(8 * CONTROL_BYTES_MAX).saturating_sub(body.len());
        stream.try_clone()?.take(rest as u64).read_to_end(&mut body)?;
        Err(ControlError::TooLong(length))
    } else {
        if let Some(rest) = length.checked_sub(body.len()) {
            stream.try_clone()?.take(rest as u64).read_to_end(&mut body)?;
        }
        body.truncate(length);
        match shared.control.get() {
            Some(control) => control.answer(&body),
            None => Err(ControlError::NotNow("this role is starting and serves no control yet".to_owned())),
        }
    };
    match outcome {
        Ok((new, done)) => {
            let body = serde_json::to_string(&done)?;
            let status = if new { "202 Accepted" } else { "200 OK" };
            answer_as(&mut stream, status, "application/json", &format!("{body}\n"))
        }
        Err(error) => {
            tracing::warn!(%error, "a control request is refused");
            answer(&mut stream, error.status(), &format!("{error}\n"))
        }
    }
}

fn forbidden(stream: &UnixStream) -> std::io::Result<Option<ControlError>> {
    let peer = getsockopt(stream, sockopt::PeerCredentials)?.uid();
    Ok((peer != 0 && peer != geteuid().as_raw()).then_some(ControlError::Forbidden(peer)))
}

fn answer(stream: &mut UnixStream, status: &str, body: &str) -> std::io::Result<()> {
    answer_as(stream, status, "text/plain; charset=utf-8", body)
}

fn answer_as(stream: &mut UnixStream, status: &str, kind: &str, body: &str) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
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
