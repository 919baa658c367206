//! Attacks and crowds that no capture has: made of headers.

use capture::frame::LinkType;
use notifier::attack::config::{Config, Limits, Network, Scope};

use crate::feed::{Feed, Kept, named};

const RATE: u64 = 50_000;
const SYN: u8 = 0x02;
const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x10;

/// An address in eight bits of each kind: 0 = local, else remote.
#[derive(Clone, Copy)]
enum At {
    V4([u8; 4]),
    V6([u8; 16]),
}

fn local(n: u64) -> At {
    At::V4([203, 0, (113 + (n >> 8)) as u8, n as u8])
}

fn local_v6(n: u64) -> At {
    let mut address = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    address[8..].copy_from_slice(&n.to_be_bytes());
    At::V6(address)
}

/// A walk through many addresses that looks random.
fn mixed(n: u64) -> u64 {
    let z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z ^ z >> 29
}

fn remote(n: u64) -> At {
    let [_, a, b, c] = (mixed(n) as u32).to_be_bytes();
    At::V4([100 + (n % 27) as u8, a, b, c])
}

fn remote_v6(n: u64) -> At {
    let mut address = [0x2a; 16];
    address[2..8].copy_from_slice(&mixed(n).to_be_bytes()[..6]);
    address[8..].copy_from_slice(&mixed(n ^ 77).to_be_bytes());
    At::V6(address)
}

/// A packet: protocol with flags, and `bytes` on the wire.
fn packet(src: (At, u16), dst: (At, u16), protocol: u8, flags: u8, bytes: u32) -> Kept {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    let ip_bytes = (bytes - 14) as u16;
    match (src.0, dst.0) {
        (At::V4(from), At::V4(to)) => {
            frame.extend([8, 0, 0x45, 0]);
            frame.extend(ip_bytes.to_be_bytes());
            frame.extend([0, 0, 0, 0, 60, protocol, 0, 0]);
            frame.extend(from);
            frame.extend(to);
        }
        (At::V6(from), At::V6(to)) => {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            frame.extend((ip_bytes - 40).to_be_bytes());
            frame.extend([protocol, 60]);
            frame.extend(from);
            frame.extend(to);
        }
        _ => panic!("two families"),
    }
    frame.extend(src.1.to_be_bytes());
    frame.extend(dst.1.to_be_bytes());
    match protocol {
        6 => frame.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 1, 0, 0, 0, 0, 0]),
        _ => frame.extend([0; 4]),
    }
    frame.resize(frame.len().max(60).min(bytes as usize), 0);
    Kept { bytes: frame, wire_len: bytes, link: LinkType::Ethernet }
}

fn feed(config: &Config) -> Feed {
    Feed::new(&["203.0.112.0/20", "2001:db8::/48"], config)
}

/// What is over a limit in the first full second and the one after it.
fn told(config: &Config, rate: u64, next: impl Fn(u64) -> Kept) -> Vec<String> {
    let mut feed = feed(config);
    feed.second(rate, &next);
    let first = named(&feed.second(rate, &next));
    assert_eq!(named(&feed.second(rate, &next)), first, "it stays what it is");
    first
}

fn check(next: impl Fn(u64) -> Kept, expect: &[&str]) {
    assert_eq!(told(&Config::default(), RATE, next), expect);
}

#[test]
fn floods_are_named_for_both_families_alike() {
    check(|n| packet((remote(n), 4000), (local(7), 80), 6, SYN, 60), &["attack 203.0.113.7 syn_flood"]);
    check(|n| packet((remote_v6(n), 4000), (local_v6(7), 80), 6, SYN, 74), &["attack 2001:db8::7 syn_flood"]);
    check(|n| packet((remote(n % 900), 4000), (local(7), 80), 6, ACK, 60), &["attack 203.0.113.7 ack_flood"]);
    check(|n| packet((remote(n), 4000), (local(7), n as u16), 17, 0, 600), &["attack 203.0.113.7 udp_flood"]);
    check(|n| packet((remote_v6(n), 4000), (local_v6(7), 9), 17, 0, 600), &["attack 2001:db8::7 udp_flood"]);
    check(|n| packet((remote(n % 500), 0), (local(7), 0), 1, 0, 98), &["attack 203.0.113.7 icmp_flood"]);
    check(|n| packet((remote(n), 0), (local(7), 0), 6, 0x04, 60), &["attack 203.0.113.7 reset_flood"]);
}

#[test]
fn amplification_is_named_by_its_service_whether_its_sources_repeat_or_not() {
    let services = [
        (53, "dns"),
        (123, "ntp"),
        (161, "snmp"),
        (389, "cldap"),
        (500, "ike"),
        (1900, "ssdp"),
        (11_211, "memcached"),
        (47_808, "bacnet"),
    ];
    for (port, name) in services {
        let expect = format!("attack 203.0.113.7 {name}_amplification");
        check(|n| packet((remote(n % 2_000), port), (local(7), 80), 17, 0, 1_200), &[&expect]);
        check(|n| packet((remote(n), port), (local(7), n as u16 | 1), 17, 0, 1_200), &[&expect]);
        let expect = format!("attack 2001:db8::7 {name}_amplification");
        check(|n| packet((remote_v6(n % 2_000), port), (local_v6(7), 80), 17, 0, 1_200), &[&expect]);
    }
}

#[test]
fn a_fragment_flood_is_named() {
    let fragment = |n: u64| {
        let mut kept = packet((remote(n), 0), (local(7), 0), 17, 0, 1_200);
        // Offset 185 × 8, the last one.
        kept.bytes[20..22].copy_from_slice(&[0, 185]);
        kept
    };
    check(fragment, &["attack 203.0.113.7 fragment_flood"]);
}

#[test]
fn what_is_spread_over_a_prefix_is_told_of_the_prefix() {
    check(
        |n| packet((remote(n), 4000), (local(mixed(n) >> 40 & 255), 80), 17, 0, 600),
        &["attack 203.0.113.0/24 carpet_bombing"],
    );
    check(
        |n| packet((remote_v6(n), 4000), (local_v6(mixed(n) >> 40 & 4095), 80), 17, 0, 600),
        &["attack 2001:db8::/64 carpet_bombing"],
    );
    // Over eight /24: each of them bears its share.
    check(
        |n| packet((remote(n), 4000), (local(mixed(n) >> 40 & 2047), 80), 6, SYN, 60),
        &["attack 203.0.112.0/20 carpet_bombing"],
    );
}

#[test]
fn a_host_that_attacks_is_told_and_its_victims_answers_are_no_attack() {
    check(|n| packet((local(7), n as u16), (remote(1), 80), 6, SYN, 60), &["attack-out 203.0.113.7 syn_flood"]);
    check(
        |n| match n % 2 {
            0 => packet((local(7), 4000), (remote(n / 2), 445), 6, SYN, 60),
            _ => packet((remote(n / 2), 445), (local(7), 4000), 6, 0x14, 60),
        },
        &["attack-out 203.0.113.7 scan"],
    );
}

#[test]
fn who_tries_out_ports_or_addresses_scans() {
    let rate = 4_000;
    let scan = |n: u64| packet((remote(1), 4000), (local(7), n as u16 | 1), 6, SYN, 60);
    assert_eq!(told(&Config::default(), rate, scan), ["attack 203.0.113.7 scan"]);
    let sweep = |n: u64| packet((remote(1), 4000), (local(n % 1024), 22 + (n >> 10) as u16), 6, SYN, 60);
    assert_eq!(told(&Config::default(), rate, sweep), ["attack 203.0.112.0/20 scan"]);
}

/// Five packets of a client: the handshake, a request, its answer.
fn visit(client: u64, step: u64) -> Kept {
    let (client, server) = ((remote(client), 2000 + (client % 60_000) as u16), (local(7), 443));
    match step {
        0 => packet(client, server, 6, SYN, 74),
        1 => packet(server, client, 6, SYN_ACK, 74),
        2 => packet(client, server, 6, ACK, 66),
        3 => packet(client, server, 6, ACK | 8, 600),
        _ => packet(server, client, 6, ACK | 8, 1514),
    }
}

#[test]
fn a_crowd_a_backup_and_a_call_are_no_attack() {
    // 5,000 new clients a second, and half of their packets in the other direction.
    assert_eq!(told(&Config::default(), 25_000, |n| visit(n / 5, n % 5)), Vec::<String>::new());
    // One transfer with an acknowledgement for every other segment.
    let backup = |n: u64| match n % 3 {
        0 => packet((local(7), 22), (remote(1), 4000), 6, ACK, 66),
        _ => packet((remote(1), 4000), (local(7), 22), 6, ACK, 1514),
    };
    assert_eq!(told(&Config::default(), RATE, backup), Vec::<String>::new());
    // A camera that nobody answers.
    let camera = |_| packet((remote(1), 4000), (local(7), 5004), 17, 0, 1400);
    assert_eq!(told(&Config::default(), RATE, camera), Vec::<String>::new());
    // Names asked for by us, answered by one server.
    let names = |n: u64| match n % 2 {
        0 => packet((local(7), n as u16), (remote(1), 53), 17, 0, 80),
        _ => packet((remote(1), 53), (local(7), (n - 1) as u16), 17, 0, 500),
    };
    assert_eq!(told(&Config::default(), 15_000, names), Vec::<String>::new());
}

#[test]
fn connections_that_use_their_ports_again_are_counted_once() {
    // One connection after the other between the same two ports: 1,000 a second, each closed by both sides.
    let again = |n: u64| {
        let (client, server) = ((remote(1), 4000), (local(7), 443));
        match n % 6 {
            0 => packet(client, server, 6, SYN, 74),
            1 => packet(server, client, 6, SYN_ACK, 74),
            2 => packet(client, server, 6, ACK, 66),
            3 => packet(client, server, 6, ACK | 1, 66),
            4 => packet(server, client, 6, ACK | 1, 66),
            _ => packet(client, server, 6, ACK, 66),
        }
    };
    let mut feed = feed(&Config::default());
    for _ in 0..3 {
        assert_eq!(named(&feed.second(6_000, again)), Vec::<String>::new());
        let side = &feed.targets[0].inbound;
        assert!(side.syn <= 1_050 && side.lone_syn <= 50, "{side:?}");
    }
}

#[test]
fn volume_above_its_limit_is_told_as_that() {
    let config = Config { host: Limits { packets: 10_000, ..Limits::default() }, ..Config::default() };
    let told = told(&config, RATE, |n| visit(n / 500, 3 + n % 2));
    assert_eq!(told, ["traffic-limit 203.0.113.7 -"]);
}

#[test]
fn a_network_has_limits_of_its_own() {
    let flood = |n: u64| packet((remote(n), 4000), (local(7), 80), 17, 0, 100);
    let entry = |network: &str, scope, udp| Network { network: network.to_owned(), scope, udp, ..Network::default() };
    let config = |network: Vec<Network>| Config { network, ..Config::default() };
    let larger = config(vec![entry("203.0.113.0/24", Scope::Host, 1_000_000)]);
    assert_eq!(told(&larger, 10_000, flood), Vec::<String>::new());
    let smaller = config(vec![entry("203.0.113.0/24", Scope::Host, 5_000)]);
    assert_eq!(told(&smaller, 10_000, flood), ["attack 203.0.113.7 udp_flood"]);
    // A length that capture does not add up: the sum of what it tells of its addresses.
    let spread = |n: u64| packet((remote(n), 4000), (local(mixed(n) >> 40 & 31), 80), 17, 0, 100);
    let odd = config(vec![entry("203.0.113.0/27", Scope::Network, 5_000)]);
    assert_eq!(told(&odd, 10_000, spread), ["attack 203.0.113.0/27 carpet_bombing"]);
}

#[test]
fn ten_million_forged_sources_take_no_more_room_than_some() {
    let sources = faults::runs(1_000_000, 10_000_000);
    let mut feed = feed(&Config::default());
    let rate = sources / 4;
    let mut last = Vec::new();
    for _ in 0..5 {
        last = feed.second(rate, |n| packet((remote(n), mixed(n) as u16), (local(7), 80), 6, SYN, 60));
    }
    assert_eq!(named(&last), ["attack 203.0.113.7 syn_flood"]);
    assert!(serde_json::to_vec(&feed.targets).unwrap().len() < 1 << 20, "the line stays small");
    assert_eq!(last[0].attack.as_ref().unwrap().spoofed, Some(true));
}
