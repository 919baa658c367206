//! A minimal worker: walks blocks and counts.

use std::time::{Duration, Instant};

use capture::frame::Frame;
use capture::ring::{Ring, Statistics, wait_any};

/// Longest that any test waits for packets that it has sent.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub frames: u64,
    pub wire_bytes: u64,
    pub captured_bytes: u64,
    pub outgoing: u64,
}

impl Tally {
    pub fn count(&mut self, frame: &Frame<'_>) {
        self.frames += 1;
        self.wire_bytes += frame.wire_bytes();
        self.captured_bytes += frame.bytes.len() as u64;
        self.outgoing += u64::from(frame.outgoing == Some(true));
    }
}

#[expect(clippy::disallowed_methods, reason = "tests bound their waiting by the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Waits until `done`, and fails the test after `patience`.
pub fn within(patience: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let end = now() + patience;
    while !done() {
        assert!(now() < end, "waited {patience:?} for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Walks every block that is ready; true if there was one.
pub fn walk(rings: &mut [Ring], mut each: impl FnMut(usize, &Frame<'_>)) -> bool {
    let mut any = false;
    for (number, ring) in rings.iter_mut().enumerate() {
        while let Some(block) = ring.next_block() {
            any = true;
            let mut frames = block.frames();
            frames.by_ref().for_each(|frame| each(number, &frame));
            assert_eq!((frames.damaged(), frames.withdrawn()), (0, 0));
        }
    }
    any
}

/// Reads until `count` frames are here.
pub fn read(rings: &mut [Ring], count: u64, mut each: impl FnMut(usize, &Frame<'_>)) -> Tally {
    let mut tally = Tally::default();
    let end = now() + PATIENCE;
    while tally.frames < count {
        let any = walk(rings, |ring, frame| {
            tally.count(frame);
            each(ring, frame);
        });
        if !any {
            assert!(now() < end, "{count} frames sent, but read {tally:?}; {:?}", statistics(rings));
            wait_any(&mut *rings, Duration::from_millis(50)).expect("rings wait");
        }
    }
    tally
}

/// Stops as capture does: refuses further frames, reads what is in the rings, and balances with the kernel's counters.
pub fn finish(rings: &mut [Ring], mut taken: u64) -> Statistics {
    rings.iter().for_each(|ring| ring.drop_all().expect("the filter is attached"));
    let mut sum = Statistics::default();
    within(PATIENCE, "seen = dropped + taken", || {
        walk(rings, |_, _| taken += 1);
        sum = statistics(rings);
        sum.seen == sum.dropped + taken
    });
    sum
}

pub fn statistics(rings: &mut [Ring]) -> Statistics {
    rings.iter_mut().map(|ring| ring.statistics().expect("statistics")).fold(Statistics::default(), |sum, one| {
        Statistics { seen: sum.seen + one.seen, dropped: sum.dropped + one.dropped, freezes: sum.freezes + one.freezes }
    })
}

/// Nanoseconds of CPU that this thread has used.
pub fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("schedstat");
    text.split(' ').next().and_then(|first| first.parse().ok()).expect("a number")
}
