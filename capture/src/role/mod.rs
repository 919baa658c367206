//! role: the capture process. One pinned thread per worker, one thread that follows the interfaces, and the spooler
//! with the live line on the first thread.
//!
//! Start: cores → interfaces → memory budget → packet sockets → rights are given up → spool → live line → workers →
//! rings (in CPU order). Stop: the rings refuse further frames, the workers walk what is left and export every flow, the
//! spooler writes it, the last line is published.

mod blind;
pub mod board;
mod clock;
mod cores;
mod driver;
mod follow;
mod keep;
mod line;
mod pulse;
pub mod source;
mod stock;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use live::action::Action;
use live::control::{Execute, restart_by};
use live::{Heartbeat, Publisher, Role};
use spool::config::Sizes;
use spool::row::{EventRow, Severity};
use spool::{NodeId, Writer, WriterOptions};

use crate::config::{Backend, Config};
use crate::error::CaptureError;
use crate::flow::key::HashSeed;
use crate::flow::table::Timeouts;
use crate::interface::{Netlink, check_name, default_route_interface};
use crate::limits::{INTERFACES_MAX, SECOND_NS, WORKERS_MAX};
use crate::local::{LocalNetworks, own_network};
use crate::metrics;
use crate::queue::WorkerQueue;
use crate::ring::{RingSpec, available_bytes, budget};
use crate::sample::{Desk, folder};
use crate::spooler::sink::{Sink, WhenFull};
use crate::spooler::{Cut, Spooler, Turn, closing};
use crate::worker::{Worker, WorkerOptions};

use board::Board;
use driver::Driver;
use follow::{Follower, Notice, Opened};
use keep::{Keeper, Parted, Taken};
pub(crate) use line::{protocol_name, totals_of as interface_totals};
use pulse::Pulse;

/// How long the spooler waits when there is nothing, at first and at most: its queues have room for far more.
const IDLE_PAUSE: (Duration, Duration) = (Duration::from_millis(4), Duration::from_millis(16));

/// What capture must know.
#[derive(Clone)]
pub struct Options {
    /// Interfaces, rings, flows.
    pub config: Config,
    /// The spool.
    pub spool: spool::config::Config,
    /// The data directory.
    pub data_dir: PathBuf,
    /// Where the live socket lies.
    pub run_dir: PathBuf,
    /// This node.
    pub node: NodeId,
    /// Raised before a stop after which nobody starts capture again: then no ring is left to a next process.
    pub ends_for_good: Arc<AtomicBool>,
}

/// What giving up rights ended with.
pub type Confined = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// The spool directory of a writer.
pub fn spool_dir(data_dir: &Path, writer: &str) -> PathBuf {
    data_dir.join("spool").join(writer)
}

/// Nanoseconds since the epoch now.
#[expect(clippy::disallowed_methods, reason = "the role's clock; everything below takes the time as an argument")]
pub(crate) fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX))
}

/// Runs capture until `stop` is set.
///
/// `confine` is called once everything that needs a right is open and before the first thread is started: it may take
/// every capability from this process.
///
/// # Errors
/// What keeps it from starting. Once it runs, a fault of an interface, the disk or the spool does not end it.
pub fn run(options: &Options, stop: &Arc<AtomicBool>, confine: impl FnOnce() -> Confined) -> Result<(), CaptureError> {
    let config = &options.config;
    let mut keeper = Keeper::new(&options.run_dir, options.ends_for_good.clone());
    let taken = keeper.take();
    let mut pulse = Pulse::new(Heartbeat::from_environment());
    let cores = cores::assign(config)?;
    let names = interface_names(config)?;
    let specs = ring_specs(config, &names)?;
    let workers = if config.backend == Backend::Copy { 1 } else { cores.len() };
    bound_memory(config, workers, &names, &taken)?;
    let mut netlink = Netlink::open()?;
    let networks = local_networks(config, &mut netlink)?;
    let local = Arc::new(LocalNetworks::new(&networks, &[]));
    let board = Arc::new(Mutex::new(Board::new(&names)));
    let latest: Arc<Mutex<Option<Arc<Cut>>>> = Arc::default();
    let now = now_ns();
    let dir = spool_dir(&options.data_dir, "capture");
    let keeper = Arc::new(keeper);
    let opened = Opened::open(netlink, workers, names.len(), (taken, keeper.clone()))?;
    confine().map_err(CaptureError::Confine)?;
    // The spool's writing may have a thread, which must not keep what was given up.
    let writer = open_spool(&dir, options, now)?;
    let epoch = writer.epoch();
    let past = closing::read(&dir, options.node, epoch)?;
    let render = metrics::renderer(latest.clone(), board.clone());
    let mut publisher = Publisher::bind(&options.run_dir, Role::Capture, options.node.to_string(), epoch, render)?;
    let desk = Arc::new(Desk::new(folder(&options.run_dir)));
    publisher.obey(obey(stop, &desk, &board));
    let seed = HashSeed::random()?;
    let mut threads = Threads::default();
    let shared = Shared { local, board: board.clone(), desk: desk.clone() };
    let queues = start_workers(config, &cores[..workers], &shared, seed, names.len(), &mut threads)?;
    threads.write_samples(&desk, stop)?;
    let (notices, noticed) = mpsc::sync_channel(256);
    let follower =
        Follower::open(opened, specs.clone(), config.backend, threads.commands.clone(), board.clone(), notices)?;
    threads.follow(follower, stop.clone())?;

    let sink = Sink::spool(writer, &dir, options.spool.commit_interval, WhenFull::Shed);
    let frames_per_ring = config.ring_bytes.as_u64() / 96;
    let in_ring_max = frames_per_ring * (workers * names.len()) as u64;
    let mut spooler = Spooler::new(queues, sink, in_ring_max, false);
    let observed = board.clone();
    spooler.observe(Box::new(line::Watched(observed)));
    spooler.close_past(&past, now);
    for (number, name) in names.iter().enumerate() {
        spooler.name_interface(number as u16 + 1, name, now);
    }
    spooler.event(event("capture.start", Severity::Info, "", &format!("capture starts on {}", names.join(", "))));
    let mut show = |spooler: &mut Spooler, pulse: &mut Pulse, cut: Cut| {
        let cut = Arc::new(cut);
        let status = line::status(&board.lock().unwrap_or_else(std::sync::PoisonError::into_inner), &cut);
        pulse.note(&cut, (cut.spool.used_bytes, cut.spool.bytes_max), &status);
        *latest.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(cut.clone());
        line::publish(
            &mut publisher,
            spooler,
            &cut,
            &line::Beside { board: &board, cores: &cores, networks: &networks, desk: &desk },
        );
    };
    pulse.ready();
    spool_until_finished(&mut spooler, &noticed, &mut pulse, stop, &mut show);
    let parted = threads.join();
    keeper.leave(epoch, &specs, &explained(&latest, &board), parted);
    tracing::info!("capture ended in order");
    Ok(())
}

fn ring_specs(config: &Config, names: &[String]) -> Result<Vec<RingSpec>, CaptureError> {
    let specs: Vec<RingSpec> = names.iter().map(|name| RingSpec::from_config(config, name, 0)).collect();
    for spec in &specs {
        spec.validate()?;
    }
    Ok(specs)
}

/// Refuses rings that the machine has no memory for; those that are taken over are in memory already.
fn bound_memory(config: &Config, workers: usize, names: &[String], taken: &[Taken]) -> Result<(), CaptureError> {
    if config.backend == Backend::Ring {
        let held: u64 = taken.iter().map(Taken::bytes).sum();
        let bytes = budget(workers, names.len(), config.ring_bytes.as_u64(), available_bytes()? + held)?;
        tracing::info!(workers, interfaces = ?names, ring_bytes = bytes, table_bytes = workers * config.flow_table_entries * 128, "memory is bounded by");
    }
    Ok(())
}

/// Of each interface's device, what the final books account for.
fn explained(latest: &Mutex<Option<Arc<Cut>>>, board: &Mutex<Board>) -> Vec<u64> {
    let latest = latest.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let board = board.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let reports = latest.as_ref().map(|cut| cut.reports.as_slice()).unwrap_or_default();
    let of = |(at, entry)| line::explained(entry, &interface_totals(reports, at + 1));
    board.interfaces.iter().enumerate().map(of).collect()
}

fn open_spool(dir: &Path, options: &Options, now_ns: u64) -> Result<Writer, CaptureError> {
    let sizes = options.spool.sizes(dir);
    let Sizes { bytes_max, segment_bytes } = sizes;
    let writing = WriterOptions { node: options.node, segment_bytes, bytes_max, now_us: now_ns / 1000 };
    let mut writer = Writer::open_by(dir, writing, options.spool.backend)?;
    writer.keep_ledger();
    let means = writer.means();
    tracing::info!(
        bytes_max,
        segment_bytes,
        backend = means.name(),
        used_bytes = writer.used_bytes(),
        "the spool is open"
    );
    if let Some(reason) = &means.refused {
        tracing::warn!(
            reason,
            "io_uring is not allowed here; a thread writes the spool instead, with the same promises"
        );
    }
    Ok(writer)
}

/// The spooler's loop, on the calling thread.
fn spool_until_finished(
    spooler: &mut Spooler,
    noticed: &mpsc::Receiver<Notice>,
    pulse: &mut Pulse,
    stop: &AtomicBool,
    show: &mut impl FnMut(&mut Spooler, &mut Pulse, Cut),
) {
    let mut stopping = false;
    let mut pause = IDLE_PAUSE.0;
    loop {
        pulse.turn(spooler);
        if !stopping && stop.load(Ordering::Acquire) {
            stopping = true;
            pulse.stopping();
        }
        while let Ok(notice) = noticed.try_recv() {
            match notice {
                Notice::Name { interface, name } => spooler.name_interface(interface, &name, now_ns()),
                Notice::Event(event) => spooler.event(event),
                Notice::Restart { reason } => {
                    spooler.event(event("capture.restart", Severity::Warning, "", &reason));
                    if pulse.must_end_for(&reason) {
                        stop.store(true, Ordering::Release);
                    }
                }
            }
        }
        match spooler.turn(now_ns()) {
            Turn::Busy => pause = IDLE_PAUSE.0,
            Turn::Idle => {
                thread::sleep(pause);
                pause = (2 * pause).min(IDLE_PAUSE.1);
            }
            Turn::Cut(cut) => show(spooler, pulse, *cut),
            Turn::Finished(cut) => {
                show(spooler, pulse, *cut);
                return;
            }
        }
    }
}

fn start_workers(
    config: &Config,
    cores: &[Option<core_affinity::CoreId>],
    shared: &Shared,
    seed: HashSeed,
    interfaces: usize,
    threads: &mut Threads,
) -> Result<Vec<WorkerQueue>, CaptureError> {
    let mut queues = Vec::new();
    for (number, core) in cores.iter().enumerate() {
        let queue = WorkerQueue::default();
        queues.push(queue.clone());
        let options = worker_options(config, number as u16, shared.local.clone(), seed, interfaces);
        let (commands, received) = mpsc::channel();
        threads.commands.push(commands);
        let (core, block_timeout) = (*core, config.ring_block_timeout);
        let (board, desk) = (shared.board.clone(), shared.desk.clone());
        let run = move || {
            cores::pin(core);
            // The table is made on the worker's own core, so that its pages are near.
            Driver::new(Worker::new(options), queue, received, board, block_timeout, desk).run()
        };
        let thread = thread::Builder::new().name(format!("worker-{number}")).spawn(run);
        threads.workers.push(thread.map_err(|source| CaptureError::Start { what: "a worker", source })?);
    }
    Ok(queues)
}

/// A worker's options by the configuration.
pub(crate) fn worker_options(
    config: &Config,
    worker: u16,
    local: Arc<LocalNetworks>,
    seed: HashSeed,
    interfaces: usize,
) -> WorkerOptions {
    WorkerOptions {
        worker,
        flow_table_entries: config.flow_table_entries,
        timeouts: Timeouts {
            idle_ns: timeout_ns(config.flow_idle_timeout),
            active_ns: timeout_ns(config.flow_active_timeout),
        },
        fold: config.fold,
        fold_flows_per_second: u64::from(config.fold_flows_per_second),
        decapsulate: config.decapsulate,
        local,
        seed,
        interfaces,
        count_distinct: false,
        live: true,
    }
}

/// 0 = never.
pub(crate) fn timeout_ns(timeout: Duration) -> u64 {
    if timeout.is_zero() { u64::MAX } else { u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX) }
}

fn interface_names(config: &Config) -> Result<Vec<String>, CaptureError> {
    let mut names = config.interfaces.clone();
    names.dedup();
    if names.len() > INTERFACES_MAX {
        let reason = format!("{} interfaces, at most {INTERFACES_MAX}", names.len());
        return Err(CaptureError::Configuration { key: "capture.interfaces", reason });
    }
    for name in &names {
        check_name(name)?;
    }
    if names.is_empty() {
        let found = default_route_interface().ok_or_else(|| CaptureError::NoInterface { there: present() })?;
        names.push(found);
    }
    Ok(names)
}

fn present() -> String {
    let links = Netlink::open().and_then(|mut netlink| netlink.links()).unwrap_or_default();
    links.iter().map(|link| link.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Those of the configuration, or the machine's own.
fn local_networks(config: &Config, netlink: &mut Netlink) -> Result<Vec<ipnet::IpNet>, CaptureError> {
    if !config.local_networks.is_empty() {
        return Ok(config.local_networks.clone());
    }
    Ok(netlink.addresses()?.into_iter().map(|address| own_network(address.address)).collect())
}

/// What the threads of the workers share.
struct Shared {
    local: Arc<LocalNetworks>,
    board: Arc<Mutex<Board>>,
    desk: Arc<Desk>,
}

/// What may be asked of capture: a restart, and samples.
fn obey(stop: &Arc<AtomicBool>, desk: &Arc<Desk>, board: &Arc<Mutex<Board>>) -> Execute {
    let (restart, desk, board) = (restart_by(Role::Capture, Arc::clone(stop)), Arc::clone(desk), Arc::clone(board));
    Box::new(move |request| match request.action {
        Action::Sample(_) | Action::SampleStop(_) => desk.execute(request, now_ns(), |name| {
            let board = board.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let place = board.interfaces.iter().position(|interface| interface.name == name)?;
            u16::try_from(place + 1).ok()
        }),
        _ => restart(request),
    })
}

pub(crate) fn event(kind: &str, severity: Severity, subject: &str, text: &str) -> EventRow {
    EventRow { ts: now_ns() / SECOND_NS, kind: kind.into(), severity, subject: subject.into(), text: text.into() }
}

/// The threads beside the spooler.
#[derive(Default)]
struct Threads {
    commands: Vec<mpsc::Sender<driver::Command>>,
    workers: Vec<thread::JoinHandle<Vec<Parted>>>,
    joins: Vec<thread::JoinHandle<()>>,
}

impl Threads {
    /// Follows the interfaces until `stop`, then stops the workers.
    fn follow(&mut self, mut follower: Follower, stop: Arc<AtomicBool>) -> Result<(), CaptureError> {
        let run = move || {
            while !stop.load(Ordering::Acquire) {
                follower.look(now_ns());
                thread::sleep(Duration::from_millis(100));
            }
            follower.stop();
        };
        let thread = thread::Builder::new().name("interfaces".into()).spawn(run);
        self.joins.push(thread.map_err(|source| CaptureError::Start { what: "the interface watch", source })?);
        Ok(())
    }

    /// Writes the files of samples until `stop`.
    fn write_samples(&mut self, desk: &Arc<Desk>, stop: &Arc<AtomicBool>) -> Result<(), CaptureError> {
        let (mut writer, stop) = (desk.writer(), Arc::clone(stop));
        let run = move || {
            while !stop.load(Ordering::Acquire) {
                let busy = writer.turn(now_ns());
                thread::sleep(Duration::from_millis(if busy { 5 } else { 50 }));
            }
        };
        let thread = thread::Builder::new().name("samples".into()).spawn(run);
        self.joins.push(thread.map_err(|source| CaptureError::Start { what: "the writer of samples", source })?);
        Ok(())
    }

    /// Waits for all; gives the rings that go to the next process.
    fn join(self) -> Vec<Parted> {
        let panicked = || tracing::error!("a thread of capture panicked; please report what it printed");
        let mut parted = Vec::new();
        for worker in self.workers {
            worker.join().map_or_else(|_| panicked(), |rings| parted.extend(rings));
        }
        for thread in self.joins {
            thread.join().unwrap_or_else(|_| panicked());
        }
        parted
    }
}

const _: () = assert!(WORKERS_MAX <= u16::MAX as usize);
