//! Link layers of capture files.

use super::{Packet, Skip, dns, dns6, ethernet, expect_dns, expect_dns6, frame, join, parse};
use crate::frame::LinkType;

fn check(link: LinkType, bytes: &[u8], expect: Result<Packet, Skip>) {
    assert_eq!(parse(&frame(link, bytes), false), expect, "{link:?} {bytes:02x?}");
}

#[test]
fn raw_ip_is_told_by_its_version() {
    check(LinkType::RawIp, &dns(), Ok(expect_dns(0)));
    check(LinkType::RawIp, &dns6(), Ok(expect_dns6(0)));
    check(LinkType::RawIp, &[0x55; 60], Err(Skip::Malformed));
}

#[test]
fn null_and_loop_in_either_order() {
    check(LinkType::NullLoop, &join(&[&[2, 0, 0, 0], &dns()]), Ok(expect_dns(4)));
    check(LinkType::NullLoop, &join(&[&[0, 0, 0, 2], &dns()]), Ok(expect_dns(4)));
    check(LinkType::NullLoop, &join(&[&[30, 0, 0, 0], &dns6()]), Ok(expect_dns6(4)));
    check(LinkType::NullLoop, &[7, 0, 0, 0, 0], Err(Skip::NonIp));
    check(LinkType::NullLoop, &[2, 0], Err(Skip::Malformed));
}

#[test]
fn linux_cooked_both_versions() {
    let v1 = |hardware: u16, number: u16, payload: &[u8]| {
        join(&[&[0, 0], &hardware.to_be_bytes(), &[0; 10], &number.to_be_bytes(), payload])
    };
    check(LinkType::LinuxCooked, &v1(1, 0x0800, &dns()), Ok(expect_dns(16)));
    check(LinkType::LinuxCooked, &v1(1, 4, &[0x42, 0x42, 3]), Err(Skip::NonIp));
    check(LinkType::LinuxCooked, &v1(824, 0x0800, &dns()), Err(Skip::NonIp));
    let tagged = join(&[&[0, 9, 0x86, 0xdd], &dns6()]);
    check(LinkType::LinuxCooked, &v1(1, 0x8100, &tagged), Ok(Packet { vlan: 9, ..expect_dns6(20) }));
    let v2 = join(&[&[0x86, 0xdd], &[0; 18], &dns6()]);
    check(LinkType::LinuxCooked2, &v2, Ok(expect_dns6(20)));
}

#[test]
fn ppp_with_and_without_framing() {
    check(LinkType::Ppp, &join(&[&[0xff, 0x03, 0x00, 0x21], &dns()]), Ok(expect_dns(4)));
    check(LinkType::Ppp, &join(&[&[0x00, 0x57], &dns6()]), Ok(expect_dns6(2)));
    check(LinkType::Ppp, &join(&[&[0x21], &dns()]), Ok(expect_dns(1)));
    check(LinkType::Ppp, &join(&[&[0x0f, 0x00, 0x08, 0x00], &dns()]), Ok(expect_dns(4)));
    check(LinkType::Ppp, &[0xff, 0x03, 0xc0, 0x21], Err(Skip::NonIp));
    check(LinkType::Ppp, &[0xff, 0x03, 0x00, 0x2d, 0], Err(Skip::Unsupported));
    check(LinkType::PppOverEther, &join(&[&[0x11, 0, 0, 1, 0, 34, 0, 0x21], &dns()]), Ok(expect_dns(8)));
}

#[test]
fn hdlc_and_frame_relay() {
    check(LinkType::CiscoHdlc, &join(&[&[0x0f, 0, 8, 0], &dns()]), Ok(expect_dns(4)));
    check(LinkType::FrameRelay, &join(&[&[0x18, 0x41, 3, 0xcc], &dns()]), Ok(expect_dns(4)));
    check(LinkType::FrameRelay, &join(&[&[0x18, 0x41, 8, 0], &dns()]), Ok(expect_dns(4)));
    let snap = [0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 0x86, 0xdd];
    check(LinkType::FrameRelay, &join(&[&snap, &dns6()]), Ok(expect_dns6(10)));
    let bridged = join(&[&[0x18, 0x41, 3, 0, 0x80, 0, 0x80, 0xc2, 0, 7], &ethernet(0x0800, &dns())]);
    check(LinkType::FrameRelay, &bridged, Ok(expect_dns(24)));
    check(LinkType::FrameRelay, &[0x18, 0x40, 0x40, 0x40, 0x40], Err(Skip::Malformed));
}

#[test]
fn ieee80211_data_frames() {
    let llc = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00];
    let frame = |control: u8, flags: u8, more: usize| join(&[&[control, flags], &vec![0; 22 + more], &llc, &dns()]);
    check(LinkType::Ieee80211, &frame(0x08, 1, 0), Ok(expect_dns(32)));
    check(LinkType::Ieee80211, &frame(0x08, 3, 6), Ok(expect_dns(38)));
    check(LinkType::Ieee80211, &frame(0x88, 1, 2), Ok(expect_dns(34)));
    check(LinkType::Ieee80211, &frame(0x88, 0x81, 6), Ok(expect_dns(38)));
    check(LinkType::Ieee80211, &frame(0x08, 0x41, 0), Err(Skip::Unsupported));
    check(LinkType::Ieee80211, &frame(0x48, 1, 0), Err(Skip::NonIp));
    check(LinkType::Ieee80211, &frame(0x80, 0, 0), Err(Skip::NonIp));
    let padded = join(&[&[0, 0, 9, 0, 2, 0, 0, 0, 0x20], &frame(0x88, 1, 4)]);
    check(LinkType::Radiotap, &padded, Ok(expect_dns(45)));
    let timed = [0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20];
    check(LinkType::Radiotap, &join(&[&timed, &frame(0x88, 1, 4)]), Ok(expect_dns(61)));
    check(LinkType::Radiotap, &[0, 0, 200, 0, 0, 0, 0, 0], Err(Skip::Malformed));
}

#[test]
fn per_packet_information_names_its_link() {
    let ppi = |link: u8, payload: &[u8]| join(&[&[0, 0, 12, 0, link, 0, 0, 0, 1, 2, 3, 4], payload]);
    check(LinkType::Ppi, &ppi(1, &ethernet(0x0800, &dns())), Ok(expect_dns(26)));
    check(LinkType::Ppi, &ppi(192, &ppi(1, &[])), Err(Skip::Unsupported));
    check(LinkType::Ppi, &ppi(147, &dns()), Err(Skip::Unsupported));
}

#[test]
fn netfilter_log_in_either_order() {
    let little = join(&[&[2, 0, 0, 5], &[5, 0, 10, 0, 0, 0, 0, 0], &[36, 0, 9, 0], &dns()]);
    check(LinkType::NfLog, &little, Ok(expect_dns(16)));
    let big = join(&[&[10, 0, 0, 5], &[0, 8, 0, 3, 0, 0, 0, 0], &[0, 56, 0, 9], &dns6()]);
    check(LinkType::NfLog, &big, Ok(expect_dns6(16)));
    check(LinkType::NfLog, &[7, 0, 0, 5], Err(Skip::NonIp));
    check(LinkType::NfLog, &[2, 0, 0, 5, 3, 0, 9, 0], Err(Skip::Malformed));
}

#[test]
fn other_link_types_are_unsupported() {
    check(LinkType::Other(249), &dns(), Err(Skip::Unsupported));
    assert_eq!(LinkType::from_pcap(249), LinkType::Other(249));
}
