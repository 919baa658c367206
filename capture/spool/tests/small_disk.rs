//! A real disk of 16 MiB that others fill: the spool is full with what there is, counts, and recovers alone.
//!
//! The disk is a tmpfs in a mount namespace of its own.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use faults::report::Row;
use spool::{Ack, Backend, Batch, FrameKind, Next, NodeId, StreamAck, Tail, Writer, WriterOptions};

const NODE: NodeId = NodeId::from_bytes([1; 16]);

/// Offered, accepted and refused rows: each offered one is in one of the other two.
#[derive(Default)]
struct Books {
    offered: u64,
    accepted: u64,
    refused: u64,
    read: u64,
}

struct Line {
    writer: Writer,
    tail: Tail,
    books: Books,
    now_ns: u64,
}

impl Line {
    fn offer(&mut self, frames: u64) {
        let payload = vec![7u8; 53_248];
        for _ in 0..frames {
            self.now_ns += 5_000_000;
            // A full disk is told here, and is no reason to stop.
            let _ = self.writer.tend(self.now_ns);
            let batch = Batch {
                kind: FrameKind::Flow,
                stream: 1,
                payload: &payload,
                row_count: 512,
                first_ns: 0,
                last_ns: 0,
                packets: 512,
                bytes: 512,
            };
            self.books.offered += 512;
            match self.writer.append(&batch) {
                Ok(last) => {
                    self.books.accepted += 512;
                    assert_eq!(last, self.books.accepted);
                }
                Err(error) => {
                    assert!(error.is_transient(), "{error}");
                    self.books.refused += 512;
                }
            }
            if self.now_ns.is_multiple_of(50_000_000) {
                let _ = self.writer.sync();
            }
        }
    }

    fn drain(&mut self) {
        let mut payload = Vec::new();
        loop {
            match self.tail.next(&mut payload, |_| true).unwrap() {
                Next::Frame(header) => {
                    assert_eq!(header.seq, self.books.read + 1);
                    self.books.read = header.last_seq();
                }
                Next::Idle => break,
                damage => panic!("{damage:?}"),
            }
        }
        let mut ack = Ack::default();
        let epoch = self.writer.epoch();
        ack.set(StreamAck { epoch, stream: 1, last_seq: self.books.read, ..StreamAck::default() });
        self.writer.trim(&ack).unwrap();
    }
}

fn inside(dir: &Path, backend: Backend) {
    let spool = dir.join(format!("{backend:?}"));
    let foreign = dir.join("foreign");
    fs::write(&foreign, vec![1u8; 9 << 20]).unwrap();
    let options = WriterOptions { node: NODE, segment_bytes: 2 << 20, bytes_max: 16 << 20, now_us: 1 };
    let writer = Writer::open_by(&spool, options, backend).unwrap();
    let mut line = Line { writer, tail: Tail::open(&spool, NODE), books: Books::default(), now_ns: 0 };
    line.offer(600);
    assert!(line.writer.cannot_grow() && line.books.refused > 0);
    assert_eq!(line.writer.bytes_max(), 6 << 20, "three segments beside the other's nine");
    // The database comes back: what there is carries on, without anybody's help.
    for _ in 0..20 {
        line.drain();
        line.offer(20);
    }
    let refused = line.books.refused;
    line.drain();
    line.offer(20);
    assert_eq!(line.books.refused, refused, "it has recovered");
    // The disk has room again.
    fs::remove_file(&foreign).unwrap();
    line.now_ns += 10_000_000_000;
    line.offer(200);
    assert!(line.writer.bytes_max() >= 12 << 20, "it has grown: {}", line.writer.bytes_max());
    line.writer.sync().unwrap();
    line.drain();
    let books = line.books;
    assert_eq!(books.offered, books.accepted + books.refused);
    assert_eq!(books.read, books.accepted, "every accepted row came, once");
    let fault = "spool disk of 16 MiB full".into();
    let note = format!(
        "{} rows offered, {} accepted and read, {} refused and counted",
        books.offered, books.read, books.refused
    );
    let load = format!("flow batches, {backend:?}");
    Row { fault, load, runs: 1, imbalance: Some(0), note, ..Row::default() }.tell();
    drop(line.writer);
    fs::remove_dir_all(&spool).unwrap();
}

#[test]
fn a_full_disk_of_16_mib_is_survived() {
    faults::namespace::within(&["--mount"], "a_full_disk_of_16_mib_is_survived", || {
        let dir = tempfile::tempdir().unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m", "none"]).arg(dir.path()).status().unwrap();
        assert!(mounted.success(), "a disk of 16 MiB: {mounted}");
        for backend in [Backend::IoUring, Backend::Sync] {
            inside(dir.path(), backend);
        }
        let unmounted = Command::new("umount").arg("--lazy").arg(dir.path()).status().unwrap();
        assert!(unmounted.success(), "{unmounted}");
    });
}
