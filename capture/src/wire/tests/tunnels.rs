//! The innermost IP header, when asked for it.

use super::{Packet, dns, dns6, ethernet, expect_dns, expect_dns6, frame, ipv4, ipv4_at, ipv6, join, parse, read};
use super::{udp, vlan};
use crate::frame::LinkType;

/// Outer header as usual; the inner one is `inner`, with the outer's length `ip_bytes`.
fn check(bytes: &[u8], ip_bytes: u32, inner: Packet) {
    let outer = read(bytes).unwrap();
    assert_eq!(outer.ip_bytes, ip_bytes, "outer length of {bytes:02x?}");
    let found = parse(&frame(LinkType::Ethernet, bytes), true);
    assert_eq!(found, Ok(Packet { ip_bytes, ..inner }), "{bytes:02x?}");
}

/// What is no tunnel is keyed alike with and without `decapsulate`.
fn check_alike(bytes: &[u8]) {
    assert_eq!(read(bytes), parse(&frame(LinkType::Ethernet, bytes), true), "{bytes:02x?}");
}

#[test]
fn ip_in_ip_all_four_ways() {
    check(&ethernet(0x0800, &ipv4(4, &dns())), 52, expect_dns(34));
    check(&ethernet(0x0800, &ipv4(41, &dns6())), 72, expect_dns6(34));
    check(&ethernet(0x86dd, &ipv6(4, &dns())), 72, expect_dns(54));
    check(&ethernet(0x86dd, &ipv6(41, &dns6())), 92, expect_dns6(54));
}

#[test]
fn gre_with_its_options() {
    check(&ethernet(0x0800, &ipv4(47, &join(&[&[0, 0, 8, 0], &dns()]))), 56, expect_dns(38));
    let all = join(&[&[0xb0, 0, 0x86, 0xdd], &[0; 12], &dns6()]);
    check(&ethernet(0x0800, &ipv4(47, &all)), 88, expect_dns6(50));
    let bridged = join(&[&[0, 0, 0x65, 0x58], &ethernet(0x8100, &vlan(5, 0x0800, &dns()))]);
    check(&ethernet(0x0800, &ipv4(47, &bridged)), 74, expect_dns(56));
    let pptp = join(&[&[0x30, 0x81, 0x88, 0x0b], &[0; 12], &[0xff, 0x03, 0x00, 0x21], &dns()]);
    check(&ethernet(0x0800, &ipv4(47, &pptp)), 72, expect_dns(54));
    let erspan = join(&[&[0x10, 0, 0x88, 0xbe], &[0; 12], &ethernet(0x0800, &dns())]);
    check(&ethernet(0x0800, &ipv4(47, &erspan)), 82, expect_dns(64));
}

#[test]
fn vxlan_by_destination_port() {
    let vxlan = |port| udp(50_000, port, &join(&[&[8, 0, 0, 0, 0, 0, 7, 0], &ethernet(0x0800, &dns())]));
    check(&ethernet(0x0800, &ipv4(17, &vxlan(4789))), 82, expect_dns(64));
    check_alike(&ethernet(0x0800, &ipv4(17, &vxlan(4790))));
}

#[test]
fn tunnels_nest_and_end() {
    let two = ipv4(47, &join(&[&[0, 0, 8, 0], &ipv4(4, &dns())]));
    check(&ethernet(0x0800, &two), 76, expect_dns(58));
    let mut packet = dns();
    for _ in 0..20 {
        packet = ipv4(4, &packet);
    }
    // The eighth header inside is the last one entered.
    let expect = Packet { protocol: 4, src_port: 0, dst_port: 0, ..expect_dns(14) };
    check(&ethernet(0x0800, &packet), 432, Packet { header_bytes: 14 + 9 * 20, ..expect });
}

#[test]
fn vlan_stays_the_outermost() {
    let bytes = ethernet(0x8100, &vlan(3, 0x0800, &ipv4(4, &dns())));
    check(&bytes, 52, Packet { vlan: 3, ..expect_dns(38) });
}

#[test]
fn quoted_and_unreadable_packets_are_not_entered() {
    check_alike(&ethernet(0x0800, &ipv4(1, &join(&[&[3, 1, 0, 0, 0, 0, 0, 0], &dns()]))));
    check_alike(&ethernet(0x86dd, &ipv6(58, &join(&[&[1, 0, 0, 0, 0, 0, 0, 0], &dns6()]))));
    check_alike(&ethernet(0x0800, &ipv4(4, &[0x45, 0, 0, 20])));
    check_alike(&ethernet(0x0800, &ipv4(47, &[0x40, 0, 8, 0])));
    check_alike(&ethernet(0x0800, &ipv4(47, &join(&[&[0, 0, 8, 6], &[0; 28]]))));
    check_alike(&ethernet(0x0800, &ipv4_at(0x2001, 4, &dns())));
}
