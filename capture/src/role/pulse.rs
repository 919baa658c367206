//! capture's heartbeat: it beats only while every worker reports, and says when capture cannot keep up.
//!
//! A worker that is stuck loses packets silently, so it must silence the whole process: the supervisor then starts
//! capture anew.

use std::time::{Duration, Instant};

use live::Heartbeat;
use live::heartbeat::{Fill, Progress, Restart};

use crate::limits::QUEUE_BATCHES;
use crate::spooler::{Cut, Spooler};

/// A worker reports once a second; one that is silent for longer is stuck.
const WORKER_SILENCE: Duration = Duration::from_secs(3);

/// How often the workers' reports are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Seconds in a row with losses, after which capture says that it is overloaded; and without, after which it is not.
const OVERLOAD_SECONDS: u32 = 3;

/// See the module.
pub struct Pulse {
    heartbeat: Heartbeat,
    /// For each worker: number of its last report, and when it came.
    heard: Vec<(u64, Instant)>,
    looked: Instant,
    silent: Option<usize>,
    progress: Progress,
    overload: Overload,
}

#[expect(clippy::disallowed_methods, reason = "silence is time that passed, whatever the wall clock does")]
fn now() -> Instant {
    Instant::now()
}

impl Pulse {
    /// Nothing is said yet.
    pub fn new(heartbeat: Heartbeat) -> Pulse {
        Pulse {
            heartbeat,
            heard: Vec::new(),
            looked: now(),
            silent: None,
            progress: Progress::default(),
            overload: Overload::default(),
        }
    }

    /// Packets are taken from now on.
    pub fn ready(&mut self) {
        self.heartbeat.ready();
    }

    /// capture stops in order.
    pub fn stopping(&mut self) {
        self.heartbeat.stopping();
    }

    /// Looks at the workers; to be called at each turn of the spooler.
    pub fn turn(&mut self, spooler: &Spooler) {
        let now = now();
        if now.duration_since(self.looked) < LOOK_INTERVAL {
            return;
        }
        self.looked = now;
        let silent = self.first_silent(spooler.reports_heard(), now);
        if silent != self.silent {
            match silent {
                Some(worker) => tracing::error!(worker, "a worker has not reported for {WORKER_SILENCE:?}"),
                None => tracing::warn!("every worker reports again"),
            }
            self.silent = silent;
        }
        if silent.is_none() {
            self.heartbeat.beat(&self.progress);
        }
    }

    /// The first worker whose report is overdue. `reports` = how many each has sent; `None` = it has ended in order.
    fn first_silent(&mut self, reports: impl Iterator<Item = Option<u64>>, now: Instant) -> Option<usize> {
        let mut silent = None;
        for (worker, count) in reports.enumerate() {
            if worker == self.heard.len() {
                self.heard.push((0, now));
            }
            let heard = &mut self.heard[worker];
            if count != Some(heard.0) {
                *heard = (count.unwrap_or(heard.0), now);
            } else if now.duration_since(heard.1) > WORKER_SILENCE {
                silent = silent.or(Some(worker));
            }
        }
        silent
    }

    /// Notes what a cut shows, and the sentence of [`super::line::status`]; goes with the next beat.
    pub fn note(&mut self, cut: &Cut, spool: (u64, u64), status: &str) {
        self.heartbeat.status(status);
        let columns = &cut.columns;
        let queue = cut.reports.iter().map(|report| report.queue).max().unwrap_or(0);
        self.overload.look(columns.kernel_dropped, columns.shed);
        self.progress = Progress {
            done: columns.taken,
            queue: Fill { used: queue, max: QUEUE_BATCHES as u64 },
            spool: Fill { used: spool.0, max: spool.1 },
            lag_ms: 0,
            overloaded: self.overload.reason().map(str::to_owned),
        };
    }

    /// Asks for a planned restart. The answer tells whether capture shall end by itself.
    pub fn must_end_for(&mut self, reason: &str) -> bool {
        tracing::warn!("capture asks to be started anew: {reason}");
        self.heartbeat.request_restart(reason) == Restart::EndNow
    }
}

/// Losses of seconds in a row.
#[derive(Debug, Default)]
struct Overload {
    before: Option<(u64, u64)>,
    /// Seconds in a row with rings that drop, with rows that are shed, and with neither.
    dropping: u32,
    shedding: u32,
    calm: u32,
    reason: Option<&'static str>,
}

impl Overload {
    /// Looks at the cumulative losses of one more second.
    fn look(&mut self, dropped: u64, shed: u64) {
        let (dropped_before, shed_before) = self.before.replace((dropped, shed)).unwrap_or((dropped, shed));
        let (drops, sheds) = (dropped > dropped_before, shed > shed_before);
        self.dropping = if drops { self.dropping + 1 } else { 0 };
        self.shedding = if sheds { self.shedding + 1 } else { 0 };
        self.calm = if drops || sheds { 0 } else { self.calm.saturating_add(1) };
        if self.shedding >= OVERLOAD_SECONDS {
            self.reason = Some("rows are shed: the spool takes less than comes");
        } else if self.dropping >= OVERLOAD_SECONDS {
            self.reason = Some("rings drop packets: the workers take less than comes");
        } else if self.calm >= OVERLOAD_SECONDS {
            self.reason = None;
        }
    }

    fn reason(&self) -> Option<&'static str> {
        self.reason
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use live::Heartbeat;

    use super::{Overload, Pulse, now};

    #[test]
    fn one_stuck_worker_silences_capture() {
        let (mut pulse, begin) = (Pulse::new(Heartbeat::silent()), now());
        let mut at = |second: u64, reports: [Option<u64>; 3]| {
            pulse.first_silent(reports.into_iter(), begin + Duration::from_secs(second))
        };
        assert_eq!(at(0, [Some(0), Some(0), Some(0)]), None, "they are given the time to begin");
        assert_eq!(at(3, [Some(3), Some(1), Some(2)]), None);
        assert_eq!(at(6, [Some(6), Some(1), Some(2)]), None, "three seconds are not more than three");
        assert_eq!(at(7, [Some(7), Some(1), Some(6)]), Some(1));
        assert_eq!(at(8, [Some(8), Some(2), Some(7)]), None, "it works again");
        assert_eq!(at(9, [None, None, Some(8)]), None);
        assert_eq!(at(20, [None, None, Some(8)]), Some(2), "who has ended in order is not stuck");
    }

    #[test]
    fn a_worker_that_never_reports_is_found() {
        let (mut pulse, begin) = (Pulse::new(Heartbeat::silent()), now());
        assert_eq!(pulse.first_silent([Some(0)].into_iter(), begin), None);
        assert_eq!(pulse.first_silent([Some(0)].into_iter(), begin + Duration::from_millis(3_001)), Some(0));
    }

    #[test]
    fn losses_of_several_seconds_are_an_overload_and_calm_ends_it() {
        let mut overload = Overload::default();
        let mut told = |losses: &[(u64, u64)]| {
            losses.iter().for_each(|(dropped, shed)| overload.look(*dropped, *shed));
            overload.reason().map(|reason| reason.split(' ').next().unwrap_or_default())
        };
        assert_eq!(told(&[(5, 0), (6, 0), (7, 0)]), None, "what was lost before the first look does not count");
        assert_eq!(told(&[(8, 0)]), Some("rings"));
        assert_eq!(told(&[(8, 0), (8, 0)]), Some("rings"));
        assert_eq!(told(&[(8, 0)]), None);
        assert_eq!(told(&[(9, 0), (9, 0), (10, 0), (10, 0), (11, 0)]), None, "a loss now and then is counted only");
        assert_eq!(told(&[(11, 1), (11, 2), (11, 3)]), Some("rows"));
    }
}
