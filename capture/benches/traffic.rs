//! Generated traffic: a capture file of mixed flows, the same for the same seed, with its totals known.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use capture::file::Summary;
use capture::file::write::PcapWriter;

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// Records.
    pub packets: u64,
    /// Distinct order-free five-tuples; at most 2^24. Each has at least one packet when `packets` is not fewer.
    pub flows: u32,
    /// Bytes kept of each frame.
    pub snaplen: u32,
    /// Any number but 0; another gives other traffic.
    pub seed: u64,
}

/// Marsaglia's xorshift: enough for sizes and choices.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Times begin in 2023 and advance by 500 ns a packet: 2 million packets a second.
const START_NS: u64 = 1_700_000_000_000_000_000;
const STEP_NS: u64 = 500;
/// Ethernet 14, IPv6 40, TCP 20.
const HEADERS_MAX: usize = 74;

impl Traffic {
    /// Writes the file; a third of the flows is IPv6, a third UDP; sizes are small, middle or full as on real links.
    pub fn write(self, path: &Path) -> io::Result<Summary> {
        let mut out = PcapWriter::new(BufWriter::with_capacity(1 << 20, File::create(path)?), 1, self.snaplen)?;
        let mut random = Random(self.seed);
        let mut summary = Summary::default();
        let mut bytes = [0_u8; 1514];
        for index in 0..self.packets {
            let flow = match index < u64::from(self.flows) {
                true => index as u32,
                false => random.below(u64::from(self.flows)) as u32,
            };
            let size = match random.below(10) {
                0..=4 => HEADERS_MAX + random.below(60) as usize,
                5..=6 => 200 + random.below(800) as usize,
                _ => 1514,
            };
            headers(&mut bytes, flow, random.below(2) == 0, size);
            out.write(START_NS + index * STEP_NS, size as u32, &bytes[..size])?;
            summary.records += 1;
            summary.wire_bytes += size as u64;
            summary.captured_bytes += size.min(self.snaplen as usize) as u64;
        }
        out.finish()?;
        Ok(summary)
    }
}

/// Fills in the headers of a frame of `size` bytes of `flow`, from its originator or to it.
fn headers(bytes: &mut [u8], flow: u32, forward: bool, size: usize) {
    let (ipv6, udp) = (flow % 3 == 1, flow % 3 == 2);
    let ip_bytes = (size - 14) as u16;
    let transport = if ipv6 { 54 } else { 34 };
    let protocol = if udp { 17 } else { 6 };
    bytes[..12].copy_from_slice(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
    let [_, a, b, c] = flow.to_be_bytes();
    let (local, remote) = ([10, 0, 0, (flow % 200) as u8], [100, a, b, c]);
    let (src, dst) = if forward { (remote, local) } else { (local, remote) };
    if ipv6 {
        bytes[12..14].copy_from_slice(&[0x86, 0xdd]);
        bytes[14..22].copy_from_slice(&[0x60, 0, 0, 0, 0, 0, protocol, 64]);
        bytes[18..20].copy_from_slice(&(ip_bytes - 40).to_be_bytes());
        bytes[22..54].fill(0);
        bytes[22..24].copy_from_slice(&[0x20, 0x01]);
        bytes[34..38].copy_from_slice(&src);
        bytes[38..40].copy_from_slice(&[0x20, 0x01]);
        bytes[50..54].copy_from_slice(&dst);
    } else {
        bytes[12..14].copy_from_slice(&[0x08, 0x00]);
        bytes[14..26].copy_from_slice(&[0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0]);
        bytes[16..18].copy_from_slice(&ip_bytes.to_be_bytes());
        bytes[26..30].copy_from_slice(&src);
        bytes[30..34].copy_from_slice(&dst);
    }
    let ports = [1024 + (flow % 50_000) as u16, 443];
    let (src_port, dst_port) = if forward { (ports[0], ports[1]) } else { (ports[1], ports[0]) };
    bytes[transport..transport + 2].copy_from_slice(&src_port.to_be_bytes());
    bytes[transport + 2..transport + 4].copy_from_slice(&dst_port.to_be_bytes());
    // Behind the ports: a TCP header without options and with ACK; the length of a UDP datagram.
    bytes[transport + 4..transport + 20].fill(0);
    match udp {
        true => bytes[transport + 4..transport + 6].copy_from_slice(&(ip_bytes - 20).to_be_bytes()),
        false => bytes[transport + 12..transport + 14].copy_from_slice(&[0x50, 0x10]),
    }
}
