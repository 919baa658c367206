//! Interfaces to capture on, and frames to put on them.

use std::io::Write;
use std::process::Command;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use afpacket::sync::RawPacketStream;
use capture::config::{Config, Fanout};
use capture::interface::{Link, Netlink, find};
use capture::ring::{Ring, RingSpec, SNAPLEN_MAX, Spares, open_group};

use crate::reader::within;

/// Runs `ip` with these words.
pub fn ip(words: &str) {
    run("ip", words);
}

/// Runs a program; its failure is the test's.
pub fn run(program: &str, words: &str) -> String {
    let output = Command::new(program).args(words.split_whitespace()).output().expect(program);
    assert!(output.status.success(), "{program} {words}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Makes the pair `va` - `vb`, large MTU, up, and waits for the carrier. What is sent on one arrives at the other.
pub fn veth() {
    ip("link add va mtu 65535 type veth peer name vb mtu 65535");
    up(&["va", "vb"]);
}

pub fn up(names: &[&str]) {
    for name in names {
        ip(&format!("link set {name} up"));
    }
    let mut netlink = Netlink::open().expect("netlink");
    within(Duration::from_secs(5), "carrier", || {
        let links = netlink.links().expect("links");
        names.iter().all(|name| find(&links, name).is_some_and(Link::is_up))
    });
}

pub fn link(name: &str) -> Link {
    let links = Netlink::open().expect("netlink").links().expect("links");
    find(&links, name).unwrap_or_else(|| panic!("no {name} in {links:?}")).clone()
}

/// A spec with small rings and the whole frame.
pub fn spec(name: &str) -> RingSpec {
    let config = Config { snaplen: SNAPLEN_MAX, fanout: Fanout::Hash, ..Config::default() };
    RingSpec { ring_bytes: 16 << 20, ..RingSpec::from_config(&config, name, link(name).index) }
}

pub fn open(name: &str, workers: usize) -> Vec<Ring> {
    open_group(&spec(name), workers, &mut Spares::on_demand()).expect("rings open")
}

/// Puts frames on an interface.
pub struct Injector(RawPacketStream);

impl Injector {
    pub fn on(name: &str) -> Injector {
        let mut stream = RawPacketStream::new().expect("packet socket");
        // `ret #0`: it only sends.
        stream.set_bpf_filter(vec![(6, 0, 0, 0)]).expect("filter");
        stream.bind(name).expect("bind");
        Injector(stream)
    }

    pub fn send(&mut self, frame: &[u8]) {
        assert_eq!(self.0.write(frame).expect("sent"), frame.len());
    }
}

/// A UDP packet in an Ethernet frame of `length` bytes, from source port `flow`, to a station that is not there, so
/// that no stack answers.
pub fn udp_frame(flow: u16, length: usize) -> Vec<u8> {
    assert!(length >= 42);
    let mut frame = vec![0x02, 0, 0, 0, 0, 0x99, 0x02, 0, 0, 0, 0, 0x01, 0x08, 0x00];
    let total = (length - 14) as u16;
    frame.extend([0x45, 0]);
    frame.extend(total.to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend(flow.to_be_bytes());
    frame.extend(9_u16.to_be_bytes());
    frame.extend((total - 20).to_be_bytes());
    frame.resize(length, 0);
    frame
}

/// A thread in a network namespace of its own, to which `interface` was moved.
pub fn peer<T: Send + 'static>(interface: &str, body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let (to_main, from_peer) = mpsc::channel();
    let (to_peer, from_main) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).expect("a second namespace");
        to_main.send(nix::unistd::gettid()).expect("main waits");
        from_main.recv().expect("the interface is here");
        body()
    });
    let id = from_peer.recv().expect("the peer's thread id");
    ip(&format!("link set {interface} netns {id}"));
    to_peer.send(()).expect("peer waits");
    thread
}
