//! The hand-over under every order of events: a kernel that fills blocks and a walker that takes them.

use std::sync::atomic::Ordering;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, AtomicU64};
use loom::thread;

use super::{give_back, is_ours};

/// Blocks of the ring, and how often the kernel fills one.
const BLOCKS: usize = 2;
const FILLS: u64 = 3;

/// A block: its status and two words of frames. The words are relaxed: only the status orders them.
struct Block {
    status: AtomicU32,
    words: [AtomicU64; 2],
}

fn ring() -> Arc<Vec<Block>> {
    let block =
        |_| Block { status: AtomicU32::new(libc::TP_STATUS_KERNEL), words: [AtomicU64::new(0), AtomicU64::new(0)] };
    Arc::new((0..BLOCKS).map(block).collect())
}

/// As the kernel does: a block that is not its own is not touched, and what it had for it is dropped and counted.
fn kernel(ring: &[Block], publish: Ordering) -> u64 {
    let (mut at, mut dropped) = (0, 0);
    for fill in 1..=FILLS {
        if ring[at].status.load(Ordering::Acquire) != libc::TP_STATUS_KERNEL {
            dropped += 1;
            continue;
        }
        ring[at].words[0].store(fill, Ordering::Relaxed);
        ring[at].words[1].store(fill, Ordering::Relaxed);
        ring[at].status.store(libc::TP_STATUS_USER, publish);
        at = (at + 1) % BLOCKS;
    }
    dropped
}

/// As `Ring::next_block` and the drop of its loan do.
fn walk(ring: &[Block], next: &mut usize, seen: &mut Vec<u64>) {
    while is_ours(&ring[*next].status) {
        let words: Vec<u64> = ring[*next].words.iter().map(|word| word.load(Ordering::Relaxed)).collect();
        assert_eq!(words[0], words[1], "a block is whole");
        seen.push(words[0]);
        give_back(&ring[*next].status);
        *next = (*next + 1) % BLOCKS;
    }
}

fn hand_over(publish: Ordering) {
    let ring = ring();
    let kernel = {
        let ring = ring.clone();
        thread::spawn(move || kernel(&ring, publish))
    };
    let (mut next, mut seen) = (0, Vec::new());
    walk(&ring, &mut next, &mut seen);
    thread::yield_now();
    walk(&ring, &mut next, &mut seen);
    let dropped = kernel.join().unwrap();
    walk(&ring, &mut next, &mut seen);
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "in order, none twice, none stale: {seen:?}");
    assert_eq!(seen.len() as u64 + dropped, FILLS, "none is lost uncounted: {seen:?}");
}

#[test]
fn model_no_block_is_torn_lost_or_seen_twice() {
    loom::model(|| hand_over(Ordering::Release));
}

#[test]
#[should_panic]
fn model_finds_a_hand_over_without_order() {
    loom::model(|| hand_over(Ordering::Relaxed));
}
