//! While nobody acknowledges: reminders, the steps of the ladders, and digests of what could not be sent.

use std::collections::{BTreeMap, BTreeSet};

use live::incident::{Incident, Severity};

use super::book::{Book, Round};
use super::compose::{Draft, Route};
use super::config::Step;
use super::lane::{Pass, Wish};
use super::open::{Mute, Open};
use super::settings::{Person, Settings, ns};
use crate::judgement::Class;
use crate::notice::NoticeKind;
use crate::outbox::RowState;

/// Receiver, channel, group.
type Key = (String, String, Class);

impl Book {
    /// Takes the steps that are due: by time, or because a message of the step before does not get through.
    pub(super) fn climb(&mut self, round: &mut Round<'_, '_>) {
        let settings = round.settings;
        let troubled = round.outbox.troubled(round.now_ns, ns(settings.pipeline.fallback_after));
        let mut groups: BTreeMap<Key, Vec<String>> = BTreeMap::new();
        let mut climbed: Vec<(String, String)> = Vec::new();
        for open in self.opens.values().filter(|open| is_urgent(open)) {
            for person in settings.people.iter().filter(|person| !person.ladder.is_empty()) {
                let Some(step) = due(open, person, &troubled, round.now_ns) else { continue };
                climbed.push((open.incident.id.clone(), person.name.clone()));
                for route in targets(settings, person, step) {
                    let key = (route.person.name.clone(), route.channel.name.clone(), open.class);
                    groups.entry(key).or_default().push(open.incident.id.clone());
                }
            }
        }
        let mut reached: BTreeSet<String> = BTreeSet::new();
        for ((receiver, channel, class), ids) in groups {
            let Some(route) = Route::named(settings, &receiver, &channel) else { continue };
            let severity = ids
                .iter()
                .filter_map(|id| self.opens.get(id))
                .map(|open| open.incident.severity)
                .max()
                .unwrap_or_default();
            let pass = self.lane(&receiver, &channel).cap(severity, route.channel.kind, settings, round.now_ns);
            let Pass::Go(capped_until_ns) = pass else { continue };
            if !route.person.may_hear(severity, round.now_ns) {
                continue;
            }
            let draft = Draft { capped_until_ns, ..Draft::new(NoticeKind::Escalation, class, ids.clone()) };
            if let Some(row) = self.say(route, draft, round) {
                self.note_told(route, &ids, &row, round.now_ns);
                reached.extend(ids);
            }
        }
        // A step that reaches nobody now is tried again in the next second.
        for (id, person) in climbed.into_iter().filter(|(id, _)| reached.contains(id)) {
            self.step_taken(&id, &person, &troubled, round.now_ns);
        }
        self.untell_expired(&troubled);
    }

    fn step_taken(&mut self, id: &str, person: &str, troubled: &BTreeMap<String, RowState>, now_ns: u64) {
        let Some(open) = self.opens.get_mut(id) else { return };
        match open.climbed.iter_mut().find(|(name, _)| name == person) {
            Some((_, steps)) => *steps = steps.saturating_add(1),
            None => open.climbed.push((person.to_owned(), 1)),
        }
        for told in open.told.iter_mut().filter(|told| told.receiver == person && troubled.contains_key(&told.row)) {
            told.fell = true;
        }
        open.note(
            now_ns,
            &format!("nobody acknowledged: the next step after {person}"),
            &format!("никто не подтвердил: следующий шаг после {person}"),
        );
        self.dirty.opens.insert(id.to_owned());
    }

    /// What was never sent before it was too old is told anew, as it is now.
    fn untell_expired(&mut self, troubled: &BTreeMap<String, RowState>) {
        let expired: BTreeSet<&String> =
            troubled.iter().filter(|(_, state)| **state == RowState::Expired).map(|(id, _)| id).collect();
        if expired.is_empty() {
            return;
        }
        for open in self.opens.values_mut() {
            let before = open.told.len();
            open.told.retain(|told| !expired.contains(&told.row));
            if open.told.len() < before {
                self.dirty.opens.insert(open.incident.id.clone());
            }
        }
    }

    /// Tells again what goes on, and nobody takes care of.
    pub(super) fn remind(&mut self, round: &mut Round<'_, '_>) {
        let pipeline = &round.settings.pipeline;
        let (repeat_ns, critical_ns) = (ns(pipeline.repeat), ns(pipeline.repeat_critical));
        let mut groups: BTreeMap<Key, (Severity, Vec<String>)> = BTreeMap::new();
        // What is not sent yet needs no reminder: its time counts from the sending.
        for told in self.opens.values_mut().flat_map(|open| &mut open.told) {
            if round.outbox.is_live(&told.row) {
                told.time_ns = round.now_ns;
            }
        }
        for open in self.opens.values().filter(|open| is_urgent(open)) {
            let severity = open.incident.severity;
            let repeat_ns = if severity == Severity::Critical { critical_ns } else { repeat_ns };
            let is_due = |time_ns: u64| repeat_ns > 0 && round.now_ns.saturating_sub(time_ns) >= repeat_ns;
            for told in open.told.iter().filter(|told| is_due(told.time_ns)) {
                let key = (told.receiver.clone(), told.channel.clone(), open.class);
                let group = groups.entry(key).or_default();
                group.0 = group.0.max(severity);
                group.1.push(open.incident.id.clone());
            }
        }
        for ((receiver, channel, class), (severity, ids)) in groups {
            let Some(route) = Route::named(round.settings, &receiver, &channel) else { continue };
            if !route.person.may_hear(severity, round.now_ns) {
                continue;
            }
            let wish = Wish { class, severity, is_few: true, is_news: false };
            let Pass::Go(capped_until_ns) =
                self.lane(&receiver, &channel).ask(wish, route.channel.kind, round.settings, round.now_ns)
            else {
                continue;
            };
            let draft = Draft { capped_until_ns, ..Draft::new(NoticeKind::Reminder, class, ids.clone()) };
            if let Some(row) = self.say(route, draft, round) {
                self.note_told(route, &ids, &row, round.now_ns);
            }
        }
    }

    /// Joins what waits for a channel that was away.
    pub(super) fn digests(&mut self, round: &mut Round<'_, '_>) {
        let after_ns = ns(round.settings.pipeline.digest_after);
        for fold in round.outbox.fold(round.now_ns, after_ns) {
            let Some(first) = fold.rows.first() else { continue };
            let (receiver, channel) = (first.receiver.clone(), first.channel.clone());
            let Some(route) = Route::named(round.settings, &receiver, &channel) else { continue };
            let mut past: BTreeMap<String, Incident> = BTreeMap::new();
            let mut ids: BTreeSet<String> = BTreeSet::new();
            let rows: BTreeSet<&String> = fold.rows.iter().map(|row| &row.id).collect();
            for incident in fold.rows.iter().flat_map(|row| &row.notice.incidents) {
                if self.opens.contains_key(&incident.id) {
                    ids.insert(incident.id.clone());
                } else {
                    past.insert(incident.id.clone(), incident.clone());
                }
            }
            let is_of = |open: &&Open| open.told.iter().any(|told| rows.contains(&told.row));
            ids.extend(self.opens.values().filter(is_of).map(|open| open.incident.id.clone()));
            let worst = fold.rows.iter().max_by_key(|row| row.severity).map_or(first.class, |row| row.class);
            let replaces = fold.rows.iter().map(|row| row.notice.replaces.max(1)).sum();
            let ids: Vec<String> = ids.into_iter().collect();
            let mut past: Vec<Incident> = past.into_values().collect();
            past.sort_by_key(|incident| (std::cmp::Reverse(incident.severity), std::cmp::Reverse(incident.fired_ns)));
            let draft = Draft { replaces, past, ..Draft::new(NoticeKind::Digest, worst, ids.clone()) };
            if let Some(row) = self.say(route, draft, round) {
                let told: Vec<String> = ids
                    .into_iter()
                    .filter(|id| self.opens.get(id).is_some_and(|open| open.told_by(&receiver, &channel).is_some()))
                    .collect();
                self.note_told(route, &told, &row, round.now_ns);
            }
        }
    }
}

/// Somebody should do something about it.
fn is_urgent(open: &Open) -> bool {
    open.is_firing() && open.mute == Mute::Heard && !open.is_acknowledged()
}

/// The step of a person's ladder that is due.
fn due<'a>(open: &Open, person: &'a Person, troubled: &BTreeMap<String, RowState>, now_ns: u64) -> Option<&'a Step> {
    let told = || open.told.iter().filter(|told| told.receiver == person.name);
    let first_ns = told().map(|told| told.since_ns).min()?.max(open.worse_ns);
    let taken = open.climbed.iter().find(|(name, _)| *name == person.name).map_or(0, |(_, steps)| usize::from(*steps));
    let step = person.ladder.get(taken).filter(|step| open.incident.severity >= step.severity_min)?;
    let is_time = now_ns.saturating_sub(first_ns) >= ns(step.after);
    let is_stuck = || told().any(|told| !told.fell && troubled.contains_key(&told.row));
    (is_time || is_stuck()).then_some(step)
}

/// Whom a step reaches.
fn targets<'a>(settings: &'a Settings, person: &'a Person, step: &Step) -> Vec<Route<'a>> {
    let people: Vec<&Person> = if step.receivers.is_empty() {
        vec![person]
    } else {
        step.receivers.iter().filter_map(|name| settings.person(name)).collect()
    };
    let mut routes = Vec::new();
    for person in people {
        let own = person.channels.iter().chain(&person.critical_channels);
        let names: BTreeSet<&String> =
            if step.channels.is_empty() { own.collect() } else { step.channels.iter().collect() };
        routes.extend(names.into_iter().filter_map(|name| Route::named(settings, &person.name, name)));
    }
    routes
}
