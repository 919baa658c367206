//! A writer of classic pcap files with nanosecond times: samples for incidents, captures made by tests and benchmarks.

use std::io::{self, Write};

/// Writes records to `out`, which the caller buffers.
#[derive(Debug)]
pub struct PcapWriter<W> {
    out: W,
    snaplen: u32,
}

impl<W: Write> PcapWriter<W> {
    /// Writes the file header. `linktype` is the format's LINKTYPE number (1 = Ethernet); records are cut to `snaplen`
    /// bytes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(mut out: W, linktype: u16, snaplen: u32) -> io::Result<PcapWriter<W>> {
        // Magic of nanosecond files, version 2.4, zone and accuracy (always 0), snap length, link type.
        for word in [0xa1b2_3c4d, 0x0004_0002, 0, 0, snaplen, u32::from(linktype)] {
            out.write_all(&word.to_le_bytes())?;
        }
        Ok(PcapWriter { out, snaplen })
    }

    /// Writes one record: `wire_len` bytes on the wire, of which `bytes` are at hand. Seconds beyond 2106 wrap, as
    /// the format has 32 bits for them.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&mut self, time_ns: u64, wire_len: u32, bytes: &[u8]) -> io::Result<()> {
        let kept = &bytes[..bytes.len().min(self.snaplen as usize)];
        let seconds = (time_ns / 1_000_000_000) as u32;
        let fraction_ns = (time_ns % 1_000_000_000) as u32;
        for word in [seconds, fraction_ns, kept.len() as u32, wire_len] {
            self.out.write_all(&word.to_le_bytes())?;
        }
        self.out.write_all(kept)
    }

    /// Flushes and gives `out` back.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}
