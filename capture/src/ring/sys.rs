//! The system calls of a packet socket, each wrapped so that its caller needs no unsafe code.
#![allow(unsafe_code)] // the island; rules in the module above

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use afpacket::sync::RawPacketStream;
use libc::{c_int, c_void, socklen_t};

/// Plain C data: no padding, no pointer that we follow, valid for every bit pattern that the kernel may write.
trait Plain: Copy {}
impl Plain for c_int {}
impl Plain for u32 {}
impl Plain for u64 {}
impl Plain for libc::tpacket_req3 {}
impl Plain for libc::packet_mreq {}
impl Plain for libc::sock_fprog {}
impl Plain for libc::tpacket_stats {}
impl Plain for libc::tpacket_stats_v3 {}

fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn set<T: Plain>(fd: BorrowedFd<'_>, level: c_int, option: c_int, value: &T) -> io::Result<()> {
    // SAFETY: rule 1: `value` is a live reference to `size_of::<T>()` initialised bytes; the kernel copies them.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            option,
            std::ptr::from_ref(value).cast::<c_void>(),
            size_of::<T>() as socklen_t,
        )
    };
    check(result).map(drop)
}

fn get<T: Plain>(fd: BorrowedFd<'_>, level: c_int, option: c_int, mut value: T) -> io::Result<T> {
    let mut length = size_of::<T>() as socklen_t;
    // SAFETY: rule 1: `value` is ours and `length` its size; the kernel writes at most that many bytes, and every bit
    // pattern is a value of the plain type.
    let result = unsafe {
        libc::getsockopt(fd.as_raw_fd(), level, option, std::ptr::from_mut(&mut value).cast::<c_void>(), &mut length)
    };
    check(result).map(|_| value)
}

/// A packet socket that receives nothing: protocol 0, so that no frame of any interface arrives before it is bound.
pub(super) fn packet_socket() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: rule 1: no pointer is passed.
    let fd = check(unsafe { libc::socket(libc::AF_PACKET, kind, 0) })?;
    // SAFETY: the call above just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Takes over a descriptor that a message brought.
pub(super) fn received(descriptor: RawFd) -> OwnedFd {
    // SAFETY: `flight`, the only caller, gives each descriptor of a received message once; the kernel has just put it
    // into our table, and nobody else knows it.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}

/// Takes over a descriptor that was open when this process began; `None` = it is not open.
pub(super) fn inherited(descriptor: RawFd) -> Option<OwnedFd> {
    // SAFETY: rule 1: no pointer is passed; a number that is no open descriptor is refused by the kernel.
    check(unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) }).ok()?;
    // SAFETY: it is open, as the call above shows. `keep`, the only caller, asks once in a process and gives each number
    // that the service manager named, above those of standard input and output; nothing else here knows them.
    Some(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Chooses TPACKET_V3.
pub(super) fn set_version_3(fd: BorrowedFd<'_>) -> io::Result<()> {
    set(fd, libc::SOL_PACKET, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V3 as c_int))
}

/// Asks for the 10 bytes of virtio header before each frame, which hold the GSO size.
pub(super) fn set_vnet_header(fd: BorrowedFd<'_>) -> io::Result<()> {
    set(fd, libc::SOL_PACKET, libc::PACKET_VNET_HDR, &1_i32)
}

/// Attaches a classic BPF program, in place of the one before; the kernel swaps them at one instant.
pub(crate) fn attach_filter(fd: BorrowedFd<'_>, program: &[libc::sock_filter]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let value = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // Rule 1 also for the inner pointer: the kernel copies `len` instructions during the call and writes none.
    set(fd, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &value)
}

/// Makes the receive ring.
pub(super) fn set_ring(fd: BorrowedFd<'_>, request: &libc::tpacket_req3) -> io::Result<()> {
    set(fd, libc::SOL_PACKET, libc::PACKET_RX_RING, request)
}

/// Promiscuous mode for as long as this socket lives: the kernel counts the sockets that ask for it.
pub(super) fn add_promiscuous(fd: BorrowedFd<'_>, ifindex: c_int) -> io::Result<()> {
    let value = libc::packet_mreq {
        mr_ifindex: ifindex,
        mr_type: libc::PACKET_MR_PROMISC as u16,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    set(fd, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &value)
}

/// Ties the socket to one interface and all protocols: from here on frames arrive.
pub(super) fn bind(fd: BorrowedFd<'_>, ifindex: c_int) -> io::Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
        sll_ifindex: ifindex,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let length = size_of::<libc::sockaddr_ll>() as socklen_t;
    // SAFETY: rule 1: `address` lives through the call and `length` is its size.
    check(unsafe { libc::bind(fd.as_raw_fd(), std::ptr::from_ref(&address).cast(), length) }).map(drop)
}

/// The interface that the socket is tied to, as it is now: index -1 once the interface is gone, and its hardware type.
pub(crate) fn bound_to(fd: BorrowedFd<'_>) -> io::Result<libc::sockaddr_ll> {
    let mut address = libc::sockaddr_ll {
        sll_family: 0,
        sll_protocol: 0,
        sll_ifindex: 0,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let mut length = size_of::<libc::sockaddr_ll>() as socklen_t;
    // SAFETY: rule 1: `address` is ours, `length` its size, and every bit pattern is valid for it.
    check(unsafe { libc::getsockname(fd.as_raw_fd(), std::ptr::from_mut(&mut address).cast(), &mut length) })?;
    Ok(address)
}

/// Makes or joins a fanout group: id in the lower 16 bits, mode and flags in the upper.
pub(super) fn join_fanout(fd: BorrowedFd<'_>, id: u16, mode_and_flags: u16) -> io::Result<()> {
    set(fd, libc::SOL_PACKET, libc::PACKET_FANOUT, &(u32::from(id) | u32::from(mode_and_flags) << 16))
}

/// The id that the kernel gave to the group of this socket.
pub(super) fn fanout_id(fd: BorrowedFd<'_>) -> io::Result<u16> {
    get(fd, libc::SOL_PACKET, libc::PACKET_FANOUT, 0_u32).map(|value| (value & 0xffff) as u16)
}

/// The kernel's own number of the socket: unique until the next boot, the same for all who hold it.
pub(super) fn cookie(fd: BorrowedFd<'_>) -> io::Result<u64> {
    get(fd, libc::SOL_SOCKET, libc::SO_COOKIE, 0_u64)
}

/// The counters of a TPACKET_V3 socket since the last call.
pub(super) fn ring_statistics(fd: BorrowedFd<'_>) -> io::Result<libc::tpacket_stats_v3> {
    let none = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
    get(fd, libc::SOL_PACKET, libc::PACKET_STATISTICS, none)
}

/// The counters of a packet socket without a ring since the last call.
pub(crate) fn plain_statistics(fd: BorrowedFd<'_>) -> io::Result<libc::tpacket_stats> {
    let none = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
    get(fd, libc::SOL_PACKET, libc::PACKET_STATISTICS, none)
}

/// The error waiting at the socket, which is thereby taken; 0 = none.
pub(crate) fn take_error(fd: BorrowedFd<'_>) -> io::Result<c_int> {
    get(fd, libc::SOL_SOCKET, libc::SO_ERROR, 0_i32)
}

/// Gives a packet socket to the afpacket crate, which closes it when dropped.
pub(crate) fn stream(socket: OwnedFd) -> RawPacketStream {
    // SAFETY: the descriptor is open, a packet socket, and owned by nobody else after `into_raw_fd`.
    unsafe { RawPacketStream::from_raw_fd(socket.into_raw_fd()) }
}

/// The descriptor of a socket that the afpacket crate holds, for as long as that socket is borrowed.
pub(crate) fn borrow_stream(stream: &RawPacketStream) -> BorrowedFd<'_> {
    // SAFETY: the stream closes its descriptor only when dropped, which the borrow forbids; this project neither
    // clones a stream nor turns one into a raw descriptor, which would close it early.
    unsafe { BorrowedFd::borrow_raw(stream.as_raw_fd()) }
}
