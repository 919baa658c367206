//! Captures of real attacks are named, and captures of ordinary traffic are not, at 50,000 packets a second.

use std::path::{Path, PathBuf};

use notifier::attack::config::{Config, Limits};

use crate::feed::{Feed, frames, named};

const RATE: u64 = 50_000;

/// The folder of captures, or `None` with a line that says that `check` was left out.
fn corpus(check: &str) -> Option<PathBuf> {
    let named = std::env::var_os("FLOODMARK_CORPUS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    if folder.join("stopddos/data").is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {check}: no corpus in {} (set FLOODMARK_CORPUS)", folder.display());
    None
}

/// The attacks of StopDDoS, all on 10.10.10.10, by what is in the packets:
/// * SYN-ACK: 83 % SYN with ACK from ports 80 and 443 of 7,000 servers, 13 % of their RST, and some ICMP of hosts that
///   did not like the forged SYN.
/// * SYN, "optionally ACK, optionally same port": 60 % SYN with ACK from port 21 of two servers that were asked in the
///   target's name and repeat themselves, 18 % SYN in the name of one other victim, the rest scanners.
/// * ISAKMP: answers from port 4500 of 2,700 servers.
/// * SYN with ECE and CWR: one port, 9,697 addresses of which none comes back, and all from the same distance.
const ATTACKS: [(&str, &str, Option<bool>); 4] = [
    ("amp.TCP.reflection.SYNACK.pcap", "syn_ack_reflection", Some(false)),
    ("amp.TCP.syn.optionallyACK.optionallysamePort.pcapng", "syn_ack_reflection", Some(false)),
    ("amp.UDP.isakmp.pcap", "ike_amplification", Some(false)),
    ("pkt.TCP.DOMINATE.syn.ecn.cwr.pcapng", "syn_flood", Some(true)),
];

#[test]
fn each_captured_attack_is_named_with_its_target_by_the_first_full_second() {
    let Some(folder) = corpus("captured attacks") else { return };
    for (file, kind, spoofed) in ATTACKS {
        for network in ["10.10.10.10/32", "10.10.10.0/24", "10.0.0.0/8"] {
            let frames = frames(&folder.join("stopddos/data").join(file), usize::MAX);
            let mut feed = Feed::new(&[network], &Config::default());
            let seconds = feed.looped(&frames, RATE, 4);
            for readings in &seconds[1..] {
                assert_eq!(named(readings), [format!("attack 10.10.10.10 {kind}")], "{file} in {network}");
                let attack = readings[0].attack.as_ref().unwrap();
                assert_eq!((attack.spoofed, attack.direction.as_str()), (spoofed, "in"), "{file}");
                assert!(attack.packets_per_second_peak >= RATE / 2, "{attack:?}");
                let lists = [&attack.sources, &attack.source_prefixes, &attack.sizes, &attack.ttls];
                assert!(lists.iter().all(|list| (1..=20).contains(&list.len())), "{attack:?}");
                assert!(!attack.source_ports.is_empty() && !attack.target_ports.is_empty(), "{attack:?}");
            }
            let total: u64 = seconds[3][0].attack.as_ref().unwrap().packets;
            // A flow is looked at once a second: what came after the last look belongs to the next line.
            assert!((RATE * 5 / 2..=RATE * 7 / 2).contains(&total), "{file}: {total} packets in 3.5 s");
        }
    }
}

/// Limits of volume that fit 50,000 packets a second; all others as they are.
fn raised() -> Config {
    let raise = |limits: Limits| Limits { packets: 1_000_000, bits: 100_000_000_000, flows: 1_000_000, ..limits };
    let config = Config::default();
    Config { host: raise(config.host), out: raise(config.out), prefix: raise(config.prefix), ..config }
}

const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// Captures of ordinary conversations: web, mail, files, names, voice, video, games, tunnels, over IPv4 and IPv6.
const ORDINARY: [&str; 16] = [
    "443-curl.pcap",
    "443-firefox.pcap",
    "chrome.pcap",
    "dns.pcap",
    "ftp-start-tls.pcap",
    "git.pcap",
    "http_ipv6.pcap",
    "imap-starttls.pcap",
    "mysql.pcapng",
    "quic-29.pcap",
    "rdp.pcap",
    "rsync.pcap",
    "smtp.pcap",
    "skype-conference-call.pcap",
    "wireguard.pcap",
    "whatsappfiles.pcap",
];

fn ordinary(folder: &Path) -> Vec<PathBuf> {
    let folder = folder.join("ndpi/data");
    if faults::runs(0, 1) == 0 {
        return ORDINARY.iter().map(|name| folder.join(name)).collect();
    }
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

#[test]
fn ordinary_captures_at_the_rate_of_an_attack_are_no_attack() {
    let Some(folder) = corpus("ordinary captures") else { return };
    let mut wrong = Vec::new();
    let files = ordinary(&folder);
    for path in &files {
        let frames = frames(path, 20_000);
        if frames.is_empty() {
            continue;
        }
        let mut feed = Feed::new(&PRIVATE, &raised());
        let seconds = feed.looped(&frames, RATE, 2);
        wrong.extend(seconds.iter().flat_map(|readings| named(readings)).map(|name| (path.clone(), name)));
    }
    eprintln!("{} captures looped, {} readings: {wrong:#?}", files.len(), wrong.len());
    if faults::runs(0, 1) == 0 {
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
