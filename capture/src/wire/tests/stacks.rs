//! What stands between an Ethernet header and the ports.

use super::{Packet, Skip, dns, dns6, ethernet, expect_dns, expect_dns6, frame, ipv4, ipv4_at, ipv6, join, parse};
use super::{read, tcp, udp, vlan};
use crate::frame::{LinkType, VlanTag};
use crate::wire::Fragment;

fn check(bytes: &[u8], expect: Result<Packet, Skip>) {
    assert_eq!(read(bytes), expect, "{bytes:02x?}");
}

#[test]
fn ip_behind_ethernet() {
    check(&ethernet(0x0800, &dns()), Ok(expect_dns(14)));
    check(&ethernet(0x86dd, &dns6()), Ok(expect_dns6(14)));
}

#[test]
fn frames_without_ip_have_their_class() {
    check(&ethernet(0x0806, &[0; 28]), Err(Skip::NonIp));
    check(&ethernet(0x88cc, &[0; 28]), Err(Skip::NonIp));
    check(&ethernet(38, &[0x42, 0x42, 0x03, 0, 0]), Err(Skip::NonIp));
    check(&ethernet(0x88e5, &[0; 28]), Err(Skip::Unsupported));
    check(&ethernet(0x0800, &[0x45; 10]), Err(Skip::Malformed));
    check(&ethernet(0x0800, &dns6()), Err(Skip::Malformed));
    check(&ethernet(0x86dd, &dns()), Err(Skip::Malformed));
    check(&[], Err(Skip::Malformed));
    check(&[0; 13], Err(Skip::Malformed));
}

#[test]
fn tags_stack_and_the_outermost_counts() {
    let one = ethernet(0x8100, &vlan(0x2064, 0x0800, &dns()));
    check(&one, Ok(Packet { vlan: 0x64, ..expect_dns(18) }));
    let two = ethernet(0x88a8, &vlan(7, 0x8100, &vlan(9, 0x86dd, &dns6())));
    check(&two, Ok(Packet { vlan: 7, ..expect_dns6(22) }));
    let priority = ethernet(0x8100, &vlan(0x6000, 0x0800, &dns()));
    check(&priority, Ok(expect_dns(18)));
    let cut = ethernet(0x8100, &[0, 7, 8]);
    check(&cut, Err(Skip::Malformed));
}

#[test]
fn tag_from_the_kernel_is_the_outermost() {
    let bytes = ethernet(0x8100, &vlan(9, 0x0800, &dns()));
    let tagged =
        crate::frame::Frame { vlan: Some(VlanTag { tci: 0xe00c, tpid: 0x88a8 }), ..frame(LinkType::Ethernet, &bytes) };
    assert_eq!(parse(&tagged, false), Ok(Packet { vlan: 12, ..expect_dns(18) }));
}

#[test]
fn endless_tags_end() {
    let tags = [0, 1, 0x81, 0x00].repeat(1000);
    check(&ethernet(0x8100, &tags), Err(Skip::Unsupported));
    let labels = [0, 0, 0x10, 64].repeat(1000);
    check(&ethernet(0x8847, &labels), Err(Skip::Unsupported));
}

#[test]
fn mpls_payload_is_told_by_label_or_first_bits() {
    let bottom = [0, 0x10, 0x01, 64];
    check(&ethernet(0x8847, &join(&[&[0, 0x20, 0, 64], &bottom, &dns()])), Ok(expect_dns(22)));
    check(&ethernet(0x8848, &join(&[&bottom, &dns6()])), Ok(expect_dns6(18)));
    let null_v6 = [0, 0, 0x21, 64];
    check(&ethernet(0x8847, &join(&[&null_v6, &dns6()])), Ok(expect_dns6(18)));
    let pseudowire = join(&[&bottom, &[0; 4], &ethernet(0x0800, &dns())]);
    check(&ethernet(0x8847, &pseudowire), Ok(expect_dns(36)));
    check(&ethernet(0x8847, &join(&[&bottom, &[0x10, 0, 0, 0x07]])), Err(Skip::NonIp));
    check(&ethernet(0x8847, &join(&[&bottom, &[0xf0; 30]])), Err(Skip::Unsupported));
    check(&ethernet(0x8847, &[0, 0x10, 0]), Err(Skip::Malformed));
}

#[test]
fn pppoe_sessions_carry_ip_discovery_does_not() {
    let session = |payload: &[u8]| join(&[&[0x11, 0, 0, 5, 0, payload.len() as u8], payload]);
    check(&ethernet(0x8864, &session(&join(&[&[0, 0x21], &dns()]))), Ok(expect_dns(22)));
    check(&ethernet(0x8864, &session(&join(&[&[0x57], &dns6()]))), Ok(expect_dns6(21)));
    check(&ethernet(0x8864, &session(&[0xc0, 0x21, 1, 1])), Err(Skip::NonIp));
    check(&ethernet(0x8863, &[0x11, 9, 0, 0, 0, 0]), Err(Skip::NonIp));
    check(&ethernet(0x8864, &[0x21, 0, 0, 0, 0, 0]), Err(Skip::Malformed));
}

#[test]
fn snap_leads_to_ip() {
    let snap = join(&[&[0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00], &dns()]);
    check(&ethernet(snap.len() as u16, &snap), Ok(expect_dns(22)));
    check(&ethernet(8, &[0xaa, 0xaa, 0x03, 0, 0, 0x0c, 0x20, 0x00]), Err(Skip::NonIp));
}

#[test]
fn tcp_flags_and_options_are_read() {
    let mut header = tcp(80, 4000, 0x12);
    header[12] = 0x80;
    header.extend([1; 12]);
    let expect = Packet {
        src_port: 80,
        dst_port: 4000,
        protocol: 6,
        tcp_flags: 0x12,
        ip_bytes: 52,
        header_bytes: 66,
        ..expect_dns(14)
    };
    check(&ethernet(0x0800, &ipv4(6, &header)), Ok(expect));
}

#[test]
fn protocols_with_and_without_ports() {
    let expect = |protocol, header_bytes| Packet { protocol, header_bytes, ip_bytes: 40, ..expect_dns(14) };
    let payload = join(&[&1000_u16.to_be_bytes(), &53_u16.to_be_bytes(), &[0; 16]]);
    check(&ethernet(0x0800, &ipv4(132, &payload)), Ok(expect(132, 46)));
    let portless = |protocol, header_bytes| Packet { src_port: 0, dst_port: 0, ..expect(protocol, header_bytes) };
    for (protocol, header_bytes) in [(1, 38), (2, 34), (50, 34), (51, 34), (89, 34)] {
        check(&ethernet(0x0800, &ipv4(protocol, &payload)), Ok(portless(protocol, header_bytes)));
    }
}

#[test]
fn ipv4_options_are_passed() {
    let mut packet = ipv4(17, &join(&[&[1, 1, 1, 0], &udp(1000, 53, b"what")]));
    packet[0] = 0x46;
    check(&ethernet(0x0800, &packet), Ok(Packet { ip_bytes: 36, ..expect_dns(18) }));
    packet[0] = 0x44;
    check(&ethernet(0x0800, &packet), Err(Skip::Malformed));
}

#[test]
fn fragments_have_their_place() {
    let first = ethernet(0x0800, &ipv4_at(0x2000, 17, &udp(1000, 53, b"what")));
    check(&first, Ok(Packet { fragment: Fragment::First, ..expect_dns(14) }));
    let later = ethernet(0x0800, &ipv4_at(0x2001, 17, &udp(1000, 53, b"what")));
    let expect = Packet { fragment: Fragment::Later, src_port: 0, dst_port: 0, ..expect_dns(6) };
    check(&later, Ok(expect));
}

#[test]
fn ipv6_extension_headers_are_passed() {
    let chain =
        join(&[&[60, 0, 0, 0, 0, 0, 0, 0], &[43, 1], &[0; 14], &[17, 0, 0, 0, 0, 0, 0, 0], &udp(1000, 53, b"what")]);
    check(&ethernet(0x86dd, &ipv6(0, &chain)), Ok(Packet { ip_bytes: 84, ..expect_dns6(46) }));
    let authenticated = join(&[&[17, 4], &[0; 22], &udp(1000, 53, b"what")]);
    check(&ethernet(0x86dd, &ipv6(51, &authenticated)), Ok(Packet { ip_bytes: 76, ..expect_dns6(38) }));
}

#[test]
fn ipv6_fragments_have_their_place() {
    let fragment = |place: u16| {
        let header = join(&[&[17, 0], &place.to_be_bytes(), &[0, 0, 0, 9], &udp(1000, 53, b"what")]);
        ethernet(0x86dd, &ipv6(44, &header))
    };
    check(&fragment(0), Ok(Packet { ip_bytes: 60, ..expect_dns6(22) }));
    check(&fragment(1), Ok(Packet { ip_bytes: 60, fragment: Fragment::First, ..expect_dns6(22) }));
    let later = Packet { ip_bytes: 60, fragment: Fragment::Later, src_port: 0, dst_port: 0, ..expect_dns6(14) };
    check(&fragment(8), Ok(later));
}

#[test]
fn endless_extension_headers_end() {
    let chain = [60, 0, 0, 0, 0, 0, 0, 0].repeat(5000);
    let expect = Packet { protocol: 60, src_port: 0, dst_port: 0, ip_bytes: 40_040, ..expect_dns6(14) };
    let header_bytes = 14 + 40 + 192 * 8;
    check(&ethernet(0x86dd, &ipv6(60, &chain)), Ok(Packet { header_bytes, ..expect }));
}
