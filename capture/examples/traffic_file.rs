//! Writes a capture file of generated traffic: `traffic_file OUT.pcap PACKETS FLOWS [SNAPLEN]`, the same each time.
//! As many flows as packets makes every packet a new source.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a tool for the terminal")]

#[path = "../benches/traffic.rs"]
mod traffic;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [out, packets, flows, rest @ ..] = &words[..] else {
        return Err("usage: traffic_file OUT.pcap PACKETS FLOWS [SNAPLEN]".into());
    };
    let snaplen = rest.first().map_or(Ok(128), |word| word.parse())?;
    let traffic = traffic::Traffic { packets: packets.parse()?, flows: flows.parse()?, snaplen, seed: 7 };
    let summary = traffic.write(&PathBuf::from(out))?;
    println!("{summary:?}");
    Ok(())
}
