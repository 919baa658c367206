//! What a ring is to be: sizes checked against what the kernel accepts.

use std::time::Duration;

use super::error::RingError;
use crate::config::{Config, Fanout};
use crate::frame::LinkType;

/// Least snaplen: an Ethernet, IPv4 and TCP header without options, and a few bytes of tags.
pub const SNAPLEN_MIN: u32 = 64;
/// Largest snaplen: four times the largest frame of an ordinary interface, as capture tools have it.
pub const SNAPLEN_MAX: u32 = 262_144;
/// Smallest block: a frame that GRO merged to 64 KiB must fit into it with its headers, or it is cut.
const BLOCK_BYTES_MIN: usize = 128 << 10;
/// Fewest blocks: below this the kernel soon has none left to write to while some are being walked.
const BLOCKS_MIN: usize = 4;
/// The kernel's request counts bytes and frames in 32 bits.
const RING_BYTES_MAX: usize = 2 << 30;
/// Means nothing to TPACKET_V3, but must divide the block.
const FRAME_BYTES: usize = 2048;

/// One interface's rings: the same for each worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingSpec {
    /// Name of the interface, for messages.
    pub name: String,
    /// The kernel's number of the interface: what is bound to.
    pub ifindex: u32,
    /// Memory of each ring; rounded down to whole blocks.
    pub ring_bytes: usize,
    /// Memory of each block: a power of two, at least 128 KiB.
    pub block_bytes: usize,
    /// After this time the kernel hands over a block that is not full; 1 ms to 1 s.
    pub block_timeout: Duration,
    /// Bytes kept of each frame.
    pub snaplen: u32,
    /// Ask for frames not addressed to the interface.
    pub promiscuous: bool,
    /// How frames are spread over the rings of a group.
    pub fanout: Fanout,
}

/// The numbers of a checked spec as the kernel wants them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) block_bytes: usize,
    pub(super) blocks: usize,
    pub(super) timeout_ms: u32,
}

impl RingSpec {
    /// The spec of one interface by the `[capture]` section.
    pub fn from_config(config: &Config, name: &str, ifindex: u32) -> RingSpec {
        let bytes = |size: bytesize::ByteSize| usize::try_from(size.as_u64()).unwrap_or(usize::MAX);
        RingSpec {
            name: name.to_owned(),
            ifindex,
            ring_bytes: bytes(config.ring_bytes),
            block_bytes: bytes(config.ring_block_bytes),
            block_timeout: config.ring_block_timeout,
            snaplen: config.snaplen,
            promiscuous: config.promiscuous,
            fanout: config.fanout,
        }
    }

    /// Checks what can be checked without the kernel; `floodmark config check` calls this too.
    ///
    /// # Errors
    /// [`RingError::Spec`] naming the value and its bounds.
    pub fn validate(&self) -> Result<(), RingError> {
        self.geometry().map(drop)
    }

    pub(super) fn geometry(&self) -> Result<Geometry, RingError> {
        let wrong = |problem: String| Err(RingError::Spec { interface: self.name.clone(), problem });
        if !self.block_bytes.is_power_of_two() || !(BLOCK_BYTES_MIN..=RING_BYTES_MAX).contains(&self.block_bytes) {
            return wrong(format!(
                "capture.ring_block_bytes is {}, but must be a power of two from 128KiB up: smaller blocks cut merged frames",
                self.block_bytes
            ));
        }
        if self.ring_bytes > RING_BYTES_MAX || self.ring_bytes / self.block_bytes < BLOCKS_MIN {
            return wrong(format!(
                "capture.ring_bytes is {}, but must be 2GiB at most and hold at least {BLOCKS_MIN} blocks of {} (16 or more are good)",
                self.ring_bytes, self.block_bytes
            ));
        }
        if !(SNAPLEN_MIN..=SNAPLEN_MAX).contains(&self.snaplen) {
            return wrong(format!("capture.snaplen is {}, but must be {SNAPLEN_MIN} to {SNAPLEN_MAX}", self.snaplen));
        }
        let timeout_ms = u32::try_from(self.block_timeout.as_millis()).unwrap_or(u32::MAX);
        if !(1..=1000).contains(&timeout_ms) {
            return wrong(format!("capture.ring_block_timeout is {:?}, but must be 1ms to 1s", self.block_timeout));
        }
        Ok(Geometry { block_bytes: self.block_bytes, blocks: self.ring_bytes / self.block_bytes, timeout_ms })
    }
}

impl Geometry {
    pub(super) fn bytes(&self) -> usize {
        self.block_bytes * self.blocks
    }

    pub(super) fn request(&self) -> libc::tpacket_req3 {
        // `geometry` holds the ring to 2 GiB, so that each number fits into 32 bits.
        libc::tpacket_req3 {
            tp_block_size: self.block_bytes as u32,
            tp_block_nr: self.blocks as u32,
            tp_frame_size: FRAME_BYTES as u32,
            tp_frame_nr: (self.bytes() / FRAME_BYTES) as u32,
            tp_retire_blk_tov: self.timeout_ms,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        }
    }
}

/// How the frames of an interface are to be read, by its hardware type (ARPHRD of linux/if_arp.h); `None` = not known
/// to this program. Point-to-point kinds show packet sockets the bare IP packet.
pub(crate) fn link_type(hardware: u16) -> Option<LinkType> {
    /// Raw IP of cellular modems; absent from libc.
    const ARPHRD_RAWIP: u16 = 519;
    Some(match hardware {
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => LinkType::Ethernet,
        libc::ARPHRD_NONE
        | libc::ARPHRD_PPP
        | libc::ARPHRD_TUNNEL
        | libc::ARPHRD_TUNNEL6
        | libc::ARPHRD_SIT
        | ARPHRD_RAWIP => LinkType::RawIp,
        libc::ARPHRD_IEEE80211 => LinkType::Ieee80211,
        libc::ARPHRD_IEEE80211_RADIOTAP => LinkType::Radiotap,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> RingSpec {
        RingSpec::from_config(&Config::default(), "eth0", 2)
    }

    fn check(change: impl FnOnce(&mut RingSpec), names: &str) {
        let mut spec = spec();
        change(&mut spec);
        let error = spec.validate().expect_err("refused").to_string();
        assert!(error.contains(names) && error.contains("eth0"), "{error}");
    }

    #[test]
    fn defaults_are_sixty_four_blocks() {
        let geometry = spec().geometry().expect("defaults are valid");
        assert_eq!(geometry, Geometry { block_bytes: 256 << 10, blocks: 64, timeout_ms: 10 });
        assert_eq!(geometry.request().tp_frame_nr, 8192);
    }

    #[test]
    fn sizes_the_kernel_would_refuse_or_cut_by_are_named() {
        check(|spec| spec.block_bytes = 64 << 10, "ring_block_bytes");
        check(|spec| spec.block_bytes = 300_000, "ring_block_bytes");
        check(|spec| spec.block_bytes = usize::MAX, "ring_block_bytes");
        check(|spec| spec.ring_bytes = 256 << 10, "ring_bytes");
        check(|spec| spec.ring_bytes = usize::MAX, "ring_bytes");
        check(|spec| spec.snaplen = 0, "snaplen");
        check(|spec| spec.snaplen = SNAPLEN_MAX + 1, "snaplen");
        check(|spec| spec.block_timeout = Duration::ZERO, "ring_block_timeout");
        check(|spec| spec.block_timeout = Duration::MAX, "ring_block_timeout");
    }

    #[test]
    fn hardware_types_are_known_or_refused() {
        assert_eq!(link_type(772), Some(LinkType::Ethernet));
        assert_eq!(link_type(65534), Some(LinkType::RawIp));
        assert_eq!(link_type(824), None);
    }
}
