//! Packet sockets opened while the right to do so was held, to be used after it is dropped.

use std::io;
use std::os::fd::OwnedFd;

use super::error::RingError;
use super::flight::{Flight, MESSAGE};
use super::sys;

/// Where sockets for new rings come from: opened on demand, or, once [`Spares::seal`]ed, taken from a stock.
///
/// A spare has protocol 0 and no ring: it receives nothing. Every step after `socket()` works on it without any
/// capability. Spares wait in flight, so that a process ends without closing each (see `flight`).
#[derive(Debug, Default)]
pub struct Spares {
    stock: Vec<OwnedFd>,
    flight: Option<Flight>,
    remaining: usize,
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
        let mut spares = Spares { flight: Flight::new().ok(), ..Spares::default() };
        while spares.remaining < count {
            let some = open_sockets((count - spares.remaining).min(MESSAGE))?;
            spares.remaining += some.len();
            // What cannot be sent, because a limit is reached, is kept at hand.
            if spares.flight.as_mut().is_none_or(|flight| flight.send(&some).is_err()) {
                spares.stock.extend(some);
            }
        }
        spares.opened = count;
        let closed = spares.flight.as_ref().map_or(Ok(()), Flight::close_circle);
        if let Err(error) = closed {
            tracing::debug!(%error, "the sockets opened in advance are closed one by one at the end");
        }
        Ok(spares)
    }

    /// From now on only the stock is used; call this where CAP_NET_RAW is dropped.
    pub fn seal(&mut self) {
        self.sealed = true;
    }

    /// Sockets left in the stock. One is used per worker each time an interface comes back.
    pub fn remaining(&self) -> usize {
        self.remaining
    }

    /// True when less than a quarter of a sealed stock is left: capture should restart while it can still recover.
    pub fn are_low(&self) -> bool {
        self.sealed && self.remaining < self.opened.div_ceil(4)
    }

    /// True while more than half of the stock is left: it may be used for an attempt.
    pub fn are_plenty(&self) -> bool {
        !self.sealed || self.remaining > self.opened / 2
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
        if self.remaining < count {
            return Err(RingError::SparesUsedUp);
        }
        while self.stock.len() < count {
            let received = self.flight.as_mut().map_or(Ok(Vec::new()), Flight::receive);
            match received {
                Ok(received) if !received.is_empty() => self.stock.extend(received),
                Ok(_) => return Err(RingError::SparesUsedUp),
                Err(source) => return Err(files(count, source)),
            }
        }
        self.remaining -= count;
        Ok(self.stock.split_off(self.stock.len() - count))
    }
}

fn open_sockets(count: usize) -> Result<Vec<OwnedFd>, RingError> {
    let sockets: Result<Vec<OwnedFd>, io::Error> = (0..count).map(|_| sys::packet_socket()).collect();
    sockets.map_err(|source| files(count, source))
}

fn files(count: usize, source: io::Error) -> RingError {
    match source.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE) => RingError::Files { count, source },
        _ => RingError::Socket(source),
    }
}
