//! Files that are downloaded in parts: which bytes a request wants (RFC 9110 §14), and a body that reads them as they go.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// Bytes that are read at once: a page of the cache or a few, so that no other request waits.
const CHUNK: u64 = 64 << 10;

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Everything: no range, one of several parts, or of another version.
    Whole,
    /// From and to before.
    Part(u64, u64),
    /// Nothing that there is.
    Nothing,
}

/// Which bytes of `length` are wanted of the version `etag`.
pub fn wanted(headers: &HeaderMap, etag: &str, length: u64) -> Wanted {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if text(header::IF_RANGE).is_some_and(|version| version != etag) {
        return Wanted::Whole;
    }
    let Some(range) = text(header::RANGE).and_then(|range| range.trim().strip_prefix("bytes=")) else {
        return Wanted::Whole;
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.len() <= 19 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u64>().ok()).flatten()
    };
    // Several parts may be answered by the whole.
    let Some((from, to)) = range.split_once('-').filter(|_| !range.contains(',')) else { return Wanted::Whole };
    match (from.trim(), to.trim()) {
        ("", last) => match number(last) {
            None => Wanted::Whole,
            Some(0) => Wanted::Nothing,
            Some(_) if length == 0 => Wanted::Nothing,
            Some(last) => Wanted::Part(length.saturating_sub(last), length),
        },
        (from, to) => match (number(from), to.is_empty(), number(to)) {
            (Some(from), _, _) if from >= length => Wanted::Nothing,
            (Some(from), true, _) => Wanted::Part(from, length),
            (Some(from), false, Some(to)) if to >= from => Wanted::Part(from, length.min(to + 1)),
            _ => Wanted::Whole,
        },
    }
}

/// A file of `length` bytes as an answer; `name` is what a browser saves it as and must be plain.
///
/// # Errors
/// It cannot be read.
pub fn answer(headers: &HeaderMap, mut file: File, name: &str, etag: &str, length: u64) -> io::Result<Response> {
    let mut response = Response::new(Body::empty());
    let (from, to) = match wanted(headers, etag, length) {
        Wanted::Whole => (0, length),
        Wanted::Part(from, to) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            put(&mut response, header::CONTENT_RANGE, &format!("bytes {from}-{}/{length}", to - 1));
            (from, to)
        }
        Wanted::Nothing => {
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            put(&mut response, header::CONTENT_RANGE, &format!("bytes */{length}"));
            return Ok(response);
        }
    };
    file.seek(SeekFrom::Start(from))?;
    put(&mut response, header::CONTENT_TYPE, "application/vnd.tcpdump.pcap");
    put(&mut response, header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""));
    put(&mut response, header::ETAG, etag);
    put(&mut response, header::ACCEPT_RANGES, "bytes");
    put(&mut response, header::CACHE_CONTROL, "no-store");
    put(&mut response, header::CONTENT_LENGTH, &(to - from).to_string());
    *response.body_mut() = Body::new(Part { file, left: to - from });
    Ok(response)
}

fn put(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// The rest of a part, read when the connection takes it.
struct Part {
    file: File,
    left: u64,
}

impl hyper::body::Body for Part {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut chunk = Vec::new();
        let wanted = self.left.min(CHUNK);
        match (&self.file).take(wanted).read_to_end(&mut chunk) {
            // Shorter than it was: the connection is cut, so that nobody takes it for whole.
            Ok(0) => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
            Ok(read) => {
                self.left -= read as u64;
                Poll::Ready(Some(Ok(Frame::data(chunk.into()))))
            }
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{Wanted, wanted};

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let check = |range: &str, expect: Wanted| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_str(range).expect("plain"));
            assert_eq!(wanted(&headers, "\"a\"", 100), expect, "{range}");
        };
        check("bytes=0-", Wanted::Part(0, 100));
        check("bytes=10-19", Wanted::Part(10, 20));
        check("bytes=90-1000", Wanted::Part(90, 100));
        check("bytes=-30", Wanted::Part(70, 100));
        check("bytes=-300", Wanted::Part(0, 100));
        check("bytes=100-", Wanted::Nothing);
        check("bytes=-0", Wanted::Nothing);
        check("bytes=20-10", Wanted::Whole);
        check("bytes=0-1,5-6", Wanted::Whole);
        check("bytes=x-y", Wanted::Whole);
        check("bytes=99999999999999999999-", Wanted::Whole);
        check("bytes=0-18446744073709551615", Wanted::Whole);
        check("lines=1-2", Wanted::Whole);
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static("bytes=10-"));
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"b\""));
        assert_eq!(wanted(&headers, "\"a\"", 100), Wanted::Whole, "the rest of another version is of no use");
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"a\""));
        assert_eq!(wanted(&headers, "\"a\"", 100), Wanted::Part(10, 100));
        headers.remove(header::IF_RANGE);
        assert_eq!(wanted(&headers, "\"a\"", 0), Wanted::Nothing);
    }
}
