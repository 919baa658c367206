//! The role over real connections on loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use live::{Line, Role, Subscriber};

use super::{app, listen, run, serve};
use crate::error::WebError;
use crate::testing::options;

struct Served {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), WebError>>,
    _dir: tempfile::TempDir,
}

fn start() -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a fresh socket");
    let address = listener.local_addr().expect("a bound socket");
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let dir = tempfile::tempdir().expect("a scratch folder");
    let options = options(dir.path());
    let thread = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(WebError::Serve)?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).map_err(WebError::Serve)?;
            serve(app(&options)?, listener, flag).await
        })
    });
    Served { address, stop, thread, _dir: dir }
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the role listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a fresh socket");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("a request is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer in time");
    answer
}

#[test]
fn health_and_front_page_answer() {
    let served = start();
    let health = get(served.address, "/healthz");
    assert!(health.starts_with("HTTP/1.1 200 OK\r\n") && health.ends_with("\r\n\r\nok\n"), "{health}");
    let front = get(served.address, "/");
    assert!(front.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "nobody is signed in: {front}");
    assert!(get(served.address, "/nowhere").starts_with("HTTP/1.1 404"));
    served.stop.store(true, Ordering::Relaxed);
    served.thread.join().expect("no panic").expect("a graceful stop");
}

#[test]
fn a_client_that_says_nothing_does_not_hold_the_stop() {
    let served = start();
    let mut silent = TcpStream::connect(served.address).expect("the role listens");
    silent.write_all(b"GET / HT").expect("half a request is taken");
    assert!(get(served.address, "/healthz").contains("200 OK"), "the role has seen the silent client");
    served.stop.store(true, Ordering::Relaxed);
    served.thread.join().expect("no panic").expect("the stop is bounded");
}

#[test]
fn a_port_in_use_is_told_with_its_remedy() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = holder.local_addr().expect("a bound socket");
    let error = listen(address).expect_err("the port is taken");
    assert!(matches!(error, WebError::Listen { .. }) && !error.is_missing_privilege());
    let message = error.to_string();
    assert!(message.contains(&address.to_string()) && message.contains("--listen"), "{message}");
}

#[test]
fn it_says_that_it_lives_until_it_is_told_to_stop() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let options = options(dir.path());
    let port = listen(options.config.listen).expect("a free port");
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let role = thread::spawn(move || run(&options, port, flag));
    let connect = || Subscriber::connect(&dir.path().join("run"), Role::Web, Duration::from_secs(10));
    let mut tries = 0..1_000;
    let mut subscriber = loop {
        match connect() {
            Ok(subscriber) => break subscriber,
            Err(error) => assert!(tries.next().is_some(), "the role opens its socket: {error}"),
        }
        thread::sleep(Duration::from_millis(10));
    };
    assert!(matches!(subscriber.receive().expect("a line a second"), Line::Plain(_)));
    stop.store(true, Ordering::Relaxed);
    role.join().expect("no panic").expect("no failure");
}
