//! Floods an interface of this machine from one core, with 2 million frames a second and more: the load for benchmarks.
//!
//! `live_frames INTERFACE COUNT [--rate FRAMES_PER_SECOND] [--random]`
//!
//! The kernel runs a small XDP program on copies of one frame (BPF_PROG_RUN with live frames, Linux 5.18), and the
//! program sends them out of the interface; on a veth they arrive at its peer. That is three times as fast as sending
//! from user space. `--rate` sends five bursts a second, because each call costs the kernel some 20 ms. `--random` gives each frame another source address and port: every frame is a new flow. The peer
//! takes the frames in bulk when NAPI is on there: `ethtool -K PEER gro on`. Needs CAP_BPF, CAP_NET_ADMIN and
//! CAP_PERFMON, so root.
#![allow(unsafe_code)] // one system call, bpf(2), which has no safe wrapper among the dependencies

use std::error::Error;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use capture::interface::{Netlink, find};

/// Bytes of the frame: the smallest that Ethernet carries, without its checksum.
const FRAME_BYTES: usize = 60;
/// Where the program overwrites the source address and the source port.
const SOURCE_ADDRESS_AT: i16 = 26;
const SOURCE_PORT_AT: i16 = 34;
/// The program proves to the verifier that it stays below this.
const TOUCHED_BYTES: i32 = 38;
/// Frames that the kernel hands over at once.
const BATCH: u32 = 64;
/// Frames of one system call at most, so that Ctrl-C works.
const CHUNK: u64 = 1 << 20;

// linux/bpf.h
const BPF_PROG_LOAD: i32 = 5;
const BPF_PROG_RUN: i32 = 10;
const BPF_PROG_TYPE_XDP: u32 = 6;
const BPF_F_TEST_XDP_LIVE_FRAMES: u32 = 2;
const FUNC_GET_PRANDOM_U32: i32 = 7;
const FUNC_REDIRECT: i32 = 23;
const BPF_OBJ_NAME_LEN: usize = 16;

/// `struct bpf_insn`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Instruction {
    code: u8,
    /// Destination register in the low four bits, source in the high.
    registers: u8,
    offset: i16,
    immediate: i32,
}

/// The part of `union bpf_attr` for BPF_PROG_LOAD that is used here; the kernel takes the rest as zero.
#[repr(C)]
#[derive(Default)]
struct Load {
    program_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_bytes: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; BPF_OBJ_NAME_LEN],
}

/// The part of `union bpf_attr` for BPF_PROG_RUN.
#[repr(C)]
#[derive(Default)]
struct Run {
    program: u32,
    result: u32,
    frame_bytes: u32,
    out_bytes: u32,
    frame: u64,
    out: u64,
    repeat: u32,
    duration: u32,
    context_bytes: u32,
    context_out_bytes: u32,
    context: u64,
    context_out: u64,
    flags: u32,
    cpu: u32,
    batch: u32,
    padding: u32,
}

/// `struct xdp_md`: where the frame lies in its buffer.
#[repr(C)]
#[derive(Default)]
struct Context {
    data: u32,
    data_end: u32,
    data_meta: u32,
    ingress_ifindex: u32,
    rx_queue_index: u32,
    egress_ifindex: u32,
}

const _: () = assert!(size_of::<Load>() == 64 && size_of::<Run>() == 80 && size_of::<Context>() == 24);

struct Options {
    interface: String,
    count: u64,
    rate: Option<u64>,
    random: bool,
}

fn options() -> Option<Options> {
    let mut words = std::env::args().skip(1);
    let mut options =
        Options { interface: words.next()?, count: words.next()?.parse().ok()?, rate: None, random: false };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--random" => options.random = true,
            "--rate" => options.rate = Some(words.next()?.parse().ok().filter(|rate| *rate > 0)?),
            _ => return None,
        }
    }
    Some(options)
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options().ok_or("usage: live_frames INTERFACE COUNT [--rate FRAMES_PER_SECOND] [--random]")?;
    let links = Netlink::open()?.links()?;
    let link = find(&links, &options.interface).ok_or_else(|| format!("no interface {}", options.interface))?;
    let program = load(&program(link.index, options.random))?;
    let start = now();
    let mut sent = 0;
    while sent < options.count {
        let chunk = options.rate.map_or(CHUNK, |rate| (rate / 5).clamp(1, CHUNK)).min(options.count - sent);
        run(&program, chunk as u32)?;
        sent += chunk;
        if let Some(rate) = options.rate {
            let due = Duration::from_secs_f64(sent as f64 / rate as f64);
            std::thread::sleep(due.saturating_sub(start.elapsed()));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    writeln!(io::stdout(), "{sent} frames in {seconds:.3} s = {:.3} Mpps", sent as f64 / seconds / 1e6)?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures elapsed time")]
fn now() -> Instant {
    Instant::now()
}

/// The XDP program: overwrite the source if wanted, then redirect to the interface.
fn program(ifindex: u32, random: bool) -> Vec<Instruction> {
    let op = |code, destination: u8, source: u8, offset, immediate| Instruction {
        code,
        registers: destination | source << 4,
        offset,
        immediate,
    };
    let mut program = Vec::new();
    if random {
        program.extend([
            op(0x61, 7, 1, 0, 0),                    // r7 = context.data
            op(0x61, 8, 1, 4, 0),                    // r8 = context.data_end
            op(0xbf, 2, 7, 0, 0),                    // r2 = r7
            op(0x07, 2, 0, 0, TOUCHED_BYTES),        // r2 += TOUCHED_BYTES
            op(0x2d, 2, 8, 4, 0),                    // if r2 > r8 skip the next four
            op(0x85, 0, 0, 0, FUNC_GET_PRANDOM_U32), // r0 = random
            op(0x63, 7, 0, SOURCE_ADDRESS_AT, 0),    // *(u32 *)(r7 + …) = r0
            op(0x85, 0, 0, 0, FUNC_GET_PRANDOM_U32), // r0 = random
            op(0x6b, 7, 0, SOURCE_PORT_AT, 0),       // *(u16 *)(r7 + …) = r0
        ]);
    }
    program.extend([
        op(0xb7, 1, 0, 0, ifindex as i32), // r1 = interface
        op(0xb7, 2, 0, 0, 0),              // r2 = no flags
        op(0x85, 0, 0, 0, FUNC_REDIRECT),  // r0 = bpf_redirect(r1, r2)
        op(0x95, 0, 0, 0, 0),              // return r0
    ]);
    program
}

/// One UDP packet, 10.0.0.1:1000 to 10.0.0.2:80, to a station that is not there, so that no stack answers.
fn frame() -> [u8; FRAME_BYTES] {
    let mut frame = [0; FRAME_BYTES];
    frame[..14].copy_from_slice(&[2, 0, 0, 0, 0, 0x99, 2, 0, 0, 0, 0, 1, 8, 0]);
    frame[14..34].copy_from_slice(&[0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame[34..36].copy_from_slice(&1000_u16.to_be_bytes());
    frame[36..38].copy_from_slice(&80_u16.to_be_bytes());
    frame[38..40].copy_from_slice(&26_u16.to_be_bytes());
    frame
}

fn load(program: &[Instruction]) -> io::Result<OwnedFd> {
    let license = c"GPL";
    let mut attributes = Load {
        program_type: BPF_PROG_TYPE_XDP,
        instruction_count: program.len() as u32,
        instructions: program.as_ptr() as u64,
        license: license.as_ptr() as u64,
        ..Load::default()
    };
    // SAFETY: the pointers inside point to the program and the license, which outlive the call; the kernel only reads.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_LOAD, &raw mut attributes, size_of::<Load>()) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

fn run(program: &OwnedFd, count: u32) -> io::Result<()> {
    let frame = frame();
    let context = Context { data_end: FRAME_BYTES as u32, ..Context::default() };
    let mut attributes = Run {
        program: program.as_raw_fd() as u32,
        frame_bytes: FRAME_BYTES as u32,
        frame: frame.as_ptr() as u64,
        repeat: count,
        context_bytes: size_of::<Context>() as u32,
        context: (&raw const context) as u64,
        flags: BPF_F_TEST_XDP_LIVE_FRAMES,
        batch: BATCH,
        ..Run::default()
    };
    // SAFETY: the pointers inside point to the frame and the context, which outlive the call; with live frames the
    // kernel only reads them, and writes results into `attributes`, whose size it is told.
    let result = unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_RUN, &raw mut attributes, size_of::<Run>()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
