//! Lengths that lie, frames cut by the snaplen, frames cut by their sender.

use super::{Packet, dns, ethernet, expect_dns, frame, ipv4, ipv6, parse, read, tcp};
use crate::frame::{Frame, LinkType};
use crate::wire::{Fragment, Skip};

/// `bytes` of a frame that had `wire_len`.
fn check_cut(bytes: &[u8], wire_len: usize, expect: Result<Packet, Skip>) {
    let cut = Frame { wire_len: wire_len as u32, ..frame(LinkType::Ethernet, bytes) };
    assert_eq!(parse(&cut, false), expect, "{bytes:02x?} of {wire_len}");
}

fn no_ports(packet: Packet) -> Packet {
    Packet { src_port: 0, dst_port: 0, ..packet }
}

#[test]
fn ethernet_padding_is_not_counted() {
    let mut bytes = ethernet(0x0800, &dns());
    bytes.extend([0; 14]);
    assert_eq!(read(&bytes), Ok(expect_dns(14)));
}

#[test]
fn ports_are_not_read_from_padding() {
    let mut packet = dns();
    packet[3] = 20;
    let expect = Packet { ip_bytes: 20, header_bytes: 34, truncated: true, ..expect_dns(14) };
    assert_eq!(read(&ethernet(0x0800, &packet)), Ok(no_ports(expect)));
}

#[test]
fn declared_length_is_clamped_to_the_wire() {
    let mut packet = dns();
    packet[2] = 0xff;
    assert_eq!(read(&ethernet(0x0800, &packet)), Ok(expect_dns(14)));
    packet[2..4].copy_from_slice(&[0, 19]);
    assert_eq!(read(&ethernet(0x0800, &packet)), Err(Skip::Malformed));
}

#[test]
fn big_tcp_has_the_length_of_the_frame() {
    let mut packet = ipv4(6, &tcp(1, 2, 0x10));
    packet[2..4].copy_from_slice(&[0, 0]);
    let expect = Packet {
        src_port: 1,
        dst_port: 2,
        protocol: 6,
        tcp_flags: 0x10,
        ip_bytes: 199_986,
        header_bytes: 54,
        ..expect_dns(14)
    };
    check_cut(&ethernet(0x0800, &packet), 200_000, Ok(expect));
    let mut packet = ipv6(6, &tcp(1, 2, 0x10));
    packet[4..6].copy_from_slice(&[0, 0]);
    let expect = Packet { src: super::address6(1), dst: super::address6(2), header_bytes: 74, ..expect };
    check_cut(&ethernet(0x86dd, &packet), 200_000, Ok(expect));
}

#[test]
fn snaplen_cut_leaves_what_it_left() {
    let bytes = ethernet(0x0800, &ipv4(6, &tcp(1000, 53, 0x12)));
    let whole = Packet { protocol: 6, tcp_flags: 0x12, ip_bytes: 40, header_bytes: 54, ..expect_dns(14) };
    check_cut(&bytes[..48], 54, Ok(whole));
    check_cut(&bytes[..38], 54, Ok(Packet { tcp_flags: 0, ..whole }));
    check_cut(&bytes[..34], 54, Ok(no_ports(Packet { tcp_flags: 0, ..whole })));
    check_cut(&bytes[..33], 54, Err(Skip::Malformed));
}

#[test]
fn sender_cut_is_marked() {
    let bytes = ethernet(0x0800, &ipv4(6, &tcp(1000, 53, 0x12)));
    let whole = Packet { protocol: 6, tcp_flags: 0x12, ip_bytes: 40, header_bytes: 54, ..expect_dns(14) };
    let cut = Packet { truncated: true, ..whole };
    check_cut(&bytes[..48], 48, Ok(Packet { ip_bytes: 34, header_bytes: 48, ..cut }));
    check_cut(&bytes[..38], 38, Ok(Packet { ip_bytes: 24, header_bytes: 38, tcp_flags: 0, ..cut }));
    check_cut(&bytes[..34], 34, Ok(no_ports(Packet { ip_bytes: 20, header_bytes: 34, tcp_flags: 0, ..cut })));
}

#[test]
fn missing_options_and_extension_headers_are_marked() {
    let mut packet = ipv4(17, &[0; 40]);
    packet[0] = 0x4f;
    let expect = Packet { ip_bytes: 20, truncated: true, header_bytes: 74, ..expect_dns(14) };
    check_cut(&ethernet(0x0800, &packet[..20]), 34, Ok(no_ports(expect)));
    let packet = ipv6(60, &[17, 9, 0, 0, 0, 0, 0, 0]);
    let found = read(&ethernet(0x86dd, &packet)).unwrap();
    assert!(found.truncated && found.protocol == 60 && found.src_port == 0);
}

#[test]
fn later_fragment_is_never_truncated() {
    let bytes = ethernet(0x0800, &super::ipv4_at(0x00b9, 17, &[1, 2]));
    let found = read(&bytes).unwrap();
    assert_eq!((found.fragment, found.truncated, found.ip_bytes), (Fragment::Later, false, 22));
}

#[test]
fn wire_length_below_the_captured_bytes_is_believed() {
    let bytes = ethernet(0x0800, &dns());
    let found = parse(&Frame { wire_len: 20, ..frame(LinkType::Ethernet, &bytes) }, false).unwrap();
    assert_eq!(found.ip_bytes, 6);
    assert!(found.truncated);
}
