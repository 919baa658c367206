//! ring: packets straight from memory shared with the kernel (AF_PACKET, TPACKET_V3), one ring per worker and interface.
//!
//! The kernel writes frames into blocks of the ring; [`Ring::next_block`] lends the oldest finished one, and dropping
//! the [`Block`] gives the memory back. Nothing is copied and no system call is made while blocks are ready.
//!
//! * `setup` opens sockets in the order that the kernel demands and joins them to a fanout group;
//! * `block` owns the mapping and lends blocks; `handover` is the order in which they change hands;
//! * `walk` reads a block: safe code over `&[u8]` that believes nothing;
//! * `filter` makes the classic BPF programs: snaplen, loopback, reject all;
//! * `keep` leaves rings to the next process, and takes them over;
//! * `spares` are sockets opened while that was permitted, and `flight` is where they wait;
//! * `wait` sleeps until a ring has something, and notices a link that went down;
//! * `stats` turns the kernel's clear-on-read counters into cumulative ones;
//! * `budget` refuses rings that the machine has no memory for;
//! * `sys` makes the system calls.
//!
//! # Safety rules
//! Only `sys` and `block` contain unsafe code; each SAFETY comment there names the rule that it keeps.
//!
//! 1. **Arguments live.** A pointer given to a system call comes from a reference or slice that outlives the call, and
//!    the length given is the length of that value. Structures are plain C data of `libc` without padding.
//! 2. **One owner of the map.** The address and length of a mapping come from one successful `mmap`, never change, and
//!    are unmapped once, when the mapping is dropped. The mapping is owned by one ring.
//! 3. **One loan.** A block is lent through `&mut Ring`, so that a ring has at most one loan at a time, and the borrow
//!    checker ends the loan before the ring (and with it the mapping) can go.
//! 4. **The status word is the lock.** Bytes of a block are read only between an Acquire load of its status that shows
//!    `TP_STATUS_USER` and the Release store that gives it back. The kernel does not write to the block in between.
//!    The status word itself is only ever touched through an `AtomicU32`.
//! 5. **Nothing inside is believed.** Offsets and lengths found in a block are used only by `walk`, through checked
//!    slices of that block.

mod block;
mod budget;
mod error;
mod filter;
mod flight;
mod handover;
pub mod keep;
mod setup;
mod spares;
mod spec;
mod stats;
pub(crate) mod sys;
mod wait;
pub mod walk;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::frame::LinkType;

pub use block::Block;
pub use budget::{available_bytes, budget};
pub use error::RingError;
pub(crate) use filter::{reject_all, take};
pub use setup::open_group;
pub use spares::Spares;
pub(crate) use spec::link_type;
pub use spec::{RingSpec, SNAPLEN_MAX, SNAPLEN_MIN};
pub(crate) use stats::Accumulator;
pub use stats::Statistics;
pub use wait::{Fault, wait_any};

/// One worker's ring on one interface. Dropping it leaves the fanout group, unmaps and closes.
///
/// Close rings while their interface is down or gone if there is a choice: kernels before the fix of CVE-2026-31504
/// have a race between closing a fanout member and its device coming up.
#[derive(Debug)]
pub struct Ring {
    mapping: block::Mapping,
    next: usize,
    /// Sequence number of the block that was lent last.
    walked: Option<u64>,
    socket: OwnedFd,
    name: String,
    ifindex: u32,
    loopback: bool,
    snaplen: u32,
    layout: walk::Layout,
    counters: Accumulator,
    fault: Option<Fault>,
}

impl Ring {
    /// Lends the oldest block that the kernel has finished, or `None` if it has finished none. Costs one atomic load.
    pub fn next_block(&mut self) -> Option<Block<'_>> {
        let index = self.next;
        if !handover::is_ours(self.mapping.status(index)) {
            return None;
        }
        let block = Block::lend(&mut self.mapping, index, &mut self.next, self.layout);
        self.walked = Some(block.header().sequence);
        Some(block)
    }

    /// Sleeps until a block is ready, `timeout` is over, or the link reports a fault; true = look for blocks.
    ///
    /// # Errors
    /// [`RingError::Wait`] when the kernel refuses to poll.
    pub fn wait(&mut self, timeout: std::time::Duration) -> Result<bool, RingError> {
        wait_any([self], timeout)
    }

    /// What the last wait found wrong with the link, once. After [`Fault::Down`] the ring resumes by itself when the
    /// link comes up, unless [`Ring::interface_gone`].
    pub fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// The kernel's counters of this ring since it was opened. One system call; at least every few minutes, because
    /// the kernel counts in 32 bits between two reads.
    ///
    /// # Errors
    /// [`RingError::Option`] when the kernel refuses.
    pub fn statistics(&mut self) -> Result<Statistics, RingError> {
        let read =
            sys::ring_statistics(self.socket.as_fd()).map_err(RingError::option("PACKET_STATISTICS", &self.name))?;
        Ok(self.counters.add(read.tp_packets, read.tp_drops, read.tp_freeze_q_cnt))
    }

    /// True when the interface that this ring was opened on no longer exists (deleted, or moved to another network
    /// namespace). An interface made anew under the same name is another one: open a new group.
    pub fn interface_gone(&self) -> bool {
        !sys::bound_to(self.socket.as_fd()).is_ok_and(|address| address.sll_ifindex > 0)
    }

    /// Makes the kernel refuse every further frame, for a graceful stop: afterwards walk what is in the ring (a part-
    /// filled block comes after the block timeout), then read the statistics for the last time.
    ///
    /// # Errors
    /// [`RingError::Option`] when the kernel refuses the filter.
    pub fn drop_all(&self) -> Result<(), RingError> {
        sys::attach_filter(self.socket.as_fd(), &reject_all())
            .map_err(RingError::option("SO_ATTACH_FILTER", &self.name))
    }

    /// Lets frames in, cut to the snaplen: the last step of opening, once every member of the group is in place.
    fn let_in(&self) -> Result<(), RingError> {
        sys::attach_filter(self.socket.as_fd(), &take(self.snaplen, self.loopback))
            .map_err(RingError::option("SO_ATTACH_FILTER", &self.name))
    }

    /// Name that the interface had when the ring was opened.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kernel's number of the interface; stays through renaming.
    pub fn ifindex(&self) -> u32 {
        self.ifindex
    }

    /// How the frames of this interface are to be read.
    pub fn link(&self) -> LinkType {
        self.layout.link
    }

    /// False when the kernel refused PACKET_VNET_HDR: merged frames then count as one packet each; warn the operator.
    pub fn gso_known(&self) -> bool {
        self.layout.vnet_header
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
