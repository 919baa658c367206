//! The open incidents and everything that decides who is told: pure, the time is an argument.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use live::action::Silence;
use live::host::HostState;
use live::incident::{Incident, IncidentPhase, Severity, Subject};

use super::aftermath::Journal;
use super::id::Ids;
use super::lane::{Lane, Sent};
use super::month::{Month, Traffic};
use super::open::{Effect, Open};
use super::settings::{Settings, ns};
use super::tally::{Tally, Told};
use super::token::Token;
use super::{INCIDENTS_MAX, mute};
use crate::judgement::{Change, Transition};
use crate::notice::{Chart, Moment};
use crate::outbox::Outbox;

/// An incident whose judge does not speak of it for so long after a start is over, ns: its rule may be gone.
const ORPHAN_NS: u64 = 600 * 1_000_000_000;

/// Values that move are durable this often, ns.
const SAVE_NS: u64 = 60 * 1_000_000_000;

/// What notices tell of the world, and the incidents do not know.
pub struct Facts<'a> {
    /// The newest sample of the host.
    pub host: Option<&'a HostState>,
    /// Share of link or CPU, whichever is higher, percent.
    pub load_percent: f64,
    /// Of the books.
    pub imbalance: i64,
    /// Capture's cumulative bytes; `None` = it does not speak.
    pub traffic: Option<Traffic>,
    /// The roles' counters of losses.
    pub losses: Told,
    /// What else happened in this second.
    pub happened: &'a [Moment],
    /// The last hour of what an incident is about.
    pub chart: &'a dyn Fn(&Incident) -> Option<Chart>,
}

impl Facts<'_> {
    /// Nothing is known.
    pub fn none() -> Facts<'static> {
        Facts {
            host: None,
            load_percent: 0.0,
            imbalance: 0,
            traffic: None,
            losses: Told::default(),
            happened: &[],
            chart: &|_| None,
        }
    }
}

/// What changed, for the rows of the tables `incidents` and `events`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    /// Incidents as they are now; those of which only values moved are left out.
    pub incidents: Vec<Incident>,
}

/// What happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Counts {
    pub opened: u64,
    pub resolved: u64,
    pub silenced: u64,
    pub inhibited: u64,
    pub capped: u64,
    pub left_out: u64,
}

/// The state of the pipeline.
#[derive(Debug)]
pub struct Book {
    pub(super) opens: BTreeMap<String, Open>,
    keys: HashMap<(String, Subject), String>,
    pub(super) silences: BTreeMap<String, Silence>,
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) lanes: HashMap<(String, String), Lane>,
    pub(super) month: Month,
    pub(super) tally: Tally,
    pub(super) journal: Journal,
    /// When the last status message was due, ns.
    pub(super) status_ns: u64,
    pub(super) ids: Ids,
    pub(super) counts: Counts,
    began_ns: u64,
    pub(super) changed: BTreeSet<String>,
    over: Vec<Incident>,
    pub(super) pruned_minute: u64,
    pub(super) dirty: Dirty,
}

/// What the state file does not have as it is; an id that is no more is to be removed there.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    pub opens: BTreeSet<String>,
    pub silences: BTreeSet<String>,
    pub tokens: BTreeSet<String>,
    pub pipeline: bool,
}

impl Dirty {
    pub fn is_empty(&self) -> bool {
        self.opens.is_empty() && self.silences.is_empty() && self.tokens.is_empty() && !self.pipeline
    }
}

impl Book {
    /// An empty one.
    pub fn new(ids: Ids, now_ns: u64) -> Book {
        Book {
            opens: BTreeMap::new(),
            keys: HashMap::new(),
            silences: BTreeMap::new(),
            tokens: BTreeMap::new(),
            lanes: HashMap::new(),
            month: Month::default(),
            tally: Tally::default(),
            journal: Journal::default(),
            status_ns: now_ns,
            ids,
            counts: Counts::default(),
            began_ns: now_ns,
            changed: BTreeSet::new(),
            over: Vec::new(),
            pruned_minute: 0,
            dirty: Dirty::default(),
        }
    }

    /// Takes in what the state file has of an incident.
    pub(super) fn restore(&mut self, mut open: Open) {
        open.is_confirmed = false;
        open.read_net();
        let incident = &open.incident;
        self.keys.insert((incident.rule.clone(), incident.subject.clone()), incident.id.clone());
        self.opens.insert(incident.id.clone(), open);
    }

    /// Takes in a message of the last hour.
    pub(super) fn recall(&mut self, receiver: String, channel: String, sent: Sent) {
        self.lanes.entry((receiver, channel)).or_default().note(sent);
    }

    /// One second of the pipeline: what the judges say, and the rows that follow from it and from the time.
    pub fn decide(
        &mut self,
        now_ns: u64,
        transitions: &[Transition],
        facts: &Facts<'_>,
        settings: &Settings,
        outbox: &mut Outbox,
    ) -> Changed {
        self.observe(now_ns, facts, settings);
        for transition in transitions {
            self.take(transition, settings);
        }
        self.close_orphans(now_ns);
        self.chronicle(now_ns, facts);
        outbox.expire(now_ns);
        self.hush(now_ns, settings);
        let mut round = Round { now_ns, facts, settings, outbox };
        self.digests(&mut round);
        self.close(&mut round);
        self.alert(&mut round);
        self.climb(&mut round);
        self.remind(&mut round);
        self.status(&mut round);
        self.prune_tokens(now_ns);
        self.take_changed()
    }

    fn take_changed(&mut self) -> Changed {
        let mut incidents = std::mem::take(&mut self.over);
        for id in std::mem::take(&mut self.changed) {
            incidents.extend(self.opens.get(&id).map(|open| open.incident.clone()));
        }
        Changed { incidents }
    }

    fn take(&mut self, transition: &Transition, settings: &Settings) {
        let key = (transition.reading.rule.name.clone(), transition.reading.subject.clone());
        let flap = (settings.pipeline.flap_crossings, ns(settings.pipeline.flap_window));
        if let Some(open) = self.keys.get(&key).and_then(|id| self.opens.get_mut(id)) {
            let id = open.incident.id.clone();
            match open.apply(transition, flap) {
                Effect::Changed => {
                    open.lose(self.tally.sum());
                    self.mark(&id);
                }
                Effect::Moved if transition.time_ns.saturating_sub(open.saved_ns) >= SAVE_NS => {
                    open.saved_ns = transition.time_ns;
                    self.dirty.opens.insert(id);
                }
                Effect::Moved => {}
            }
            return;
        }
        if !matches!(transition.change, Change::Fired | Change::Flapping | Change::Updated) {
            return;
        }
        let is_critical = transition.reading.rule.severity == Severity::Critical;
        let room = if is_critical { INCIDENTS_MAX + INCIDENTS_MAX / 10 } else { INCIDENTS_MAX };
        if self.opens.len() >= room {
            self.counts.left_out += 1;
            return;
        }
        let id = self.ids.id(transition.time_ns);
        let mut open = Open::new(id.clone(), transition);
        open.losses_from = self.tally.sum();
        open.saved_ns = transition.time_ns;
        if transition.change == Change::Flapping {
            open.apply(transition, flap);
        }
        self.keys.insert(key, id.clone());
        self.opens.insert(id.clone(), open);
        self.counts.opened += 1;
        self.mark(&id);
    }

    /// It must be durable, and is worth a row.
    pub(super) fn mark(&mut self, id: &str) {
        self.changed.insert(id.to_owned());
        self.dirty.opens.insert(id.to_owned());
    }

    fn close_orphans(&mut self, now_ns: u64) {
        let age_ns = now_ns.saturating_sub(self.began_ns);
        if age_ns < ORPHAN_NS {
            return;
        }
        let is_orphan = |open: &&mut Open| !open.is_confirmed && open.is_firing() && age_ns >= ORPHAN_NS + open.for_ns;
        let mut ids = Vec::new();
        for open in self.opens.values_mut().filter(is_orphan) {
            open.incident.phase = IncidentPhase::Resolved;
            open.incident.resolved_ns = Some(now_ns);
            open.is_confirmed = true;
            open.note(now_ns, "nothing is heard of it any more", "о нём больше ничего не слышно");
            open.lose(self.tally.sum());
            ids.push(open.incident.id.clone());
        }
        ids.iter().for_each(|id| self.mark(id));
    }

    fn hush(&mut self, now_ns: u64, settings: &Settings) {
        let silences: Vec<Silence> = self.silences.values().cloned().collect();
        let mut opens: Vec<&mut Open> = self.opens.values_mut().collect();
        let before: Vec<mute::Kept> = opens.iter().map(|open| mute::Kept::of(open)).collect();
        mute::set(&mut opens, &silences, settings, now_ns);
        for (open, before) in opens.iter().zip(before) {
            let kept = mute::Kept::of(open);
            if kept != before {
                self.counts.silenced += u64::from(kept == mute::Kept::Silenced);
                self.counts.inhibited += u64::from(kept == mute::Kept::Inhibited);
            }
        }
        let over: Vec<String> = self
            .silences
            .iter()
            .filter(|(_, silence)| silence.until_s < now_ns / 1_000_000_000)
            .map(|(id, _)| id.clone())
            .collect();
        for id in over {
            self.silences.remove(&id);
            self.dirty.silences.insert(id);
        }
    }

    /// Forgets an incident: everybody who was told knows that it is over.
    pub(super) fn forget(&mut self, id: &str) {
        if let Some(open) = self.opens.remove(id) {
            self.keys.remove(&(open.incident.rule.clone(), open.incident.subject.clone()));
            self.counts.resolved += 1;
            if self.changed.remove(id) {
                self.over.push(open.incident);
            }
            self.dirty.opens.insert(id.to_owned());
        }
    }

    /// Packets of an attack were kept.
    pub fn keep_sample(&mut self, id: &str, file: &str, packets: u64) {
        if let Some(open) = self.opens.get_mut(id) {
            open.keep_sample(file.to_owned(), packets);
            self.mark(id);
        }
    }

    /// The lane of a receiver and channel.
    pub(super) fn lane(&mut self, receiver: &str, channel: &str) -> &mut Lane {
        self.lanes.entry((receiver.to_owned(), channel.to_owned())).or_default()
    }

    /// What goes on, the worst and then the newest first.
    pub fn firing(&self) -> Vec<&Open> {
        let mut firing: Vec<&Open> = self.opens.values().filter(|open| open.is_firing()).collect();
        firing.sort_by_cached_key(|open| open.order());
        firing
    }

    /// Incidents that are over and not forgotten yet.
    pub(super) fn untold(&self) -> usize {
        self.opens.values().filter(|open| !open.is_firing()).count()
    }

    /// Open incidents by severity: info, warning, critical.
    pub fn open_by_severity(&self) -> [u64; 3] {
        let mut counts = [0; 3];
        for open in self.opens.values().filter(|open| open.is_firing()) {
            counts[open.incident.severity as usize] += 1;
        }
        counts
    }

    /// What happened since the start.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}

/// What one second of the pipeline works with.
pub(super) struct Round<'a, 'f> {
    pub now_ns: u64,
    pub facts: &'a Facts<'f>,
    pub settings: &'a Settings,
    pub outbox: &'a mut Outbox,
}
