//! Small captures of our own making, replayed: the records that come out are held as snapshots.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fmt::Write;
use std::net::Ipv6Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use capture::config::Config;
use capture::file::write::PcapWriter;
use capture::replay::{FileReport, Options, run};
use capture::spooler::closing::Past;
use capture::spooler::sink::Sink;
use spool::row::FlowRecord;

const SECOND: u64 = 1_000_000_000;
const BEGIN: u64 = 1_700_000_000 * SECOND;
const SYN: u8 = 2;
const ACK: u8 = 16;
const FIN: u8 = 1;

/// Ethernet, one 802.1Q tag if `vlan` is not 0, IPv4, then `transport`.
fn ipv4(vlan: u16, src: u8, dst: u8, protocol: u8, transport: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, dst, 2, 0, 0, 0, 0, src];
    if vlan != 0 {
        bytes.extend([0x81, 0]);
        bytes.extend(vlan.to_be_bytes());
    }
    bytes.extend([8, 0, 0x45, 0]);
    bytes.extend((20 + transport.len() as u16).to_be_bytes());
    bytes.extend([0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, src, 10, 0, 0, dst]);
    bytes.extend(transport);
    bytes
}

fn tcp(src_port: u16, dst_port: u16, flags: u8, payload: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(src_port.to_be_bytes());
    bytes.extend(dst_port.to_be_bytes());
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0]);
    bytes.resize(20 + payload, 0);
    bytes
}

fn udp(src_port: u16, dst_port: u16, payload: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(src_port.to_be_bytes());
    bytes.extend(dst_port.to_be_bytes());
    bytes.extend((8 + payload as u16).to_be_bytes());
    bytes.resize(8 + payload, 0);
    bytes
}

/// Replays frames (seconds after the beginning, bytes) and tells records and report as text.
fn replayed(frames: &[(f64, Vec<u8>)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("own.pcap");
    let mut out = PcapWriter::new(std::fs::File::create(&path).unwrap(), 1, 65_535).unwrap();
    for (at, bytes) in frames {
        out.write(BEGIN + (at * SECOND as f64) as u64, bytes.len() as u32, bytes).unwrap();
    }
    out.finish().unwrap();
    let (records, report) = replay(&path);
    let mut text = String::new();
    for r in &records {
        let at = |ns: u64| (ns - BEGIN) as f64 / SECOND as f64;
        let address = |a: [u8; 16]| Ipv6Addr::from(a).to_canonical();
        writeln!(
            text,
            "{:.1}-{:.1} proto {} vlan {} {}:{} > {}:{} fwd {}/{} flags {:#04x} rev {}/{} flags {:#04x} {}",
            at(r.first_ns),
            at(r.last_ns),
            r.protocol,
            r.vlan,
            address(r.src_ip),
            r.src_port,
            address(r.dst_ip),
            r.dst_port,
            r.packets_fwd,
            r.bytes_fwd,
            r.tcp_flags_fwd,
            r.packets_rev,
            r.bytes_rev,
            r.tcp_flags_rev,
            r.end_reason.name()
        )
        .unwrap();
    }
    let FileReport { records, parsed, non_ip, malformed, unsupported, fragments, flows, .. } = report;
    writeln!(text, "records {records} parsed {parsed} non_ip {non_ip} malformed {malformed} unsupported {unsupported} fragments {fragments} flows {flows}").unwrap();
    text
}

fn replay(path: &Path) -> (Vec<FlowRecord>, FileReport) {
    let records = Arc::new(Mutex::new(Vec::new()));
    let kept = records.clone();
    let sink = Sink::nowhere().with_tap(Some(Box::new(move |record| kept.lock().unwrap().push(*record))));
    let mut report = None;
    let options = Options { config: Config::default(), workers: 1, past: Past::default() };
    run(&options, &[path.to_path_buf()], sink, &mut |r| report = Some(r.unwrap())).unwrap();
    let mut records = records.lock().unwrap().clone();
    records.sort_by_key(|r| (r.first_ns, r.src_port));
    (records, report.unwrap())
}

#[test]
fn tcp_connection_is_one_record_and_a_reused_port_another() {
    let up = |flags, payload| ipv4(0, 1, 2, 6, &tcp(4000, 443, flags, payload));
    let down = |flags, payload| ipv4(0, 2, 1, 6, &tcp(443, 4000, flags, payload));
    insta::assert_snapshot!(replayed(&[
        (0.0, up(SYN, 0)),
        (0.1, down(SYN | ACK, 0)),
        (0.2, up(ACK, 100)),
        (0.3, down(ACK, 1000)),
        (0.4, up(FIN | ACK, 0)),
        (0.5, down(FIN | ACK, 0)),
        (1.0, up(SYN, 0)),
        (1.1, down(SYN | ACK, 0)),
    ]));
}

#[test]
fn long_flow_is_written_in_parts_and_silence_ends_it() {
    let packet = || ipv4(0, 1, 2, 17, &udp(53, 5353, 20));
    let frames: Vec<_> = (0..70).map(|s| (f64::from(s), packet())).chain([(100.0, packet())]).collect();
    insta::assert_snapshot!(replayed(&frames));
}

#[test]
fn vlans_fragments_icmp_arp_and_broken_frames_are_told_apart() {
    let mut fragment = ipv4(0, 3, 4, 17, &udp(1, 2, 40));
    fragment[20] = 0x20; // more fragments, offset 0
    let mut later = ipv4(0, 3, 4, 17, &udp(1, 2, 40));
    later[21] = 8; // offset 64
    let mut arp = vec![0xff; 6];
    arp.extend([2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    arp.resize(42, 0);
    let mut broken = ipv4(0, 5, 6, 6, &tcp(1, 2, ACK, 0));
    broken[14] = 0x41; // a header of four bytes
    insta::assert_snapshot!(replayed(&[
        (0.0, ipv4(7, 1, 2, 17, &udp(10, 20, 5))),
        (0.1, ipv4(8, 1, 2, 17, &udp(10, 20, 5))),
        (0.2, ipv4(0, 1, 2, 1, &[8, 0, 0, 0, 0, 1, 0, 1])),
        (0.3, fragment),
        (0.4, later),
        (0.5, arp),
        (0.6, broken),
    ]));
}
