//! The one state machine of all judges: inactive → pending → firing → resolved, and flapping.
//!
//! ```text
//! inactive ──Above──▶ pending ──Above for `for`──▶ firing ──Below for `keep`──▶ resolved (= inactive)
//!    ▲                  │ not Above                  │ fires again and again
//!    └──────────────────┘                            ▼
//!                                                 flapping ──calm──▶ firing, or resolved
//! ```
//!
//! Durations are counted on a clock of its own that takes the steps between calls, none of them longer than
//! [`STEP_MAX_NS`] and none backwards: a wall clock that jumps neither fires nor resolves anything. No reading is the
//! same as an unknown one: the state stays, for [`UNKNOWN_MAX_NS`] at most.

use std::collections::HashMap;

use live::incident::{Incident, IncidentPhase, Severity, Subject, Words};

use super::flap::{self, Flap};
use crate::judgement::{Change, Level, Reading, RuleHead, Transition};
use crate::limits::KEYS_MAX;

/// The longest step that counts as it is: a call comes once a second; a machine that slept has not judged meanwhile.
pub const STEP_MAX_NS: u64 = 5_000_000_000;

/// So long a state is kept without a value: over a restart of a role and of this one.
pub const UNKNOWN_MAX_NS: u64 = 600_000_000_000;

/// Between two updates of one key.
const UPDATE_NS: u64 = 900_000_000;

/// The states of all rules and subjects.
#[derive(Debug)]
pub struct Machine {
    rules: HashMap<String, HashMap<Subject, State>>,
    keys: usize,
    last_ns: Option<u64>,
    clock: u64,
    step_max_ns: u64,
    tick: u64,
    /// Memories were thrown away for room in this step already.
    is_swept: bool,
    left_out: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Only the memory of when it fired.
    Inactive,
    Pending,
    Firing,
    Flapping,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    reading: Reading,
    /// Of the crossing: wall clock, and ours.
    since_ns: u64,
    since: u64,
    /// Since when it is clear, or without a value; our clock.
    clear: Option<u64>,
    unknown: Option<u64>,
    is_above: bool,
    peak: f64,
    crossings: u64,
    updated: u64,
    flap: Flap,
    seen: u64,
}

impl Default for Machine {
    fn default() -> Machine {
        Machine::new(STEP_MAX_NS)
    }
}

impl Machine {
    /// Knows nothing. `step_max_ns`: [`STEP_MAX_NS`], or more where the readings themselves are further apart.
    pub fn new(step_max_ns: u64) -> Machine {
        Machine {
            rules: HashMap::new(),
            keys: 0,
            last_ns: None,
            clock: 0,
            step_max_ns,
            tick: 0,
            is_swept: false,
            left_out: 0,
        }
    }

    /// Takes over what fired when this process ended: it is neither told again nor over, until readings say so.
    pub fn restore<'a>(&mut self, open: impl IntoIterator<Item = &'a Incident>) {
        for incident in open {
            let phase = match incident.phase {
                IncidentPhase::Firing => Phase::Firing,
                IncidentPhase::Flapping => Phase::Flapping,
                IncidentPhase::Resolved => continue,
            };
            if !self.has_room() {
                continue;
            }
            let mut state = State::new(of_incident(incident), incident.since_ns, self.clock);
            state.phase = phase;
            state.peak = incident.peak;
            state.crossings = incident.crossings.max(1);
            state.unknown = Some(self.clock);
            state.flap = Flap::restored(self.clock);
            self.insert(&incident.rule, incident.subject.clone(), state);
        }
    }

    /// The next moment, and what the judges say of it: each rule and subject at most once.
    pub fn step(&mut self, now_ns: u64, readings: Vec<Reading>) -> Vec<Transition> {
        let passed = now_ns.saturating_sub(self.last_ns.unwrap_or(now_ns)).min(self.step_max_ns);
        self.last_ns = Some(now_ns);
        self.clock = self.clock.saturating_add(passed);
        self.tick += 1;
        self.is_swept = false;
        let mut out = Vec::new();
        for reading in readings {
            self.take(now_ns, reading, &mut out);
        }
        let (clock, tick) = (self.clock, self.tick);
        for subjects in self.rules.values_mut() {
            subjects.retain(|_, state| {
                if state.seen != tick && state.phase != Phase::Inactive {
                    state.without_value(now_ns, clock, &mut out);
                }
                state.phase != Phase::Inactive || state.flap.remembers(clock)
            });
        }
        self.rules.retain(|_, subjects| !subjects.is_empty());
        self.keys = self.rules.values().map(HashMap::len).sum();
        out
    }

    fn take(&mut self, now_ns: u64, reading: Reading, out: &mut Vec<Transition>) {
        let known = self.rules.get_mut(&reading.rule.name).and_then(|subjects| subjects.get_mut(&reading.subject));
        if let Some(state) = known {
            state.seen = self.tick;
            return state.take(now_ns, self.clock, reading, out);
        }
        if reading.level != Level::Above || !self.has_room() {
            return;
        }
        let (rule, subject) = (reading.rule.name.clone(), reading.subject.clone());
        let mut state = State::new(reading.clone(), now_ns, self.clock);
        state.seen = self.tick;
        state.take(now_ns, self.clock, reading, out);
        self.insert(&rule, subject, state);
    }

    /// Room for one more, made of memories if need be. What has none is not told: it could never be said to be over.
    fn has_room(&mut self) -> bool {
        if self.keys >= KEYS_MAX && !self.is_swept {
            self.is_swept = true;
            self.rules.values_mut().for_each(|subjects| subjects.retain(|_, state| state.phase != Phase::Inactive));
            self.keys = self.rules.values().map(HashMap::len).sum();
        }
        self.left_out += u64::from(self.keys >= KEYS_MAX);
        self.keys < KEYS_MAX
    }

    fn insert(&mut self, rule: &str, subject: Subject, state: State) {
        if self.rules.entry(rule.to_owned()).or_default().insert(subject, state).is_none() {
            self.keys += 1;
        }
    }

    /// These rules are there no more: what they said is over, without being well.
    pub fn forget<'a>(&mut self, now_ns: u64, rules: impl IntoIterator<Item = &'a str>) -> Vec<Transition> {
        let mut out = Vec::new();
        for rule in rules {
            for mut state in self.rules.remove(rule).unwrap_or_default().into_values() {
                if matches!(state.phase, Phase::Firing | Phase::Flapping) {
                    let why =
                        Words { en: "the rule was removed".to_owned(), ru: "правило удалено".to_owned() };
                    state.gone(now_ns, &why, &mut out);
                }
            }
        }
        self.keys = self.rules.values().map(HashMap::len).sum();
        out
    }

    /// Whether a reading that is not Above matters for this key.
    pub fn knows(&self, rule: &str, subject: &Subject) -> bool {
        let state = self.rules.get(rule).and_then(|subjects| subjects.get(subject));
        state.is_some_and(|state| state.phase != Phase::Inactive)
    }

    /// Whether it fires, or flaps.
    pub fn fires(&self, rule: &str, subject: &Subject) -> bool {
        let state = self.rules.get(rule).and_then(|subjects| subjects.get(subject));
        state.is_some_and(|state| matches!(state.phase, Phase::Firing | Phase::Flapping))
    }

    /// The subjects of a rule for which [`Machine::knows`] is true.
    pub fn subjects_of(&self, rule: &str) -> impl Iterator<Item = &Subject> {
        let subjects = self.rules.get(rule).into_iter().flatten();
        subjects.filter(|(_, state)| state.phase != Phase::Inactive).map(|(subject, _)| subject)
    }

    /// Rules and subjects that are kept.
    pub fn keys(&self) -> usize {
        self.keys
    }

    /// Rules and subjects that had no room, since the start.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl State {
    fn new(reading: Reading, now_ns: u64, clock: u64) -> State {
        State {
            phase: Phase::Inactive,
            peak: reading.value,
            reading,
            since_ns: now_ns,
            since: clock,
            clear: None,
            unknown: None,
            is_above: false,
            crossings: 0,
            updated: clock,
            flap: Flap::default(),
            seen: 0,
        }
    }

    fn take(&mut self, now_ns: u64, clock: u64, reading: Reading, out: &mut Vec<Transition>) {
        if reading.level == Level::Unknown {
            return self.without_value(now_ns, clock, out);
        }
        self.unknown = None;
        let is_above = reading.level == Level::Above;
        let crosses = is_above && !self.is_above;
        if matches!(self.phase, Phase::Inactive) && is_above {
            (self.phase, self.since, self.since_ns) = (Phase::Pending, clock, now_ns);
            (self.peak, self.crossings) = (reading.value, 0);
        }
        self.crossings += u64::from(crosses);
        if is_above {
            self.peak = worse(self.peak, &reading);
        }
        self.is_above = is_above;
        self.clear = (reading.level == Level::Below).then(|| self.clear.unwrap_or(clock));
        let before = std::mem::replace(&mut self.reading, reading);
        if !is_above {
            // What happened is told with its end, not that it does not happen any more.
            self.reading.summary.clone_from(&before.summary);
            self.reading.remedy.clone_from(&before.remedy);
        }
        match self.phase {
            Phase::Inactive => {}
            Phase::Pending if !is_above => self.phase = Phase::Inactive,
            Phase::Pending => self.pend(now_ns, clock, out),
            Phase::Firing => self.fire_on(now_ns, clock, &before, out),
            Phase::Flapping => self.flap_on(now_ns, clock, crosses, &before, out),
        }
    }

    fn pend(&mut self, now_ns: u64, clock: u64, out: &mut Vec<Transition>) {
        if clock.saturating_sub(self.since) < self.reading.rule.for_ns {
            return;
        }
        self.updated = clock;
        let flaps = self.flap.fires(clock);
        self.phase = if flaps { Phase::Flapping } else { Phase::Firing };
        self.tell(if flaps { Change::Flapping } else { Change::Fired }, now_ns, out);
    }

    fn is_clear(&self, clock: u64) -> bool {
        self.clear.is_some_and(|since| clock.saturating_sub(since) >= self.reading.rule.keep_ns)
    }

    fn fire_on(&mut self, now_ns: u64, clock: u64, before: &Reading, out: &mut Vec<Transition>) {
        if self.is_clear(clock) {
            self.phase = Phase::Inactive;
            return self.tell(Change::Resolved, now_ns, out);
        }
        self.update(now_ns, clock, before, out);
    }

    fn flap_on(&mut self, now_ns: u64, clock: u64, crosses: bool, before: &Reading, out: &mut Vec<Transition>) {
        if crosses {
            self.flap.crossed(clock);
        }
        if !self.flap.is_calm(clock) {
            return self.update(now_ns, clock, before, out);
        }
        if self.is_clear(clock) {
            self.phase = Phase::Inactive;
            self.tell(Change::Resolved, now_ns, out);
        } else if self.clear.is_none() {
            // It comes and goes no more: it stays.
            self.phase = Phase::Firing;
            self.tell(Change::Fired, now_ns, out);
        }
    }

    fn update(&mut self, now_ns: u64, clock: u64, before: &Reading, out: &mut Vec<Transition>) {
        let now = &self.reading;
        let rises = now.rule.severity > before.rule.severity;
        let is_new = now.value.to_bits() != before.value.to_bits()
            || now.limit.to_bits() != before.limit.to_bits()
            || now.rule.severity != before.rule.severity
            || now.attack != before.attack;
        if rises || is_new && clock.saturating_sub(self.updated) >= UPDATE_NS {
            self.updated = clock;
            self.tell(Change::Updated, now_ns, out);
        }
    }

    fn without_value(&mut self, now_ns: u64, clock: u64, out: &mut Vec<Transition>) {
        let since = *self.unknown.get_or_insert(clock);
        if clock.saturating_sub(since) < UNKNOWN_MAX_NS {
            return;
        }
        match self.phase {
            Phase::Firing | Phase::Flapping => {
                let why = Words {
                    en: "no value for 10 minutes, so it is closed without being well".to_owned(),
                    ru: "10 минут нет данных, поэтому закрыто, хотя неизвестно, всё ли в порядке".to_owned(),
                };
                self.gone(now_ns, &why, out);
            }
            Phase::Pending | Phase::Inactive => self.phase = Phase::Inactive,
        }
    }

    fn gone(&mut self, now_ns: u64, why: &Words, out: &mut Vec<Transition>) {
        self.phase = Phase::Inactive;
        self.reading.level = Level::Unknown;
        let was = &mut self.reading.summary;
        was.en = format!("{} ({})", was.en, why.en);
        if !was.ru.is_empty() {
            was.ru = format!("{} ({})", was.ru, why.ru);
        }
        self.tell(Change::Gone, now_ns, out);
    }

    fn tell(&self, change: Change, now_ns: u64, out: &mut Vec<Transition>) {
        out.push(Transition {
            change,
            time_ns: now_ns,
            // A clock that was set back must not make an incident begin after it was told.
            since_ns: self.since_ns.min(now_ns),
            peak: self.peak,
            crossings: self.crossings,
            reading: self.reading.clone(),
        });
    }
}

/// The value that is further beyond the limit, in the direction of this reading.
fn worse(peak: f64, reading: &Reading) -> f64 {
    if reading.value < reading.limit { peak.min(reading.value) } else { peak.max(reading.value) }
}

/// What is known of a rule from an incident it opened, until it speaks again.
fn of_incident(incident: &Incident) -> Reading {
    let rule = RuleHead {
        name: incident.rule.clone(),
        severity: incident.severity.max(Severity::Info),
        labels: incident.labels.clone(),
        ..RuleHead::default()
    };
    Reading {
        rule: rule.into(),
        subject: incident.subject.clone(),
        level: Level::Unknown,
        value: incident.value,
        limit: incident.limit,
        unit: incident.unit,
        summary: incident.summary.clone(),
        remedy: incident.remedy.clone(),
        attack: incident.attack.clone(),
    }
}

const _: () = assert!(STEP_MAX_NS < UNKNOWN_MAX_NS && flap::MEMORY_NS >= UNKNOWN_MAX_NS);

#[cfg(test)]
mod tests;
