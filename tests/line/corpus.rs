//! The captures from elsewhere, sent over a veth: every frame that a veth takes is seen, with its size.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use afpacket::sync::RawPacketStream;
use capture::file::CaptureFile;
use capture::frame::{Frame, LinkType};
use capture::wire::{self, Skip};

use crate::link::{Injector, udp_frame, veth};
use crate::machine::{Machine, assert_settled};
use crate::namespace::in_namespace;
use crate::process::await_some;

/// Files of the sample that always runs; FLOODMARK_ALL=1 takes all of them.
const SAMPLE: usize = 150;

/// Frames in flight at most, so that the rings hold what is sent while others use the cores.
const AHEAD: u64 = 20_000;

/// Two files (either byte order) of records cut by the snaplen, for which the table has a byte more than the captured
/// lengths that tshark prints (314 + 315 + 314 + 315).
const ONE_BYTE_LESS: &str = "/test012.pcapng";

/// The folder of captures, or `None` with a line that says that `check` was left out.
pub fn corpus(check: &str) -> Option<PathBuf> {
    let named = std::env::var_os("FLOODMARK_CORPUS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    if folder.join("replay.tsv").is_file() {
        return Some(folder);
    }
    eprintln!("skipped: {check}: no corpus in {} (set FLOODMARK_CORPUS)", folder.display());
    None
}

/// The rows of a table of the corpus by column name.
pub fn rows(table: &str) -> Vec<HashMap<&str, &str>> {
    let mut lines = table.lines();
    let names: Vec<&str> = lines.next().unwrap().split('\t').collect();
    lines.map(|line| names.iter().copied().zip(line.split('\t')).collect()).collect()
}

/// What a veth took of the frames, by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sent {
    frames: u64,
    bytes: u64,
    parsed: u64,
    parsed_bytes: u64,
    non_ip: u64,
    malformed: u64,
    unsupported: u64,
}

impl Sent {
    fn count(&mut self, bytes: &[u8]) {
        let length = bytes.len() as u64;
        let wire_len = bytes.len() as u32;
        let frame =
            Frame { bytes, wire_len, time_ns: 0, link: LinkType::Ethernet, vlan: None, gso_size: 0, outgoing: None };
        self.frames += 1;
        self.bytes += length;
        match wire::parse(&frame, false) {
            Ok(_) => {
                self.parsed += 1;
                self.parsed_bytes += length;
            }
            Err(Skip::NonIp) => self.non_ip += 1,
            Err(Skip::Malformed) => self.malformed += 1,
            Err(Skip::Unsupported) => self.unsupported += 1,
        }
    }
}

/// Sends every frame of a file that the device takes.
fn send_file(stream: &mut RawPacketStream, path: &Path, sent: &mut Sent) {
    let mut file = CaptureFile::open(path).unwrap();
    while let Some(chunk) = file.next_chunk().unwrap() {
        for found in chunk {
            // Too short for an Ethernet header, or longer than the device's MTU: the kernel refuses those.
            if stream.write(found.frame.bytes).is_ok() {
                sent.count(found.frame.bytes);
            }
        }
    }
}

#[test]
fn what_is_replayed_over_a_veth_is_seen_to_the_byte() {
    let check = "corpus::what_is_replayed_over_a_veth_is_seen_to_the_byte";
    if corpus(check).is_none() {
        return;
    }
    in_namespace(check, || {
        let folder = corpus("live replay").unwrap();
        let table = std::fs::read_to_string(folder.join("replay.tsv")).unwrap();
        let mut files = rows(&table);
        if std::env::var_os("FLOODMARK_ALL").is_none() {
            let step = files.len().div_ceil(SAMPLE);
            files = files.into_iter().step_by(step).collect();
        }
        veth();
        let config = "[capture]\nring_bytes = \"32MiB\"\n";
        let mut machine = Machine::start(config, &["va"]);
        let mut stream = RawPacketStream::new().unwrap();
        stream.set_bpf_filter(vec![(6, 0, 0, 0)]).unwrap();
        stream.bind("vb").unwrap();
        let mut sent = Sent::default();
        let mut checked = 0;
        for row in &files {
            let column = |name: &str| row[name].parse::<u64>().unwrap();
            let before = sent;
            send_file(&mut stream, &folder.join(row["file"]), &mut sent);
            assert_eq!(sent.frames - before.frames, column("sendable"), "{row:?}");
            let table_says = column("bytes_after_kernel_vlan_strip") + 4 * column("vlan_tagged");
            let off = if row["file"].ends_with(ONE_BYTE_LESS) { 1 } else { 0 };
            assert_eq!(sent.bytes - before.bytes, table_says - off, "{row:?}");
            if sent.frames - checked > AHEAD {
                checked = sent.frames;
                await_some("the frames", || (machine.capture_line()?.ledger.kernel_seen >= checked).then_some(()));
            }
        }
        eprintln!("{} files: {sent:?}", files.len());
        machine.stop();
        let ledger = machine.ledger();
        let seen = Sent {
            frames: ledger.taken,
            bytes: sent.bytes - sent.parsed_bytes + ledger.parsed_bytes,
            parsed: ledger.parsed_frames,
            parsed_bytes: ledger.parsed_bytes,
            non_ip: ledger.non_ip,
            malformed: ledger.malformed,
            unsupported: ledger.unsupported,
        };
        assert_eq!(seen, sent, "{ledger:?}");
        assert_eq!((ledger.kernel_seen, ledger.kernel_dropped, ledger.coalesced), (sent.frames, 0, 0), "{ledger:?}");
        assert_eq!(ledger.pre_tap, 0, "{ledger:?}");
        assert_settled(&ledger, sent.parsed, sent.parsed_bytes);
    });
}

#[test]
fn frames_that_the_kernel_eats_are_shown_as_pre_tap() {
    in_namespace("corpus::frames_that_the_kernel_eats_are_shown_as_pre_tap", || {
        veth();
        let mut machine = Machine::start("", &["va"]);
        let mut injector = Injector::on("vb");
        let mut cut = udp_frame(1, 60)[..12].to_vec();
        cut.extend([0x81, 0x00, 0x00]); // a tag that ends in its middle
        for _ in 0..1_000 {
            injector.send(&cut);
        }
        for flow in 0..500 {
            injector.send(&udp_frame(flow, 60));
        }
        await_some("pre_tap in the live line", || {
            let line = machine.capture_line()?;
            (line.ledger.taken == 500 && line.interfaces[0].pre_tap == Some(1_000)).then_some(())
        });
        let ledger = machine.ledger();
        assert_eq!((ledger.pre_tap, ledger.kernel_seen, ledger.imbalance), (1_000, 500, 0), "{ledger:?}");
        machine.stop();
        let ledger = machine.ledger();
        assert_eq!(ledger.pre_tap, 1_000, "{ledger:?}");
        assert_settled(&ledger, 500, 500 * 60);
    });
}
