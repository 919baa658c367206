//! The classic BPF programs of a packet socket: what the kernel lets in, and how much of it.

use libc::sock_filter;

// linux/bpf_common.h; the opcodes are sums of class, size and mode.
const LOAD_WORD_ABSOLUTE: u16 = 0x20;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;
/// Packet type of the frame, as a load from an address that no packet has (linux/filter.h).
const PACKET_TYPE: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_PKTTYPE) as u32;

fn instruction(code: u16, jump_true: u8, jump_false: u8, k: u32) -> sock_filter {
    sock_filter { code, jt: jump_true, jf: jump_false, k }
}

/// Takes every frame and keeps `snaplen` bytes of it. A ring with TPACKET_V3 is cut by nothing else: its frame size
/// means nothing to the kernel.
///
/// On a loopback interface the kernel shows each frame twice, once going out and once coming in; there the outgoing one
/// is refused.
pub(crate) fn take(snaplen: u32, loopback: bool) -> Vec<sock_filter> {
    let keep = instruction(RETURN, 0, 0, snaplen);
    if !loopback {
        return vec![keep];
    }
    vec![
        instruction(LOAD_WORD_ABSOLUTE, 0, 0, PACKET_TYPE),
        instruction(JUMP_IF_EQUAL, 0, 1, u32::from(libc::PACKET_OUTGOING)),
        instruction(RETURN, 0, 0, 0),
        keep,
    ]
}

/// Refuses every frame; refused frames are in no counter of the socket.
pub(crate) fn reject_all() -> Vec<sock_filter> {
    vec![instruction(RETURN, 0, 0, 0)]
}
