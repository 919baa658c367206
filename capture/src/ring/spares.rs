//! Packet sockets opened while the right to do so was held, to be used after it is dropped.

use std::os::fd::OwnedFd;

use super::error::RingError;
use super::sys;

/// Where sockets for new rings come from: opened on demand, or, once [`Spares::seal`]ed, taken from a stock.
///
/// A spare has protocol 0 and no ring: it receives nothing and costs one descriptor. Every step after `socket()` works
/// on it without any capability.
#[derive(Debug, Default)]
pub struct Spares {
    stock: Vec<OwnedFd>,
    opened: usize,
    sealed: bool,
}

impl Spares {
    /// No stock: each ring opens its own socket, which needs CAP_NET_RAW each time.
    pub fn on_demand() -> Spares {
        Spares::default()
    }

    /// Opens `count` sockets in advance. The caller sees to it that the limit of open files is above that.
    ///
    /// # Errors
    /// [`RingError::Socket`] or [`RingError::Files`] when one cannot be opened.
    pub fn open(count: usize) -> Result<Spares, RingError> {
        Ok(Spares { stock: open_sockets(count)?, opened: count, sealed: false })
    }

    /// From now on only the stock is used; call this where CAP_NET_RAW is dropped.
    pub fn seal(&mut self) {
        self.sealed = true;
    }

    /// Sockets left in the stock. One is used per worker each time an interface comes back.
    pub fn remaining(&self) -> usize {
        self.stock.len()
    }

    /// True when less than a quarter of a sealed stock is left: capture should restart while it can still recover.
    pub fn are_low(&self) -> bool {
        self.sealed && self.remaining() < self.opened.div_ceil(4)
    }

    /// Takes one socket.
    pub(crate) fn take_one(&mut self) -> Result<OwnedFd, RingError> {
        self.take(1)?.pop().ok_or(RingError::SparesUsedUp)
    }

    /// Takes `count` sockets or none.
    pub(super) fn take(&mut self, count: usize) -> Result<Vec<OwnedFd>, RingError> {
        if !self.sealed {
            return open_sockets(count);
        }
        let keep = self.stock.len().checked_sub(count).ok_or(RingError::SparesUsedUp)?;
        Ok(self.stock.split_off(keep))
    }
}

fn open_sockets(count: usize) -> Result<Vec<OwnedFd>, RingError> {
    let sockets: Result<Vec<OwnedFd>, std::io::Error> = (0..count).map(|_| sys::packet_socket()).collect();
    sockets.map_err(|source| match source.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE) => RingError::Files { count, source },
        _ => RingError::Socket(source),
    })
}
