//! Web hooks against a server of ours that answers as told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ring::hmac;

use super::WebHook;
use super::config::WebHook as Config;
use crate::channel::{Message, Receipt, SendError};
use crate::notice::Notice;

/// One request, read whole.
fn request(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
    let (mut text, mut part) = (Vec::new(), [0; 8192]);
    loop {
        let got = stream.read(&mut part).unwrap_or(0);
        text.extend_from_slice(&part[..got]);
        let whole = String::from_utf8_lossy(&text).into_owned();
        let length = whole
            .to_ascii_lowercase()
            .split_once("content-length: ")
            .map(|(_, rest)| rest.split("\r\n").next().and_then(|number| number.parse::<usize>().ok()).unwrap_or(0));
        let body = whole.split_once("\r\n\r\n").map(|(_, body)| body.len());
        if got == 0 || (body.is_some() && body >= length) {
            return whole;
        }
    }
}

/// A server that answers one request with `answer`; it keeps the connection open for a moment if that is empty.
fn server(answer: Vec<u8>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/hook?token=secret-token", listener.local_addr().expect("an address"));
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let request = request(&mut stream);
        if answer.is_empty() {
            // Until the client gives up.
            let _ = stream.read(&mut [0; 1]);
        }
        let _ = stream.write_all(&answer);
        request
    });
    (url, thread)
}

fn message() -> Message {
    let notice = Notice {
        node: "web1".to_owned(),
        code: "K7F2Q9".to_owned(),
        acknowledge_url: "https://flood.example/ack/5f2c".to_owned(),
        ..Notice::default()
    };
    Message { id: "0123abcd-mail-7".to_owned(), notice, ..Message::default() }
}

fn deliver(config: &Config) -> Result<Receipt, SendError> {
    let hook = WebHook::new(config).expect("a web hook");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(hook.deliver(&message()))
}

fn at(url: &str) -> Config {
    Config { name: "ops".to_owned(), url: url.to_owned(), time_limit: Duration::from_secs(5), ..Config::default() }
}

#[test]
fn the_notice_arrives_signed_with_the_time_and_can_be_verified() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "hunter2\n").expect("a file");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    let (url, thread) = server(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
    let mut config = Config { secret_file: secret, ..at(&url) };
    config.headers.insert("Authorization".to_owned(), "Bearer abc".to_owned());
    let receipt = deliver(&config).expect("accepted");
    assert!(receipt.answer.starts_with("HTTP 204"), "{receipt:?}");
    let request = thread.join().expect("the server ended");
    let (head, body) = request.split_once("\r\n\r\n").expect("a body");
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")));
        line.and_then(|line| line.split_once(": "))
            .map(|(_, value)| value.to_owned())
            .unwrap_or_else(|| panic!("{name}: {head}"))
    };
    assert!(head.starts_with("POST /hook?token=secret-token HTTP/1.1"));
    assert_eq!(header("idempotency-key"), "0123abcd-mail-7");
    assert_eq!(header("authorization"), "Bearer abc");
    assert_eq!(header("content-type"), "application/json");
    let signature = header("floodmark-signature");
    let (time, hex) = signature.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).expect("its shape");
    let tag: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).expect("hex")).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"hunter2");
    hmac::verify(&key, format!("{time}.{body}").as_bytes(), &tag).expect("time and body are signed");
    hmac::verify(&key, format!("{time}0.{body}").as_bytes(), &tag).expect_err("another time is not");
    let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((json["version"].as_u64(), json["id"].as_str()), (Some(1), Some("0123abcd-mail-7")));
    assert_eq!(json["notice"]["node"], "web1");
    assert!(!body.contains("K7F2Q9") && !body.contains("5f2c"), "nothing in it acknowledges");
}

#[test]
fn an_answer_is_judged_by_its_status() {
    let check = |answer: &str, expect: &str, told: &str| {
        let (url, thread) = server(answer.as_bytes().to_vec());
        let outcome = format!("{:?}", deliver(&at(&url)));
        assert!(outcome.starts_with(expect) && outcome.contains(told), "{answer}: {outcome}");
        assert!(!outcome.contains("secret-token"), "{outcome}");
        drop(thread.join());
    };
    check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "Ok(", "HTTP 200 ok");
    // What comes behind the status does not change it.
    check("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nbroken off", "Ok(", "broken off");
    check("HTTP/1.1 400 Bad\r\ncontent-length: 5\r\n\r\nno\r\nx", "Err(Refused", "HTTP 400 no??x");
    check("HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n", "Err(Broken", "check the secret");
    check("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", "Err(Broken", "check the url");
    check(
        "HTTP/1.1 302 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        "Err(Broken",
        "redirects are not followed",
    );
    check("HTTP/1.1 429 Slow\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n", "Err(Passing", "it asks to wait 30");
    check("HTTP/1.1 408 Late\r\ncontent-length: 0\r\n\r\n", "Err(Passing", "HTTP 408");
    check("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", "Err(Passing", "HTTP 503");
    check("not HTTP at all\r\n\r\n", "Err(Unknown", "broke off");
    check("HTTP/1.1 200 OK\r\n", "Err(Unknown", "broke off");
}

#[test]
fn an_endless_answer_is_read_in_bounds() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        // Ends when the client hangs up.
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let receipt = deliver(&at(&url)).expect("the status says so");
    assert!(receipt.answer.chars().count() <= 200);
    thread.join().expect("the client hung up");
}

#[test]
fn silence_ends_in_time_and_a_closed_port_at_once() {
    let (url, thread) = server(Vec::new());
    let outcome = deliver(&Config { time_limit: Duration::from_secs(1), ..at(&url) });
    assert!(matches!(&outcome, Err(SendError::Unknown(told)) if told.contains("time limit")), "{outcome:?}");
    thread.join().expect("the server ended");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let outcome = deliver(&at(&format!("http://{port}/")));
    assert!(matches!(&outcome, Err(SendError::Passing(told)) if told.contains("no connection")), "{outcome:?}");
}
