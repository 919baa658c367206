//! spooler: the one writer behind all workers. It deals flow batches over the spool's streams, closes traffic and
//! talker buckets, and once a second makes the cut at which capture's books are drawn.
//!
//! **The cut.** A worker's report follows its batches in the same queue. The spooler stops taking from a worker when it
//! has its report of a tick, until it has every worker's: then all that was handed over before the reports, and
//! nothing after, has been appended. So the columns are exact under full load. A worker that does not report in time
//! is not waited for: that cut is left out.

pub mod closing;
pub mod columns;
pub mod sink;
pub mod talkers;
pub mod traffic;

use std::time::Duration;

use live::ledger::CaptureColumns;
use live::line::StreamState;
use spool::FrameKind;
use spool::row::{DeviceCount, EventRow, InterfaceRow, LedgerKind, LedgerRow, Severity, StreamEnd};

use crate::limits::SECOND_NS;
use crate::queue::WorkerQueue;
use crate::steady::Steady;
use crate::worker::batch::FlowBatch;
use crate::worker::message::{Message, Report};

use closing::Past;
use columns::{SpoolerTotals, columns, ledger_row};
use sink::Sink;
use talkers::TalkerRollup;
use traffic::TrafficRollup;

/// Messages taken from one worker before the next has its turn.
const TURN: usize = 16;

/// A cut waits for the last worker's report at most this long.
const ALIGNMENT_WAIT: Duration = Duration::from_millis(800);

/// The state of everything at one moment.
#[derive(Clone, Debug)]
pub struct Cut {
    /// The wall second that ended.
    pub tick: u64,
    /// capture's columns.
    pub columns: CaptureColumns,
    /// What each spool stream had received.
    pub streams: Vec<StreamState>,
    /// Each worker's report.
    pub reports: Vec<Report>,
    /// Frames that the spool did not take, cumulative.
    pub spool_errors: u64,
    /// How the spool stands.
    pub spool: sink::Standing,
    /// Nothing follows.
    pub is_final: bool,
}

/// How a worker stands towards the next cut.
struct WorkerEnd {
    queue: WorkerQueue,
    report: Report,
    reported: Option<u64>,
    /// Reports received.
    heard: u64,
    finished: bool,
}

/// The spooler; a driver thread calls [`Spooler::turn`] with the time.
pub struct Spooler {
    workers: Vec<WorkerEnd>,
    sink: Sink,
    traffic: TrafficRollup,
    talkers: TalkerRollup,
    totals: SpoolerTotals,
    dropped_before: Vec<u64>,
    in_ring_max: u64,
    /// What waits for an interval goes by this time: the clock may be set.
    steady: Steady,
    first_reported_ns: u64,
    follows_packets: bool,
    devices: Option<Box<dyn Devices>>,
    /// Packets that passed the devices before this start and after the last word of the earlier one.
    blind: u64,
    /// Closing rows of earlier epochs that the spool has not taken yet.
    unclosed: Vec<LedgerRow>,
}

/// What the devices themselves count: observations beside the books.
pub trait Devices: Send {
    /// How many packets the devices received that never reached the tap, by the workers' reports; signed.
    fn pre_tap(&self, reports: &[Report]) -> i64;
    /// The devices' counters at the moment of the reports.
    fn counts(&self, reports: &[Report]) -> Vec<DeviceCount>;
}

/// What a turn did.
pub enum Turn {
    /// Messages were handled.
    Busy,
    /// Nothing waited.
    Idle,
    /// All workers reported a tick.
    Cut(Box<Cut>),
    /// All workers are gone and everything is written.
    Finished(Box<Cut>),
}

impl Spooler {
    /// A spooler for `queues`. `follows_packets` = buckets close by the packets' time (replay), not by the ticks.
    pub fn new(queues: Vec<WorkerQueue>, sink: Sink, in_ring_max: u64, follows_packets: bool) -> Spooler {
        let end = |queue| WorkerEnd { queue, report: Report::default(), reported: None, heard: 0, finished: false };
        Spooler {
            workers: queues.into_iter().map(end).collect(),
            sink,
            traffic: TrafficRollup::default(),
            talkers: TalkerRollup::default(),
            totals: SpoolerTotals::default(),
            dropped_before: Vec::new(),
            in_ring_max,
            steady: Steady::default(),
            first_reported_ns: 0,
            follows_packets,
            devices: None,
            blind: 0,
            unclosed: Vec::new(),
        }
    }

    /// Puts the devices' counters beside the books.
    pub fn observe(&mut self, devices: Box<dyn Devices>) {
        self.devices = Some(devices);
    }

    /// Closes the books of earlier epochs; to be called before anything is trimmed. The rows are made durable at once:
    /// a process that dies before that finds the same past again.
    pub fn close_past(&mut self, past: &Past, now_ns: u64) {
        let now = self.devices.as_ref().map(|devices| devices.counts(&[])).unwrap_or_default();
        self.blind = closing::blind(&past.devices, &now);
        if past.gaps.is_empty() {
            return;
        }
        self.unclosed.clone_from(&past.gaps);
        self.append_closings(now_ns);
        for gap in &past.gaps {
            let text = format!(
                "the run of epoch {} ended without closing its books: the flow detail of {} packets ({} bytes) is lost; \
                 their totals are kept",
                gap.about_epoch, gap.gap, gap.gap_bytes
            );
            tracing::warn!("{text}");
            self.event(EventRow {
                ts: now_ns / SECOND_NS,
                kind: "capture.gap".into(),
                severity: Severity::Warning,
                subject: String::new(),
                text,
            });
        }
        self.sink.finish();
    }

    /// The next start believes that who wrote a ledger row had closed all earlier epochs. Answers whether it is so.
    fn append_closings(&mut self, now_ns: u64) -> bool {
        let errors = self.totals.errors;
        self.sink.append_rows(FrameKind::Ledger, &self.unclosed, now_ns, &mut self.totals.errors);
        if self.totals.errors == errors {
            self.unclosed.clear();
        }
        self.unclosed.is_empty()
    }

    /// How many reports each worker has sent; `None` = it has ended in order.
    pub fn reports_heard(&self) -> impl Iterator<Item = Option<u64>> {
        self.workers.iter().map(|w| (!w.finished).then_some(w.heard))
    }

    /// The traffic buckets that are open: the live line shows the newest second.
    pub fn traffic(&self) -> &TrafficRollup {
        &self.traffic
    }

    /// The spool or what stands in its place.
    pub fn sink_mut(&mut self) -> &mut Sink {
        &mut self.sink
    }

    /// Names an interface for the readers of this epoch's rows.
    pub fn name_interface(&mut self, interface: u16, name: &str, now_ns: u64) {
        let row = InterfaceRow { interface, name: name.to_owned() };
        self.sink.append_rows(FrameKind::Interface, &[row], now_ns, &mut self.totals.errors);
    }

    /// Writes an event.
    pub fn event(&mut self, event: EventRow) {
        let now_ns = event.ts.saturating_mul(SECOND_NS);
        self.sink.append_rows(FrameKind::Event, &[event], now_ns, &mut self.totals.errors);
    }

    /// Takes what the workers left, and makes the cut when all have reported.
    pub fn turn(&mut self, now_ns: u64) -> Turn {
        let mut busy = false;
        for at in 0..self.workers.len() {
            for _ in 0..TURN {
                if self.workers[at].reported.is_some() {
                    break;
                }
                let Some(message) = self.workers[at].queue.pop() else { break };
                busy = true;
                self.handle(at, message, now_ns);
            }
        }
        let steady_ns = self.steady.pass(now_ns);
        self.sink.tend(steady_ns);
        if self.workers.iter().all(|w| w.finished) {
            return Turn::Finished(Box::new(self.finish(now_ns)));
        }
        let waiting = self.workers.iter().any(|w| w.reported.is_none() && !w.finished);
        let any = self.workers.iter().any(|w| w.reported.is_some());
        if any && !waiting {
            return Turn::Cut(Box::new(self.cut(now_ns)));
        }
        if any && steady_ns.saturating_sub(self.first_reported_ns) > ALIGNMENT_WAIT.as_nanos() as u64 {
            // One worker is silent: let the others go on, there is no cut at this tick.
            self.release();
        }
        if busy { Turn::Busy } else { Turn::Idle }
    }

    fn handle(&mut self, at: usize, message: Message, now_ns: u64) {
        match message {
            Message::Flows(batch) => self.flows(at, batch),
            Message::Traffic(seconds) => {
                for second in &seconds {
                    self.traffic.add(second);
                }
                if self.follows_packets {
                    self.close_buckets(self.traffic.newest());
                }
            }
            Message::Minute(talkers) => self.talkers.add(&talkers),
            Message::Report(report) => {
                if !self.workers.iter().any(|w| w.reported.is_some()) {
                    self.first_reported_ns = self.steady.pass(now_ns);
                }
                self.workers[at].heard += 1;
                self.workers[at].reported = Some(report.tick);
                self.workers[at].report = *report;
                self.workers[at].report.queue = self.workers[at].queue.len() as u64;
            }
            Message::Finished(report) => {
                self.workers[at].finished = true;
                self.workers[at].report = *report;
            }
        }
    }

    fn flows(&mut self, at: usize, batch: FlowBatch) {
        let share = (batch.packets, batch.bytes);
        add(&mut self.totals.received, share);
        match self.sink.append_flows(&batch) {
            sink::Fate::Spooled => add(&mut self.totals.spooled, share),
            sink::Fate::Coarsened => add(&mut self.totals.coarsened, share),
            sink::Fate::Shed => {
                add(&mut self.totals.shed, share);
                self.totals.errors += 1;
            }
        }
        self.workers[at].queue.give_back(batch.payload);
    }

    fn cut(&mut self, now_ns: u64) -> Cut {
        let tick = self.workers.iter().filter_map(|w| w.reported).max().unwrap_or(now_ns / SECOND_NS);
        self.count_dropped(tick);
        if !self.follows_packets {
            self.close_buckets(tick + 1);
        }
        let cut = self.draw(tick, false);
        self.append_ledger_row(&cut, LedgerKind::Checkpoint, now_ns);
        self.release();
        cut
    }

    fn append_ledger_row(&mut self, cut: &Cut, kind: LedgerKind, now_ns: u64) {
        if !self.append_closings(now_ns) {
            return;
        }
        let end =
            |s: &StreamState| StreamEnd { stream: s.stream, last_seq: s.last_seq, packets: s.packets, bytes: s.bytes };
        let row = LedgerRow {
            streams: cut.streams.iter().map(end).collect(),
            devices: self.devices.as_ref().map(|devices| devices.counts(&cut.reports)).unwrap_or_default(),
            ..ledger_row(&cut.columns, cut.tick, self.sink.epoch(), kind)
        };
        self.sink.append_rows(FrameKind::Ledger, &[row], now_ns, &mut self.totals.errors);
    }

    fn release(&mut self) {
        for worker in &mut self.workers {
            worker.reported = None;
        }
    }

    fn draw(&self, tick: u64, is_final: bool) -> Cut {
        let reports: Vec<Report> = self.workers.iter().map(|w| w.report.clone()).collect();
        let mut columns = columns(&reports, &self.totals, self.in_ring_max, is_final);
        // Accepted, but readers do not find it in the files yet.
        let pending = self.sink.pending();
        columns.in_memory += pending.packets;
        columns.in_memory_bytes += pending.bytes;
        columns.spooled = columns.spooled.saturating_sub(pending.packets);
        columns.spooled_bytes = columns.spooled_bytes.saturating_sub(pending.bytes);
        columns.pre_tap = self.devices.as_ref().map_or(0, |devices| devices.pre_tap(&reports));
        columns.blind = self.blind;
        Cut {
            tick,
            columns,
            streams: self.sink.streams(),
            reports,
            spool_errors: self.totals.errors,
            spool: self.sink.standing(),
            is_final,
        }
    }

    /// What the kernel dropped since the last cut belongs to the second that ended.
    fn count_dropped(&mut self, tick: u64) {
        let interfaces = self.workers.iter().map(|w| w.report.interfaces.len()).max().unwrap_or(0);
        self.dropped_before.resize(interfaces.max(self.dropped_before.len()), 0);
        for interface in 0..interfaces {
            let of = |w: &WorkerEnd| w.report.interfaces.get(interface).map_or(0, |i| i.dropped);
            let dropped: u64 = self.workers.iter().map(of).sum();
            let before = std::mem::replace(&mut self.dropped_before[interface], dropped);
            self.traffic.add_dropped(tick, interface as u16, dropped.saturating_sub(before));
        }
    }

    fn close_buckets(&mut self, now: u64) {
        let (mut traffic, mut talkers) = (Vec::new(), Vec::new());
        self.traffic.close(now, &mut traffic);
        self.talkers.close(now, &mut talkers);
        self.append_buckets(&traffic, &talkers, now);
    }

    fn append_buckets(&mut self, traffic: &[spool::row::TrafficRow], talkers: &[spool::row::TalkerRow], now: u64) {
        let now_ns = now.saturating_mul(SECOND_NS);
        self.sink.append_rows(FrameKind::Traffic, traffic, now_ns, &mut self.totals.errors);
        self.sink.append_rows(FrameKind::Talker, talkers, now_ns, &mut self.totals.errors);
    }

    fn finish(&mut self, now_ns: u64) -> Cut {
        self.count_dropped(now_ns / SECOND_NS);
        let (mut traffic, mut talkers) = (Vec::new(), Vec::new());
        self.traffic.finish(&mut traffic);
        self.talkers.finish(&mut talkers);
        self.append_buckets(&traffic, &talkers, now_ns / SECOND_NS);
        // The final row's columns speak of files: nothing may be on its way.
        self.sink.finish();
        let cut = self.draw(now_ns / SECOND_NS, true);
        self.append_ledger_row(&cut, LedgerKind::Final, now_ns);
        self.sink.finish();
        Cut { streams: self.sink.streams(), ..cut }
    }
}

fn add(sum: &mut (u64, u64), share: (u64, u64)) {
    sum.0 += share.0;
    sum.1 += share.1;
}

#[cfg(test)]
mod tests;
