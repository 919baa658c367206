//! How many packet sockets are opened in advance, within the limit of open files.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::error::CaptureError;
use crate::limits::{SPARES_MAX, SPARES_PER_WORKER};
use crate::ring::Spares;

/// Descriptors for all else: spool, live peers (32), netlink, log, and as many again.
const OTHER_FILES: u64 = 128;

/// Opens the stock, and seals it: from now on no further socket is needed.
///
/// # Errors
/// CAP_NET_RAW is missing, or the limit of open files leaves no room even for the first rings.
pub fn open(workers: usize, interfaces: usize) -> Result<Spares, CaptureError> {
    let first = workers * interfaces;
    let wanted = (SPARES_PER_WORKER * workers).min(SPARES_MAX) + first;
    let limit = raise_limit();
    // Rings that are closed and those that take their place are open together for a moment.
    let room = usize::try_from(limit.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX).saturating_sub(2 * first);
    let count = wanted.min(room).max(first);
    let mut spares = Spares::open(count)?;
    spares.seal();
    let times = (count - first) / workers.max(1);
    if count < wanted {
        tracing::warn!(
            limit,
            "the limit of open files is low: interfaces may come back {times} times before capture must restart; \
             raise LimitNOFILE= of the unit, or ulimit -n"
        );
    } else {
        tracing::debug!(sockets = count, times, "sockets for interfaces that come back are open");
    }
    Ok(spares)
}

/// Raises the soft limit of open files to the hard one; gives what holds then.
fn raise_limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 1024 };
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_err() { soft } else { hard }
}
