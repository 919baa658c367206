//! Rows a second into `flows`: LOAD DATA LOCAL INFILE, one writer, two writers, SQLite; same rows, same run.
//!
//! `cargo bench -p store --bench insert [-- --rows N --rounds N]`. Every round does all of them in turn, and the
//! medians are printed: what else the machine does meets all alike. The CPU time of server and client a row is printed
//! too, because it does not depend on who else uses the cores.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use store::testing::{MariaDb, Unavailable};
use store::{Batch, CommitOutcome, FlowRow, NodeIdentity, Store, Writer};

const NOW: u32 = 1_790_000_000;
const BATCH_ROWS: u64 = 10_240;
/// Rows exported in one second, all with times within the idle time-out before it.
const ROWS_A_SECOND: u64 = 50_000;

struct Arguments {
    rows: u64,
    rounds: usize,
    only: Option<String>,
}

fn arguments() -> Arguments {
    let mut parsed = Arguments { rows: 400_000, rounds: 5, only: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--rows" => parsed.rows = words.next().and_then(|n| n.parse().ok()).unwrap_or(parsed.rows),
            "--rounds" => parsed.rounds = words.next().and_then(|n| n.parse().ok()).unwrap_or(parsed.rounds),
            "--only" => parsed.only = words.next(),
            _ => {}
        }
    }
    parsed
}

/// A row as a busy server has them; the same for the same number.
fn row(seq: u64) -> FlowRow {
    let mut state = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let address = |bits: u64| {
        let [a, b, c, d] = (bits as u32).to_be_bytes();
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
    };
    let ts = NOW + (seq / ROWS_A_SECOND) as u32 - (random() % 15) as u32;
    let last_ns = u64::from(ts) * 1_000_000_000 + random() % 1_000_000_000;
    let packets = random() % 100 + 1;
    FlowRow {
        ts,
        seq,
        interface: 1,
        direction: (random() % 4) as u8,
        first_ns: last_ns - random() % 15_000_000_000,
        last_ns,
        protocol: if random() % 4 == 0 { 17 } else { 6 },
        src_ip: address(random()),
        src_port: random() as u16,
        dst_ip: address(0xc0a8_0000 | (random() % 250)),
        dst_port: [80, 443, 443, 53, 22][(random() % 5) as usize],
        vlan: 0,
        packets_fwd: packets,
        bytes_fwd: packets * (60 + random() % 1400),
        packets_rev: packets / 2,
        bytes_rev: packets * 700,
        tcp_flags_fwd: random() as u8 & 0x1f,
        tcp_flags_rev: random() as u8 & 0x1f,
        end_reason: 1,
        folded_addresses: 0,
    }
}

/// The rows of one stream as batches.
fn batches(stream: u16, rows: u64) -> Vec<Batch> {
    (0..rows.div_ceil(BATCH_ROWS))
        .map(|n| {
            let (first_seq, last_seq) = (n * BATCH_ROWS + 1, ((n + 1) * BATCH_ROWS).min(rows));
            let flows: Vec<FlowRow> = (first_seq..=last_seq).map(row).collect();
            let packets = flows.iter().map(|f| f.packets_fwd + f.packets_rev).sum();
            let bytes = flows.iter().map(|f| f.bytes_fwd + f.bytes_rev).sum();
            Batch { epoch: 1, stream, first_seq, last_seq, arrived: NOW, packets, bytes, flows, ..Batch::default() }
        })
        .collect()
}

/// The same rows as text for LOAD DATA: tab separated, addresses in hexadecimal.
fn write_text(path: &Path, rows: u64) -> std::io::Result<()> {
    let mut text = String::new();
    let hex = |bytes: [u8; 16]| bytes.iter().fold(String::new(), |s, b| s + &format!("{b:02x}"));
    for r in (1..=rows).map(row) {
        let _ = writeln!(
            text,
            "{}\t1\t1\t1\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            r.ts,
            r.seq,
            r.interface,
            r.direction,
            r.first_ns,
            r.last_ns,
            r.protocol,
            hex(r.src_ip),
            r.src_port,
            hex(r.dst_ip),
            r.dst_port,
            r.vlan,
            r.packets_fwd,
            r.bytes_fwd,
            r.packets_rev,
            r.bytes_rev,
            r.tcp_flags_fwd,
            r.tcp_flags_rev,
            r.end_reason,
            r.folded_addresses
        );
    }
    std::fs::write(path, text)
}

async fn store_all(writer: &mut Writer, batches: &[Batch]) -> Result<(), Box<dyn Error + Send + Sync>> {
    for batch in batches {
        match writer.commit(batch).await? {
            CommitOutcome::Stored { .. } => {}
            other => return Err(format!("{other:?}").into()),
        }
    }
    Ok(())
}

fn node() -> NodeIdentity {
    NodeIdentity { uuid: [7; 16], name: "bench".to_owned(), version: "0".to_owned() }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn clock() -> Instant {
    Instant::now()
}

/// CPU time that a process has used, in microseconds, from fields 14 and 15 of its `stat`: hundredths of a second.
fn cpu_us(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = after_name.split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * 10_000.0
}

/// What one way of storing did in the rounds.
#[derive(Default)]
struct Measured {
    rates: Vec<f64>,
    server_us: f64,
    client_us: f64,
}

fn rate(rows: u64, since: Instant) -> f64 {
    rows as f64 / since.elapsed().as_secs_f64()
}

fn load_data(server: &MariaDb, text: &Path, rows: u64) -> Result<f64, Box<dyn Error + Send + Sync>> {
    let sql = format!(
        "LOAD DATA LOCAL INFILE '{}' INTO TABLE flows (ts, node_id, epoch, stream, seq, interface, direction, first_ns, \
         last_ns, protocol, @src, src_port, @dst, dst_port, vlan, packets_fwd, bytes_fwd, packets_rev, bytes_rev, \
         tcp_flags_fwd, tcp_flags_rev, end_reason, folded_addresses) SET src_ip = UNHEX(@src), dst_ip = UNHEX(@dst)",
        text.display()
    );
    let start = clock();
    let output = server.client()?.args(["floodmark", "-e", &sql]).output()?;
    let rate = rate(rows, start);
    if output.status.success() { Ok(rate) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
}

async fn writers(server: &MariaDb, count: u16, rows: u64) -> Result<(f64, f64), Box<dyn Error + Send + Sync>> {
    let store = Store::connect(&server.config("root", "floodmark"), Path::new("/")).await?;
    let mut work = Vec::new();
    for stream in 1..=count {
        work.push((store.writer(&node(), NOW).await?, batches(stream, rows / u64::from(count))));
    }
    let (start, before) = (clock(), cpu_us("self"));
    let tasks: Vec<_> = work
        .into_iter()
        .map(|(mut writer, batches)| tokio::spawn(async move { store_all(&mut writer, &batches).await }))
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok((rate(rows / u64::from(count) * u64::from(count), start), cpu_us("self") - before))
}

async fn sqlite(rows: u64) -> Result<(f64, f64), Box<dyn Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    let store = Store::connect(&store::config::Config::default(), folder.path()).await?;
    let mut writer = store.writer(&node(), NOW).await?;
    let batches = batches(1, rows);
    let (start, before) = (clock(), cpu_us("self"));
    store_all(&mut writer, &batches).await?;
    Ok((rate(rows, start), cpu_us("self") - before))
}

async fn empty(server: &MariaDb) -> Result<(), Box<dyn Error + Send + Sync>> {
    server.admin("TRUNCATE floodmark.flows; TRUNCATE floodmark.flow_notes; TRUNCATE floodmark.ingest_fences").await?;
    Ok(())
}

fn median(rates: &[f64]) -> f64 {
    let mut rates = rates.to_vec();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::disallowed_macros, reason = "a benchmark prints")]
fn report(line: &str) {
    println!("{line}");
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let Arguments { rows, rounds, only } = arguments();
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let options = ["--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G"];
    let server = match MariaDb::start(&options) {
        Ok(server) => server,
        Err(Unavailable::NotInstalled(program)) => {
            report(&format!("skipped: `{program}` is not installed"));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    server.admin("CREATE DATABASE floodmark").await?;
    Store::connect(&server.config("root", "floodmark"), Path::new("/")).await?.migrate().await?;
    let text = tempfile::NamedTempFile::new()?;
    write_text(text.path(), rows)?;
    let mut all: Vec<(&str, Measured)> =
        ["LOAD DATA", "1 writer", "2 writers", "SQLite"].map(|name| (name, Measured::default())).into();
    let process = server.process_id().map_or_else(String::new, |id| id.to_string());
    for _ in 0..rounds {
        for (name, measured) in all.iter_mut().filter(|(name, _)| wanted(name)) {
            empty(&server).await?;
            let before = cpu_us(&process);
            let (rate, client_us) = match *name {
                "LOAD DATA" => (load_data(&server, text.path(), rows)?, 0.0),
                "1 writer" => writers(&server, 1, rows).await?,
                "2 writers" => writers(&server, 2, rows).await?,
                _ => sqlite(rows).await?,
            };
            measured.rates.push(rate);
            measured.server_us += cpu_us(&process) - before;
            measured.client_us += client_us;
        }
    }
    let base = median(&all[0].1.rates);
    report(&format!("{rows} flow rows, {BATCH_ROWS} a transaction, medians of {rounds} rounds"));
    for (name, Measured { rates, server_us, client_us }) in all {
        let each: Vec<String> = rates.iter().map(|rate| format!("{:.0}", rate / 1e3)).collect();
        let (median, total) = (median(&rates), rows as f64 * rounds as f64);
        report(&format!(
            "{name:<10} {median:>8.0} rows/s  {:>5.2} x LOAD DATA  CPU a row: server {:.2} us, client {:.2} us  [k rows/s: {}]",
            median / base,
            server_us / total,
            client_us / total,
            each.join(" ")
        ));
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(run())
}
