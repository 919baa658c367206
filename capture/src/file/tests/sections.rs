//! pcapng: sections, interfaces, the three packet blocks, clocks.

use super::super::Ending;
use super::{Order, Record, block, enhanced, interface, read, record, section};
use crate::frame::LinkType;

fn check(content: &[Vec<u8>], expect: Vec<Record>) {
    let (records, ending, summary) = read(&content.concat());
    assert_eq!((&records, ending), (&expect, Ending::Whole));
    assert_eq!(summary.records, expect.len() as u64);
    assert_eq!(summary.wire_bytes, expect.iter().map(|record| u64::from(record.wire_len)).sum::<u64>());
}

#[test]
fn three_packet_blocks_in_either_order() {
    for order in [Order::Little, Order::Big] {
        let mut obsolete = order.u16(0).to_vec();
        obsolete.extend(order.u16(9));
        obsolete.extend(order.words(&[0, 3_000_000, 5, 70]));
        obsolete.extend(b"three");
        let simple = [&order.u32(90)[..], b"at most 8 bytes"].concat();
        let content = [
            section(order),
            interface(order, 1, 8, &[]),
            enhanced(order, 0, 1_000_000, 60, b"one"),
            block(order, 3, &simple),
            block(order, 2, &obsolete),
        ];
        let expect =
            vec![record(1_000_000_000, 60, b"one"), record(0, 90, b"at most "), record(3_000_000_000, 70, b"three")];
        check(&content, expect);
    }
}

#[test]
fn interfaces_have_their_own_link_and_clock() {
    let order = Order::Big;
    let nanoseconds = [&order.u16(9)[..], &order.u16(1), &[9, 0, 0, 0]].concat();
    let offset = [&order.u16(14)[..], &order.u16(8), &100_i64.to_be_bytes()].concat();
    let content = [
        section(order),
        interface(order, 101, 0, &nanoseconds),
        interface(order, 1, 0, &offset),
        enhanced(order, 1, 5_000_000, 3, b"abc"),
        enhanced(order, 0, 5_000_000, 3, b"abc"),
    ];
    let expect = vec![
        Record { interface: 1, ..record(105_000_000_000, 3, b"abc") },
        Record { link: LinkType::RawIp, ..record(5_000_000, 3, b"abc") },
    ];
    check(&content, expect);
}

#[test]
fn sections_change_byte_order_and_forget_interfaces() {
    let (little, big) = (Order::Little, Order::Big);
    let content = [
        section(little),
        interface(little, 101, 0, &[]),
        enhanced(little, 0, 1, 3, b"abc"),
        section(big),
        interface(big, 1, 0, &[]),
        enhanced(big, 0, 2, 3, b"abc"),
    ];
    let expect =
        vec![Record { link: LinkType::RawIp, ..record(1000, 3, b"abc") }, Record { ..record(2000, 3, b"abc") }];
    check(&content, expect);
}

#[test]
fn other_blocks_and_options_are_passed() {
    let order = Order::Little;
    let mut with_options = order.words(&[0, 0, 1, 3, 3]);
    with_options.extend(b"abc\0");
    with_options.extend([1, 0, 3, 0, b'h', b'e', b'y', 0, 0, 0, 0, 0]);
    let content = [
        section(order),
        block(order, 4, &[0; 40]),
        interface(order, 1, 0, &[]),
        block(order, 0x0bad, &[7; 3 << 20]),
        block(order, 6, &with_options),
        block(order, 5, &[0; 12]),
    ];
    check(&content, vec![record(1000, 3, b"abc")]);
}
