//! The role: connects, starts the lanes, publishes once a second, drains on a stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use live::heartbeat::Progress;
use live::{Heartbeat, IngestLine, Publisher, Role};
use spool::tail::ReaderLock;
use spool::{NodeId, SpoolError};
use store::{Fence, NodeIdentity, Store, StoreError, Writer};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::board::{Board, CONNECTING, Connection, Counters};
use crate::config::Config;
use crate::error::IngestError;
use crate::job::Job;
use crate::lane::{Lane, LaneEnd};
use crate::limits::{ACK_INTERVAL, BATCHES_AHEAD, CONNECTIONS_MAX, DRAIN_MAX, DRAIN_STALL, READY_AFTER, RETRY_WAIT};
use crate::metrics;
use crate::park::Parking;
use crate::reader::{self, ReaderOptions};
use crate::upkeep;

/// What ingest must know.
#[derive(Clone)]
pub struct Options {
    /// Batches and retention.
    pub config: Config,
    /// Where to.
    pub store: store::config::Config,
    /// The data directory.
    pub data_dir: PathBuf,
    /// Where the live socket lies.
    pub run_dir: PathBuf,
    /// The spool directories to read.
    pub spools: Vec<PathBuf>,
    /// This node.
    pub node: NodeId,
    /// Its name for people.
    pub node_name: String,
}

/// What was done when ingest ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows committed.
    pub rows_stored: u64,
    /// Rows parked.
    pub rows_parked: u64,
    /// Rows in hand that were left in the spool.
    pub rows_left: u64,
}

/// UNIX seconds now.
pub(crate) fn now_seconds() -> u32 {
    u32::try_from(now_ns() / 1_000_000_000).unwrap_or(u32::MAX)
}

/// Nanoseconds since the epoch now.
#[expect(clippy::disallowed_methods, reason = "the role's clock: times of rows and attempts come from here")]
pub(crate) fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX))
}

/// Runs the role until `stop` is set, then drains.
///
/// # Errors
/// The spool is read by another ingest, or the store refuses us for good; a database that is only away is waited for.
pub fn run(options: &Options, stop: &Arc<AtomicBool>) -> Result<Summary, IngestError> {
    let heartbeat = Heartbeat::from_environment();
    let epoch = now_ns() / 1000;
    let board = Arc::new(Board::new(lanes(options), now_ns()));
    let render = metrics::renderer(board.clone());
    let publisher = Publisher::bind(&options.run_dir, Role::Ingest, options.node.to_string(), epoch, render)?;
    publisher.restart_by(stop);
    work(options, stop, board, Some(publisher), heartbeat)
}

/// Stores what the spools hold and all that is written to them until `stop` is set: `replay` does so in its own
/// process, without a live line and without retention.
///
/// # Errors
/// As [`run`]; also when rows had to be left.
pub fn drain(options: &Options, stop: &Arc<AtomicBool>) -> Result<Summary, IngestError> {
    let board = Arc::new(Board::new(lanes(options), now_ns()));
    let summary = work(options, stop, board, None, Heartbeat::silent())?;
    match options.spools.first() {
        Some(spool) if summary.rows_left > 0 => {
            Err(IngestError::LeftInSpool { rows: summary.rows_left, spool: spool.clone() })
        }
        _ => Ok(summary),
    }
}

fn work(
    options: &Options,
    stop: &Arc<AtomicBool>,
    board: Arc<Board>,
    publisher: Option<Publisher>,
    heartbeat: Heartbeat,
) -> Result<Summary, IngestError> {
    let _locks = options.spools.iter().map(|dir| ReaderLock::take(dir)).collect::<Result<Vec<_>, _>>()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("ingest")
        .enable_all()
        .build()
        .map_err(|source| IngestError::Start { what: "the runtime", source })?;
    let identity = NodeIdentity {
        uuid: *options.node.as_bytes(),
        name: options.node_name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let teller = Teller {
        options: options.clone(),
        board: board.clone(),
        publisher,
        heartbeat,
        last_rows: 0,
        told: None,
        database: String::new(),
    };
    let mut work = Work { runtime, identity, stop: stop.clone(), teller };
    let rows_left = work.run()?;
    work.teller.save_ack();
    let counters = &board.counters;
    let summary = Summary {
        rows_stored: Counters::get(&counters.rows_stored),
        rows_parked: Counters::get(&counters.rows_parked),
        rows_left,
    };
    tracing::info!(rows_stored = summary.rows_stored, rows_parked = summary.rows_parked, rows_left, "ingest ends");
    Ok(summary)
}

/// Connections of the role: SQLite has one writer.
fn lanes(options: &Options) -> usize {
    let is_sqlite = options.store.url.is_empty() || options.store.url.starts_with("sqlite:");
    if is_sqlite { 1 } else { options.config.connections.clamp(1, CONNECTIONS_MAX) }
}

/// What the role works with.
struct Work {
    runtime: Runtime,
    identity: NodeIdentity,
    stop: Arc<AtomicBool>,
    teller: Teller,
}

impl Work {
    /// Stores until the stop; begins anew when the database was set back. Answers the rows left in hand.
    fn run(&mut self) -> Result<u64, IngestError> {
        let mut store = None;
        loop {
            let Some((connected, writer)) = self.connect(store)? else { return Ok(0) };
            match self.store(&connected, writer)? {
                LaneEnd::Done { left } => return Ok(left),
                LaneEnd::Setback => self.teller.board.forget(),
            }
            store = Some(connected);
        }
    }

    /// Connects, migrates, reads the fences. A database that is away is waited for; one that refuses us is an error.
    fn connect(&mut self, store: Option<Store>) -> Result<Option<(Store, Writer)>, IngestError> {
        let Work { runtime, identity, stop, teller } = self;
        runtime.block_on(connect(store, identity, teller, stop))
    }

    /// One life of the lanes.
    fn store(&mut self, store: &Store, writer: Writer) -> Result<LaneEnd, IngestError> {
        let options = self.teller.options.clone();
        let board = self.teller.board.clone();
        let parking = Parking::open(&options.data_dir, |epoch, stream| board.last_seq(epoch, stream));
        let parking =
            Arc::new(parking.map_err(|source| IngestError::Parking { dir: options.data_dir.clone(), source })?);
        let lanes = lanes(&options);
        let (give_up, given_up) = watch::channel(false);
        let (mut tasks, mut readers, mut first) = (JoinSet::new(), Vec::new(), Some(writer));
        for lane in 0..lanes {
            let (jobs, received) = mpsc::channel(BATCHES_AHEAD);
            readers.push(self.start_reader(lane, lanes, jobs)?);
            let lane = Lane {
                lane,
                store: store.clone(),
                node: self.identity.clone(),
                parking: parking.clone(),
                board: board.clone(),
                give_up: given_up.clone(),
            };
            tasks.spawn_on(lane.run(first.take(), received), self.runtime.handle());
        }
        if self.teller.publisher.is_some() {
            let policy = upkeep::policy(&options.config.retention);
            self.runtime.spawn(upkeep::keep(store.clone(), policy, board, given_up));
        }
        let end = self.runtime.block_on(wait_for_lanes(&mut tasks, &self.stop, &give_up, &mut self.teller));
        let _ = give_up.send(true);
        for thread in readers {
            // A reader that panicked is a bug; its lane has ended and the rows are still in the spool.
            thread.join().map_err(|_| panicked("a reader (it panicked)"))??;
        }
        end
    }

    fn start_reader(
        &self,
        lane: usize,
        lanes: usize,
        jobs: mpsc::Sender<Job>,
    ) -> Result<JoinHandle<Result<(), SpoolError>>, IngestError> {
        let options = &self.teller.options;
        let reader = ReaderOptions {
            lane,
            lanes,
            spools: options.spools.clone(),
            node: options.node,
            batch_rows_max: options.config.batch_rows_max,
            batch_age_max: options.config.batch_age_max,
        };
        let (board, stop) = (self.teller.board.clone(), self.stop.clone());
        std::thread::Builder::new()
            .name(format!("reader-{lane}"))
            .spawn(move || reader::read(&reader, &board, &jobs, &stop))
            .map_err(|source| IngestError::Start { what: "a reader", source })
    }
}

fn panicked(what: &'static str) -> IngestError {
    IngestError::Start { what, source: std::io::ErrorKind::Other.into() }
}

async fn connect(
    mut store: Option<Store>,
    identity: &NodeIdentity,
    teller: &mut Teller,
    stop: &AtomicBool,
) -> Result<Option<(Store, Writer)>, IngestError> {
    let (mut wait, options) = (RETRY_WAIT.0, teller.options.clone());
    loop {
        let Some(attempt) = telling(try_connect(&options, &mut store, identity), teller, stop).await else {
            return Ok(None);
        };
        match attempt {
            Ok((store, writer, fences)) => {
                teller.board.set_fences(&fences);
                let place = masked(&teller.options.store.url);
                tracing::info!(store = %place, streams = fences.len(), "connected to the store");
                return Ok(Some((store, writer)));
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, ?wait, "the store is away; rows wait in the spool");
                teller.board.set_connection(0, Connection::Down(error.to_string()), now_ns());
                let until = tokio::time::Instant::now() + wait;
                while tokio::time::Instant::now() < until {
                    if stop.load(Ordering::Acquire) {
                        return Ok(None);
                    }
                    teller.tell();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                wait = (wait * 2).min(RETRY_WAIT.1);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Does what may take its time, and tells how it goes; `None` = it took longer than a stop waits.
async fn telling<T>(work: impl Future<Output = T>, teller: &mut Teller, stop: &AtomicBool) -> Option<T> {
    let mut work = std::pin::pin!(work);
    let begun = tokio::time::Instant::now();
    loop {
        teller.tell();
        tokio::select! {
            done = &mut work => return Some(done),
            () = tokio::time::sleep(ACK_INTERVAL) => {}
        }
        if stop.load(Ordering::Acquire) && begun.elapsed() > DRAIN_STALL {
            return None;
        }
    }
}

async fn try_connect(
    options: &Options,
    store: &mut Option<Store>,
    identity: &NodeIdentity,
) -> Result<(Store, Writer, Vec<Fence>), StoreError> {
    let open = match store.take() {
        Some(open) => open,
        None => Store::connect(&options.store, &options.data_dir).await?,
    };
    let open = store.insert(open).clone();
    open.migrate().await?;
    // Before the first batch: rows must not come into the partition that is split. An account that may not do it, or
    // a table that cannot now, is told by the upkeep, which tries again.
    if let Err(error) = open.prepare(options.config.retention.flows, now_seconds()).await {
        tracing::warn!(%error, "no partitions could be split off ahead");
    }
    let mut writer = open.writer(identity, now_seconds()).await?;
    let fences = writer.fences().await?;
    Ok((open, writer, fences))
}

/// Tells how it goes until the lanes end; after `stop` for a bounded time. One lane that ends before the stop, because
/// its spool cannot be read or the database was set back, ends the others.
async fn wait_for_lanes(
    tasks: &mut JoinSet<LaneEnd>,
    stop: &AtomicBool,
    give_up: &watch::Sender<bool>,
    teller: &mut Teller,
) -> Result<LaneEnd, IngestError> {
    let (mut rows, mut setback, mut panic) = (0, false, false);
    let mut stopping: Option<(tokio::time::Instant, tokio::time::Instant, u64)> = None;
    loop {
        tokio::select! {
            ended = tasks.join_next() => {
                match ended {
                    Some(Ok(LaneEnd::Done { left })) => rows += left,
                    Some(Ok(LaneEnd::Setback)) => setback = true,
                    Some(Err(_)) => panic = true,
                    None if panic => return Err(panicked("a connection's task (it panicked)")),
                    None if setback && !stop.load(Ordering::Acquire) => return Ok(LaneEnd::Setback),
                    None => return Ok(LaneEnd::Done { left: rows }),
                }
                if setback || panic || !stop.load(Ordering::Acquire) {
                    // The rows of its streams would wait for ever: all end, and begin anew.
                    tracing::error!("a lane ended although nobody asked it to; the others end too");
                    let _ = give_up.send(true);
                }
            }
            () = tokio::time::sleep(ACK_INTERVAL) => {}
        }
        teller.save_ack();
        teller.tell();
        if !stop.load(Ordering::Acquire) {
            continue;
        }
        if stopping.is_none() {
            teller.heartbeat.stopping();
        }
        let now = tokio::time::Instant::now();
        let commits = Counters::get(&teller.board.counters.commits);
        let (begun, moved, seen) = *stopping.get_or_insert((now, now, commits));
        let moved = if commits > seen { now } else { moved };
        stopping = Some((begun, moved, commits));
        if now - begun > DRAIN_MAX || now - moved > DRAIN_STALL {
            tracing::warn!("the database does not take the rest in time; it stays in the spool");
            let _ = give_up.send(true);
        }
    }
}

/// Publishes the line and the acknowledgement.
struct Teller {
    options: Options,
    board: Arc<Board>,
    publisher: Option<Publisher>,
    heartbeat: Heartbeat,
    last_rows: u64,
    told: Option<Instant>,
    /// The database's state as last said to the supervisor.
    database: String,
}

impl Teller {
    fn save_ack(&self) {
        let spools: Vec<_> = self.options.spools.iter().map(PathBuf::as_path).collect();
        self.board.save_ack(&spools);
    }

    /// The supervisor hears that ingest moves, and that it is ready: a database that is away, known and tried again is
    /// no reason to start ingest anew, nor is one that does not answer a reason for others to wait.
    fn beat(&mut self) {
        let now = now_ns();
        let connection = self.board.database(now);
        let waited = Duration::from_nanos(now.saturating_sub(connection.since_ns));
        let database = connection.state;
        self.heartbeat.status(&format!("database {database}"));
        self.database = database;
        if self.database != CONNECTING || waited >= READY_AFTER {
            self.heartbeat.ready();
        }
        if !self.heartbeat.is_due() || !self.board.pulse.is_well() {
            return;
        }
        self.heartbeat.beat(&Progress {
            done: Counters::get(&self.board.counters.rows_stored),
            lag_ms: self.lag_ms(now_ns()),
            ..Progress::default()
        });
    }

    fn lag_ms(&self, now: u64) -> u64 {
        self.board.pending_since_ns().map_or(0, |since| now.saturating_sub(since) / 1_000_000)
    }

    /// Publishes once a second.
    #[expect(clippy::disallowed_methods, reason = "once a second by this machine's clock")]
    fn tell(&mut self) {
        self.beat();
        let lag_ms = self.lag_ms(now_ns());
        let Some(publisher) = &mut self.publisher else { return };
        if self.told.is_some_and(|told| told.elapsed() < Duration::from_secs(1)) {
            return;
        }
        self.told = Some(Instant::now());
        let counters = &self.board.counters;
        let rows_stored = Counters::get(&counters.rows_stored);
        let now = now_ns();
        let database = self.board.database(now);
        let line = IngestLine {
            envelope: publisher.envelope(now),
            store: masked(&self.options.store.url),
            rows_stored,
            rows_per_second: rows_stored - self.last_rows,
            commits: Counters::get(&counters.commits),
            retries: Counters::get(&counters.retries),
            reconnects: Counters::get(&counters.reconnects),
            rows_parked: Counters::get(&counters.rows_parked),
            lag_ms,
            damaged_bytes: Counters::get(&counters.damaged_bytes),
            streams: self.board.stored(),
            rows_gap: Counters::get(&counters.rows_gap),
            packets_gap: Counters::get(&counters.packets_gap),
            rows_removed: Counters::get(&counters.rows_removed),
            bytes_removed: Counters::get(&counters.bytes_removed),
            database: database.state.clone(),
            database_since: database.since_ns / 1_000_000_000,
        };
        let health = match self.board.spool() {
            Some(trouble) => Err(format!("spool: {trouble}")),
            None if database.is_up || database.state == CONNECTING => Ok(()),
            None => Err(format!("database {}", database.state)),
        };
        self.last_rows = rows_stored;
        publisher.publish(&line, health);
    }
}

/// The store for people: the URL without its password, or what an empty one means.
pub fn masked(url: &str) -> String {
    if url.is_empty() {
        return "SQLite in the data directory".to_owned();
    }
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((user, place)) => {
            let user = user.split_once(':').map_or(user, |(user, _)| user);
            format!("{scheme}://{user}@{place}")
        }
        None => url.to_owned(),
    }
}
