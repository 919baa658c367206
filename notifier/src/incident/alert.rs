//! Who hears of what fires: new incidents, worse ones, and those that come and go.

use std::collections::BTreeMap;

use live::incident::{IncidentPhase, Severity, SubjectKind};

use super::FEW;
use super::book::{Book, Round};
use super::compose::{Draft, Route};
use super::lane::{Pass, Wish};
use super::open::{Mute, Open};
use super::settings::{ChannelInfo, Person, ns};
use crate::judgement::Class;
use crate::notice::NoticeKind;

/// Incidents of a group that a route has not heard of as they are.
#[derive(Default)]
struct Group {
    ids: Vec<String>,
    severity: Severity,
    /// One of them has waited long enough for others.
    is_ripe: bool,
    /// One of them is not about coming and going.
    is_alert: bool,
}

impl Book {
    /// Makes the rows of everything that has to be told now.
    pub(super) fn alert(&mut self, round: &mut Round<'_, '_>) {
        let settings = round.settings;
        for person in &settings.people {
            for channel in &settings.channels {
                let Some(route) = Route::new(person, channel) else { continue };
                for (class, group) in self.groups(route, round) {
                    self.offer(route, class, group, round);
                }
            }
        }
    }

    fn groups(&self, route: Route<'_>, round: &Round<'_, '_>) -> BTreeMap<Class, Group> {
        let pipeline = &round.settings.pipeline;
        let (wait_ns, critical_wait_ns) = (ns(pipeline.group_wait), ns(pipeline.group_wait_critical));
        let hears = [Severity::Info, Severity::Warning, Severity::Critical]
            .map(|severity| route.person.may_hear(severity, round.now_ns));
        let mut groups: BTreeMap<Class, Group> = BTreeMap::new();
        for open in self.opens.values() {
            let severity = open.incident.severity;
            if !hears[severity as usize] || !wants(open, route.person, route.channel) {
                continue;
            }
            let told = open.told_by(&route.person.name, &route.channel.name);
            let wait_ns = if severity == Severity::Critical { critical_wait_ns } else { wait_ns };
            let group = groups.entry(open.class).or_default();
            group.ids.push(open.incident.id.clone());
            group.severity = if group.ids.len() == 1 { severity } else { group.severity.max(severity) };
            group.is_ripe |= round.now_ns.saturating_sub(open.audible_ns) >= wait_ns;
            group.is_alert |= told.is_none_or(|told| told.severity < severity);
        }
        groups
    }

    fn offer(&mut self, route: Route<'_>, class: Class, group: Group, round: &mut Round<'_, '_>) {
        if !group.is_ripe {
            return self.owe(route, &group.ids);
        }
        let wish = Wish { class, severity: group.severity, is_few: group.ids.len() <= FEW, is_news: true };
        let lane = self.lane(&route.person.name, &route.channel.name);
        let was_capped = lane.is_capped();
        let capped_until_ns = match lane.ask(wish, route.channel.kind, round.settings, round.now_ns) {
            Pass::Go(until_ns) => until_ns,
            Pass::Wait => return self.owe(route, &group.ids),
            Pass::Capped => {
                self.counts.capped += u64::from(!was_capped);
                return self.owe(route, &group.ids);
            }
        };
        let kind = if group.is_alert { NoticeKind::Alert } else { NoticeKind::Flapping };
        let draft = Draft { capped_until_ns, ..Draft::new(kind, class, group.ids.clone()) };
        match self.say(route, draft, round) {
            Some(row) => self.note_told(route, &group.ids, &row, round.now_ns),
            None => self.owe(route, &group.ids),
        }
    }

    /// Critical ones that must wait are told all the same, with their end if that comes first.
    fn owe(&mut self, route: Route<'_>, ids: &[String]) {
        let (receiver, channel) = (&route.person.name, &route.channel.name);
        for id in ids {
            let Some(open) = self.opens.get_mut(id).filter(|open| open.incident.severity == Severity::Critical) else {
                continue;
            };
            if open.told_by(receiver, channel).is_none() && open.owe(receiver, channel) {
                self.dirty.opens.insert(id.clone());
            }
        }
    }
}

/// Whether a route should hear of an incident, and has not heard of it as it is.
fn wants(open: &Open, person: &Person, channel: &ChannelInfo) -> bool {
    if !open.is_firing() || open.mute != Mute::Heard {
        return false;
    }
    let (incident, told) = (&open.incident, open.told_by(&person.name, &channel.name));
    if let Some(told) = told {
        // Whoever was told hears when it gets worse, also who was told by a ladder only.
        let comes_and_goes = incident.phase == IncidentPhase::Flapping && !told.flapping && !open.is_acknowledged();
        return incident.severity > told.severity || comes_and_goes;
    }
    let is_meant = open.receivers.is_empty() || open.receivers.contains(&person.name);
    let is_critical = incident.severity == Severity::Critical;
    let is_by =
        person.channels.contains(&channel.name) || is_critical && person.critical_channels.contains(&channel.name);
    // That a channel is silent cannot be told by it.
    let is_itself = incident.subject.kind == SubjectKind::Channel && incident.subject.name == channel.name;
    is_meant && is_by && !is_itself && incident.severity >= person.severity_min && !open.is_acknowledged()
}
