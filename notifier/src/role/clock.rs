//! The role's clocks; everything below it takes the time as an argument.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// One moment on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Nanoseconds since the epoch, UTC: what people read.
    pub ns: u64,
    /// What lasts is measured by this one.
    pub instant: Instant,
}

impl Now {
    /// This moment.
    #[expect(clippy::disallowed_methods, reason = "the role's clock")]
    pub fn read() -> Now {
        Now { ns: now_ns(), instant: Instant::now() }
    }
}

/// Nanoseconds since the epoch now.
#[expect(clippy::disallowed_methods, reason = "the role's clock")]
pub fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// How far the local time is ahead of UTC at that time, seconds.
pub fn utc_offset_s(now_ns: u64) -> i32 {
    let time = jiff::Timestamp::from_nanosecond(now_ns.into()).unwrap_or_default();
    jiff::tz::TimeZone::system().to_offset(time).seconds()
}
