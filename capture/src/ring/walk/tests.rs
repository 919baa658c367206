//! Blocks made by hand and blocks of garbage.

use proptest::prelude::*;

use super::{BLOCK_HEADER, BlockHeader, ENTRY, Frames, Layout, VNET_HEADER};
use crate::frame::{LinkType, VlanTag};

const LAYOUT: Layout = Layout { link: LinkType::Ethernet, vnet_header: true };

struct Entry {
    bytes: Vec<u8>,
    status: u32,
    tag: (u32, u16),
    gso: (u8, u16),
    packet_type: u8,
}

impl Entry {
    fn plain(bytes: &[u8]) -> Entry {
        Entry { bytes: bytes.to_vec(), status: libc::TP_STATUS_USER, tag: (0, 0), gso: (0, 0), packet_type: 0 }
    }
}

fn put(block: &mut [u8], at: usize, value: u32) {
    block[at..at + 4].copy_from_slice(&value.to_ne_bytes());
}

/// A block as the kernel lays it out.
fn block(entries: &[Entry]) -> Vec<u8> {
    let mut block = vec![0; 1 << 16];
    put(&mut block, 12, entries.len() as u32);
    put(&mut block, 16, BLOCK_HEADER as u32);
    let mut at = BLOCK_HEADER;
    for (number, entry) in entries.iter().enumerate() {
        let mac = ENTRY + VNET_HEADER + 4;
        let step = (mac + entry.bytes.len()).next_multiple_of(16);
        put(&mut block, at, if number + 1 == entries.len() { 0 } else { step as u32 });
        put(&mut block, at + 4, 1_700_000_000);
        put(&mut block, at + 8, 5 + number as u32);
        put(&mut block, at + 12, entry.bytes.len() as u32);
        put(&mut block, at + 16, 1514);
        put(&mut block, at + 20, entry.status);
        block[at + 24..at + 26].copy_from_slice(&(mac as u16).to_ne_bytes());
        put(&mut block, at + 32, entry.tag.0);
        block[at + 36..at + 38].copy_from_slice(&entry.tag.1.to_ne_bytes());
        block[at + 58] = entry.packet_type;
        block[at + mac - VNET_HEADER + 1] = entry.gso.0;
        block[at + mac - VNET_HEADER + 4..at + mac - VNET_HEADER + 6].copy_from_slice(&entry.gso.1.to_ne_bytes());
        block[at + mac..at + mac + entry.bytes.len()].copy_from_slice(&entry.bytes);
        at += step;
    }
    block
}

#[test]
fn frames_come_in_order_with_their_metadata() {
    let block = block(&[
        Entry::plain(b"first"),
        Entry {
            tag: (100, 0x88a8),
            status: libc::TP_STATUS_USER | libc::TP_STATUS_VLAN_VALID | libc::TP_STATUS_VLAN_TPID_VALID,
            packet_type: libc::PACKET_OUTGOING,
            ..Entry::plain(b"second")
        },
        Entry {
            tag: (7, 0),
            status: libc::TP_STATUS_USER | libc::TP_STATUS_VLAN_VALID,
            gso: (1, 1448),
            ..Entry::plain(b"")
        },
    ]);
    let frames: Vec<_> = Frames::new(&block, LAYOUT).collect();
    assert_eq!(frames.iter().map(|frame| frame.bytes).collect::<Vec<_>>(), [&b"first"[..], b"second", b""]);
    assert_eq!(frames[0].time_ns, 1_700_000_000_000_000_005);
    assert_eq!(
        frames.iter().map(|frame| frame.vlan).collect::<Vec<_>>(),
        [None, Some(VlanTag { tci: 100, tpid: 0x88a8 }), Some(VlanTag { tci: 7, tpid: 0x8100 })]
    );
    assert_eq!(frames.iter().map(|frame| frame.outgoing).collect::<Vec<_>>(), [Some(false), Some(true), Some(false)]);
    assert_eq!(frames.iter().map(|frame| frame.gso_size).collect::<Vec<_>>(), [0, 0, 1448]);
    assert_eq!(frames[1].wire_bytes(), 1518);
}

#[test]
fn gso_size_without_a_type_means_nothing() {
    let block = block(&[Entry { gso: (0, 1448), ..Entry::plain(b"x") }]);
    assert_eq!(Frames::new(&block, LAYOUT).next().expect("one frame").gso_size, 0);
}

#[test]
fn entry_given_up_by_the_kernel_is_no_frame() {
    let block = block(&[Entry::plain(b"a"), Entry { status: 0, ..Entry::plain(b"stale") }, Entry::plain(b"b")]);
    let mut frames = Frames::new(&block, LAYOUT);
    assert_eq!(frames.by_ref().map(|frame| frame.bytes).collect::<Vec<_>>(), [b"a", b"b"]);
    assert_eq!((frames.withdrawn(), frames.damaged()), (1, 0));
}

#[test]
fn announced_entries_that_are_not_there_are_counted() {
    let mut block = block(&[Entry::plain(b"a"), Entry::plain(b"b")]);
    put(&mut block, 12, 10);
    let mut frames = Frames::new(&block, LAYOUT);
    assert_eq!(frames.by_ref().count(), 2);
    assert_eq!(frames.damaged(), 8);
}

#[test]
fn frame_that_reaches_out_of_the_block_is_damaged_and_the_next_is_read() {
    let mut block = block(&[Entry::plain(b"a"), Entry::plain(b"b")]);
    put(&mut block, BLOCK_HEADER + 12, u32::MAX);
    let mut frames = Frames::new(&block, LAYOUT);
    assert_eq!(frames.by_ref().map(|frame| frame.bytes).collect::<Vec<_>>(), [b"b"]);
    assert_eq!(frames.damaged(), 1);
}

#[test]
fn block_too_short_for_a_header_is_empty() {
    assert_eq!(Frames::new(&[1; BLOCK_HEADER - 1], LAYOUT).count(), 0);
    assert_eq!(BlockHeader::read(&[1; 3]), BlockHeader::default());
}

proptest! {
    #[test]
    fn garbage_ends_stays_inside_and_is_accounted(
        bytes in proptest::collection::vec(any::<u8>(), 0..4096),
        entries in 0_u32..200,
        first in 0_u32..5000,
        steps in proptest::collection::vec((0_usize..4096, 0_u32..300), 0..40),
    ) {
        let mut block = bytes;
        if block.len() >= BLOCK_HEADER {
            put(&mut block, 12, entries);
            put(&mut block, 16, first);
            for (at, step) in steps {
                if at + 4 <= block.len() {
                    put(&mut block, at, step);
                }
            }
        }
        let range = block.as_ptr_range();
        let mut frames = Frames::new(&block, LAYOUT);
        let mut count = 0;
        for frame in frames.by_ref() {
            let inside = frame.bytes.as_ptr_range();
            prop_assert!(range.start <= inside.start && inside.end <= range.end);
            count += 1;
        }
        prop_assert_eq!(count + frames.damaged() + frames.withdrawn(), BlockHeader::read(&block).entries);
    }
}
