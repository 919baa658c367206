//! capture's metrics, read from the last cut of the books when somebody asks. Nothing is counted here.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};

use crate::role::board::Board;
use crate::spooler::Cut;

/// A metric: kind, labels, then its name and meaning.
pub type Definition = (&'static str, &'static [&'static str], (&'static str, &'static str));

/// Every metric of capture; `docs/metrics.md` lists them too.
pub const ALL: [Definition; 7] = [
    (
        "gauge",
        &["term"],
        ("floodmark_capture_ledger", "The books by term: frames or wire packets since the start of this epoch."),
    ),
    (
        "counter",
        &["worker", "what"],
        ("floodmark_capture_worker_total", "Per worker: frames taken, entries evicted, flows folded, CPU nanoseconds."),
    ),
    (
        "gauge",
        &["worker", "what"],
        ("floodmark_capture_worker", "Per worker, now: flow table entries in use, 1 = one-packet flows are folded."),
    ),
    (
        "counter",
        &["interface", "what"],
        ("floodmark_capture_interface_total", "Per interface: frames seen and dropped by the kernel, ring freezes."),
    ),
    (
        "gauge",
        &["interface", "what"],
        (
            "floodmark_capture_interface",
            "Per interface, now: blind = 1, the device receives packets, the tap sees none.",
        ),
    ),
    (
        "gauge",
        &[],
        (
            "floodmark_capture_spare_sockets",
            "Packet sockets left for interfaces that come back; one per worker each time.",
        ),
    ),
    (
        "gauge",
        &["what"],
        (
            "floodmark_capture_spool",
            "The spool: bytes used and allowed now, rows not yet durable, frames refused, 1 = io_uring writes it.",
        ),
    ),
];

struct CutCollector {
    cut: Arc<Mutex<Option<Arc<Cut>>>>,
    board: Arc<Mutex<Board>>,
    ledger: IntGaugeVec,
    worker: IntCounterVec,
    worker_now: IntGaugeVec,
    interface: IntCounterVec,
    interface_now: IntGaugeVec,
    spares: IntGaugeVec,
    spool: IntGaugeVec,
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn set(counters: &IntCounterVec, labels: &[&str], value: u64) {
    let counter = counters.with_label_values(labels);
    counter.inc_by(value.saturating_sub(counter.get()));
}

impl CutCollector {
    fn refresh(&self) {
        let Some(cut) = self.cut.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return };
        let c = &cut.columns;
        let terms = [
            ("kernel_seen", c.kernel_seen),
            ("kernel_dropped", c.kernel_dropped),
            ("in_ring", c.in_ring),
            ("taken", c.taken),
            ("parsed_frames", c.parsed_frames),
            ("non_ip", c.non_ip),
            ("malformed", c.malformed),
            ("unsupported", c.unsupported),
            ("coalesced", c.coalesced),
            ("parsed", c.parsed),
            ("parsed_bytes", c.parsed_bytes),
            ("in_memory", c.in_memory),
            ("spooled", c.spooled),
            ("coarsened", c.coarsened),
            ("shed", c.shed),
            ("gap", c.gap),
        ];
        for (term, value) in terms {
            self.ledger.with_label_values(&[term]).set(signed(value));
        }
        let spool = [
            ("used_bytes", cut.spool.used_bytes),
            ("bytes_max", cut.spool.bytes_max),
            ("pending_rows", cut.spool.pending_rows),
            ("refused_frames", cut.spool_errors),
            ("io_uring", u64::from(cut.spool.backend.starts_with("io_uring"))),
        ];
        for (what, value) in spool {
            self.spool.with_label_values(&[what]).set(signed(value));
        }
        for report in &cut.reports {
            let worker = report.worker.to_string();
            set(&self.worker, &[&worker, "taken"], report.totals.taken);
            set(&self.worker, &[&worker, "evicted"], report.totals.evicted);
            set(&self.worker, &[&worker, "folded"], report.totals.folded);
            set(&self.worker, &[&worker, "cpu_ns"], report.cpu_ns);
            self.worker_now.with_label_values(&[&worker, "flows_active"]).set(signed(report.flows_active));
            self.worker_now.with_label_values(&[&worker, "flood"]).set(i64::from(report.flood));
        }
        // Interfaces are few and named by the administrator: a small closed set.
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, entry) in board.interfaces.iter().enumerate() {
            let totals = crate::role::interface_totals(&cut.reports, at + 1);
            set(&self.interface, &[&entry.name, "seen"], totals.seen);
            set(&self.interface, &[&entry.name, "dropped"], totals.dropped);
            set(&self.interface, &[&entry.name, "freezes"], totals.freezes);
            self.interface_now.with_label_values(&[&entry.name, "blind"]).set(i64::from(entry.blind.is_some()));
        }
        self.spares.with_label_values::<&str>(&[]).set(signed(board.spares as u64));
    }
}

impl Collector for CutCollector {
    fn desc(&self) -> Vec<&Desc> {
        let all = self.ledger.desc().into_iter().chain(self.worker.desc());
        let all = all.chain(self.worker_now.desc()).chain(self.interface.desc());
        all.chain(self.interface_now.desc()).chain(self.spares.desc()).chain(self.spool.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.refresh();
        let all = self.ledger.collect().into_iter().chain(self.worker.collect());
        let all = all.chain(self.worker_now.collect()).chain(self.interface.collect());
        all.chain(self.interface_now.collect()).chain(self.spares.collect()).chain(self.spool.collect()).collect()
    }
}

/// A function that renders the metrics text.
pub fn renderer(
    cut: Arc<Mutex<Option<Arc<Cut>>>>,
    board: Arc<Mutex<Board>>,
) -> impl Fn() -> String + Send + Sync + 'static {
    let valid = "names and labels are literals and valid";
    let gauges = |(_, labels, (name, help)): Definition| IntGaugeVec::new(Opts::new(name, help), labels).expect(valid);
    let counters =
        |(_, labels, (name, help)): Definition| IntCounterVec::new(Opts::new(name, help), labels).expect(valid);
    let [ledger, worker, worker_now, interface, interface_now, spares, spool] = ALL;
    let collector = CutCollector {
        cut,
        board,
        ledger: gauges(ledger),
        worker: counters(worker),
        worker_now: gauges(worker_now),
        interface: counters(interface),
        interface_now: gauges(interface_now),
        spares: gauges(spares),
        spool: gauges(spool),
    };
    let registry = Registry::new();
    registry.register(Box::new(collector)).expect("the registry is new: no name is taken");
    move || TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_default()
}
