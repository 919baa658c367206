//! Where a case has its data directory and its store, and what it asks of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ingest::config::{Config, Retention};
use ingest::{IngestError, Options, Summary};
use spool::NodeId;
use store::testing::MariaDb;
use store::{Fence, FlowQuery, Reader};
use tempfile::TempDir;

pub const NODE: NodeId = NodeId::from_bytes([7; 16]);

/// Longest that a test waits for rows that it wrote.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One data directory and one empty store.
pub struct Place {
    pub folder: TempDir,
    pub store: store::config::Config,
}

/// Runs a future of the store.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[expect(clippy::disallowed_methods, reason = "tests bound their waiting by the clock")]
pub fn within(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An ingest on a thread of its own.
pub struct Running {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Summary, IngestError>>,
}

impl Running {
    /// Raises the stop and waits for the end.
    pub fn stop(self) -> Result<Summary, IngestError> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().unwrap()
    }
}

impl Place {
    pub fn sqlite() -> Place {
        Place { folder: tempfile::tempdir().unwrap(), store: store::config::Config::default() }
    }

    /// A database of its own on a server that runs.
    pub fn mariadb(server: &MariaDb, user: &str, database: &str) -> Place {
        block_on(server.admin(&format!("CREATE DATABASE IF NOT EXISTS {database}"))).unwrap();
        Place { folder: tempfile::tempdir().unwrap(), store: server.config(user, database) }
    }

    pub fn spool(&self) -> PathBuf {
        self.folder.path().join("spool").join("capture")
    }

    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// Two connections, small batches, nothing thrown away.
    pub fn options(&self) -> Options {
        let forever = Duration::from_secs(100 * 365 * 86_400);
        let retention = Retention { flows: forever, traffic_1s: forever, history: forever, ..Retention::default() };
        Options {
            config: Config {
                connections: 2,
                batch_rows_max: 3_000,
                batch_age_max: Duration::from_millis(50),
                retention,
            },
            store: self.store.clone(),
            data_dir: self.folder.path().to_owned(),
            run_dir: self.folder.path().join("run"),
            spools: vec![self.spool()],
            node: NODE,
            node_name: "host.example".to_owned(),
        }
    }

    /// Stores what the spool holds.
    pub fn drain(&self) -> Summary {
        self.drain_by(&self.options()).unwrap()
    }

    pub fn drain_by(&self, options: &Options) -> Result<Summary, IngestError> {
        ingest::drain(options, &Arc::new(AtomicBool::new(true)))
    }

    /// Starts the role as `floodmark ingest` does.
    pub fn start(&self, options: &Options) -> Running {
        let (stop, options) = (Arc::new(AtomicBool::new(false)), options.clone());
        let raised = stop.clone();
        Running { stop, thread: std::thread::spawn(move || ingest::run(&options, &raised)) }
    }

    /// The fences of the store; empty while there are no tables.
    pub fn fences(&self) -> Vec<Fence> {
        block_on(async {
            match Reader::connect(&self.store, self.data_dir()).await {
                Ok(mut reader) => reader.fences().await.unwrap_or_default(),
                Err(_) => Vec::new(),
            }
        })
    }

    /// Stream and number of every flow row of `node_id`, read by second; a number that is there twice fails the test.
    pub fn flow_rows(&self, seconds: std::ops::Range<u32>) -> BTreeSet<(u64, u16, u64)> {
        let mut rows = BTreeSet::new();
        block_on(async {
            let mut reader = Reader::connect(&self.store, self.data_dir()).await.unwrap();
            for since in seconds {
                let query = FlowQuery {
                    since,
                    until: since + 1,
                    before: None,
                    host: None,
                    port: None,
                    protocol: None,
                    limit: 10_000,
                };
                let found = reader.flows(&query).await.unwrap();
                assert!(found.len() < 10_000, "a second holds more rows than a query answers");
                for flow in found {
                    assert!(rows.insert((flow.epoch, flow.stream, flow.row.seq)), "{flow:?} is there twice");
                    assert_eq!((flow.row.packets_fwd, flow.row.packets_rev), (flow.row.seq % 7 + 1, 2), "{flow:?}");
                }
            }
        });
        rows
    }
}
