//! Ethernet frames read by etherparse too: where both know the layers, they say the same.

use std::net::{IpAddr, Ipv6Addr};

use capture::frame::{Frame, LinkType};
use capture::wire::{self, Fragment, Packet};
use etherparse::{EtherType, LaxLinkExtSlice, LaxNetSlice, LaxSlicedPacket, LinkSlice, TransportSlice};

use crate::traffic::Traffic;
use crate::{capture_files, corpus, for_each_frame};

/// IP protocol number of the authentication header: here IPv4's own protocol, there one more header to pass.
const AUTHENTICATION: u8 = 51;

fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

/// Whether the layer below announced the IP version that the header has. Where not, etherparse believes the header,
/// while hosts and this parser drop the packet.
fn version_is_announced(theirs: &LaxSlicedPacket<'_>) -> bool {
    let announced = match (theirs.link_exts.last(), &theirs.link) {
        (Some(LaxLinkExtSlice::Vlan(tag)), _) => tag.ether_type(),
        (None, Some(LinkSlice::Ethernet2(ethernet))) => ethernet.ether_type(),
        _ => return false,
    };
    match theirs.net {
        Some(LaxNetSlice::Ipv4(_)) => announced == EtherType::IPV4,
        Some(LaxNetSlice::Ipv6(_)) => announced == EtherType::IPV6,
        _ => false,
    }
}

/// Addresses, and the protocol where it is comparable. Not of IPv4 headers that say they are longer than the packet:
/// etherparse's lax reader accepts them, hosts and this parser do not. Nor of IPv6 payloads of length 0, for which it
/// takes whatever follows, while here only BIG TCP frames have such a payload.
fn network(net: &LaxNetSlice<'_>) -> Option<(Ipv6Addr, Ipv6Addr, Option<u8>)> {
    match net {
        LaxNetSlice::Ipv4(ip) => {
            let header = ip.header();
            if (1..header.slice().len()).contains(&usize::from(header.total_len())) {
                return None;
            }
            let (src, dst) = (header.source_addr().into(), header.destination_addr().into());
            let protocol = header.protocol().0;
            Some((mapped(src), mapped(dst), (protocol != AUTHENTICATION).then_some(protocol)))
        }
        LaxNetSlice::Ipv6(ip) if ip.header().payload_length() == 0 => None,
        LaxNetSlice::Ipv6(ip) => {
            let header = ip.header();
            let (src, dst) = (header.source_addr().into(), header.destination_addr().into());
            Some((mapped(src), mapped(dst), None))
        }
        LaxNetSlice::Arp(_) => None,
    }
}

fn check(frame: &Frame<'_>, theirs: &LaxSlicedPacket<'_>, ours: Option<&Packet>) {
    let Some((src, dst, protocol)) = theirs.net.as_ref().and_then(network) else { return };
    let ours = ours.unwrap_or_else(|| panic!("IP to etherparse, not to us: {:02x?}", frame.bytes));
    assert_eq!((ours.src, ours.dst), (src.octets(), dst.octets()), "{:02x?}", frame.bytes);
    assert!(protocol.is_none_or(|protocol| protocol == ours.protocol), "{:02x?}", frame.bytes);
    if protocol.is_none() && ours.protocol == AUTHENTICATION {
        return;
    }
    let ports = (ours.src_port, ours.dst_port);
    match &theirs.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            let flags = tcp.slice()[13];
            let expect = (tcp.source_port(), tcp.destination_port());
            assert_eq!((ports, ours.tcp_flags, ours.protocol), (expect, flags, 6), "{:02x?}", frame.bytes);
        }
        Some(TransportSlice::Udp(udp)) => {
            let expect = (udp.source_port(), udp.destination_port());
            assert_eq!((ports, ours.protocol), (expect, 17), "{:02x?}", frame.bytes);
        }
        Some(_) => assert_eq!(ports, (0, 0), "{:02x?}", frame.bytes),
        None => {}
    }
    if theirs.net.as_ref().and_then(|net| net.ip_payload_ref()).is_some_and(|payload| payload.fragmented) {
        assert_ne!(ours.fragment, Fragment::None, "{:02x?}", frame.bytes);
    }
}

/// Compares the frames of a file; how many had an IP header to etherparse.
fn compare(path: &std::path::Path) -> u64 {
    let mut compared = 0;
    for_each_frame(path, |frame| {
        if frame.link != LinkType::Ethernet {
            return;
        }
        let Ok(theirs) = LaxSlicedPacket::from_ethernet(frame.bytes) else { return };
        if !version_is_announced(&theirs) {
            return;
        }
        let ours = wire::parse(frame, false).ok();
        check(frame, &theirs, ours.as_ref());
        compared += u64::from(theirs.net.as_ref().and_then(network).is_some());
    })
    .unwrap();
    compared
}

#[test]
fn generated_traffic_reads_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traffic.pcap");
    Traffic { packets: 5000, flows: 1000, snaplen: 128, seed: 5 }.write(&path).unwrap();
    assert_eq!(compare(&path), 5000);
}

#[test]
fn corpus_frames_read_alike() {
    let Some(folder) = corpus("corpus_frames_read_alike") else { return };
    let compared: u64 = capture_files(&folder).iter().map(|path| compare(path)).sum();
    assert!(compared > 100_000, "only {compared} frames compared");
    eprintln!("{compared} frames read alike");
}
