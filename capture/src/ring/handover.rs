//! The status word by which a block goes from the kernel to a walker and back: all the ordering that there is.

use std::sync::atomic::Ordering;

// The models need atomics that a scheduler can see; they lie in no mapping, so their size does not matter there.
#[cfg(all(test, loom))]
pub(super) use loom::sync::atomic::AtomicU32;
#[cfg(not(all(test, loom)))]
pub(super) use std::sync::atomic::AtomicU32;

/// Whether the kernel has finished the block. What it wrote there before is seen from here on.
#[inline(always)]
pub(super) fn is_ours(status: &AtomicU32) -> bool {
    status.load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
}

/// Gives the block back. What was read of it before is read before the kernel writes there again.
#[inline(always)]
pub(super) fn give_back(status: &AtomicU32) {
    status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
}

#[cfg(all(test, loom))]
mod model;
