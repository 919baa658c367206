//! Real TCP connections between two network namespaces: both directions in one row.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use crate::link::{ip, peer, up};
use crate::machine::{Machine, assert_settled, sums};
use crate::namespace::in_namespace;
use crate::process::await_some;

const CONNECTIONS: usize = 30;
const THERE: usize = 200_000;
const BACK: usize = 60_000;

/// Serves so many connections in the other namespace: takes all, then answers.
fn server() -> std::thread::JoinHandle<()> {
    ip("link add va type veth peer name vb");
    let thread = peer("vb", || {
        ip("addr add 10.77.0.2/24 dev vb");
        ip("link set vb up");
        let listener = TcpListener::bind("10.77.0.2:9").unwrap();
        for _ in 0..CONNECTIONS {
            let (mut stream, _) = listener.accept().unwrap();
            let mut received = Vec::new();
            stream.read_to_end(&mut received).unwrap();
            assert_eq!(received.len(), THERE);
            stream.write_all(&vec![7; BACK]).unwrap();
        }
    });
    ip("addr add 10.77.0.1/24 dev va");
    up(&["va"]);
    thread
}

fn talk() -> u16 {
    let mut stream = await_some("the server", || TcpStream::connect("10.77.0.2:9").ok());
    stream.write_all(&vec![5; THERE]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    assert_eq!(received.len(), BACK);
    stream.local_addr().unwrap().port()
}

#[test]
fn both_directions_of_a_connection_are_one_row() {
    in_namespace("connections::both_directions_of_a_connection_are_one_row", || {
        let server = server();
        let mut machine = Machine::start("[capture]\nlocal_networks = [\"10.77.0.1/32\"]\n", &["va"]);
        let ports: Vec<u16> = (0..CONNECTIONS).map(|_| talk()).collect();
        server.join().unwrap();
        await_some("the closed connections", || {
            let closed = |row: &&serde_json::Value| row["end_reason"] == "closed";
            (machine.flows(&["--port", "9"]).iter().filter(closed).count() == CONNECTIONS).then_some(())
        });
        machine.stop();
        let rows = machine.flows(&["--host", "10.77.0.2"]);
        for port in &ports {
            let of_port: Vec<_> = rows.iter().filter(|row| row["src_port"] == *port).collect();
            let [row] = of_port[..] else { panic!("port {port}: {of_port:?}") };
            assert_eq!((&row["src_ip"], &row["dst_ip"]), (&"10.77.0.1".into(), &"10.77.0.2".into()), "{row}");
            assert_eq!((&row["dst_port"], &row["protocol"]), (&9.into(), &6.into()), "{row}");
            assert_eq!((&row["direction"], &row["end_reason"]), (&"out".into(), &"closed".into()), "{row}");
            let number = |name: &str| row[name].as_u64().unwrap();
            // Payload and at least 54 bytes of headers a packet; merged frames count as the packets they were.
            let (there, back) = (number("packets_fwd"), number("packets_rev"));
            assert!(number("bytes_fwd") >= THERE as u64 + 54 * there, "{row}");
            assert!(number("bytes_rev") >= BACK as u64 + 54 * back, "{row}");
            assert!(there >= (THERE / 1_460) as u64 && back >= (BACK / 1_460) as u64, "{row}");
            assert_eq!((number("tcp_flags_fwd") & 0x12, number("tcp_flags_rev") & 0x12), (0x12, 0x12), "{row}");
        }
        let ledger = machine.ledger();
        let (packets, bytes) = sums(&machine.flows(&[]));
        assert_settled(&ledger, packets, bytes);
    });
}
