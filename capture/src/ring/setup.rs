//! Opens the rings of one interface, in the order of system calls that loses and doubles nothing.
//!
//! Per socket: protocol 0 (nothing arrives) → version → virtio header → filter that rejects everything → ring → map →
//! promiscuous → bind → fanout. Between bind and fanout a socket would receive every frame of the interface beside the
//! group; that is why the real filter, which also cuts to the snaplen, comes last, when all members are in place.
//!
//! One thread makes all members in CPU order: when a link goes down and up the kernel puts the members back in the
//! order in which the sockets were *created*, and with `fanout = "cpu"` that order decides whose frames are whose.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use super::error::RingError;
use super::spares::Spares;
use super::spec::{Geometry, RingSpec, link_type};
use super::{Ring, block, filter, stats, sys, walk};
use crate::config::Fanout;

/// Members that the kernel allows in one group.
const WORKERS_MAX: usize = 256;

/// Opens one ring for each of `workers` workers, in CPU order; they share the frames of the interface.
///
/// Kernels before 6.13 let nobody join a group while the link is down (EINVAL, [`RingError::is_transient`]): try again
/// when it is up, not in a loop, because each try uses up its spares.
///
/// # Errors
/// What the kernel or the spec refuses; nothing is left open then.
pub fn open_group(spec: &RingSpec, workers: usize, spares: &mut Spares) -> Result<Vec<Ring>, RingError> {
    let geometry = spec.geometry()?;
    if !(1..=WORKERS_MAX).contains(&workers) {
        let problem = format!("{workers} workers asked for, but the kernel allows 1 to {WORKERS_MAX}");
        return Err(RingError::Spec { interface: spec.name.clone(), problem });
    }
    let mut group = Vec::with_capacity(workers);
    let mut fanout_id = None;
    for socket in spares.take(workers)? {
        let ring = open_silent(spec, geometry, socket)?;
        if workers > 1 {
            fanout_id = Some(join(spec, &ring, fanout_id)?);
        }
        group.push(ring);
    }
    for ring in &group {
        ring.let_in()?;
    }
    Ok(group)
}

/// A bound ring whose filter still rejects everything.
fn open_silent(spec: &RingSpec, geometry: Geometry, socket: OwnedFd) -> Result<Ring, RingError> {
    let option = |name| RingError::option(name, &spec.name);
    let fd = socket.as_fd();
    let bind_error = |source| RingError::Bind { interface: spec.name.clone(), ifindex: spec.ifindex, source };
    let ifindex = i32::try_from(spec.ifindex).map_err(|_| bind_error(io::ErrorKind::InvalidInput.into()))?;

    sys::set_version_3(fd).map_err(option("PACKET_VERSION"))?;
    let vnet_header = sys::set_vnet_header(fd).is_ok();
    sys::attach_filter(fd, &filter::reject_all()).map_err(option("SO_ATTACH_FILTER"))?;
    let memory = |source: io::Error| match source.raw_os_error() {
        Some(libc::ENOMEM) => RingError::Memory { interface: spec.name.clone(), bytes: geometry.bytes(), source },
        _ => RingError::option("PACKET_RX_RING", &spec.name)(source),
    };
    sys::set_ring(fd, &geometry.request()).map_err(memory)?;
    let mapping = block::Mapping::new(fd, geometry.block_bytes, geometry.blocks).map_err(memory)?;
    if spec.promiscuous {
        sys::add_promiscuous(fd, ifindex).map_err(bind_error)?;
    }
    sys::bind(fd, ifindex).map_err(bind_error)?;
    let hardware = sys::bound_to(fd).map_err(bind_error)?.sll_hatype;
    let link = link_type(hardware).ok_or_else(|| RingError::HardwareType { interface: spec.name.clone(), hardware })?;
    Ok(Ring {
        mapping,
        next: 0,
        walked: None,
        socket,
        name: spec.name.clone(),
        ifindex: spec.ifindex,
        loopback: hardware == libc::ARPHRD_LOOPBACK,
        snaplen: spec.snaplen,
        layout: walk::Layout { link, vnet_header },
        counters: stats::Accumulator::default(),
        fault: None,
    })
}

/// Makes the group with the first ring, under an id that the kernel chooses, and joins the others to it.
///
/// No flags beside that: DEFRAG hides floods of fragments and makes frames larger than any, ROLLOVER tears flows apart.
fn join(spec: &RingSpec, ring: &Ring, id: Option<u16>) -> Result<u16, RingError> {
    let mode = match spec.fanout {
        Fanout::Hash => libc::PACKET_FANOUT_HASH,
        Fanout::Cpu => libc::PACKET_FANOUT_CPU,
        Fanout::Qm => libc::PACKET_FANOUT_QM,
    } as u16;
    let fd = ring.socket.as_fd();
    let joined = match id {
        Some(id) => sys::join_fanout(fd, id, mode).map(|()| id),
        None => {
            sys::join_fanout(fd, 0, mode | libc::PACKET_FANOUT_FLAG_UNIQUEID as u16).and_then(|()| sys::fanout_id(fd))
        }
    };
    joined.map_err(RingError::option("PACKET_FANOUT", &spec.name))
}
