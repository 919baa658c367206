//! Sleeps until one of several rings has a block, and takes note of links that fail meanwhile.

use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::error::RingError;
use super::{Ring, sys};

/// What a link reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The interface went down or away (ENETDOWN).
    Down,
    /// Another error number (errno).
    Other(i32),
}

impl Fault {
    pub(crate) fn from_errno(errno: i32) -> Option<Fault> {
        match errno {
            0 => None,
            libc::ENETDOWN => Some(Fault::Down),
            other => Some(Fault::Other(other)),
        }
    }
}

/// Sleeps until one of the rings has a block or a fault, or `timeout` is over; true = look for blocks. Faults are kept
/// for [`Ring::take_fault`].
///
/// Walk ready blocks first and wait only when there is none: polling takes the lock that the kernel fills the ring under.
///
/// # Errors
/// [`RingError::Wait`] when the kernel refuses to poll.
pub fn wait_any<'a>(rings: impl IntoIterator<Item = &'a mut Ring>, timeout: Duration) -> Result<bool, RingError> {
    let rings: Vec<&mut Ring> = rings.into_iter().collect();
    let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
    let mut polled: Vec<PollFd<'_>> = rings.iter().map(|ring| PollFd::new(ring.as_fd(), PollFlags::POLLIN)).collect();
    match poll(&mut polled, timeout) {
        Ok(_) => (),
        Err(Errno::EINTR) => return Ok(false),
        Err(errno) => return Err(RingError::Wait(errno.into())),
    }
    let events: Vec<PollFlags> = polled.iter().map(|entry| entry.revents().unwrap_or(PollFlags::empty())).collect();
    let mut ready = false;
    for (ring, events) in rings.into_iter().zip(events) {
        ready |= events.contains(PollFlags::POLLIN);
        if events.contains(PollFlags::POLLERR) {
            // Until SO_ERROR is read every poll returns at once, for ever: the reader would spin.
            let errno = sys::take_error(ring.socket.as_fd()).map_err(RingError::Wait)?;
            ring.fault = Fault::from_errno(errno).or(ring.fault);
        }
    }
    Ok(ready)
}
