//! The role: connects, starts the lanes, publishes once a second, drains on a stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use live::heartbeat::Progress;
use live::{Heartbeat, IngestLine, Publisher, Role};
use spool::NodeId;
use spool::tail::ReaderLock;
use store::{NodeIdentity, Store, StoreError, Writer};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::board::{Board, CONNECTING, Counters};
use crate::config::Config;
use crate::error::IngestError;
use crate::lane::Lane;
use crate::limits::{ACK_INTERVAL, BATCHES_AHEAD, CONNECTIONS_MAX, DRAIN_MAX, DRAIN_STALL, RETRY_WAIT};
use crate::metrics;
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
    let board = Arc::new(Board::new(options.config.connections.clamp(1, CONNECTIONS_MAX)));
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
    let board = Arc::new(Board::new(options.config.connections.clamp(1, CONNECTIONS_MAX)));
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
    let mut teller = Teller {
        options: options.clone(),
        board: board.clone(),
        publisher,
        heartbeat,
        last_rows: 0,
        told: None,
        database: String::new(),
    };
    let connected = runtime.block_on(connect(options, &identity, &mut teller, stop))?;
    let Some((store, writer)) = connected else { return Ok(Summary::default()) };
    let sqlite = options.store.url.is_empty() || options.store.url.starts_with("sqlite:");
    let lanes = if sqlite { 1 } else { options.config.connections.clamp(1, CONNECTIONS_MAX) };
    for lane in lanes..options.config.connections.clamp(1, CONNECTIONS_MAX) {
        board.set_database(lane, "connected");
    }
    let rows_left = run_lanes(&runtime, options, &store, writer, &identity, lanes, stop, &mut teller)?;
    teller.save_ack();
    let counters = &board.counters;
    let summary = Summary {
        rows_stored: Counters::get(&counters.rows_stored),
        rows_parked: Counters::get(&counters.rows_parked),
        rows_left,
    };
    tracing::info!(rows_stored = summary.rows_stored, rows_parked = summary.rows_parked, rows_left, "ingest ends");
    Ok(summary)
}

/// Connects, migrates, reads the fences. A database that is away is waited for; one that refuses us is an error.
async fn connect(
    options: &Options,
    identity: &NodeIdentity,
    teller: &mut Teller,
    stop: &AtomicBool,
) -> Result<Option<(Store, Writer)>, IngestError> {
    let mut wait = RETRY_WAIT.0;
    loop {
        let attempt = try_connect(options, identity);
        tokio::pin!(attempt);
        // A migration of large tables takes its time, and has a time-out of its own.
        let attempt = loop {
            tokio::select! {
                attempt = &mut attempt => break attempt,
                () = tokio::time::sleep(ACK_INTERVAL) => teller.tell(),
            }
        };
        match attempt {
            Ok((store, mut writer)) => {
                let fences = writer.fences().await?;
                teller.board.set_fences(&fences);
                teller.board.set_database(0, "connected");
                tracing::info!(store = %masked(&options.store.url), streams = fences.len(), "connected to the store");
                return Ok(Some((store, writer)));
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, ?wait, "the store is away; rows wait in the spool");
                teller.board.set_database(0, &format!("down: {error}"));
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

async fn try_connect(options: &Options, identity: &NodeIdentity) -> Result<(Store, Writer), StoreError> {
    let store = Store::connect(&options.store, &options.data_dir).await?;
    store.migrate().await?;
    let writer = store.writer(identity, now_seconds()).await?;
    Ok((store, writer))
}

#[expect(clippy::too_many_arguments, reason = "the parts that `work` made, in the order of their making")]
fn run_lanes(
    runtime: &Runtime,
    options: &Options,
    store: &Store,
    writer: Writer,
    identity: &NodeIdentity,
    lanes: usize,
    stop: &Arc<AtomicBool>,
    teller: &mut Teller,
) -> Result<u64, IngestError> {
    let (give_up, given_up) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut readers = Vec::new();
    let mut first = Some(writer);
    for lane in 0..lanes {
        let (jobs, received) = mpsc::channel(BATCHES_AHEAD);
        let reader = ReaderOptions {
            lane,
            lanes,
            spools: options.spools.clone(),
            node: options.node,
            batch_rows_max: options.config.batch_rows_max,
            batch_age_max: options.config.batch_age_max,
        };
        let (board, stop) = (teller.board.clone(), stop.clone());
        let thread = std::thread::Builder::new()
            .name(format!("reader-{lane}"))
            .spawn(move || reader::read(&reader, &board, &jobs, &stop))
            .map_err(|source| IngestError::Start { what: "a reader", source })?;
        readers.push(thread);
        let lane = Lane {
            lane,
            store: store.clone(),
            node: identity.clone(),
            data_dir: options.data_dir.clone(),
            board: teller.board.clone(),
            give_up: given_up.clone(),
        };
        tasks.spawn_on(lane.run(first.take(), received), runtime.handle());
    }
    if teller.publisher.is_some() {
        let policy = upkeep::policy(&options.config.retention);
        let upkeep = upkeep::keep(store.clone(), policy, teller.board.clone(), given_up.clone());
        runtime.spawn(upkeep);
    }
    let (left, ended_early) = runtime.block_on(wait_for_lanes(&mut tasks, stop, &give_up, teller));
    let _ = give_up.send(true);
    for thread in readers {
        // A reader that panicked is a bug; its lane has ended and the rows are still in the spool.
        thread.join().map_err(|_| IngestError::Start {
            what: "a reader (it panicked)",
            source: std::io::ErrorKind::Other.into(),
        })??;
    }
    if ended_early {
        return Err(IngestError::LaneEnded);
    }
    Ok(left)
}

/// Tells how it goes until the lanes end; after `stop` for a bounded time. Gives the rows that were left, and whether
/// a lane ended although nobody had asked for it.
async fn wait_for_lanes(
    tasks: &mut JoinSet<u64>,
    stop: &AtomicBool,
    give_up: &watch::Sender<bool>,
    teller: &mut Teller,
) -> (u64, bool) {
    let (mut left, mut ended_early) = (0, false);
    let mut stopping: Option<(tokio::time::Instant, tokio::time::Instant, u64)> = None;
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(rows) => {
                    left += rows.unwrap_or(0);
                    if !stop.swap(true, Ordering::AcqRel) {
                        // Its rows would wait for ever: the whole role ends in order, and is started anew.
                        tracing::error!("a lane ended although nobody asked it to; ingest ends");
                        ended_early = true;
                    }
                }
                None => return (left, ended_early),
            },
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
    /// no reason to start ingest anew.
    fn beat(&mut self) {
        let database = self.board.database();
        if database != self.database {
            self.heartbeat.status(&format!("database {database}"));
            self.database = database;
        }
        if self.database != CONNECTING {
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
        let database = self.board.database();
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
            database: database.clone(),
        };
        let health = if database.starts_with("down") { Err(format!("database {database}")) } else { Ok(()) };
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
