//! Keeps descriptors in flight: sent over a Unix socket to ourselves and not received until they are needed.
//!
//! Why: closing a packet socket waits for every CPU to leave the kernel's receive path, some 13 ms each. A process that
//! is killed with 256 of them would take three seconds to go away, and its successor as long to begin. Descriptors in
//! flight are closed by the kernel on its own time. For that the receiving socket itself is sent last: it then refers
//! to itself, and what only refers to itself is left to the kernel's collector (6.10 and later; earlier ones close
//! while the process ends, as they would without this). Descriptors in flight do not count against the table of open
//! files, but their number must be below the same limit.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg, socketpair,
};

use super::sys;

/// Descriptors of one message, well below the kernel's 253.
pub(super) const MESSAGE: usize = 16;

/// See the module.
#[derive(Debug)]
pub(super) struct Flight {
    sender: OwnedFd,
    receiver: OwnedFd,
    /// Messages under way, without the last, which holds the receiver.
    messages: usize,
}

impl Flight {
    pub(super) fn new() -> io::Result<Flight> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let (sender, receiver) = socketpair(AddressFamily::Unix, SockType::Stream, None, flags)?;
        Ok(Flight { sender, receiver, messages: 0 })
    }

    /// Sends at most [`MESSAGE`] descriptors; on failure the caller still has them.
    pub(super) fn send(&mut self, descriptors: &[OwnedFd]) -> io::Result<()> {
        let raw: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
        self.send_raw(&raw)?;
        self.messages += 1;
        Ok(())
    }

    /// Closes the circle; nothing may be sent afterwards.
    pub(super) fn close_circle(&self) -> io::Result<()> {
        self.send_raw(&[self.receiver.as_raw_fd()])
    }

    fn send_raw(&self, descriptors: &[RawFd]) -> io::Result<()> {
        let (data, rights) = ([IoSlice::new(b"x")], [ControlMessage::ScmRights(descriptors)]);
        sendmsg::<()>(self.sender.as_raw_fd(), &data, &rights, MsgFlags::MSG_NOSIGNAL, None)?;
        Ok(())
    }

    /// The descriptors of the oldest message; none when none is left.
    pub(super) fn receive(&mut self) -> io::Result<Vec<OwnedFd>> {
        if self.messages == 0 {
            return Ok(Vec::new());
        }
        let (mut byte, mut space) = ([0_u8], cmsg_space!([RawFd; MESSAGE]));
        let mut data = [IoSliceMut::new(&mut byte)];
        let descriptor = self.receiver.as_raw_fd();
        let message = loop {
            match recvmsg::<()>(descriptor, &mut data, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC) {
                Err(Errno::EINTR) => (),
                other => break other?,
            }
        };
        let rights = message.cmsgs()?.filter_map(|part| match part {
            ControlMessageOwned::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        });
        let received = rights.flatten().map(sys::received).collect();
        self.messages -= 1;
        Ok(received)
    }
}
