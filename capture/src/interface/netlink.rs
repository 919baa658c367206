//! Asks the kernel's routing socket for lists, and reads the answers without believing their lengths.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, setsockopt, socket,
    sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};

use super::InterfaceError;
use super::addresses::{self, Address};
use super::links::{self, Link};

/// The kernel fills at most this much per answer.
const BUFFER_BYTES: usize = 64 << 10;
/// Readings of one list before it is called unsteady.
const ATTEMPTS: usize = 5;
/// The kernel answers at once; this bounds a fault.
const TIMEOUT_SECONDS: i64 = 2;
/// Bytes of `nlmsghdr`: length 4, type 2, flags 2, sequence 4, port 4.
const HEADER: usize = 16;

/// A routing socket for questions.
#[derive(Debug)]
pub struct Netlink {
    socket: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Netlink {
    /// Opens the socket in the network namespace of this thread. Needs no capability.
    ///
    /// # Errors
    /// [`InterfaceError::Netlink`].
    pub fn open() -> Result<Netlink, InterfaceError> {
        let socket = open_socket(SockFlag::SOCK_CLOEXEC, 0)?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::seconds(TIMEOUT_SECONDS)).map_err(system)?;
        Ok(Netlink { socket, sequence: 0, buffer: vec![0; BUFFER_BYTES] })
    }

    /// All interfaces, in the order of their indexes.
    ///
    /// # Errors
    /// [`InterfaceError`].
    pub fn links(&mut self) -> Result<Vec<Link>, InterfaceError> {
        let mut list = self.list(libc::RTM_GETLINK, libc::RTM_NEWLINK, links::parse)?;
        list.sort_by_key(|link| link.index);
        Ok(list)
    }

    /// All addresses of this machine with their prefixes.
    ///
    /// # Errors
    /// [`InterfaceError`].
    pub fn addresses(&mut self) -> Result<Vec<Address>, InterfaceError> {
        self.list(libc::RTM_GETADDR, libc::RTM_NEWADDR, addresses::parse)
    }

    fn list<T>(&mut self, question: u16, answer: u16, parse: fn(&[u8]) -> Option<T>) -> Result<Vec<T>, InterfaceError> {
        for _ in 0..ATTEMPTS {
            let mut found = Vec::new();
            let steady = self.dump(question, |kind, body| {
                if kind == answer {
                    found.extend(parse(body));
                }
            })?;
            if steady {
                return Ok(found);
            }
        }
        Err(InterfaceError::Unsteady)
    }

    /// Asks for a whole list; false if it changed while the kernel was writing it.
    fn dump(&mut self, question: u16, mut each: impl FnMut(u16, &[u8])) -> Result<bool, InterfaceError> {
        self.sequence = self.sequence.wrapping_add(1);
        let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
        let mut request = Vec::with_capacity(HEADER + 4);
        request.extend((HEADER as u32 + 4).to_ne_bytes());
        request.extend(question.to_ne_bytes());
        request.extend(flags.to_ne_bytes());
        request.extend(self.sequence.to_ne_bytes());
        request.extend(0_u32.to_ne_bytes());
        request.extend([0; 4]); // rtgenmsg: any address family, and padding
        send(self.socket.as_raw_fd(), &request, MsgFlags::empty()).map_err(system)?;
        let mut steady = true;
        loop {
            let length = match recv(self.socket.as_raw_fd(), &mut self.buffer, MsgFlags::MSG_TRUNC) {
                Ok(length) if length <= self.buffer.len() => length,
                Ok(_) => return Err(InterfaceError::Netlink(io::ErrorKind::InvalidData.into())),
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(system(errno)),
            };
            for message in messages(&self.buffer[..length]).filter(|message| message.sequence == self.sequence) {
                steady &= i32::from(message.flags) & libc::NLM_F_DUMP_INTR == 0;
                match i32::from(message.kind) {
                    libc::NLMSG_DONE => return Ok(steady),
                    libc::NLMSG_ERROR => return Err(refused(message.body)),
                    _ => each(message.kind, message.body),
                }
            }
        }
    }
}

/// Tells that links changed, so that a loop need not ask for the whole list each time.
#[derive(Debug)]
pub struct LinkNews {
    socket: OwnedFd,
}

impl LinkNews {
    /// Begins to listen. Needs no capability.
    ///
    /// # Errors
    /// [`InterfaceError::Netlink`].
    pub fn open() -> Result<LinkNews, InterfaceError> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        Ok(LinkNews { socket: open_socket(flags, libc::RTMGRP_LINK as u32)? })
    }

    /// True when a link changed since the last call, or the kernel had more news than room for them.
    pub fn changed(&self) -> bool {
        let mut changed = false;
        let mut byte = [0; 1];
        // Each news is thrown away unread. The bound is above what the socket's queue holds.
        for _ in 0..10_000 {
            match recv(self.socket.as_raw_fd(), &mut byte, MsgFlags::empty()) {
                Ok(_) | Err(Errno::ENOBUFS) => changed = true,
                Err(Errno::EINTR) => (),
                Err(_) => break,
            }
        }
        changed
    }
}

impl AsFd for LinkNews {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn open_socket(flags: SockFlag, groups: u32) -> Result<OwnedFd, InterfaceError> {
    let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute).map_err(system)?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups)).map_err(system)?;
    Ok(socket)
}

fn system(errno: Errno) -> InterfaceError {
    InterfaceError::Netlink(errno.into())
}

/// The error of an NLMSG_ERROR: a negative errno.
fn refused(body: &[u8]) -> InterfaceError {
    let errno = number(body, 0).map_or(libc::EINVAL, |value| (value as i32).saturating_neg());
    InterfaceError::Netlink(io::Error::from_raw_os_error(errno))
}

struct Message<'a> {
    kind: u16,
    flags: u16,
    sequence: u32,
    body: &'a [u8],
}

/// The messages of one answer; ends at the first whose length cannot be.
fn messages(mut rest: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let length = number(rest, 0)? as usize;
        let body = rest.get(HEADER..length)?;
        let message = Message { kind: short(rest, 4)?, flags: short(rest, 6)?, sequence: number(rest, 8)?, body };
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
}

/// The attributes (`rtattr`: length 2, type 2, value) in `rest`; ends at the first whose length cannot be.
pub(super) fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(short(rest, 0)?);
        let value = rest.get(4..length)?;
        let kind = short(rest, 2)? & !(libc::NLA_F_NESTED as u16);
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

pub(super) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|bytes| u32::from_ne_bytes(*bytes))
}

pub(super) fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|bytes| u16::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lo_is_found_with_its_address() {
        let mut netlink = Netlink::open().expect("a netlink socket");
        let links = netlink.links().expect("links");
        assert!(links.iter().any(|link| link.name == "lo" && link.is_loopback()), "{links:?}");
        netlink.addresses().expect("addresses");
    }

    proptest! {
        #[test]
        fn garbage_never_panics_and_ends(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            for message in messages(&bytes) {
                links::parse(message.body);
            }
            links::parse(&bytes);
            addresses::parse(&bytes);
            prop_assert!(attributes(&bytes).count() <= bytes.len() / 4);
        }
    }
}
