//! The proxy against a server that says each byte back.

use std::time::Instant;

use super::*;

/// Answers every byte; counts what it got.
fn echo() -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, got) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
    let counted = got.clone();
    spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, counted) = (stream.unwrap(), counted.clone());
            spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(bytes @ 1..) = stream.read(&mut buffer) {
                    counted.fetch_add(bytes as u64, Ordering::AcqRel);
                    if stream.write_all(&buffer[..bytes]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    (address, got)
}

fn proxy() -> (Proxy, Arc<AtomicU64>) {
    let (address, got) = echo();
    (Proxy::start(Upstream::Tcp(address)).unwrap(), got)
}

fn client(proxy: &Proxy) -> TcpStream {
    let client = TcpStream::connect(proxy.address()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    client
}

/// Bytes that come back before the connection ends.
fn exchange(client: &mut TcpStream, bytes: &[u8]) -> (usize, io::Result<usize>) {
    client.write_all(bytes).unwrap();
    let (mut seen, mut buffer) = (0, [0; 4096]);
    loop {
        match client.read(&mut buffer) {
            Ok(0) => return (seen, Ok(0)),
            Ok(more) => seen += more,
            Err(error) => return (seen, Err(error)),
        }
        if seen == bytes.len() {
            return (seen, Ok(0));
        }
    }
}

#[test]
fn a_cut_is_at_its_byte_and_happens_once() {
    let (proxy, got) = proxy();
    proxy.arm(Cut::After(Side::ToServer, 700));
    let (_, end) = exchange(&mut client(&proxy), &[b'x'; 1000]);
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!((got.load(Ordering::Acquire), proxy.cuts()), (700, 1));
    proxy.arm(Cut::After(Side::ToClient, 300));
    let (seen, end) = exchange(&mut client(&proxy), &[b'x'; 1000]);
    assert!(end.is_err() && seen <= 300, "{seen}");
    let (seen, _) = exchange(&mut client(&proxy), &[b'x'; 1000]);
    assert_eq!((seen, proxy.cuts()), (1000, 2), "the next connection passes");
}

#[test]
fn the_answer_to_a_word_is_swallowed_and_the_word_is_delivered() {
    let (proxy, got) = proxy();
    let mut client = client(&proxy);
    assert_eq!(exchange(&mut client, b"one\r\n").0, 5);
    proxy.arm(Cut::BeforeAnswer(Word::Line(b".\r")));
    assert_eq!(exchange(&mut client, b"two\r\n").0, 5);
    let (seen, end) = exchange(&mut client, b".\r\n");
    assert_eq!((seen, end.unwrap_err().kind()), (0, ErrorKind::ConnectionReset));
    assert_eq!((got.load(Ordering::Acquire), proxy.cuts()), (13, 1));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test measures that bytes are late")]
fn silence_refusal_and_throttle_last_until_they_are_lifted() {
    let (proxy, _) = proxy();
    let mut standing = client(&proxy);
    assert_eq!(exchange(&mut standing, b"x").0, 1);
    proxy.set(Mode::Silence);
    standing.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(is_pause(&exchange(&mut standing, b"x").1.unwrap_err()));
    let mut new = client(&proxy);
    new.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(is_pause(&exchange(&mut new, b"x").1.unwrap_err()));
    proxy.set(Mode::Throttle(10_000));
    let begun = Instant::now();
    let mut slow = client(&proxy);
    assert_eq!(exchange(&mut slow, &[b'x'; 2000]).0, 2000);
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    proxy.set(Mode::Refuse);
    let refused = client(&proxy).read(&mut [0]);
    assert!(matches!(refused, Ok(0)) || refused.is_err_and(|error| !is_pause(&error)));
}
