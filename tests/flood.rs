//! Floods of flows that never repeat, through the built program: its memory stays within what the limits say, and every
//! packet is in a row.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use capture::file::write::PcapWriter;
use capture::limits::memory_max;
use nix::sys::stat::Mode;

/// Entries of the flow table by default, and what a replay has beside live capture: the set of distinct five-tuples
/// (two places of eight bytes for each entry) and the file's buffer.
const ENTRIES: u64 = 1 << 18;
const REPLAY_BYTES: u64 = ENTRIES * 2 * 8 + (1 << 20);

const BEGIN_NS: u64 = 1_700_000_000_000_000_000;
/// 1.4 million new flows a second.
const STEP_NS: u64 = 700;

/// What makes one flood another.
#[derive(Clone, Copy)]
struct Flood {
    /// The victim answers each packet by a reset: no flow has one packet only.
    answered: bool,
    /// Each packet goes to another port.
    random_ports: bool,
}

impl Flood {
    fn name(self) -> &'static str {
        match (self.answered, self.random_ports) {
            (true, false) => "flood of new flows, the victim answers",
            (false, _) => "flood of new flows to random ports",
            (true, true) => "flood of new flows to random ports, the victim answers",
        }
    }
}

/// A TCP segment without payload, in 60 bytes.
fn segment(src: u32, dst: u32, src_port: u16, dst_port: u16, flags: u8) -> [u8; 60] {
    let mut frame = [0u8; 60];
    frame[..12].copy_from_slice(&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
    frame[12..26].copy_from_slice(&[8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0]);
    frame[26..30].copy_from_slice(&src.to_be_bytes());
    frame[30..34].copy_from_slice(&dst.to_be_bytes());
    frame[34..36].copy_from_slice(&src_port.to_be_bytes());
    frame[36..38].copy_from_slice(&dst_port.to_be_bytes());
    frame[46..48].copy_from_slice(&[0x50, flags]);
    frame
}

/// Writes the flood as a capture file; answers the packets.
fn write(flood: Flood, tuples: u64, out: impl Write) -> u64 {
    const VICTIM: u32 = 0x0a00_0001;
    let mut out = PcapWriter::new(BufWriter::with_capacity(1 << 18, out), 1, 128).unwrap();
    let mut packets = 0;
    for n in 0..tuples {
        // Fibonacci hashing: a walk through all addresses that looks random and repeats none.
        let mixed = (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16) as u32;
        let src_port = mixed.rotate_left(7) as u16;
        let dst_port = if flood.random_ports { mixed.rotate_left(19) as u16 } else { 80 };
        let time_ns = BEGIN_NS + n * STEP_NS;
        out.write(time_ns, 60, &segment(mixed, VICTIM, src_port, dst_port, 0x02)).unwrap();
        packets += 1;
        if flood.answered {
            out.write(time_ns + 300, 60, &segment(VICTIM, mixed, dst_port, src_port, 0x14)).unwrap();
            packets += 1;
        }
    }
    out.finish().unwrap();
    packets
}

/// The most memory that a process has had, in bytes; `None` when it has ended.
fn peak_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// Packets and bytes of the rows, as CSV.
fn sums(rows: impl BufRead) -> (u64, u64) {
    let mut lines = rows.split(b'\n').map(Result::unwrap);
    let head = String::from_utf8(lines.next().unwrap()).unwrap();
    let column = |name| head.split(',').position(|word| word == name).unwrap();
    let places = ["packets_fwd", "packets_rev", "bytes_fwd", "bytes_rev"].map(column);
    let mut sums = [0u64; 4];
    for line in lines {
        let text = std::str::from_utf8(&line).unwrap();
        for (sum, place) in sums.iter_mut().zip(places) {
            *sum += text.split(',').nth(place).unwrap().parse::<u64>().unwrap();
        }
    }
    (sums[0] + sums[1], sums[2] + sums[3])
}

fn replayed(flood: Flood) {
    let tuples = faults::runs(300_000, 10_000_000).max(100_000);
    let dir = tempfile::tempdir().unwrap();
    // Through a pipe: ten million packets would be a gigabyte on the disk.
    let pipe = dir.path().join("flood.pcap");
    nix::unistd::mkfifo(&pipe, Mode::from_bits_truncate(0o600)).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_floodmark"));
    program.args(["replay", "--dry-run", "--flows", "-"]).arg(&pipe).current_dir(&dir);
    let mut program = program.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let rows = BufReader::with_capacity(1 << 18, program.stdout.take().unwrap());
    let writing = thread::spawn(move || write(flood, tuples, open(&pipe)));
    let reading = thread::spawn(move || sums(rows));
    let (mut peak, pid) = (0, program.id());
    let status = loop {
        peak = peak.max(peak_bytes(pid).unwrap_or(0));
        match program.try_wait().unwrap() {
            Some(status) => break status,
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    let (packets, in_rows) = (writing.join().unwrap(), reading.join().unwrap());
    assert!(status.success());
    assert_eq!(in_rows, (packets, packets * 60), "every packet is in a row, with its bytes");
    let cap = memory_max(1, ENTRIES, 0) + REPLAY_BYTES;
    faults::report::Row {
        fault: flood.name().into(),
        load: format!("{tuples} five-tuples from a file"),
        runs: 1,
        note: format!("{} MiB resident at most, {} told", peak >> 20, cap >> 20),
        ..Default::default()
    }
    .tell();
    assert!(peak > 0 && peak <= cap + cap / 10, "{peak} bytes resident, {cap} told");
}

fn open(pipe: &Path) -> File {
    File::options().write(true).open(pipe).unwrap()
}

#[test]
fn a_flood_that_the_victim_answers_stays_within_the_memory() {
    replayed(Flood { answered: true, random_ports: false });
}

#[test]
fn a_flood_over_all_ports_stays_within_the_memory() {
    replayed(Flood { answered: false, random_ports: true });
}

#[test]
fn a_flood_over_all_ports_that_the_victim_answers_stays_within_the_memory() {
    replayed(Flood { answered: true, random_ports: true });
}
