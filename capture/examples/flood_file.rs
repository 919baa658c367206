//! Writes a capture file in which every packet is a new source: `flood_file OUT.pcap PACKETS`. TCP SYNs of 60 bytes from
//! random addresses and ports to one server, 1.4 million a second; the same each time.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a tool for the terminal")]

use std::fs::File;
use std::io::BufWriter;

use capture::file::write::PcapWriter;

const BEGIN_NS: u64 = 1_700_000_000_000_000_000;
const STEP_NS: u64 = 700;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [path, packets] = &words[..] else { return Err("usage: flood_file OUT.pcap PACKETS".into()) };
    let packets: u64 = packets.parse()?;
    let mut out = PcapWriter::new(BufWriter::with_capacity(1 << 20, File::create(path)?), 1, 128)?;
    let mut frame = [0u8; 60];
    frame[..12].copy_from_slice(&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
    frame[12..26].copy_from_slice(&[8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0]);
    frame[30..34].copy_from_slice(&[10, 0, 0, 1]);
    frame[36..38].copy_from_slice(&80u16.to_be_bytes());
    frame[46..48].copy_from_slice(&[0x50, 2]);
    for n in 0..packets {
        // Fibonacci hashing: a walk through all 2^32 addresses that looks random and repeats none.
        let mixed = (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16) as u32;
        frame[26..30].copy_from_slice(&mixed.to_be_bytes());
        frame[34..36].copy_from_slice(&(mixed.rotate_left(7) as u16).to_be_bytes());
        out.write(BEGIN_NS + n * STEP_NS, 60, &frame)?;
    }
    out.finish()?;
    println!("{packets} packets");
    Ok(())
}
