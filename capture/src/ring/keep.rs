//! Rings that outlive their process: what the next one must know of them, and how it takes them over.
//!
//! The kernel goes on filling a ring as long as somebody holds its socket. So the process that ends stops between two
//! blocks, and the next one maps the same memory and walks on: nothing is missed and nothing is taken twice. What the
//! kernel had shown and the old process had not taken goes along as a number, because the kernel's counters are cleared
//! by reading: it is the beginning of the new one's count.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::spec::{Geometry, RingSpec, link_type};
use super::{Ring, block, handover, stats, sys, walk};

/// One ring, as its process left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRing {
    /// The kernel's name of the socket (SO_COOKIE): no other has it until the next boot.
    pub cookie: u64,
    /// The block to walk next.
    pub next: usize,
    /// Sequence number of the block walked last; `None` = none was.
    pub walked: Option<u64>,
    /// Frames that the kernel had shown and nobody had taken when it was left.
    pub in_ring: u64,
}

/// What all rings of an interface have in common; the next process must want the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    ifindex: u32,
    block_bytes: usize,
    blocks: usize,
    block_timeout_ms: u32,
    snaplen: u32,
    promiscuous: bool,
    fanout: String,
    vnet_header: bool,
}

impl Shape {
    fn of(spec: &RingSpec, geometry: Geometry, vnet_header: bool) -> Shape {
        Shape {
            ifindex: spec.ifindex,
            block_bytes: geometry.block_bytes,
            blocks: geometry.blocks,
            block_timeout_ms: geometry.timeout_ms,
            snaplen: spec.snaplen,
            promiscuous: spec.promiscuous,
            fanout: format!("{:?}", spec.fanout),
            vnet_header,
        }
    }

    /// Bytes of each ring.
    pub fn bytes(&self) -> u64 {
        self.block_bytes as u64 * self.blocks as u64
    }
}

/// A ring that goes to the next process: its socket, and what to say of it.
#[derive(Debug)]
pub struct Parting {
    /// The socket; while it is open the kernel fills the ring.
    pub socket: OwnedFd,
    /// For [`take_over`].
    pub kept: KeptRing,
}

/// A socket that came from an earlier process, by the kernel's name of it; 0 where the kernel does not tell.
pub fn cookie(socket: &OwnedFd) -> u64 {
    sys::cookie(socket.as_fd()).unwrap_or(0)
}

/// What the rings of a group opened for `spec` have in common.
pub fn shape(spec: &RingSpec, vnet_header: bool) -> Option<Shape> {
    Some(Shape::of(spec, spec.geometry().ok()?, vnet_header))
}

impl Ring {
    /// Gives the ring up to the next process: nothing of it is touched any more. `in_ring` as in [`KeptRing`]: by the
    /// counters that were read after the last block.
    ///
    /// # Errors
    /// The kernel does not tell the socket's name.
    pub fn part(self, in_ring: u64) -> std::io::Result<Parting> {
        let cookie = sys::cookie(self.socket.as_fd())?;
        let kept = KeptRing { cookie, next: self.next, walked: self.walked, in_ring };
        Ok(Parting { socket: self.socket, kept })
    }
}

/// Takes over the rings of one interface. `sockets` are in the order of `kept`, which is the workers'.
///
/// # Errors
/// Why they are not what is wanted now, for the log; the sockets are closed then, and new rings are to be opened.
pub fn take_over(
    spec: &RingSpec,
    shape: &Shape,
    kept: &[KeptRing],
    sockets: Vec<OwnedFd>,
) -> Result<Vec<Ring>, String> {
    let geometry = spec.geometry().map_err(|error| error.to_string())?;
    let wanted = Shape::of(spec, geometry, shape.vnet_header);
    if *shape != wanted {
        return Err(format!("they were {shape:?}, and {wanted:?} is wanted"));
    }
    if kept.len() != sockets.len() {
        return Err(format!("{} of {} sockets came", sockets.len(), kept.len()));
    }
    kept.iter().zip(sockets).map(|(kept, socket)| take_one(spec, shape, geometry, kept, socket)).collect()
}

fn take_one(
    spec: &RingSpec,
    shape: &Shape,
    geometry: Geometry,
    kept: &KeptRing,
    socket: OwnedFd,
) -> Result<Ring, String> {
    let told = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
    if cookie(&socket) != kept.cookie {
        return Err("a socket is not the one that was kept".to_owned());
    }
    let bound = sys::bound_to(socket.as_fd()).map_err(told("a socket does not tell its interface"))?;
    if u32::try_from(bound.sll_ifindex) != Ok(shape.ifindex) {
        return Err("their interface is gone".to_owned());
    }
    let link = link_type(bound.sll_hatype).ok_or("their interface is of another kind now")?;
    if kept.next >= geometry.blocks {
        return Err(format!("block {} of {}", kept.next, geometry.blocks));
    }
    let mapping = block::Mapping::new(socket.as_fd(), geometry.block_bytes, geometry.blocks);
    let ring = Ring {
        mapping: mapping.map_err(told("a ring cannot be mapped"))?,
        next: kept.next,
        walked: kept.walked,
        socket,
        name: spec.name.clone(),
        ifindex: spec.ifindex,
        loopback: bound.sll_hatype == libc::ARPHRD_LOOPBACK,
        snaplen: spec.snaplen,
        layout: walk::Layout { link, vnet_header: shape.vnet_header },
        counters: stats::Accumulator::beginning_with(kept.in_ring),
        fault: None,
    };
    ring.is_where_it_was_left().then_some(ring).ok_or_else(|| "a ring is not where it was left".to_owned())
}

impl Ring {
    /// The kernel numbers the blocks that it opens: the one to walk next follows the one walked last.
    fn is_where_it_was_left(&self) -> bool {
        if !handover::is_ours(self.mapping.status(self.next)) {
            return true;
        }
        let expected = self.walked.map_or(1, |walked| walked.wrapping_add(1));
        self.mapping.header(self.next).sequence == expected
    }
}

/// The descriptors that this process inherited from its service manager's store, with their names; those that are not
/// open are left out. The first call has them all, later ones have none: it comes before anything else is opened, which
/// a wrong number could name.
pub fn inherited() -> Vec<(String, OwnedFd)> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::AcqRel) {
        return Vec::new();
    }
    let mut entries = live::descriptors::inherited();
    entries.sort_unstable_by_key(|entry| entry.number);
    entries.dedup_by_key(|entry| entry.number);
    entries.into_iter().filter_map(|entry| Some((entry.name, sys::inherited(entry.number)?))).collect()
}
