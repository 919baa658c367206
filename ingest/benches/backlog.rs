//! A database that was away: how fast its backlog drains from the spool, while rows keep arriving.
//!
//! `cargo bench -p ingest --bench backlog [-- --minutes N --rate N --rows N --sqlite --connections N --dir FOLDER]`.
//! ingest runs from the beginning, as the role does. The database goes (MariaDB is killed; SQLite is not started yet);
//! `minutes` × `rate` rows are spooled, as fast as the disk takes them; the database comes back while `rate` rows a
//! second go on arriving, in real time; the clock stops when all that was spooled is committed. Exit status 1 when a row
//! is missing, doubled, or did not find room in the spool.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use ingest::config::{Config, Retention};
use ingest::{IngestError, Options, Summary};
use spool::row::FlowRecord;
use spool::{Ack, Batch, FrameKind, NodeId, SpoolError, Writer, WriterOptions};
use store::testing::MariaDb;

type Failure = Box<dyn Error + Send + Sync>;

/// 2026-09-21 12:26:40 UTC.
const BEGIN: u64 = 1_789_993_600;
/// Rows of a frame, as capture's workers hand them over.
const FRAME_ROWS: u64 = 512;
const STREAMS: u16 = 4;
const NODE: NodeId = NodeId::from_bytes([7; 16]);

struct Arguments {
    rows: u64,
    rate: u64,
    sqlite: bool,
    connections: usize,
    dir: PathBuf,
}

fn arguments() -> Arguments {
    let dir = std::env::temp_dir();
    let mut parsed =
        Arguments { rows: 0, rate: 20_000, sqlite: false, connections: Config::default().connections, dir };
    let mut minutes = 1;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = |default: u64| words.next().and_then(|n| n.parse().ok()).unwrap_or(default);
        match word.as_str() {
            "--minutes" => minutes = number(1),
            "--rate" => parsed.rate = number(20_000),
            "--rows" => parsed.rows = number(0),
            "--connections" => parsed.connections = number(2) as usize,
            "--sqlite" => parsed.sqlite = true,
            "--dir" => parsed.dir = words.next().map_or(parsed.dir, PathBuf::from),
            _ => {}
        }
    }
    if parsed.rows == 0 {
        parsed.rows = minutes * 60 * parsed.rate;
    }
    parsed
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn clock() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_macros, reason = "a benchmark prints")]
fn report(line: &str) {
    println!("{line}");
}

/// A row as a busy server has them; the same for the same number.
fn record(number: u64, rate: u64) -> FlowRecord {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut src_ip = [0; 16];
    src_ip[10..12].copy_from_slice(&[0xff; 2]);
    let mut dst_ip = src_ip;
    src_ip[12..].copy_from_slice(&(random() as u32).to_be_bytes());
    dst_ip[12..].copy_from_slice(&(0xc0a8_0000 | (random() as u32 % 250)).to_be_bytes());
    let last_ns = (BEGIN + number / rate) * 1_000_000_000 - random() % 15_000_000_000;
    let packets = random() % 100 + 1;
    FlowRecord {
        src_ip,
        dst_ip,
        src_port: random() as u16,
        dst_port: 443,
        interface: 1,
        protocol: 6,
        first_ns: last_ns - random() % 15_000_000_000,
        last_ns,
        packets_fwd: packets,
        bytes_fwd: packets * (60 + random() % 1400),
        packets_rev: packets / 2,
        bytes_rev: packets * 700,
        ..FlowRecord::default()
    }
}

/// The writing side: what capture's spooler does, without packets.
struct Source {
    writer: Writer,
    dir: PathBuf,
    rate: u64,
    rows: u64,
    packets: u64,
    refused: u64,
}

impl Source {
    fn frame(&mut self) -> Result<(), SpoolError> {
        let records: Vec<FlowRecord> = (0..FRAME_ROWS).map(|n| record(self.rows + n, self.rate)).collect();
        let payload: Vec<u8> = records.iter().flat_map(FlowRecord::encode).collect();
        let packets = records.iter().map(FlowRecord::packets).sum();
        let batch = Batch {
            kind: FrameKind::Flow,
            stream: (self.rows / FRAME_ROWS % u64::from(STREAMS)) as u16 + 1,
            payload: &payload,
            row_count: FRAME_ROWS as u32,
            first_ns: records.iter().map(|r| r.first_ns).min().unwrap_or(0),
            last_ns: records.iter().map(|r| r.last_ns).max().unwrap_or(0),
            packets,
            bytes: records.iter().map(FlowRecord::bytes).sum(),
        };
        match self.writer.append(&batch) {
            Ok(_) => {
                self.rows += FRAME_ROWS;
                self.packets += packets;
                Ok(())
            }
            Err(SpoolError::Full { .. }) => {
                self.refused += FRAME_ROWS;
                self.writer.trim(&Ack::load(&self.dir)).map(drop)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps the rate until `end`, trimming and syncing as the spooler does.
    fn flow(&mut self, end: &AtomicBool) -> Result<(), SpoolError> {
        let (begun, before) = (clock(), self.rows);
        while !end.load(Ordering::Acquire) {
            let due = before + (begun.elapsed().as_secs_f64() * self.rate as f64) as u64;
            while self.rows + FRAME_ROWS <= due {
                self.frame()?;
            }
            self.writer.sync()?;
            self.writer.trim(&Ack::load(&self.dir))?;
            sleep(Duration::from_millis(50));
        }
        self.writer.sync()
    }
}

fn options(arguments: &Arguments, data_dir: &Path, store: store::config::Config) -> Options {
    let forever = Duration::from_secs(100 * 365 * 86_400);
    Options {
        config: Config {
            connections: arguments.connections,
            retention: Retention { flows: forever, ..Retention::default() },
            ..Config::default()
        },
        store,
        data_dir: data_dir.to_owned(),
        run_dir: data_dir.join("run"),
        spools: vec![data_dir.join("spool").join("capture")],
        node: NODE,
        node_name: "bench".to_owned(),
    }
}

fn committed(dir: &Path, rows: &AtomicU64) -> u64 {
    let sum = Ack::load(dir).streams.iter().map(|ack| ack.last_seq).sum();
    rows.fetch_max(sum, Ordering::Relaxed).max(sum)
}

fn start(options: &Options, stop: &Arc<AtomicBool>) -> std::thread::JoinHandle<Result<Summary, IngestError>> {
    let (options, stop) = (options.clone(), stop.clone());
    spawn(move || ingest::run(&options, &stop))
}

fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work))
}

fn main() -> Result<(), Failure> {
    let arguments = arguments();
    let folder = tempfile::Builder::new().prefix("floodmark-backlog-").tempdir_in(&arguments.dir)?;
    let dir = folder.path().join("spool").join("capture");
    let writer = Writer::open(
        &dir,
        WriterOptions { node: NODE, segment_bytes: 64 << 20, bytes_max: 4 << 30, now_us: BEGIN * 1_000_000 },
    )?;
    let mut source = Source { writer, dir: dir.clone(), rate: arguments.rate, rows: 0, packets: 0, refused: 0 };
    let mut server = None;
    let mut store = store::config::Config::default();
    if !arguments.sqlite {
        let started = MariaDb::start(&["--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G"])?;
        block_on(started.admin("CREATE DATABASE floodmark"))??;
        store = started.config("root", "floodmark");
        server = Some(started);
    }
    let (stop, end) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let options = options(&arguments, folder.path(), store);
    let mut role = None;
    if let Some(server) = &mut server {
        role = Some(start(&options, &stop));
        source.frame()?;
        while committed(&dir, &AtomicU64::new(0)) == 0 {
            sleep(Duration::from_millis(10));
        }
        server.stop();
    }
    while source.rows < arguments.rows {
        source.frame()?;
    }
    source.writer.sync()?;
    let backlog = source.rows;
    report(&format!("backlog: {backlog} rows, {} MiB of spool", source.writer.used_bytes() >> 20));
    if let Some(server) = &mut server {
        server.run()?;
    }
    let begun = clock();
    if role.is_none() {
        role = Some(start(&options, &stop));
    }
    let flowing = end.clone();
    let flow = spawn(move || source.flow(&flowing).map(|()| source));
    let seen = AtomicU64::new(0);
    let mut first = None;
    let mut told = clock();
    loop {
        sleep(Duration::from_millis(50));
        let now = committed(&dir, &seen);
        if now > FRAME_ROWS && first.is_none() {
            first = Some(begun.elapsed());
        }
        let arrived = backlog + (begun.elapsed().as_secs_f64() * arguments.rate as f64) as u64;
        if told.elapsed() > Duration::from_secs(5) {
            told = clock();
            report(&format!("{:>4.0} s: {now} of {arrived}", begun.elapsed().as_secs_f64()));
        }
        // Caught up: what is missing arrived within the last half second.
        if now + arguments.rate / 2 >= arrived {
            break;
        }
    }
    let (took, stored) = (begun.elapsed().as_secs_f64(), seen.load(Ordering::Relaxed));
    end.store(true, Ordering::Release);
    let source = flow.join().map_err(|_| "the source panicked")??;
    stop.store(true, Ordering::Release);
    let summary = role.ok_or("ingest was started")?.join().map_err(|_| "ingest panicked")??;
    let arriving = arguments.rate as f64;
    let gross = stored as f64 / took;
    report(&format!(
        "{} {} connections: drained in {took:.1} s ({:.1} s to the first commit): {gross:.0} rows/s gross, {:.0} net = \
         {:.1} x real time; spool refused {} rows",
        if arguments.sqlite { "SQLite" } else { "MariaDB" },
        arguments.connections,
        first.unwrap_or_default().as_secs_f64(),
        gross - arriving,
        (gross - arriving) / arriving,
        source.refused
    ));
    let counted = match &server {
        Some(server) => block_on(server.number("SELECT COUNT(*) FROM floodmark.flows"))?? as u64,
        None => block_on(async {
            let store = store::Store::connect(&options.store, &options.data_dir).await?;
            store.size().await
        })??
        .iter()
        .find(|size| size.table == "flows")
        .map_or(0, |size| size.rows),
    };
    let away = arguments.rows as f64 / arriving;
    let row = faults::report::Row {
        fault: format!("database away for {:.0} minutes of {} flow rows/s", away / 60.0, arguments.rate),
        load: format!(
            "{}, {} rows/s go on arriving",
            if arguments.sqlite { "SQLite" } else { "MariaDB" },
            arguments.rate
        ),
        runs: 1,
        lost: source.rows.saturating_sub(counted),
        doubled: counted.saturating_sub(source.rows),
        imbalance: None,
        worst_recovery_ms: Some((took * 1e3) as u64),
        note: format!(
            "{gross:.0} rows/s, {:.1} x real time net; the spool took every row",
            (gross - arriving) / arriving
        ),
    };
    row.tell();
    check(&options, &source, summary, counted)
}

/// Every row of the spool is in the store once, by the table's own count and by the fences.
fn check(options: &Options, source: &Source, summary: Summary, counted: u64) -> Result<(), Failure> {
    let fences = block_on(async {
        let mut reader = store::Reader::connect(&options.store, &options.data_dir).await?;
        reader.fences().await
    })??;
    let rows: u64 = fences.iter().map(|fence| fence.stored.rows).sum();
    let packets: u64 = fences.iter().map(|fence| fence.stored.packets).sum();
    report(&format!(
        "rows written {}, in the table {counted}, by the fences {rows}; packets written {}, stored {packets}; {summary:?}",
        source.rows, source.packets
    ));
    let exact = rows == source.rows && counted == source.rows && packets == source.packets;
    if !exact || source.refused > 0 || summary.rows_parked > 0 {
        return Err("the books of the backlog do not balance".into());
    }
    Ok(())
}
