//! copy: one read per packet through the afpacket crate, for kernels and containers that refuse a ring.
//!
//! What this backend cannot say: the VLAN tag that the kernel took out of a frame (it is in ancillary data, which a
//! plain read does not give), merged frames' packet size, direction, and time by packet: the frames of one group share
//! the time at which the group was read. One worker, no fanout.
//!
//! The crate has faults that this module works around: it must not be cloned or turned into a raw descriptor (both
//! close it early), it reads past interface names of 16 bytes, and its own sockets stay open across exec and listen to
//! every interface until they are bound. So names are checked here, and the crate is given a socket of
//! [`Spares`], which hears nothing before it is bound; a filter that rejects everything stands until all is set.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use afpacket::sync::RawPacketStream;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{setsockopt, sockopt};

use crate::frame::{Frame, LinkType};
use crate::interface::check_name;
use crate::ring::{
    Accumulator, Fault, RingError, SNAPLEN_MAX, SNAPLEN_MIN, Spares, Statistics, link_type, reject_all, sys, take,
};

/// Frames of one group at most: bounds the time between two looks at the clock.
const GROUP_FRAMES: usize = 256;
/// Room for the largest frame that an interface may hand up merged (BIG TCP).
const READ_BYTES: usize = 512 << 10;
/// Wished-for queue in the kernel, in bytes; it gives as much as net.core.rmem_max allows.
const QUEUE_BYTES: usize = 8 << 20;

/// What a copying source is to capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopySpec {
    /// Name of the interface.
    pub name: String,
    /// Bytes kept of each frame.
    pub snaplen: u32,
    /// Ask for frames not addressed to the interface.
    pub promiscuous: bool,
}

/// An open copying source.
pub struct CopySource {
    stream: RawPacketStream,
    spec: CopySpec,
    link: LinkType,
    buffer: Box<[u8]>,
    entries: Vec<Entry>,
    counters: Accumulator,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: usize,
    captured: usize,
    wire_len: u32,
}

/// Frames read together, borrowed from the source's buffer.
#[derive(Debug)]
pub struct Group<'a> {
    buffer: &'a [u8],
    entries: &'a [Entry],
    time_ns: u64,
    link: LinkType,
}

impl CopySource {
    /// Opens the interface on a socket of `spares`.
    ///
    /// # Errors
    /// [`RingError`], as for a ring.
    pub fn open(spec: CopySpec, spares: &mut Spares) -> Result<CopySource, RingError> {
        let wrong = |problem: String| RingError::Spec { interface: spec.name.clone(), problem };
        check_name(&spec.name).map_err(|error| wrong(error.to_string()))?;
        if !(SNAPLEN_MIN..=SNAPLEN_MAX).contains(&spec.snaplen) {
            return Err(wrong(format!("capture.snaplen must be {SNAPLEN_MIN} to {SNAPLEN_MAX}")));
        }
        let mut stream = sys::stream(spares.take_one()?);
        let (hardware, link) = prepare(&mut stream, &spec)?;
        let loopback = hardware == libc::ARPHRD_LOOPBACK;
        filter(&stream, &take(u32::MAX, loopback)).map_err(RingError::option("SO_ATTACH_FILTER", &spec.name))?;
        Ok(CopySource {
            stream,
            spec,
            link,
            buffer: vec![0; READ_BYTES + GROUP_FRAMES * 256].into_boxed_slice(),
            entries: Vec::with_capacity(GROUP_FRAMES),
            counters: Accumulator::default(),
            fault: None,
        })
    }

    /// Reads what is waiting, at most 256 frames and as much as the buffer holds; an empty group = nothing waits.
    /// `time_ns` (since the epoch) becomes the time of them all. One system call per frame.
    ///
    /// # Errors
    /// [`RingError::Read`]; a link that is down is not an error but a fault, see [`CopySource::take_fault`].
    pub fn next_group(&mut self, time_ns: u64) -> Result<Group<'_>, RingError> {
        self.entries.clear();
        let mut used = 0;
        while self.entries.len() < GROUP_FRAMES && self.buffer.len() - used >= READ_BYTES {
            match self.stream.read(&mut self.buffer[used..]) {
                Ok(length) => {
                    let captured = length.min(self.spec.snaplen as usize);
                    // READ_BYTES and its surplus are far below 4 GiB.
                    self.entries.push(Entry { start: used, captured, wire_len: length as u32 });
                    used += captured;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => match error.raw_os_error() {
                    // Reading takes the error off the socket; frames may wait behind it.
                    Some(errno @ libc::ENETDOWN) => self.fault = Fault::from_errno(errno),
                    _ => return Err(RingError::Read { interface: self.spec.name.clone(), source: error }),
                },
            }
        }
        Ok(Group { buffer: &self.buffer, entries: &self.entries, time_ns, link: self.link })
    }

    /// Sleeps until a frame waits, `timeout` is over, or the link reports a fault; true = read.
    ///
    /// # Errors
    /// [`RingError::Wait`].
    pub fn wait(&mut self, timeout: Duration) -> Result<bool, RingError> {
        let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
        let descriptor = sys::borrow_stream(&self.stream);
        let mut polled = [PollFd::new(descriptor, PollFlags::POLLIN)];
        match poll(&mut polled, timeout) {
            Ok(_) => (),
            Err(Errno::EINTR) => return Ok(false),
            Err(errno) => return Err(RingError::Wait(errno.into())),
        }
        let events = polled[0].revents().unwrap_or(PollFlags::empty());
        if events.contains(PollFlags::POLLERR) {
            let errno = sys::take_error(descriptor).map_err(RingError::Wait)?;
            self.fault = Fault::from_errno(errno).or(self.fault);
        }
        Ok(events.contains(PollFlags::POLLIN))
    }

    /// What a wait or read found wrong with the link, once.
    pub fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// The kernel's counters since opening; `freezes` stays 0.
    ///
    /// # Errors
    /// [`RingError::Option`].
    pub fn statistics(&mut self) -> Result<Statistics, RingError> {
        let read = sys::plain_statistics(sys::borrow_stream(&self.stream))
            .map_err(RingError::option("PACKET_STATISTICS", &self.spec.name))?;
        Ok(self.counters.add(read.tp_packets, read.tp_drops, 0))
    }

    /// Makes the kernel refuse every further frame; then read what waits, and the statistics for the last time.
    ///
    /// # Errors
    /// [`RingError::Option`].
    pub fn drop_all(&self) -> Result<(), RingError> {
        filter(&self.stream, &reject_all()).map_err(RingError::option("SO_ATTACH_FILTER", &self.spec.name))
    }

    /// True when the interface no longer exists: open a new source when it comes back.
    pub fn interface_gone(&self) -> bool {
        !sys::bound_to(self.as_fd()).is_ok_and(|address| address.sll_ifindex > 0)
    }
}

impl AsFd for CopySource {
    fn as_fd(&self) -> BorrowedFd<'_> {
        sys::borrow_stream(&self.stream)
    }
}

impl std::fmt::Debug for CopySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopySource").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl<'a> Group<'a> {
    /// The frames in the order of arrival.
    pub fn frames(&self) -> impl Iterator<Item = Frame<'a>> + use<'a> {
        let (buffer, time_ns, link) = (self.buffer, self.time_ns, self.link);
        self.entries.iter().map(move |entry| Frame {
            bytes: &buffer[entry.start..entry.start + entry.captured],
            wire_len: entry.wire_len,
            time_ns,
            link,
            vlan: None,
            gso_size: 0,
            outgoing: None,
        })
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when nothing was waiting.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Binds the socket to the interface while a filter rejects everything; gives its hardware type and kind of frames.
fn prepare(stream: &mut RawPacketStream, spec: &CopySpec) -> Result<(u16, LinkType), RingError> {
    let option = |option| RingError::option(option, &spec.name);
    let bind_error = |source| RingError::Bind { interface: spec.name.clone(), ifindex: 0, source };
    filter(stream, &reject_all()).map_err(option("SO_ATTACH_FILTER"))?;
    // A small queue is no reason to fail: its overflow is counted.
    let _ = setsockopt(&sys::borrow_stream(stream), sockopt::RcvBuf, &QUEUE_BYTES);
    if spec.promiscuous {
        stream.set_promisc(&spec.name, true).map_err(option("PACKET_ADD_MEMBERSHIP"))?;
    }
    stream.bind(&spec.name).map_err(bind_error)?;
    let hardware = sys::bound_to(sys::borrow_stream(stream)).map_err(bind_error)?.sll_hatype;
    match link_type(hardware) {
        Some(link) => Ok((hardware, link)),
        None => Err(RingError::HardwareType { interface: spec.name.clone(), hardware }),
    }
}

fn filter(stream: &RawPacketStream, program: &[libc::sock_filter]) -> io::Result<()> {
    sys::attach_filter(sys::borrow_stream(stream), program)
}
