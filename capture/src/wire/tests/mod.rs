//! Tests of the parser on frames built header by header.

mod lengths;
mod links;
mod properties;
mod stacks;
mod tunnels;

use super::{Packet, Skip, parse};
use crate::frame::{Frame, LinkType};

/// One after the other.
fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], &ethertype.to_be_bytes(), payload])
}

fn vlan(control: u16, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&control.to_be_bytes(), &ethertype.to_be_bytes(), payload])
}

/// From 10.0.0.1 to 10.0.0.2, with `place` in the flags and offset field.
fn ipv4_at(place: u16, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let total = 20 + payload.len() as u16;
    let [length_high, length_low] = total.to_be_bytes();
    let [place_high, place_low] = place.to_be_bytes();
    join(&[
        &[0x45, 0, length_high, length_low, 0, 1, place_high, place_low, 64, protocol, 0, 0],
        &[10, 0, 0, 1, 10, 0, 0, 2],
        payload,
    ])
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_at(0, protocol, payload)
}

/// From 2001:db8::1 to 2001:db8::2.
fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16).to_be_bytes();
    join(&[&[0x60, 0, 0, 0, high, low, next, 64], &address6(1), &address6(2), payload])
}

fn address6(last: u8) -> [u8; 16] {
    [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]
}

fn address4(last: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last]
}

fn tcp(src: u16, dst: u16, flags: u8) -> Vec<u8> {
    join(&[&src.to_be_bytes(), &dst.to_be_bytes(), &[0; 8], &[0x50, flags, 1, 0, 0, 0, 0, 0]])
}

fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    join(&[&src.to_be_bytes(), &dst.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload])
}

/// What stands in most frames here: 10.0.0.1:1000 → 10.0.0.2:53 by UDP, 32 bytes.
fn dns() -> Vec<u8> {
    ipv4(17, &udp(1000, 53, b"what"))
}

/// The same by IPv6, 52 bytes.
fn dns6() -> Vec<u8> {
    ipv6(17, &udp(1000, 53, b"what"))
}

fn frame(link: LinkType, bytes: &[u8]) -> Frame<'_> {
    let wire_len = bytes.len() as u32;
    Frame { bytes, wire_len, time_ns: 0, link, vlan: None, gso_size: 0, outgoing: None }
}

fn read(bytes: &[u8]) -> Result<Packet, Skip> {
    parse(&frame(LinkType::Ethernet, bytes), false)
}

/// What `dns()` is, `before` bytes into the frame.
fn expect_dns(before: u16) -> Packet {
    Packet {
        src: address4(1),
        dst: address4(2),
        src_port: 1000,
        dst_port: 53,
        protocol: 17,
        ip_bytes: 32,
        header_bytes: before + 28,
        ..Packet::default()
    }
}

/// What `dns6()` is, `before` bytes into the frame.
fn expect_dns6(before: u16) -> Packet {
    Packet { src: address6(1), dst: address6(2), ip_bytes: 52, header_bytes: before + 48, ..expect_dns(before) }
}
