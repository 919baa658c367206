//! TCP over a veth: the stack hands over frames of up to 64 KiB, which are counted as the packets they stand for.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use capture::frame::Frame;
use capture::ring::wait_any;

use crate::link::{ip, open, peer, run, up};
use crate::namespace::in_namespace;
use crate::reader::{PATIENCE, finish, now, walk};

const THERE: usize = 8_000_000;
const BACK: usize = 3_000_000;

#[derive(Debug, Default)]
struct Side {
    frames: u64,
    packets: u64,
    payload: u64,
}

impl Side {
    /// Counts a TCP frame as the wire would: `ceil(payload / gso_size)` packets.
    fn count(&mut self, frame: &Frame<'_>) {
        if frame.bytes[12..14] != [8, 0] || frame.bytes[23] != 6 {
            return; // ARP
        }
        let ip_header = usize::from(frame.bytes[14] & 15) * 4;
        let header = 14 + ip_header + usize::from(frame.bytes[14 + ip_header + 12] >> 4) * 4;
        let total = usize::from(u16::from_be_bytes([frame.bytes[16], frame.bytes[17]])) + 14;
        let payload = total as u64 - header as u64;
        self.frames += 1;
        self.payload += payload;
        self.packets += match frame.gso_size {
            0 => 1,
            size => payload.div_ceil(u64::from(size)),
        };
    }
}

/// A number of `ss -tni`, which has them from the kernel's TCP_INFO.
fn tcp_info(text: &str, name: &str) -> u64 {
    let word =
        text.split_whitespace().find_map(|word| word.strip_prefix(name)).unwrap_or_else(|| panic!("{name} in {text}"));
    word.parse().expect("a number")
}

#[test]
fn merged_frames_count_as_the_packets_of_the_tcp_stack() {
    in_namespace("merged::merged_frames_count_as_the_packets_of_the_tcp_stack", || {
        ip("link add va type veth peer name vb");
        let server = peer("vb", || {
            ip("addr add 10.77.0.2/24 dev vb");
            ip("link set vb up");
            let listener = TcpListener::bind("10.77.0.2:9").expect("listens");
            let (mut stream, _) = listener.accept().expect("accepts");
            let mut received = vec![0; THERE];
            stream.read_exact(&mut received).expect("all there");
            stream.write_all(&vec![2; BACK]).expect("all back");
            // Holds the connection open until the other side has read the counters and closed.
            stream.read(&mut [0]).expect("end")
        });
        ip("addr add 10.77.0.1/24 dev va");
        up(&["va"]);
        let mut rings = open("va", 2);
        let client = std::thread::spawn(|| {
            let end = now() + PATIENCE;
            let mut stream = loop {
                match TcpStream::connect_timeout(&([10, 77, 0, 2], 9).into(), Duration::from_secs(1)) {
                    Ok(stream) => break stream,
                    Err(error) => assert!(now() < end, "{error}"),
                }
            };
            stream.write_all(&vec![1; THERE]).expect("all there");
            stream.read_exact(&mut vec![0; BACK]).expect("all back");
            // The last acknowledgement may be delayed by 40 ms.
            std::thread::sleep(Duration::from_millis(100));
            (run("ss", "-tniH dst 10.77.0.2"), stream)
        });
        let (mut sent, mut received) = (Side::default(), Side::default());
        let mut taken = 0;
        while !client.is_finished() {
            walk(&mut rings, |_, frame| {
                taken += 1;
                if frame.outgoing == Some(true) { sent.count(frame) } else { received.count(frame) }
            });
            wait_any(&mut rings, Duration::from_millis(20)).expect("waits");
        }
        let (info, stream) = client.join().expect("client");
        walk(&mut rings, |_, frame| {
            taken += 1;
            if frame.outgoing == Some(true) { sent.count(frame) } else { received.count(frame) }
        });
        eprintln!("sent {sent:?}, received {received:?}\n{info}");
        let end = finish(&mut rings, taken);
        assert_eq!(end.dropped, 0);
        // Refused connections before the server listened have sent SYNs and got RSTs on other sockets.
        let tries = sent.packets - tcp_info(&info, "segs_out:");
        assert!(tries <= 20, "packets by gso_size against the stack's segments: {tries} more");
        assert_eq!(received.packets, tcp_info(&info, "segs_in:") + tries);
        // A veth may lose frames of a burst; what is sent again is seen again.
        assert_eq!(sent.payload, tcp_info(&info, "bytes_sent:"));
        assert!(sent.payload >= THERE as u64 && received.payload >= BACK as u64);
        assert!(sent.frames * 5 < sent.packets, "frames were merged");
        drop(stream);
        assert_eq!(server.join().expect("server"), 0);
    });
}
