//! Where the tests store: a database on a server of their own, or SQLite files in a scratch folder.

use std::path::Path;

use store::config::Config;
use store::testing::MariaDb;
use store::{Batch, CommitOutcome, EventRow, FlowRow, LOW_RATE_STREAM, NodeIdentity, Reader, Store, Writer};
use tempfile::TempDir;

/// 2026-09-21 12:26:40 UTC.
pub const NOW: u32 = 1_789_993_600;
pub const DAY: u32 = 86_400;

/// One empty store.
pub struct Place {
    pub config: Config,
    pub folder: TempDir,
    pub server: Option<MariaDb>,
}

impl Place {
    pub fn sqlite() -> Place {
        Place { config: Config::default(), folder: tempfile::tempdir().unwrap(), server: None }
    }

    /// `None` where MariaDB is not installed.
    pub async fn mariadb() -> Option<Place> {
        let server = MariaDb::start_or_skip()?;
        server.admin("CREATE DATABASE floodmark").await.unwrap();
        let config = server.config("root", "floodmark");
        Some(Place { config, folder: tempfile::tempdir().unwrap(), server: Some(server) })
    }

    /// Both dialects.
    pub async fn all() -> Vec<Place> {
        [Some(Place::sqlite()), Place::mariadb().await].into_iter().flatten().collect()
    }

    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    pub async fn connect(&self) -> Store {
        Store::connect(&self.config, self.data_dir()).await.unwrap()
    }

    /// A store with tables.
    pub async fn migrated(&self) -> Store {
        let store = self.connect().await;
        store.migrate().await.unwrap();
        store
    }

    pub async fn reader(&self) -> Reader {
        Reader::connect(&self.config, self.data_dir()).await.unwrap()
    }
}

pub fn node() -> NodeIdentity {
    NodeIdentity { uuid: [9; 16], name: "host.example".to_owned(), version: "0.1.0".to_owned() }
}

pub async fn writer(store: &Store) -> Writer {
    store.writer(&node(), NOW).await.unwrap()
}

/// A flow row of 3 packets and 300 bytes.
pub fn flow(seq: u64, ts: u32) -> FlowRow {
    let mut src_ip = [0; 16];
    src_ip[10..12].copy_from_slice(&[0xff, 0xff]);
    src_ip[12..].copy_from_slice(&[192, 0, 2, (seq % 200) as u8]);
    let mut dst_ip = src_ip;
    dst_ip[12..].copy_from_slice(&[198, 51, 100, 7]);
    FlowRow {
        ts,
        seq,
        interface: 1,
        direction: 2,
        first_ns: u64::from(ts) * 1_000_000_000 - 5,
        last_ns: u64::from(ts) * 1_000_000_000 + 999_999_999,
        protocol: 6,
        src_ip,
        src_port: 40_000,
        dst_ip,
        dst_port: 443,
        vlan: 4094,
        packets_fwd: 2,
        bytes_fwd: 200,
        packets_rev: 1,
        bytes_rev: 100,
        tcp_flags_fwd: 0xff,
        tcp_flags_rev: 0x12,
        end_reason: 3,
        folded_addresses: u32::MAX,
    }
}

/// Flow rows `first ..= last` of epoch 5, all of one time.
pub fn flows(stream: u16, first: u64, last: u64, ts: u32) -> Batch {
    let rows = last - first + 1;
    Batch {
        epoch: 5,
        stream,
        first_seq: first,
        last_seq: last,
        arrived: NOW,
        packets: rows * 3,
        bytes: rows * 300,
        flows: (first..=last).map(|seq| flow(seq, ts)).collect(),
        ..Batch::default()
    }
}

pub fn event(seq: u64, text: &str) -> EventRow {
    EventRow {
        ts: NOW,
        seq,
        kind: "restart".to_owned(),
        severity: 1,
        subject: "capture".to_owned(),
        text: text.to_owned(),
        detail: "{}".to_owned(),
    }
}

pub fn events(first: u64, texts: &[&str]) -> Batch {
    let rows: Vec<EventRow> = (first..).zip(texts).map(|(seq, text)| event(seq, text)).collect();
    Batch {
        epoch: 5,
        stream: LOW_RATE_STREAM,
        first_seq: first,
        last_seq: first + texts.len() as u64 - 1,
        arrived: NOW,
        events: rows,
        ..Batch::default()
    }
}

pub const STORED: CommitOutcome = CommitOutcome::Stored { parked: 0 };
