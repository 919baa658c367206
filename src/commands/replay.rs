//! `floodmark replay`: capture files through the same workers as live packets.

mod csv;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use capture::error::CaptureError;
use capture::replay::{FileReport, Options};
use capture::role::spool_dir;
use capture::spooler::closing::{self, Past};
use capture::spooler::sink::{FlowTap, Sink, WhenFull};
use spool::{Writer, WriterOptions};

use csv::Csv;

use super::print;
use super::role::node_of;
use super::store::{configuration, exit_of, wait_for};
use crate::cli::ReplayArgs;
use crate::config::Config;
use crate::confine;
use crate::exit::{Exit, Failure, Outcome};

/// Segments of a replay's spool: they are drained while they are written.
const SEGMENT_BYTES: u64 = 16 << 20;

pub fn run(args: &ReplayArgs) -> Outcome {
    if args.json && args.flows.as_deref() == Some(Path::new("-")) {
        let error = anyhow::anyhow!("--json and --flows - both want stdout; give --flows a file");
        return Err(Failure::new(Exit::Usage, error));
    }
    let mut config = configuration(&args.source)?;
    config.capture.flow_idle_timeout = args.flow_idle_timeout.unwrap_or(config.capture.flow_idle_timeout);
    config.capture.flow_active_timeout = args.flow_active_timeout.unwrap_or(config.capture.flow_active_timeout);
    config.capture.fold &= !args.no_fold;
    config.capture.decapsulate |= args.decapsulate;
    confine::apply(&confine::replay(), config.node.confinement)?;
    let csv = args.flows.as_deref().map(Csv::create).transpose().map_err(Failure::failed)?;
    let tap = csv.as_ref().map(Csv::tap);
    let outcome = if args.dry_run {
        replay(args, &config, Sink::nowhere().with_tap(tap), Past::default())
    } else {
        into_store(args, &config, tap)
    };
    // The replay's own failure is told first; a file that is not whole is one too.
    outcome.and(csv.map_or(Ok(()), |csv| csv.finish().map_err(Failure::failed)))
}

/// Loads what the replay writes while it writes it, in this process.
fn into_store(args: &ReplayArgs, config: &Config, tap: Option<FlowTap>) -> Outcome {
    let data_dir = &config.node.data_dir;
    let node = node_of(config)?;
    // A store that refuses us is told before anything is read.
    wait_for(async { store::Store::connect(&config.store, data_dir).await?.migrate().await })?;
    let dir = spool_dir(data_dir, "replay");
    let sizes = config.spool.sizes(&dir);
    let options = WriterOptions {
        node,
        segment_bytes: sizes.segment_bytes.min(SEGMENT_BYTES),
        bytes_max: sizes.bytes_max,
        now_us: now_us(),
    };
    let writer = Writer::open_by(&dir, options, config.spool.backend).map_err(|error| {
        let exit = if error.is_configuration() { Exit::BadConfiguration } else { Exit::Failed };
        Failure::new(exit, error)
    })?;
    let past = closing::read(&dir, node, writer.epoch()).map_err(Failure::failed)?;
    let (finished, gone) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let options = ingest::Options {
        config: config.ingest.clone(),
        store: config.store.clone(),
        data_dir: data_dir.clone(),
        run_dir: config.node.run_dir.clone(),
        spools: vec![dir.clone()],
        node,
        node_name: config.node.name.clone(),
    };
    let (stop, left) = (finished.clone(), gone.clone());
    let draining = thread::Builder::new().name("ingest".into()).spawn(move || {
        let result = ingest::drain(&options, &stop);
        left.store(true, Ordering::Release);
        result
    });
    let draining = draining.map_err(Failure::failed)?;
    let sink = Sink::spool(writer, &dir, config.spool.commit_interval, WhenFull::Wait(gone)).with_tap(tap);
    let replayed = replay(args, config, sink, past);
    finished.store(true, Ordering::Release);
    let drained = draining.join().map_err(|_| Failure::failed(anyhow::anyhow!("loading the rows panicked")))?;
    drained.map_err(|error| match &error {
        ingest::IngestError::Store(cause) => Failure::new(exit_of(cause), error),
        _ => Failure::failed(error),
    })?;
    replayed
}

#[expect(clippy::disallowed_methods, reason = "the new epoch is not below the clock")]
fn now_us() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

fn replay(args: &ReplayArgs, config: &Config, sink: Sink, past: Past) -> Outcome {
    let options = Options { config: config.capture.clone(), workers: usize::from(args.workers), past };
    let mut failed = false;
    let mut output: Outcome = Ok(());
    let cut = capture::replay::run(&options, &args.files, sink, &mut |report| match report {
        Ok(report) => {
            if let Some(warning) = &report.warning {
                eprintln!("floodmark: warning: {warning}");
            }
            if output.is_ok() && args.flows.as_deref() != Some(Path::new("-")) {
                output = print::out(&if args.json { json(&report) } else { text(&report) });
            }
        }
        Err(error) => {
            eprintln!("floodmark: {error}");
            failed = true;
        }
    });
    let cut = cut.map_err(|error: CaptureError| Failure::failed(error))?;
    output?;
    if cut.columns.shed > 0 {
        let shed = cut.columns.shed;
        return Err(Failure::failed(anyhow::anyhow!(
            "{shed} packets' rows were not written: the spool or the store failed"
        )));
    }
    if failed { Err(Failure::failed(anyhow::anyhow!("not every file could be read"))) } else { Ok(()) }
}

fn json(report: &FileReport) -> String {
    serde_json::to_string(report).expect("a report holds only numbers and text") + "\n"
}

fn text(report: &FileReport) -> String {
    let FileReport { file, records, parsed, non_ip, malformed, unsupported, flows, flow_records, folded, .. } = report;
    let exact = if report.flows_exact { "" } else { "more than " };
    let ns = report.elapsed_ns as f64 / (*records).max(1) as f64;
    format!(
        "{file}: {records} records ({parsed} IP, {non_ip} other, {malformed} malformed, {unsupported} unsupported), \
         {exact}{flows} flows in {flow_records} rows, {folded} folded; {ns:.0} ns a record\n"
    )
}
