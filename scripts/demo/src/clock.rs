//! The clock, and waiting with a bound.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::bail;

/// Now.
#[expect(clippy::disallowed_methods, reason = "the demo is of its moment")]
pub fn now() -> Instant {
    Instant::now()
}

/// Waits until `wanted` gives something, `patience` at most.
///
/// # Errors
/// It did not, or `wanted` failed.
pub fn await_some<T>(
    what: &str,
    patience: Duration,
    mut wanted: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let end = now() + patience;
    loop {
        if let Some(found) = wanted()? {
            return Ok(found);
        }
        if now() > end {
            bail!("{what} did not come within {} s", patience.as_secs());
        }
        sleep(Duration::from_millis(50));
    }
}
