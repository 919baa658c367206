//! record: notifier's spool; host samples, processes, subjects, incidents and events become rows.
//!
//! Samples are left out, and counted, while the spool takes nothing. Incidents and events are kept in `state.db` until
//! they are durable in the spool, and reach it exactly once, over kill -9 at any step ([`journal`]).
//!
//! Failpoints: `record.append` (a frame of incidents or events is about to be appended), `record.number` (its numbers
//! are about to be noted), `record.forget` (durable rows are about to be forgotten).

mod detail;
pub mod journal;
mod rollup;
mod rows;
mod sink;
mod subjects;

use std::time::{Duration, Instant};

use ipnet::IpNet;
use live::host::HostState;
use live::incident::{Incident, Severity};
use rusqlite::Connection;
use spool::row::push_json;
use spool::{FrameKind, NodeId};

use journal::{Frame, Kind};
use rollup::{Closed, Rollup};
use sink::Sink;
use subjects::Subjects;

pub use detail::{Detail, DiskDetail, LinkDetail};
pub use journal::MIGRATIONS;
pub use sink::{Options, Standing};
pub use subjects::{decode as decode_subject, encode as encode_subject};

/// Samples are gathered for so long: each write takes a page of the disk.
const GATHER: Duration = Duration::from_secs(10);

/// Rows of samples that are gathered, at most.
const GATHERED_MAX: usize = 1_000;

/// Rows in the journal, at most: what a day without a disk may bring. Beyond it no rows of incidents are put.
const JOURNAL_ROWS_MAX: u64 = 100_000;

/// Rows of one frame from the journal.
const FRAME_ROWS_MAX: usize = 500;

/// What became of the rows, since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Rows that the spool took.
    pub rows: u64,
    /// Rows of samples that it did not take.
    pub shed: u64,
    /// Incidents and events that are not durable in the spool yet.
    pub waiting: u64,
    /// Rows of incidents and events that could not be kept in the state.
    pub failed: u64,
    /// Values of subjects left out because there were too many.
    pub subjects_left_out: u64,
}

/// Writes notifier's rows.
#[derive(Debug)]
pub struct Recorder {
    sink: Sink,
    node: NodeId,
    dir: std::path::PathBuf,
    rollup: Rollup,
    gathered: Closed,
    since: Option<Instant>,
    subjects: Subjects,
    waiting: u64,
    failed: u64,
    /// What earlier epochs left in the journal was looked for in the spool.
    is_settled: bool,
    /// A frame that the spool has taken, with its last number, which the journal does not know yet.
    unnoted: Option<(Frame, u64)>,
    /// Rows up to this number are gone from the journal.
    forgotten: u64,
}

/// How many rows of incidents there is room for on the way into the spool: to be asked once a transaction.
///
/// # Errors
/// SQLite's.
pub fn room(state: &Connection) -> rusqlite::Result<u64> {
    journal::len(state).map(|rows| JOURNAL_ROWS_MAX.saturating_sub(rows))
}

/// Puts the row of an incident as it stands at `now_ns` among those that are on their way into the spool, and counts it
/// off the [`room`] that the transaction found. It belongs into the transaction that decides about the incident: both
/// are kept, or none. false = there was no room, or the incident's id is none.
///
/// # Errors
/// SQLite's.
pub fn put_incident(state: &Connection, incident: &Incident, now_ns: u64, room: &mut u64) -> rusqlite::Result<bool> {
    let Some((row, left)) = rows::incident(incident, now_ns).zip(room.checked_sub(1)) else { return Ok(false) };
    let mut line = Vec::new();
    push_json(&mut line, &row);
    journal::put(state, Kind::Incident, &line)?;
    *room = left;
    Ok(true)
}

/// The identity that `text` (a UUID) names.
pub fn node(text: &str) -> Option<NodeId> {
    uuid::Uuid::parse_str(text).ok().map(|uuid| NodeId::from_bytes(*uuid.as_bytes()))
}

impl Recorder {
    /// Opens the spool, or tries again later: what is told meanwhile waits in `state`, samples are left out.
    pub fn open(options: Options, state: &Connection, now_ns: u64, now: Instant) -> Recorder {
        let (node, dir) = (options.node, options.dir.clone());
        let mut recorder = Recorder {
            sink: Sink::new(options, now),
            node,
            dir,
            rollup: Rollup::default(),
            gathered: Closed::default(),
            since: None,
            subjects: Subjects::default(),
            waiting: 0,
            failed: 0,
            is_settled: false,
            unnoted: None,
            forgotten: 0,
        };
        recorder.tend(state, now_ns, now);
        recorder
    }

    /// Adds a sample of the host.
    pub fn host(&mut self, state: &HostState, now: Instant) {
        if self.gathered.hosts.len() >= GATHERED_MAX {
            // Only while the state takes nothing: then the spool stands still too.
            self.sink.shed += std::mem::take(&mut self.gathered).hosts.len() as u64;
        }
        self.rollup.add(state, &mut self.gathered);
        self.since.get_or_insert(now);
    }

    /// Adds a metric of a local host or prefix, and the limit that it is held against; kept if it is above a tenth of it.
    pub fn subject(&mut self, subject: IpNet, metric: u16, value: f64, limit: f64) {
        self.subjects.add(subject, metric, value, limit);
    }

    /// Tells that something happened. `kind` is dotted (`notifier.start`), at most 32 characters.
    pub fn event(
        &mut self,
        state: &Connection,
        (kind, severity): (&str, Severity),
        subject: &str,
        text: &str,
        now_ns: u64,
    ) {
        let mut line = Vec::new();
        push_json(&mut line, &rows::event(kind, severity, subject, text, now_ns));
        self.put(state, Kind::Event, &line);
    }

    /// To be called once a second: others put rows of incidents too ([`put_incident`]).
    pub fn look(&mut self, state: &Connection) {
        self.count(state);
    }

    fn put(&mut self, state: &Connection, kind: Kind, line: &[u8]) {
        match journal::put(state, kind, line) {
            Ok(()) => self.waiting += 1,
            Err(error) => {
                self.failed += 1;
                tracing::error!(%error, ?kind, "a row of an incident or event cannot be kept in notifier's state");
            }
        }
    }

    /// Goes on; to be called some ten times a second, outside of a transaction of `state`. Waits for no disk but the
    /// state's.
    pub fn tend(&mut self, state: &Connection, now_ns: u64, now: Instant) {
        // While numbers of rows are not noted, the spool must not write them.
        if !self.note(state) {
            return;
        }
        if !self.is_settled {
            // Before the spool is opened: a writer cuts what its predecessor left.
            let settled = journal::settle(state, |epoch| sink::held(&self.dir, self.node, epoch));
            self.is_settled = self.journaled(settled) && self.count(state);
        }
        self.sink.open(now_ns, now);
        let subjects = self.subjects.close(now_ns / 1_000_000_000);
        self.sink.samples(FrameKind::Subject, &subjects, now_ns, now);
        if self.since.is_some_and(|since| now.saturating_duration_since(since) >= GATHER) {
            self.flush(now_ns, now);
        }
        self.sink.tend(now);
        self.forward(state, now_ns, now);
    }

    fn flush(&mut self, now_ns: u64, now: Instant) {
        let Closed { hosts, processes } = std::mem::take(&mut self.gathered);
        self.sink.samples(FrameKind::Host, &hosts, now_ns, now);
        self.sink.samples(FrameKind::Process, &processes, now_ns, now);
        self.since = None;
    }

    /// One frame from the journal into the spool. It begins only when nothing is on its way to the disk: the spool then
    /// writes the frame at the next [`Sink::tend`] at the earliest, after its numbers were noted.
    fn forward(&mut self, state: &Connection, now_ns: u64, now: Instant) {
        if self.waiting == 0 || !self.is_settled || !self.sink.is_settled() {
            return;
        }
        let durable = self.sink.durable_seq();
        let frame = match journal::next(state, FRAME_ROWS_MAX, sink::FRAME_BYTES) {
            Ok(frame) => frame.filter(|_| faults::pass("record.append").is_ok()),
            Err(error) => {
                self.journaled(Err(error));
                return;
            }
        };
        let Some(frame) = frame else {
            // All have their numbers; what is durable of them goes.
            if durable > self.forgotten {
                let passed = faults::pass("record.forget").map_err(|_| rusqlite::Error::InvalidQuery);
                let forgotten = passed.and_then(|()| journal::advance(state, None, self.sink.epoch(), durable));
                if self.journaled(forgotten) {
                    self.forgotten = durable;
                    self.count(state);
                }
            }
            return;
        };
        let rows = u32::try_from(frame.ids.len()).unwrap_or(u32::MAX);
        if let Some(last_seq) = self.sink.append(frame.kind.frame(), &frame.payload, rows, now_ns, now) {
            self.unnoted = Some((frame, last_seq));
            self.note(state);
        }
    }

    /// Notes the numbers of the frame that was appended last; whether there is none left to be noted.
    fn note(&mut self, state: &Connection) -> bool {
        let Some((frame, last_seq)) = self.unnoted.take() else { return true };
        let passed = faults::pass("record.number").map_err(|_| rusqlite::Error::InvalidQuery);
        let epoch = self.sink.epoch();
        let noted = passed.and_then(|()| journal::advance(state, Some((&frame, last_seq)), epoch, 0));
        let is_noted = self.journaled(noted);
        self.unnoted = Some((frame, last_seq)).filter(|_| !is_noted);
        is_noted
    }

    fn count(&mut self, state: &Connection) -> bool {
        let rows = journal::len(state);
        self.waiting = *rows.as_ref().unwrap_or(&self.waiting);
        self.journaled(rows.map(drop))
    }

    fn journaled(&mut self, result: rusqlite::Result<()>) -> bool {
        if let Err(error) = &result {
            self.failed += 1;
            tracing::error!(%error, "notifier's state does not take or give rows of incidents and events");
        }
        result.is_ok()
    }

    /// Writes what is open and waits until all is durable, some seconds at most: the program ends.
    pub fn finish(&mut self, state: &Connection, now_ns: u64, now: Instant) {
        self.rollup.finish(&mut self.gathered);
        self.flush(now_ns, now);
        self.sink.samples(FrameKind::Subject, &self.subjects.close(u64::MAX), now_ns, now);
        // As many frames as a quick disk takes in a moment; the rest waits for the next start.
        for _ in 0..20 {
            if self.waiting == 0 || !self.note(state) {
                return;
            }
            self.sink.finish(now);
            self.forward(state, now_ns, now);
        }
    }

    /// What became of the rows.
    pub fn counters(&self) -> Counters {
        Counters {
            rows: self.sink.rows,
            shed: self.sink.shed,
            waiting: self.waiting,
            failed: self.failed,
            subjects_left_out: self.subjects.left_out,
        }
    }

    /// How the spool stands.
    pub fn standing(&self) -> Standing {
        self.sink.standing()
    }
}

#[cfg(test)]
mod tests;
