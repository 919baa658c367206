//! Requests to a role's socket: any bytes are answered or refused, and the role goes on publishing.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use live::{Publisher, Role};

use crate::engine::{Target, scratch};

fn seeds() -> Vec<Vec<u8>> {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n").into_bytes();
    let body = "POST /control HTTP/1.1\r\nContent-Length: 17\r\n\r\n{\"id\":\"00000000\"}";
    vec![get("/metrics"), get("/healthz"), get("/nothing"), body.as_bytes().to_vec(), vec![b'A'; 9000]]
}

/// Peers at once: fewer than a role takes, or some would be refused.
const AT_ONCE: usize = 24;

/// What came back; `None` = the role closed without a word.
fn answer(mut stream: UnixStream) -> Option<Vec<u8>> {
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    }
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "), "{:?}", String::from_utf8_lossy(&answer));
    (!answer.is_empty()).then_some(answer)
}

#[test]
fn any_request_is_answered_or_refused() {
    let folder = scratch();
    let metrics = || "floodmark_test 1\n".to_owned();
    let mut publisher = Publisher::bind(folder.path(), Role::Web, "node".to_owned(), 1, metrics).unwrap();
    let path = folder.path().join("web.sock");
    let target = Target { name: "request", seeds: seeds(), mend: None, buffers: 1 << 20, waits: true };
    let (mut waiting, mut answers) = (Vec::new(), 0);
    target.run(|input| {
        // Nothing, or a wish for lines, is answered by lines without end.
        if input.is_empty() || input.windows(5).any(|word| word == b"/live") {
            return;
        }
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        // The role may have refused before all was sent.
        let _ = stream.write_all(input);
        let _ = stream.shutdown(Shutdown::Write);
        waiting.push(stream);
        // The role looks for peers 20 times a second, and takes all that wait then.
        if waiting.len() >= AT_ONCE {
            answers += waiting.drain(..).filter_map(answer).count();
        }
    });
    answers += waiting.drain(..).filter_map(answer).count();
    assert!(answers > 0);
    let line = live::line::PlainLine { envelope: publisher.envelope(1) };
    publisher.publish(&line, Ok(()));
    let mut live = live::Subscriber::connect(folder.path(), Role::Web, Duration::from_secs(5)).unwrap();
    assert_eq!(live.receive().unwrap(), live::Line::Plain(line), "the role goes on");
}
