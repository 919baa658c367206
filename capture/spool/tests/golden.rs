//! A spool of format version 2 as the program of then wrote it: this program reads it to the last row, and a newer
//! program must do so too. Nothing under `golden` is ever made anew; a new format gets a folder of its own.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use spool::limits::FORMAT_VERSION;
use spool::row::{
    Direction, EndReason, EventRow, FlowRecord, HostRow, IncidentRow, InterfaceRow, LedgerRow, ProcessRow, SubjectRow,
    TalkerRow, TrafficRow, push_json, read_json,
};
use spool::segment::{SEGMENT_HEADER_BYTES, name};
use spool::{Batch, FrameHeader, FrameKind, Next, NodeId, SpoolError, Tail, Writer, WriterOptions};

const NODE: NodeId = NodeId::from_bytes([0x42; 16]);

/// The folder of the files of a format version.
fn folder(version: u16) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/spool-{version}"))
}

fn flow(n: u8) -> FlowRecord {
    let mut src_ip = [0; 16];
    src_ip[10..].copy_from_slice(&[0xff, 0xff, 192, 0, 2, n]);
    FlowRecord {
        src_ip,
        dst_ip: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n],
        src_port: 40_000 + u16::from(n),
        dst_port: 443,
        interface: 3,
        vlan: 7,
        protocol: 6,
        direction: Direction::In,
        end_reason: EndReason::Closed,
        tcp_flags_fwd: 0x1b,
        tcp_flags_rev: 0x12,
        first_ns: 1_789_900_000_000_000_001,
        last_ns: 1_789_900_001_000_000_000 + u64::from(n),
        packets_fwd: 10 + u64::from(n),
        bytes_fwd: 1_000,
        packets_rev: 8,
        bytes_rev: 800,
        folded_addresses: 5,
    }
}

/// One row of a kind with something in every text, as a JSON line.
fn line<T: serde::Serialize>(row: &T) -> Vec<u8> {
    let mut out = Vec::new();
    push_json(&mut out, row);
    out
}

/// One frame of each kind, all rows of it.
fn frames() -> Vec<(FrameKind, u16, u32, Vec<u8>)> {
    let mut flows = Vec::new();
    (1..=3).for_each(|n| flows.extend(flow(n).encode()));
    let mut host = HostRow { ts: 1_789_900_000, seconds: 60, cores: 4, load1: 1.5, ..HostRow::default() };
    host.detail = "{\"disks\":[]}".to_owned();
    vec![
        (FrameKind::Flow, 1, 3, flows),
        (FrameKind::Traffic, 0, 1, line(&TrafficRow { ts: 1_789_900_000, interface: 3, ..TrafficRow::default() })),
        (FrameKind::Talker, 0, 1, line(&TalkerRow { ts: 1_789_900_000, flows: 9, ..TalkerRow::default() })),
        (FrameKind::Ledger, 0, 1, line(&LedgerRow { ts: 1_789_900_000, parsed: 77, ..LedgerRow::default() })),
        (FrameKind::Interface, 0, 1, line(&InterfaceRow { interface: 3, name: "eth0".to_owned() })),
        (FrameKind::Event, 0, 1, line(&EventRow { text: "начало".to_owned(), ..EventRow::default() })),
        (FrameKind::Host, 16, 1, line(&host)),
        (FrameKind::Process, 16, 1, line(&ProcessRow { name: "nginx".to_owned(), ..ProcessRow::default() })),
        (FrameKind::Subject, 16, 1, line(&SubjectRow { value: 0.5, ..SubjectRow::default() })),
        (FrameKind::Incident, 16, 1, line(&IncidentRow { text: "attack".to_owned(), ..IncidentRow::default() })),
        (FrameKind::Unknown(999), 0, 2, b"a newer kind\n".to_vec()),
    ]
}

/// Everything of a frame that a reader goes by, and its rows as this program understands them.
fn told(header: &FrameHeader, payload: &[u8]) -> String {
    fn rows<T: serde::de::DeserializeOwned + serde::Serialize>(payload: &[u8]) -> String {
        let (rows, bad): (Vec<T>, u32) = read_json(payload);
        assert_eq!(bad, 0, "{}", String::from_utf8_lossy(payload));
        rows.iter().map(|row| serde_json::to_string(row).unwrap() + "\n").collect()
    }
    let body = match header.kind {
        FrameKind::Flow => FlowRecord::rows(payload).map(|row| format!("{row:?}\n")).collect(),
        FrameKind::Traffic => rows::<TrafficRow>(payload),
        FrameKind::Talker => rows::<TalkerRow>(payload),
        FrameKind::Ledger => rows::<LedgerRow>(payload),
        FrameKind::Interface => rows::<InterfaceRow>(payload),
        FrameKind::Event => rows::<EventRow>(payload),
        FrameKind::Host => rows::<HostRow>(payload),
        FrameKind::Process => rows::<ProcessRow>(payload),
        FrameKind::Subject => rows::<SubjectRow>(payload),
        FrameKind::Incident => rows::<IncidentRow>(payload),
        FrameKind::Unknown(_) => format!("{payload:?}\n"),
    };
    let FrameHeader { kind, stream, epoch, seq, row_count, first_ns, last_ns, packets, bytes, before, .. } = header;
    format!("{kind:?} {stream} {epoch} {seq}+{row_count} {first_ns} {last_ns} {packets} {bytes} {before:?}\n{body}")
}

/// Reads a spool to its end.
fn read(dir: &Path) -> Result<String, SpoolError> {
    let (mut tail, mut payload, mut text) = (Tail::open(dir, NODE), Vec::new(), String::new());
    loop {
        match tail.next(&mut payload, |_| true)? {
            Next::Frame(header) => text.push_str(&told(&header, &payload)),
            Next::Idle => return Ok(text),
            Next::Damaged { segment, offset, .. } => panic!("damage in segment {segment} at {offset}"),
        }
    }
}

/// A copy of the kept files, with the zeros behind the frames that were left out when they were kept.
fn copy(version: u16) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder(version)).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), dir.path().join(entry.unwrap().file_name()));
        if from.extension().is_some_and(|end| end == "segment") {
            let bytes = fs::read(&from).unwrap();
            let whole = u64::from_le_bytes(bytes[32..40].try_into().unwrap());
            fs::write(&to, bytes).unwrap();
            fs::File::options().write(true).open(&to).unwrap().set_len(whole).unwrap();
        }
    }
    dir
}

#[test]
fn a_spool_of_version_2_is_read_to_the_last_row() {
    let expected = fs::read_to_string(folder(2).join("rows.txt")).unwrap();
    assert_eq!(read(copy(2).path()).unwrap(), expected);
    assert!(expected.contains("Unknown(999)"), "a kind that nobody knows is given to the reader, who parks it");
}

#[test]
fn a_spool_of_a_newer_version_is_refused_with_the_remedy() {
    let dir = copy(FORMAT_VERSION);
    let path = dir.path().join(name(1));
    let mut bytes = fs::read(&path).unwrap();
    bytes[4..6].copy_from_slice(&(FORMAT_VERSION + 1).to_le_bytes());
    let crc = crc32c::crc32c(&bytes[..SEGMENT_HEADER_BYTES - 4]);
    bytes[SEGMENT_HEADER_BYTES - 4..SEGMENT_HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let error = read(dir.path()).unwrap_err();
    assert!(matches!(error, SpoolError::NewerFormat { found, .. } if found == FORMAT_VERSION + 1), "{error}");
    assert!(error.to_string().contains("upgrade"), "{error}");
}

/// The writer of today writes what is kept of its version: who changes the format makes a new version, and a new folder.
#[test]
fn what_is_written_today_is_the_kept_format() {
    let dir = write();
    assert_eq!(read(dir.path()).unwrap(), fs::read_to_string(folder(FORMAT_VERSION).join("rows.txt")).unwrap());
}

fn write() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let options =
        WriterOptions { node: NODE, segment_bytes: 1 << 20, bytes_max: 16 << 20, now_us: 1_789_900_000_000_000 };
    let mut writer = Writer::open_by(dir.path(), options, spool::Backend::Sync).unwrap();
    for (kind, stream, row_count, payload) in frames() {
        let (packets, bytes) = (u64::from(row_count) * 11, u64::from(row_count) * 900);
        let (first_ns, last_ns) = (1_789_900_000_000_000_001, 1_789_900_001_000_000_003);
        let batch = Batch { kind, stream, payload: &payload, row_count, first_ns, last_ns, packets, bytes };
        writer.append(&batch).unwrap();
        writer.sync().unwrap();
    }
    dir
}

#[test]
#[ignore = "makes the kept files of a new format version: run once, when the version is new"]
fn keep_the_files_of_this_version() {
    let (dir, to) = (write(), folder(FORMAT_VERSION));
    assert!(!to.exists(), "{} is there: what is kept is never made anew", to.display());
    fs::create_dir_all(&to).unwrap();
    fs::write(to.join("rows.txt"), read(dir.path()).unwrap()).unwrap();
    for index in spool::segment::list(dir.path()).unwrap() {
        let mut bytes = fs::read(dir.path().join(name(index))).unwrap();
        let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(used);
        fs::write(to.join(name(index)), bytes).unwrap();
    }
}
