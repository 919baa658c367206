//! What is told of what was heard: the snapshot for pages, and messages for the hub. Pure: lines and the time come in.

use std::sync::Arc;

use live::Line;
use live::line::{CaptureLine, WorkerState};

use super::history::Point;
use super::payload::{Host, Incidents, Ledger, Load, Traffic, Worker, hosts};
use super::{Heard, Snapshot};

/// The busiest hosts are told every so many lines: they need the most bytes, and nobody reads them faster.
const HOSTS_EVERY: u64 = 3;

/// The ledger is told every so many lines of capture, unless its imbalance changes.
const LEDGER_EVERY: u64 = 5;

/// A message for one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub channel: String,
    pub body: String,
}

/// What was heard, and what was told of it.
pub(super) struct Teller {
    snapshot: Snapshot,
    /// Lines of capture so far.
    lines: u64,
    /// capture's line before the newest.
    before: Option<Arc<CaptureLine>>,
    /// New since the last messages.
    has_capture: bool,
    has_host: bool,
    host_time_ns: u64,
    hosts: Vec<(String, u64, u64, u64)>,
    imbalance: u64,
    told: Option<Incidents>,
}

impl Teller {
    pub(super) fn new(now_ns: u64) -> Teller {
        Teller {
            snapshot: Snapshot { time_ns: now_ns, begun_ns: now_ns, ..Snapshot::default() },
            lines: 0,
            before: None,
            has_capture: false,
            has_host: false,
            host_time_ns: 0,
            hosts: Vec::new(),
            imbalance: 0,
            told: None,
        }
    }

    /// Takes a line that was heard at `now_ns`; a line of capture gives a point of the history.
    pub(super) fn hear(&mut self, line: Line, at_ns: u64) -> Option<Point> {
        match line {
            Line::Capture(line) => return Some(self.hear_capture(Arc::new(*line), at_ns)),
            Line::Ingest(line) => self.snapshot.ingest = Some(Heard { line: Arc::new(*line), at_ns }),
            Line::Notifier(line) => {
                self.has_host |= line.host.time_ns != self.host_time_ns;
                self.host_time_ns = line.host.time_ns;
                self.snapshot.notifier = Some(Heard { line: Arc::new(*line), at_ns });
            }
            Line::Run(line) => self.snapshot.run = Some(Heard { line: Arc::new(*line), at_ns }),
            // web's own line says nothing that the page does not know.
            Line::Plain(_) => {}
        }
        None
    }

    fn hear_capture(&mut self, line: Arc<CaptureLine>, at_ns: u64) -> Point {
        let before = self.snapshot.capture.replace(Heard { line: Arc::clone(&line), at_ns });
        // The counts of another life are not comparable.
        self.before = before.map(|heard| heard.line).filter(|before| before.envelope.epoch == line.envelope.epoch);
        self.lines += 1;
        self.has_capture = true;
        let traffic = self.traffic(&line);
        Point {
            time_s: line.envelope.time_ns / 1_000_000_000,
            bytes_in: traffic.b[0],
            bytes_out: traffic.b[1],
            packets: traffic.p.iter().sum(),
            dropped: traffic.d,
        }
    }

    fn traffic(&self, line: &CaptureLine) -> Traffic {
        let dropped = |line: &CaptureLine| line.ledger.kernel_dropped;
        let before = self.before.as_deref();
        Traffic::of(line, before.map_or(0, |before| dropped(line).saturating_sub(dropped(before))))
    }

    /// The newest snapshot, made at `now_ns`.
    pub(super) fn snapshot(&mut self, now_ns: u64) -> Arc<Snapshot> {
        self.snapshot.time_ns = now_ns;
        Arc::new(self.snapshot.clone())
    }

    /// What is to be published at `now_ns`. `followed` gives the addresses whose channel somebody reads.
    pub(super) fn messages(&mut self, now_ns: u64, followed: &dyn Fn() -> Vec<String>) -> Vec<Message> {
        let mut messages = Vec::new();
        // First, so that who is told by it is never behind a figure.
        let verdict = self.snapshot.verdict(now_ns);
        let incidents = Incidents::of(&self.snapshot, &verdict, now_ns);
        if self.told.as_ref() != Some(&incidents) {
            messages.extend(message("incidents", &incidents));
            self.told = Some(incidents);
        }
        if std::mem::take(&mut self.has_capture)
            && let Some(heard) = self.snapshot.capture.clone()
        {
            messages.extend(self.capture_messages(&heard.line, followed));
        }
        if std::mem::take(&mut self.has_host)
            && let Some(heard) = &self.snapshot.notifier
        {
            messages.extend(message("load", &Load::of(&heard.line)));
        }
        messages
    }

    fn capture_messages(&mut self, line: &CaptureLine, followed: &dyn Fn() -> Vec<String>) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut traffic = self.traffic(line);
        if self.lines % HOSTS_EVERY == 1 {
            let hosts = hosts(line);
            if hosts != self.hosts {
                self.hosts.clone_from(&hosts);
                traffic.h = Some(hosts);
            }
        }
        messages.extend(message("traffic", &traffic));
        messages.extend(message("workers", &workers(line, self.before.as_deref())));
        if let Some(books) = self.snapshot.books()
            && (self.lines % LEDGER_EVERY == 1 || books.ledger.imbalance != self.imbalance)
        {
            self.imbalance = books.ledger.imbalance;
            let lag_ms = self.snapshot.ingest.as_ref().map_or(0, |heard| heard.line.lag_ms);
            messages.extend(message("ledger", &Ledger::of(&books, lag_ms)));
        }
        for address in followed() {
            messages.extend(message(&format!("host:{address}"), &Host::of(line, &address)));
        }
        messages
    }
}

fn workers(line: &CaptureLine, before: Option<&CaptureLine>) -> Vec<Worker> {
    let elapsed_ns = before.map_or(0, |before| line.envelope.time_ns.saturating_sub(before.envelope.time_ns));
    let told = |worker: &WorkerState| {
        let old = before.and_then(|before| before.workers.iter().find(|old| old.worker == worker.worker));
        let cpu_ns = old.map_or(0, |old| worker.cpu_ns.saturating_sub(old.cpu_ns));
        Worker {
            w: worker.worker,
            c: worker.core,
            t: old.map_or(0, |old| worker.taken.saturating_sub(old.taken)),
            u: (cpu_ns.saturating_mul(100)).checked_div(elapsed_ns).unwrap_or(0),
            f: worker.flows_active,
            q: worker.queue,
        }
    };
    line.workers.iter().map(told).collect()
}

fn message<T: serde::Serialize>(channel: &str, payload: &T) -> Option<Message> {
    // Numbers, texts and lists always become JSON.
    let body = serde_json::to_string(payload).ok()?;
    Some(Message { channel: channel.to_owned(), body })
}
