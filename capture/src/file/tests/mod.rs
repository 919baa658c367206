//! Tests of the reader on files made here, byte by byte.

mod classic;
mod endings;
mod properties;
mod sections;

use std::io::Write;
use std::path::Path;

use super::{CaptureFile, Ending, Summary};
use crate::frame::LinkType;

/// A record as read back.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    interface: u32,
    link: LinkType,
    time_ns: u64,
    wire_len: u32,
    bytes: Vec<u8>,
}

/// A record of an Ethernet interface 0.
fn record(time_ns: u64, wire_len: u32, bytes: &[u8]) -> Record {
    Record { interface: 0, link: LinkType::Ethernet, time_ns, wire_len, bytes: bytes.to_vec() }
}

/// Reads a whole file by way of a file system.
fn read(content: &[u8]) -> (Vec<Record>, Ending, Summary) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    read_path(file.path())
}

fn read_path(path: &Path) -> (Vec<Record>, Ending, Summary) {
    let mut file = CaptureFile::open(path).unwrap();
    let mut records = Vec::new();
    while let Some(chunk) = file.next_chunk().unwrap() {
        records.extend(chunk.map(|found| Record {
            interface: found.interface,
            link: found.frame.link,
            time_ns: found.frame.time_ns,
            wire_len: found.frame.wire_len,
            bytes: found.frame.bytes.to_vec(),
        }));
    }
    assert!(file.next_chunk().unwrap().is_none(), "a file ends once");
    let ending = file.ending().unwrap();
    (records, ending, file.summary())
}

/// Words in the byte order of the machine that wrote the file.
#[derive(Clone, Copy, Debug)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        }
    }

    fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        }
    }

    fn words(self, values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| self.u32(*value)).collect()
    }
}

/// A classic file header of Ethernet.
fn classic_header(order: Order, magic: u32) -> Vec<u8> {
    let mut bytes = order.words(&[magic]);
    bytes.extend(order.u16(2));
    bytes.extend(order.u16(4));
    bytes.extend(order.words(&[0, 0, 65_535, 1]));
    bytes
}

/// A pcapng block around `body`, which is padded.
fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let length = 12 + padded as u32;
    let mut bytes = order.words(&[kind, length]);
    bytes.extend(body);
    bytes.resize(8 + padded, 0);
    bytes.extend(order.u32(length));
    bytes
}

fn section(order: Order) -> Vec<u8> {
    let mut body = order.words(&[0x1a2b_3c4d]);
    body.extend(order.u16(1));
    body.extend(order.u16(0));
    body.extend([0xff; 8]);
    block(order, 0x0a0d_0d0a, &body)
}

fn interface(order: Order, link: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
    let mut body = order.u16(link).to_vec();
    body.extend([0, 0]);
    body.extend(order.u32(snaplen));
    body.extend(options);
    block(order, 1, &body)
}

fn enhanced(order: Order, interface: u32, ticks: u64, wire_len: u32, data: &[u8]) -> Vec<u8> {
    let mut body = order.words(&[interface, (ticks >> 32) as u32, ticks as u32, data.len() as u32, wire_len]);
    body.extend(data);
    block(order, 6, &body)
}
