//! Pings and questions against a small server of the test's own.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::Watch;
use super::config::{Config, Peer};
use crate::judgement::Level;

/// Answers each request with the next status of `answers` (the last one for ever; 0 = hangs) and keeps the requests.
struct Server {
    port: u16,
    asked: Arc<AtomicUsize>,
    last: Arc<Mutex<String>>,
}

fn server(answers: Vec<u16>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let (asked, last) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<String>>::default());
    let (count, kept) = (Arc::clone(&asked), Arc::clone(&last));
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut bytes = [0u8; 4096];
            let length = stream.read(&mut bytes).unwrap_or(0);
            *kept.lock().expect("no panic") = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let number = count.fetch_add(1, Ordering::SeqCst);
            let status = answers.get(number).or(answers.last()).copied().unwrap_or(200);
            if status == 0 {
                held.push(stream);
                continue;
            }
            let _ = write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: 4\r\n\r\nwell");
        }
    });
    Server { port, asked, last }
}

fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let mut tries = 0..1_000;
    while !is() {
        assert!(tries.next().is_some(), "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn peer(name: &str, server: &Server) -> Peer {
    Peer {
        name: name.to_owned(),
        url: format!("http://127.0.0.1:{}/healthz", server.port),
        interval: Duration::from_millis(30),
        time_limit: Duration::from_millis(300),
        failures: 2,
        ..Peer::default()
    }
}

#[test]
fn a_peer_that_fails_or_hangs_fires_and_comes_back() {
    let (sick, hangs) = (server(vec![503, 503, 503, 200]), server(vec![200, 0, 0, 0, 0, 200]));
    let stop = Arc::new(AtomicBool::new(false));
    let peers = [peer("sick", &sick), peer("hangs", &hangs)];
    let watch = Watch::start(&Config::default(), &peers, &Arc::default(), &stop).expect("a thread");
    let level = |at: usize| watch.readings()[at].level;
    eventually("the sick one fires", || level(0) == Level::Above);
    assert!(watch.readings()[0].summary.en.contains("503"), "{:?}", watch.readings()[0].summary);
    eventually("it is well again", || level(0) == Level::Below);
    eventually("the one that hangs fires", || level(1) == Level::Above);
    assert!(watch.readings()[1].summary.ru.contains("не в порядке"));
    eventually("it is well again", || level(1) == Level::Below);
    assert!(watch.counts().0 >= 2 && watch.counts().1 >= 4);
    stop.store(true, Ordering::Relaxed);
    watch.join();
}

#[test]
fn the_ping_stops_while_notifier_is_not_well() {
    let outside = server(vec![200]);
    let config = Config {
        url: format!("http://127.0.0.1:{}/ping/abc", outside.port),
        interval: Duration::from_millis(20),
        ..Config::default()
    };
    let (healthy, stop) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    let watch = Watch::start(&config, &[], &healthy, &stop).expect("a thread");
    let asked = || outside.asked.load(Ordering::SeqCst);
    eventually("pings", || asked() >= 3);
    healthy.store(false, Ordering::Relaxed);
    // One may be under way.
    thread::sleep(Duration::from_millis(200));
    let before = asked();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(asked(), before, "silence is the message");
    healthy.store(true, Ordering::Relaxed);
    eventually("pings again", || asked() > before);
    assert!(outside.last.lock().expect("no panic").starts_with("GET /ping/abc HTTP/1.1\r\n"));
    stop.store(true, Ordering::Relaxed);
    watch.join();
}

#[test]
fn the_token_goes_with_the_question() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let token = dir.path().join("token");
    let other = server(vec![200]);
    let stop = Arc::new(AtomicBool::new(false));
    let asks = Peer { token_file: token.clone(), ..peer("b", &other) };
    let watch = Watch::start(&Config::default(), &[asks], &Arc::default(), &stop).expect("a thread");
    eventually("a missing file is a failure", || watch.readings()[0].level == Level::Above);
    assert_eq!(other.asked.load(Ordering::SeqCst), 0);
    std::fs::write(&token, "secret-1\n").expect("a file");
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its mode");
    eventually("asked", || other.asked.load(Ordering::SeqCst) > 0);
    let request = other.last.lock().expect("no panic").clone();
    assert!(request.contains("authorization: Bearer secret-1\r\n"), "{request}");
    stop.store(true, Ordering::Relaxed);
    watch.join();
}
