//! Rows of all tables as one line of moments, in the order of time: a row holds for its time, a sample until the next.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use live::host::Process;
use live::incident::SubjectKind;
use notifier::metric::{HostValues, Snapshot, processes};
use notifier::rule::backtest::Step;
use store::{Host, ProcessRow, Resolution, SubjectRow, Traffic};

use super::host::{Sample, Targets, process};
use super::traffic::{Names, Passed};

/// A second without packets has no row; so many of them in a row are taken for silence, more for a time without data.
pub const SILENCE: u32 = 60;

/// So many empty minutes are fed into a gap: after ten without a value what fires is gone.
const GAP_MINUTES: u32 = 12;

/// A sample holds for so long if there is none after it, as in notifier.
const SAMPLE_AGE_MAX: u32 = 30;

/// Seconds of a row of processes, and of one of a target.
const PROCESSES_S: u32 = 60;
const TARGETS_S: u32 = 10;

const SECOND_NS: u64 = 1_000_000_000;

/// What there was.
#[derive(Debug, Default)]
pub struct Seen {
    /// Seconds that traffic rows of a second stand for.
    pub seconds_1s: u64,
    /// The same of a minute.
    pub seconds_1m: u64,
    /// Seconds of which a sample of the host, or its minute, is known.
    pub host_seconds: u64,
    /// Rows of processes.
    pub processes: u64,
    /// Rows of addresses and prefixes near a limit.
    pub targets: u64,
    /// From and to: times without data of any kind.
    pub gaps: Vec<(u32, u32)>,
}

/// What holds at the moments after `from`, up to `to`; `seconds` = the time that the row stands for.
struct Held<T> {
    from: u32,
    to: u32,
    seconds: u32,
    what: T,
}

/// What is known of one kind, by time.
struct Line<T>(VecDeque<Held<T>>);

impl<T> Line<T> {
    /// What holds at a moment; what lies before goes. Moments only go on.
    fn at(&mut self, moment: u32) -> Option<&Held<T>> {
        while self.0.get(1).is_some_and(|next| next.from < moment)
            || self.0.front().is_some_and(|first| first.to < moment)
        {
            self.0.pop_front();
        }
        self.0.front().filter(|held| held.from < moment)
    }

    /// The entry of that time, made if it is not there. Rows come in the order of time.
    fn entry(&mut self, from: u32, seconds: u32) -> &mut T
    where
        T: Default,
    {
        if self.0.back().is_none_or(|last| last.from != from) {
            self.0.push_back(Held { from, to: from.saturating_add(seconds), seconds, what: T::default() });
        }
        let last = self.0.back_mut().expect("one was pushed if there was none");
        &mut last.what
    }
}

/// The moments at which something new is known, and what then holds.
pub struct Timeline {
    names: Names,
    began: Instant,
    since: u32,
    traffic: Line<Passed>,
    /// Where the newest traffic row that was added ends, and the one that held last.
    traffic_added: u32,
    traffic_end: u32,
    samples: Line<Sample>,
    values: HostValues,
    processes: Line<Vec<Process>>,
    targets: Line<Targets>,
    /// Each moment to come, with the time from which on it is known what was.
    moments: BTreeMap<u32, u32>,
    /// Nothing is known yet of what comes after it.
    next: u32,
    seen: Seen,
}

impl Timeline {
    /// From `since` on (UNIX seconds); `began` stands for it where elapsed time is wanted.
    pub fn new(names: Names, since: u32, began: Instant) -> Timeline {
        Timeline {
            names,
            began,
            since,
            traffic: Line(VecDeque::new()),
            traffic_added: since,
            traffic_end: since,
            samples: Line(VecDeque::new()),
            values: HostValues::default(),
            processes: Line(VecDeque::new()),
            targets: Line(VecDeque::new()),
            moments: BTreeMap::new(),
            next: since,
            seen: Seen::default(),
        }
    }

    fn moment(&mut self, at: u32, known_from: u32) {
        let begin = self.moments.entry(at).or_insert(known_from);
        *begin = known_from.min(*begin);
    }

    /// Adds traffic rows, oldest first.
    pub fn traffic(&mut self, resolution: Resolution, rows: &[Traffic]) {
        let length = if resolution == Resolution::Second { 1 } else { 60 };
        for of_time in rows.chunk_by(|a, b| a.row.ts == b.row.ts) {
            let (ts, before) = (of_time[0].row.ts, self.traffic_added);
            let to = ts.saturating_add(length);
            if to <= before {
                continue;
            }
            if ts > before && ts - before <= SILENCE {
                // One moment of silence is enough for the machine; it stands for all of them.
                self.moment(ts, before);
            }
            let mut passed = Passed::default();
            of_time.iter().for_each(|row| passed.add(row, &self.names));
            self.traffic.0.push_back(Held { from: ts.max(before), to, seconds: length, what: passed });
            self.moment(to, ts.max(before));
            self.traffic_added = to;
        }
    }

    /// Adds samples of the host, or its minutes; oldest first.
    pub fn hosts(&mut self, resolution: Resolution, rows: &[Host]) {
        for Host { row, .. } in rows {
            let sample = Sample::of(row);
            if resolution == Resolution::Second {
                let (from, seconds) = (row.ts.saturating_sub(1), row.seconds.max(1));
                self.samples.0.push_back(Held {
                    from,
                    to: row.ts.saturating_add(SAMPLE_AGE_MAX),
                    seconds,
                    what: sample,
                });
                self.moment(row.ts, row.ts.saturating_sub(seconds));
            } else {
                let to = row.ts.saturating_add(60);
                self.samples.0.push_back(Held { from: row.ts, to, seconds: 60, what: sample });
                self.moment(to, row.ts);
            }
        }
    }

    /// Adds what ran; oldest first.
    pub fn processes(&mut self, rows: impl Iterator<Item = ProcessRow>) {
        for row in rows {
            let ts = row.ts;
            self.processes.entry(ts, PROCESSES_S).push(process(row));
            self.moment(ts.saturating_add(PROCESSES_S), ts);
            self.seen.processes += 1;
        }
    }

    /// Adds addresses and prefixes near a limit; oldest first.
    pub fn targets(&mut self, rows: impl Iterator<Item = SubjectRow>) {
        for row in rows {
            let ts = row.ts;
            self.targets.entry(ts, TARGETS_S).add(row);
            self.moment(ts.saturating_add(TARGETS_S), ts);
            self.seen.targets += 1;
        }
    }

    /// Gives the moments of which all is known when every row before `loaded` has been added.
    pub fn feed(&mut self, loaded: u32, to: &mut impl FnMut(&Snapshot, Step)) {
        while let Some(entry) = self.moments.first_entry()
            && entry.key().saturating_add(SILENCE) < loaded
        {
            let (at, begin) = entry.remove_entry();
            self.step(at, begin, None, to);
        }
    }

    /// Gives the rest: nothing is stored after it, and it ends at `until`.
    pub fn finish(mut self, until: u32, to: &mut impl FnMut(&Snapshot, Step)) -> Seen {
        while let Some((at, begin)) = self.moments.pop_first() {
            self.step(at, begin, Some(until), to);
        }
        let begin = if until.saturating_sub(self.next) <= SILENCE { self.next } else { until };
        self.step(until, begin, Some(until), to);
        self.seen
    }

    /// Gives one moment, of which something is known from `begin` on; `end` = where all ends, if that is near.
    fn step(&mut self, at: u32, begin: u32, end: Option<u32>, to: &mut impl FnMut(&Snapshot, Step)) {
        if begin > self.next && begin - self.next > SILENCE {
            self.unknown(begin, to);
        }
        if at <= self.next {
            return;
        }
        let seconds = at - self.next;
        let mut snapshot = Snapshot::new(u64::from(at) * SECOND_NS);
        let host = self.host(at, seconds, &mut snapshot);
        let traffic = self.passed(at, seconds, end, &mut snapshot);
        to(&snapshot, Step { seconds, traffic, host });
        self.next = at;
    }

    /// Sets what is known of the host; seconds of its row, 0 = nothing is.
    fn host(&mut self, at: u32, seconds: u32, snapshot: &mut Snapshot) -> u32 {
        let now = self.began + Duration::from_secs(at.saturating_sub(self.since).into());
        let sample = self.samples.at(at);
        if let Some(held) = sample {
            held.what.set(now, &mut self.values, snapshot);
            self.seen.host_seconds += u64::from(seconds);
        }
        let row_seconds = sample.map_or(0, |held| held.seconds);
        if let Some(held) = self.processes.at(at) {
            processes(held.what.iter(), snapshot);
        }
        let targets = self.targets.at(at);
        if let Some(held) = targets {
            held.what.set(snapshot);
        }
        // Whoever is not near a limit while notifier writes has no row.
        if targets.is_some() || row_seconds > 0 {
            snapshot.is_whole(SubjectKind::Host);
            snapshot.is_whole(SubjectKind::Prefix);
        }
        row_seconds
    }

    /// Sets what passed, or that nothing did; seconds of its row, 0 = nothing is known.
    fn passed(&mut self, at: u32, seconds: u32, end: Option<u32>, snapshot: &mut Snapshot) -> u32 {
        if let Some(held) = self.traffic.at(at) {
            self.traffic_end = held.to;
            held.what.set(f64::from(held.seconds), snapshot);
            let sum = if held.seconds == 1 { &mut self.seen.seconds_1s } else { &mut self.seen.seconds_1m };
            *sum += u64::from(seconds);
            return held.seconds;
        }
        let next = self.traffic.0.front().map(|held| held.from).or(end);
        if next.is_none_or(|next| next.saturating_sub(self.traffic_end) > SILENCE) {
            return 0;
        }
        Passed::default().set(1.0, snapshot);
        self.seen.seconds_1s += u64::from(seconds);
        1
    }

    /// Nothing is known up to `begin`.
    fn unknown(&mut self, begin: u32, to: &mut impl FnMut(&Snapshot, Step)) {
        let gap = begin - self.next;
        let minutes = GAP_MINUTES.min(gap / 60);
        for minute in 1..=minutes {
            // The last one stands for the rest.
            let seconds = if minute == minutes { gap - (minutes - 1) * 60 } else { 60 };
            let snapshot = Snapshot::new(u64::from(self.next + minute * 60) * SECOND_NS);
            to(&snapshot, Step { seconds, traffic: 0, host: 0 });
        }
        self.seen.gaps.push((self.next, begin));
        self.next = begin;
    }
}

#[cfg(test)]
mod tests;
