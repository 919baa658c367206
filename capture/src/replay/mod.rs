//! replay: capture files through the same workers and the same spooler as live packets. It never sheds: where a live
//! worker would count a loss, the reader waits.
//!
//! With one worker the reading thread is the worker. With more, the reading thread deals the frames of a chunk by the
//! flow's hash, so that both directions of a flow meet in one worker, and the workers share the chunk.

mod deal;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use spool::row::Severity;

use crate::config::Config;
use crate::error::CaptureError;
use crate::file::{CaptureFile, Ending};
use crate::flow::key::HashSeed;
use crate::limits::GROUP_FRAMES;
use crate::local::LocalNetworks;
use crate::queue::WorkerQueue;
use crate::role::{event, now_ns, worker_options};
use crate::spooler::closing::Past;
use crate::spooler::sink::Sink;
use crate::spooler::{Cut, Spooler, Turn};
use crate::worker::message::{Message, WorkerTotals};
use crate::worker::{Worker, WorkerOptions};

/// Highest interface number in a flow's key: further files and interfaces share it.
const INTERFACE_MAX: usize = (1 << 12) - 1;

/// What a replay must know.
#[derive(Clone)]
pub struct Options {
    /// Flows: time-outs, folding, decapsulation, table size, local networks.
    pub config: Config,
    /// Workers, at least 1.
    pub workers: usize,
    /// What the spool tells of earlier replays: those that were killed are closed by this one.
    pub past: Past,
}

/// What one file held. Classes (`parsed`, `non_ip`, `malformed`, `unsupported`) sum to `records`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FileReport {
    /// The file, as given.
    pub file: String,
    /// Records in it.
    pub records: u64,
    /// Sum of their original lengths.
    pub wire_bytes: u64,
    /// Sum of their captured lengths.
    pub captured_bytes: u64,
    /// Frames with an IP header.
    pub ip_packets: u64,
    /// Sum of the lengths that the outermost IP headers declare, clamped to the wire.
    pub ip_bytes: u64,
    /// Frames that became packets of a flow.
    pub parsed: u64,
    /// Frames without IP.
    pub non_ip: u64,
    /// Frames that do not hold what they claim.
    pub malformed: u64,
    /// Frames of encapsulations that are not read.
    pub unsupported: u64,
    /// Frames whose headers are missing from the wire (a mark, not a class).
    pub truncated: u64,
    /// First and later fragments (a mark, not a class).
    pub fragments: u64,
    /// Distinct unordered five-tuples.
    pub flows: u64,
    /// False when there were more than the table has entries: `flows` is then a lower bound.
    pub flows_exact: bool,
    /// Flow records written.
    pub flow_records: u64,
    /// One-packet flows folded into summaries.
    pub folded: u64,
    /// Wall time from open to the last record handed over, ns.
    pub elapsed_ns: u64,
    /// Workers.
    pub workers: usize,
    /// How the file ended, when it did not end with a whole record: a warning.
    #[serde(skip)]
    pub warning: Option<String>,
}

/// Replays files one after the other into `sink`; `each` gets the report of each file, or why it could not be read (the
/// next file is taken up then).
///
/// # Errors
/// What keeps the replay from starting.
pub fn run(
    options: &Options,
    files: &[PathBuf],
    sink: Sink,
    each: &mut dyn FnMut(Result<FileReport, CaptureError>),
) -> Result<Cut, CaptureError> {
    let seed = HashSeed::random()?;
    let local = Arc::new(LocalNetworks::new(&options.config.local_networks, &[]));
    let queues: Vec<WorkerQueue> = (0..options.workers).map(|_| WorkerQueue::default()).collect();
    let mut lines: Vec<Line> = queues
        .iter()
        .enumerate()
        .map(|(number, queue)| {
            let options = WorkerOptions {
                count_distinct: true,
                live: false,
                ..worker_options(&options.config, number as u16, local.clone(), seed, 0)
            };
            Line { worker: Worker::new(options), queue: queue.clone() }
        })
        .collect();
    let mut spooler = Spooler::new(queues, sink, 0, true);
    spooler.close_past(&options.past, now_ns());
    spooler.event(event("replay.start", Severity::Info, "", &format!("replay of {} files", files.len())));
    let (names, named) = std::sync::mpsc::channel::<(u16, String)>();
    let spooling = thread::Builder::new().name("spooler".into()).spawn(move || {
        loop {
            for (number, name) in named.try_iter() {
                spooler.name_interface(number, &name, now_ns());
            }
            match spooler.turn(now_ns()) {
                Turn::Finished(cut) => return *cut,
                Turn::Busy | Turn::Cut(_) => {}
                Turn::Idle => thread::park_timeout(Duration::from_millis(2)),
            }
        }
    });
    let spooling = spooling.map_err(|source| CaptureError::Start { what: "the spooler", source })?;
    let mut replayer = Replayer { options, seed, interfaces: 0 };
    for file in files {
        each(replayer.file(file, &mut lines, &mut |number, name| {
            let _ = names.send((number, name));
        }));
    }
    for line in &mut lines {
        line.worker.see_what_was_taken();
        let report = line.worker.report(0, 0);
        line.worker.outbox().push_back(Message::Finished(report));
        line.carry();
    }
    spooling.thread().unpark();
    spooling.join().map_err(|_| CaptureError::Start {
        what: "the spooler (it panicked)",
        source: std::io::ErrorKind::Other.into(),
    })
}

/// A worker and its way to the spooler.
struct Line {
    worker: Worker,
    queue: WorkerQueue,
}

impl Line {
    /// Carries messages to the spooler, waiting when it is behind.
    fn carry(&mut self) {
        while let Some(message) = self.worker.outbox().pop_front() {
            let mut message = message;
            while let Err(back) = self.queue.push(message) {
                message = back;
                thread::sleep(Duration::from_micros(200));
            }
        }
        while let Some(payload) = self.queue.take_empty() {
            self.worker.recycle(payload);
        }
    }
}

struct Replayer<'a> {
    options: &'a Options,
    seed: HashSeed,
    /// Numbers given to interfaces of earlier files.
    interfaces: usize,
}

impl Replayer<'_> {
    #[expect(clippy::disallowed_methods, reason = "elapsed_ns is measured here")]
    fn file(
        &mut self,
        path: &Path,
        lines: &mut [Line],
        name: &mut dyn FnMut(u16, String),
    ) -> Result<FileReport, CaptureError> {
        let begun = Instant::now();
        let before = totals(lines);
        for line in lines.iter_mut() {
            line.worker.restart_distinct();
        }
        let mut file = CaptureFile::open(path)?;
        let mut numbers = Numbers { base: self.interfaces, named: 0, path, name, last: None };
        let read = if let [line] = lines {
            read_alone(&mut file, line, &mut numbers)
        } else {
            deal::read_shared(&mut file, lines, &self.seed, self.options.config.decapsulate, &mut numbers)
        };
        self.interfaces += numbers.named.max(1);
        for line in lines.iter_mut() {
            line.worker.finish();
            line.carry();
        }
        let elapsed_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        read?;
        Ok(report(&file, &before, lines, elapsed_ns))
    }
}

/// Gives numbers to a file's interfaces as they come, and names them.
pub(super) struct Numbers<'a> {
    base: usize,
    named: usize,
    path: &'a Path,
    name: &'a mut dyn FnMut(u16, String),
    /// The last answer: a file's records mostly come from one interface.
    last: Option<(u32, u16)>,
}

impl Numbers<'_> {
    #[inline(always)]
    fn of(&mut self, interface: u32) -> u16 {
        match self.last {
            Some((asked, number)) if asked == interface => number,
            _ => self.look_up(interface),
        }
    }

    #[inline(never)]
    fn look_up(&mut self, interface: u32) -> u16 {
        let within = interface as usize;
        let number = (self.base + within + 1).min(INTERFACE_MAX) as u16;
        if within >= self.named {
            self.introduce(within, number);
        }
        self.last = Some((interface, number));
        number
    }

    fn introduce(&mut self, within: usize, number: u16) {
        let file = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        let name = if within == 0 { file.into_owned() } else { format!("{file}#{within}") };
        self.named = (within + 1).min(INTERFACE_MAX);
        (self.name)(number, name.chars().take(60).collect());
    }
}

/// One worker: the reader is the worker.
fn read_alone(file: &mut CaptureFile, line: &mut Line, numbers: &mut Numbers<'_>) -> Result<(), CaptureError> {
    while let Some(chunk) = file.next_chunk()? {
        let mut frames = chunk.map(|found| (numbers.of(found.interface), found.frame));
        let mut groups = 0u32;
        while line.worker.group(&mut frames) == GROUP_FRAMES {
            groups += 1;
            if groups.is_multiple_of(32) {
                pause(line);
            }
        }
        pause(line);
    }
    Ok(())
}

/// Lets the packets' time pass and carries what is due.
fn pause(line: &mut Line) {
    let newest = line.worker.newest_ns();
    line.worker.advance(newest);
    if !line.worker.outbox().is_empty() {
        line.carry();
    }
}

fn totals(lines: &[Line]) -> WorkerTotals {
    lines.iter().fold(WorkerTotals::default(), |mut sum, line| {
        let t = line.worker.totals();
        sum.taken += t.taken;
        sum.parsed_frames += t.parsed_frames;
        sum.ip_bytes += t.ip_bytes;
        sum.fragments += t.fragments;
        sum.truncated += t.truncated;
        sum.records += t.records;
        sum.folded += t.folded;
        for (sum, skipped) in sum.skipped.iter_mut().zip(t.skipped) {
            *sum += skipped;
        }
        sum
    })
}

fn report(file: &CaptureFile, before: &WorkerTotals, lines: &[Line], elapsed_ns: u64) -> FileReport {
    let after = totals(lines);
    let distinct: Vec<(usize, bool)> = lines.iter().filter_map(|line| line.worker.distinct()).collect();
    let summary = file.summary();
    let warning = match file.ending() {
        None | Some(Ending::Whole) => None,
        Some(ending) => Some(format!("{} is {ending} after {} records", file.path().display(), summary.records)),
    };
    FileReport {
        file: file.path().display().to_string(),
        records: summary.records,
        wire_bytes: summary.wire_bytes,
        captured_bytes: summary.captured_bytes,
        ip_packets: after.parsed_frames - before.parsed_frames,
        ip_bytes: after.ip_bytes - before.ip_bytes,
        parsed: after.parsed_frames - before.parsed_frames,
        non_ip: after.skipped[0] - before.skipped[0],
        malformed: after.skipped[1] - before.skipped[1],
        unsupported: after.skipped[2] - before.skipped[2],
        truncated: after.truncated - before.truncated,
        fragments: after.fragments - before.fragments,
        flows: distinct.iter().map(|d| d.0 as u64).sum(),
        flows_exact: distinct.iter().all(|d| d.1),
        flow_records: after.records - before.records,
        folded: after.folded - before.folded,
        elapsed_ns,
        workers: lines.len(),
        warning,
    }
}
