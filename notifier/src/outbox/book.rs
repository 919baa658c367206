//! The outbox in memory: the rows that are not final, what is due, and what became of an attempt. No clock, no I/O.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use live::incident::Severity;
use live::line::{ChannelState, OutboxState, TestState};

use super::gauge::{self, Gauge, back_off_ns};
use super::row::{Row, RowState};
use super::{FOLLOWED_MAX, LIVE_MAX};
use crate::channel::{Delivery, Message, Receipt, SendError};
use crate::judgement::{Reading, RuleHead};
use crate::notice::NoticeKind;

/// Outcomes of tests that are told.
const TESTS_MAX: usize = 16;

/// What happened since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By channel: sent, failed, expired, superseded.
    pub by_channel: BTreeMap<String, [u64; 4]>,
    /// By kind of notice.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// Rows that found no room.
    pub refused: u64,
}

/// The rows that are not final, and the channels.
#[derive(Debug)]
pub struct Outbox {
    pub(super) live: BTreeMap<String, Row>,
    /// Rows that the state file does not have as they are.
    dirty: BTreeSet<String>,
    /// Final ones that it does not have yet.
    settled: BTreeMap<String, Row>,
    gauges: BTreeMap<String, Gauge>,
    /// Accepted rows whose arrival will be told: channel, the provider's id, the row's.
    followed: VecDeque<(String, String, Row)>,
    /// Rows that did not get through, for the ladder.
    lost: BTreeMap<String, RowState>,
    tests: VecDeque<TestState>,
    counts: Counts,
    rule: Arc<RuleHead>,
}

impl Default for Outbox {
    fn default() -> Outbox {
        Outbox {
            live: BTreeMap::new(),
            dirty: BTreeSet::new(),
            settled: BTreeMap::new(),
            gauges: BTreeMap::new(),
            followed: VecDeque::new(),
            lost: BTreeMap::new(),
            tests: VecDeque::new(),
            counts: Counts::default(),
            rule: Arc::new(gauge::rule()),
        }
    }
}

/// A kind's name, as in the JSON.
pub fn kind_name(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Alert => "alert",
        NoticeKind::Reminder => "reminder",
        NoticeKind::Escalation => "escalation",
        NoticeKind::Resolved => "resolved",
        NoticeKind::Flapping => "flapping",
        NoticeKind::Digest => "digest",
        NoticeKind::Report => "report",
        NoticeKind::Status => "status",
        NoticeKind::Test => "test",
    }
}

impl Outbox {
    /// Of the rows that the state file has. What was being sent when the process died is sent again.
    pub fn restore(rows: Vec<Row>, followed: Vec<Row>, lost: Vec<(String, RowState)>, now_ns: u64) -> Outbox {
        let mut outbox = Outbox { lost: lost.into_iter().collect(), ..Outbox::default() };
        for mut row in rows.into_iter().filter(|row| !row.state.is_final()) {
            if row.state == RowState::Sending {
                row.state = RowState::Waiting;
                row.is_unsure = true;
                row.next_try_ns = now_ns;
            }
            outbox.live.insert(row.id.clone(), row);
        }
        followed.into_iter().for_each(|row| outbox.follow(row));
        outbox
    }

    /// Channels that there are, so that one that never sent is shown.
    pub fn know(&mut self, channels: impl Iterator<Item = String>) {
        for channel in channels {
            self.gauges.entry(channel).or_default();
        }
    }

    /// A new row; `false` = there is no room for it, which is counted.
    pub fn push(&mut self, row: Row) -> bool {
        if self.live.len() >= LIVE_MAX && row.severity < Severity::Critical {
            self.counts.refused += 1;
            return false;
        }
        *self.counts.by_kind.entry(kind_name(row.kind)).or_default() += 1;
        if row.kind == NoticeKind::Test {
            self.tests.push_back(TestState {
                id: row.id.clone(),
                receiver: row.receiver.clone(),
                channel: row.channel.clone(),
                state: "waiting".to_owned(),
                ..TestState::default()
            });
            self.tests.drain(..self.tests.len().saturating_sub(TESTS_MAX));
        }
        self.dirty.insert(row.id.clone());
        self.live.insert(row.id.clone(), row);
        true
    }

    /// Rows of a channel that may be sent now, the most urgent first, at most `max`. A channel that fails is tried
    /// with one.
    pub fn due(&self, channel: &str, now_ns: u64, max: usize) -> Vec<String> {
        let gauge = self.gauges.get(channel).cloned().unwrap_or_default();
        let waiting = self.live.values().filter(|row| row.channel == channel && row.state == RowState::Waiting);
        let mut rows: Vec<&Row> = if gauge.is_failing() {
            if gauge.sending > 0 || now_ns < gauge.probe_ns {
                return Vec::new();
            }
            waiting.collect()
        } else {
            waiting.filter(|row| row.next_try_ns <= now_ns).collect()
        };
        let attempts = |row: &Row| if gauge.is_failing() { row.attempts } else { 0 };
        rows.sort_by_key(|row| (std::cmp::Reverse(row.severity), attempts(row), row.created_ns));
        rows.truncate(if gauge.is_failing() { 1 } else { max });
        rows.into_iter().map(|row| row.id.clone()).collect()
    }

    /// Marks a row as being sent; `None` = it is not waiting any more.
    pub fn begin(&mut self, id: &str) -> Option<Message> {
        let row = self.live.get_mut(id).filter(|row| row.state == RowState::Waiting)?;
        row.state = RowState::Sending;
        row.attempts += 1;
        self.gauges.entry(row.channel.clone()).or_default().sending += 1;
        self.dirty.insert(id.to_owned());
        Some(row.message())
    }

    /// What became of the attempt that [`Outbox::begin`] began.
    pub fn settle(&mut self, id: &str, result: &Result<Receipt, SendError>, now_ns: u64) {
        let Some(row) = self.live.get_mut(id).filter(|row| row.state == RowState::Sending) else { return };
        let gauge = self.gauges.entry(row.channel.clone()).or_default();
        gauge.sending = gauge.sending.saturating_sub(1);
        self.dirty.insert(id.to_owned());
        match result {
            Ok(receipt) => {
                row.provider_id.clone_from(&receipt.provider_id);
                row.is_followed = receipt.is_followed;
                let is_back = gauge.succeeded(now_ns);
                let channel = row.channel.clone();
                self.finish(id, RowState::Sent, &receipt.answer, now_ns);
                if is_back {
                    self.release(&channel, now_ns);
                }
            }
            Err(SendError::Refused(reason)) => {
                gauge.refused(reason);
                self.finish(id, RowState::Failed, reason, now_ns);
            }
            Err(error) => {
                let (reason, is_broken) = match error {
                    SendError::Broken(reason) => (reason, true),
                    SendError::Passing(reason) | SendError::Unknown(reason) | SendError::Refused(reason) => {
                        (reason, false)
                    }
                };
                row.is_unsure |= matches!(error, SendError::Unknown(_));
                row.state = RowState::Waiting;
                row.next_try_ns = now_ns + back_off_ns(row.attempts, &row.id);
                row.set_answer(reason);
                if let Some(test) = self.tests.iter_mut().find(|test| test.id == id) {
                    test.answer.clone_from(&row.answer);
                }
                gauge.failed(reason, is_broken, now_ns);
                if now_ns >= row.expires_ns {
                    let reason = reason.clone();
                    self.finish(id, RowState::Expired, &reason, now_ns);
                }
            }
        }
    }

    /// The channel is back: what waits for it need not wait longer.
    fn release(&mut self, channel: &str, now_ns: u64) {
        for row in self.live.values_mut().filter(|row| row.channel == channel && row.state == RowState::Waiting) {
            if row.next_try_ns > now_ns {
                row.next_try_ns = now_ns;
                self.dirty.insert(row.id.clone());
            }
        }
    }

    /// Makes a row final.
    pub(super) fn finish(&mut self, id: &str, state: RowState, answer: &str, now_ns: u64) {
        let Some(mut row) = self.live.remove(id) else { return };
        row.settle(state, answer, now_ns);
        let counts = self.counts.by_channel.entry(row.channel.clone()).or_default();
        match state {
            RowState::Sent | RowState::Delivered => counts[0] += 1,
            RowState::Failed => counts[1] += 1,
            RowState::Expired => counts[2] += 1,
            _ => counts[3] += 1,
        }
        if let Some(test) = self.tests.iter_mut().find(|test| test.id == id) {
            test.state = state_name(state).to_owned();
            test.answer.clone_from(&row.answer);
            test.took_ms = now_ns.saturating_sub(row.created_ns) / 1_000_000;
        }
        if matches!(state, RowState::Failed | RowState::Expired) && row.is_alert() {
            self.lost.insert(row.id.clone(), state);
        }
        if state == RowState::Sent && row.is_followed {
            self.follow(row.clone());
        }
        self.dirty.insert(id.to_owned());
        self.settled.insert(id.to_owned(), row);
        // Only while the state file cannot be written does it grow.
        while self.settled.len() > LIVE_MAX {
            self.settled.pop_first();
        }
    }

    fn follow(&mut self, row: Row) {
        self.followed.push_back((row.channel.clone(), row.provider_id.clone(), row));
        self.followed.drain(..self.followed.len().saturating_sub(FOLLOWED_MAX));
    }

    /// A word on an accepted message; one that is not known, or comes again, is nothing.
    pub fn delivered(&mut self, channel: &str, delivery: &Delivery, now_ns: u64) {
        let at = self.followed.iter().position(|(by, id, _)| by == channel && *id == delivery.provider_id);
        let Some((_, _, mut row)) = at.and_then(|at| self.followed.remove(at)) else { return };
        row.is_followed = false;
        let state = if delivery.arrived { RowState::Delivered } else { RowState::Failed };
        row.settle(state, &delivery.answer, now_ns);
        if !delivery.arrived {
            self.counts.by_channel.entry(row.channel.clone()).or_default()[1] += 1;
            if row.is_alert() {
                self.lost.insert(row.id.clone(), RowState::Failed);
            }
        }
        self.dirty.insert(row.id.clone());
        self.settled.insert(row.id.clone(), row);
    }

    /// Gives up what is too old.
    pub fn expire(&mut self, now_ns: u64) {
        let is_old = |row: &&Row| row.state == RowState::Waiting && now_ns >= row.expires_ns;
        let old: Vec<(String, String)> =
            self.live.values().filter(is_old).map(|row| (row.id.clone(), row.answer.clone())).collect();
        for (id, answer) in old {
            tracing::warn!(id, answer, "a notification is given up: it is too old");
            self.finish(&id, RowState::Expired, &answer, now_ns);
        }
    }

    /// Takes back a row that was never tried; `false` = it was, or is not there.
    pub fn retract(&mut self, id: &str, now_ns: u64) -> bool {
        let is_untried = self.live.get(id).is_some_and(|row| row.state == RowState::Waiting && row.attempts == 0);
        if is_untried {
            self.finish(id, RowState::Superseded, "", now_ns);
        }
        is_untried
    }

    /// Takes back what waits of a kind for a receiver and channel: a newer one says it.
    pub fn supersede(&mut self, kind: NoticeKind, receiver: &str, channel: &str, now_ns: u64) {
        let same = |row: &&Row| {
            row.kind == kind && row.receiver == receiver && row.channel == channel && row.state == RowState::Waiting
        };
        let ids: Vec<String> = self.live.values().filter(same).map(|row| row.id.clone()).collect();
        ids.iter().for_each(|id| self.finish(id, RowState::Superseded, "", now_ns));
    }

    /// Alerts that did not get through, or whose channel fails for at least `after_ns`: the ladder goes on without them.
    /// The state tells which of the two it is; rows of a failing channel are still waiting.
    pub fn troubled(&mut self, now_ns: u64, after_ns: u64) -> BTreeMap<String, RowState> {
        let mut rows = std::mem::take(&mut self.lost);
        let fails = |channel: &str| {
            self.gauges.get(channel).is_some_and(|gauge| gauge.is_failing() && gauge.failing_ns(now_ns) >= after_ns)
        };
        rows.extend(
            self.live
                .values()
                .filter(|row| row.is_alert() && fails(&row.channel))
                .map(|row| (row.id.clone(), row.state)),
        );
        rows
    }

    /// Whether a row is final; one that is not known is.
    pub fn is_live(&self, id: &str) -> bool {
        self.live.contains_key(id)
    }

    /// A row that is not final.
    pub fn get(&self, id: &str) -> Option<&Row> {
        self.live.get(id)
    }

    /// How a channel goes.
    pub fn gauge(&self, channel: &str) -> Gauge {
        self.gauges.get(channel).cloned().unwrap_or_default()
    }

    /// One opinion of each channel, for the state machine.
    pub fn readings(&self, now_ns: u64) -> Vec<Reading> {
        self.gauges.iter().map(|(channel, gauge)| gauge.reading(channel, &self.rule, now_ns)).collect()
    }

    /// For the live line.
    pub fn state(&self, now_ns: u64) -> OutboxState {
        let oldest = self.live.values().map(|row| row.created_ns).min();
        let channel = |(name, gauge): (&String, &Gauge)| ChannelState {
            channel: name.clone(),
            state: gauge.state(),
            last_sent_ns: gauge.last_sent_ns,
            failures: gauge.failures,
            waiting: self.live.values().filter(|row| row.channel == *name).count() as u64,
        };
        let sum = |which: &[usize]| self.counts.by_channel.values().flat_map(|n| which.iter().map(|at| n[*at])).sum();
        OutboxState {
            waiting: self.live.len() as u64,
            oldest_ms: oldest.map_or(0, |oldest| now_ns.saturating_sub(oldest) / 1_000_000),
            sent: sum(&[0]),
            failed: sum(&[1, 2]),
            channels: self.gauges.iter().map(channel).collect(),
            tests: self.tests.iter().cloned().collect(),
        }
    }

    /// Red when a critical message waits longer than `late_ns`.
    ///
    /// # Errors
    /// The sentence for `/healthz`.
    pub fn health(&self, now_ns: u64, late_ns: u64) -> Result<(), String> {
        let is_late =
            |row: &&Row| row.severity == Severity::Critical && now_ns.saturating_sub(row.created_ns) > late_ns;
        match self.live.values().filter(is_late).min_by_key(|row| row.created_ns) {
            Some(row) => {
                let age = now_ns.saturating_sub(row.created_ns) / 1_000_000_000;
                Err(format!(
                    "a critical message waits for {age} s on channel {}: {}",
                    row.channel,
                    self.gauge(&row.channel).state()
                ))
            }
            None => Ok(()),
        }
    }

    /// What happened since the start.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Rows that the state file lacks; [`Outbox::written`] when it has them.
    pub fn unwritten(&self) -> impl Iterator<Item = &Row> {
        self.dirty.iter().filter_map(|id| self.live.get(id).or_else(|| self.settled.get(id)))
    }

    /// The state file has everything.
    pub fn written(&mut self) {
        self.dirty.clear();
        self.settled.clear();
    }
}

/// A state's name, as in the state file.
pub fn state_name(state: RowState) -> &'static str {
    match state {
        RowState::Waiting => "waiting",
        RowState::Sending => "sending",
        RowState::Sent => "sent",
        RowState::Delivered => "delivered",
        RowState::Failed => "failed",
        RowState::Expired => "expired",
        RowState::Superseded => "superseded",
    }
}
