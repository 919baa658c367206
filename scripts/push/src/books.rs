//! What all clients of a run note.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The notes; clients share them.
pub struct Books {
    /// Times of messages are counted from here.
    pub start: Instant,
    /// Clients whose subscription stands.
    pub open: AtomicUsize,
    /// Messages that a client had not yet had.
    pub received: AtomicU64,
    /// Messages that a client had had.
    pub doubled: AtomicU64,
    /// Connections that ended without being told to.
    pub lost: AtomicU64,
    /// Clients killed and come back.
    pub resumed: AtomicU64,
    /// Bytes read.
    pub bytes: AtomicU64,
    /// Why a connection was lost first.
    pub fault: OnceLock<String>,
    trips_us: Mutex<Vec<u32>>,
}

impl Books {
    pub fn new(start: Instant) -> Books {
        Books {
            start,
            open: AtomicUsize::default(),
            received: AtomicU64::default(),
            doubled: AtomicU64::default(),
            lost: AtomicU64::default(),
            resumed: AtomicU64::default(),
            bytes: AtomicU64::default(),
            fault: OnceLock::new(),
            trips_us: Mutex::default(),
        }
    }

    /// Microseconds since the start.
    pub fn now_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Notes a message for a client that has had those in `seen`.
    pub fn note(&self, seen: &mut u64, number: u32, sent_us: u64) {
        let bit = 1 << (number % 64);
        if *seen & bit != 0 {
            self.doubled.fetch_add(1, Ordering::Relaxed);
            return;
        }
        *seen |= bit;
        self.received.fetch_add(1, Ordering::Relaxed);
        let trip = u32::try_from(self.now_us().saturating_sub(sent_us)).unwrap_or(u32::MAX);
        self.trips_us.lock().unwrap_or_else(PoisonError::into_inner).push(trip);
    }

    /// Mean, 99th percentile and maximum of the trips.
    pub fn trips(&self) -> Trips {
        Trips::of(self.trips_us.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// How long messages or requests took, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Trips {
    pub mean_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Trips {
    /// Of times in µs.
    pub fn of(mut times_us: Vec<u32>) -> Trips {
        times_us.sort_unstable();
        let Some(max) = times_us.last() else { return Trips::default() };
        let sum: u64 = times_us.iter().map(|time| u64::from(*time)).sum();
        let ms = |time: u32| f64::from(time) / 1e3;
        Trips {
            mean_ms: sum as f64 / times_us.len() as f64 / 1e3,
            p99_ms: ms(times_us[(times_us.len() - 1) * 99 / 100]),
            max_ms: ms(*max),
        }
    }
}

/// Waits until `is_so`, at most `limit`; whether it came to be.
pub async fn until(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(limit, wait).await.is_ok()
}
