//! Why a ring cannot be opened or used, with what the operator can do about it.

use std::io;

/// What failed while opening or using a ring.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// A value of the `[capture]` section cannot work.
    #[error("interface {interface}: {problem}")]
    Spec {
        /// Interface that the ring is for.
        interface: String,
        /// What is wrong, and which values are right.
        problem: String,
    },
    /// The kernel does not let this process open a packet socket.
    #[error(
        "cannot open a packet socket: {0}; CAP_NET_RAW is needed: run by the systemd unit, as root, or after `setcap cap_net_raw=ep` on the binary"
    )]
    Socket(#[source] io::Error),
    /// The limit of open files is too low for the sockets opened in advance.
    #[error(
        "cannot open {count} packet sockets in advance: {source}; raise the limit of open files (LimitNOFILE= of the unit)"
    )]
    Files {
        /// Sockets asked for.
        count: usize,
        /// What the kernel said.
        source: io::Error,
    },
    /// The rights are dropped and every socket opened in advance is used.
    #[error("all packet sockets opened at start are used up; restart capture to recover interfaces that come back")]
    SparesUsedUp,
    /// The ring does not fit into memory that the kernel can give in one piece per block.
    #[error(
        "interface {interface}: no memory for a ring of {bytes} bytes: {source}; lower capture.ring_bytes or ring_block_bytes"
    )]
    Memory {
        /// Interface that the ring is for.
        interface: String,
        /// Size asked for.
        bytes: usize,
        /// What the kernel said.
        source: io::Error,
    },
    /// All rings together would take more than the machine has free.
    #[error(
        "rings need {needed} bytes ({workers} workers x {interfaces} interfaces x {ring_bytes}), but only {available} are available; lower capture.ring_bytes or capture.workers"
    )]
    Budget {
        /// Bytes of all rings.
        needed: u64,
        /// Workers.
        workers: usize,
        /// Interfaces.
        interfaces: usize,
        /// Bytes of one ring.
        ring_bytes: u64,
        /// Bytes that may be taken.
        available: u64,
    },
    /// The free memory of the machine cannot be read.
    #[error("cannot read the free memory from /proc/meminfo: {0}")]
    MemInfo(#[source] io::Error),
    /// The kernel refused a socket option.
    #[error(
        "interface {interface}: the kernel refused {option}: {source}; is the kernel older than 5.10, or a container without AF_PACKET rings? (capture.backend = \"copy\" needs less)"
    )]
    Option {
        /// Interface.
        interface: String,
        /// Name of the option as the kernel's documents have it.
        option: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// The socket cannot be tied to the interface.
    #[error(
        "cannot capture on interface {interface} (index {ifindex}): {source}; does it exist in this network namespace?"
    )]
    Bind {
        /// Interface.
        interface: String,
        /// Its index.
        ifindex: u32,
        /// What the kernel said.
        source: io::Error,
    },
    /// A kind of interface whose frames this program cannot read.
    #[error(
        "interface {interface} has hardware type {hardware} (ARPHRD of linux/if_arp.h), which is not supported; capture the interface below it"
    )]
    HardwareType {
        /// Interface.
        interface: String,
        /// ARPHRD number.
        hardware: u16,
    },
    /// Waiting for packets failed.
    #[error("cannot wait for packets: {0}")]
    Wait(#[source] io::Error),
    /// Reading a packet failed (copy backend).
    #[error("interface {interface}: cannot read packets: {source}")]
    Read {
        /// Interface.
        interface: String,
        /// What the kernel said.
        source: io::Error,
    },
}

impl RingError {
    /// True when the process lacks CAP_NET_RAW: exit code 77.
    pub fn is_missing_privilege(&self) -> bool {
        matches!(self, RingError::Socket(source) if source.kind() == io::ErrorKind::PermissionDenied)
    }

    /// True when the same call may succeed later without any change by the operator: the interface went away meanwhile,
    /// or it is down and the kernel is older than 6.13, which lets nobody join a fanout group on a link that is down.
    pub fn is_transient(&self) -> bool {
        match self {
            RingError::Bind { source, .. } | RingError::Option { source, .. } if is_absent(source) => true,
            RingError::Option { option: "PACKET_FANOUT", source, .. } => source.raw_os_error() == Some(libc::EINVAL),
            _ => false,
        }
    }

    pub(crate) fn option(option: &'static str, interface: &str) -> impl FnOnce(io::Error) -> RingError {
        let interface = interface.to_owned();
        move |source| RingError::Option { interface, option, source }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENODEV | libc::ENXIO | libc::ENETDOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        let error = |option, errno| RingError::option(option, "eth0")(io::Error::from_raw_os_error(errno));
        assert!(error("PACKET_FANOUT", libc::EINVAL).is_transient());
        assert!(error("PACKET_RX_RING", libc::ENODEV).is_transient());
        assert!(!error("PACKET_RX_RING", libc::EINVAL).is_transient());
        assert!(!RingError::Socket(io::Error::from_raw_os_error(libc::EPERM)).is_transient());
        assert!(RingError::Socket(io::Error::from_raw_os_error(libc::EPERM)).is_missing_privilege());
    }
}
