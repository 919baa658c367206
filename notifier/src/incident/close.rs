//! The end of incidents: those who were told, or should have been, hear that it is over, by the same channels, once.

use std::collections::{BTreeMap, BTreeSet};

use live::incident::Severity;

use super::FEW;
use super::book::{Book, Round};
use super::compose::{Draft, Route};
use super::lane::{Pass, Wish};
use super::open::Open;
use super::settings::{ChannelKind, Settings, ns};
use crate::judgement::Class;
use crate::notice::NoticeKind;

/// Who could not be told for so long that it is over, need not know any more, ns.
const GIVE_UP_NS: u64 = 24 * 3_600 * 1_000_000_000;

/// Receiver, channel, group.
type Key = (String, String, Class);

impl Book {
    /// Tells what is over, and forgets what everybody knows to be over.
    pub(super) fn close(&mut self, round: &mut Round<'_, '_>) {
        let over: Vec<String> =
            self.opens.values().filter(|open| is_over(open, round)).map(|open| open.incident.id.clone()).collect();
        if over.is_empty() {
            return;
        }
        self.take_back(&over, round);
        let mut groups: BTreeMap<Key, Vec<String>> = BTreeMap::new();
        for open in over.iter().filter_map(|id| self.opens.get(id)) {
            let told = open.told.iter().map(|told| (&told.receiver, &told.channel));
            for (receiver, channel) in told.chain(open.owed().iter().map(|(receiver, channel)| (receiver, channel))) {
                let key = (receiver.clone(), channel.clone(), open.class);
                groups.entry(key).or_default().push(open.incident.id.clone());
            }
        }
        for ((receiver, channel, class), ids) in groups {
            if self.say_over((&receiver, &channel, class), &ids, round) {
                for id in &ids {
                    if let Some(open) = self.opens.get_mut(id) {
                        open.settle(&receiver, &channel);
                        self.dirty.opens.insert(id.clone());
                    }
                }
            }
        }
        let is_known =
            |id: &&String| self.opens.get(*id).is_some_and(|open| open.told.is_empty() && open.owed().is_empty());
        let known: Vec<String> = over.iter().filter(is_known).cloned().collect();
        known.iter().for_each(|id| self.forget(id));
    }

    /// Alerts that were not tried yet, and of which all is over, are not sent any more. Of a critical one its end is
    /// told all the same: one message, that says both.
    fn take_back(&mut self, over: &[String], round: &mut Round<'_, '_>) {
        let over: BTreeSet<&String> = over.iter().collect();
        let live = |row: &str| round.outbox.is_live(row);
        let mut rows: BTreeSet<String> = BTreeSet::new();
        for id in &over {
            let told = self.opens.get(*id).map(|open| open.told.as_slice()).unwrap_or_default();
            rows.extend(told.iter().filter(|told| live(&told.row)).map(|told| told.row.clone()));
        }
        if rows.is_empty() {
            return;
        }
        for open in self.opens.values().filter(|open| !over.contains(&open.incident.id)) {
            for told in &open.told {
                rows.remove(&told.row);
            }
        }
        rows.retain(|row| round.outbox.retract(row, round.now_ns));
        for id in over {
            if let Some(open) = self.opens.get_mut(id).filter(|open| open.incident.severity < Severity::Critical) {
                open.told.retain(|told| !rows.contains(&told.row));
                self.dirty.opens.insert(id.clone());
            }
        }
    }

    /// `true` = the receiver knows, or need not.
    fn say_over(
        &mut self,
        (receiver, channel, class): (&str, &str, Class),
        ids: &[String],
        round: &mut Round<'_, '_>,
    ) -> bool {
        let opens: Vec<&Open> = ids.iter().filter_map(|id| self.opens.get(id)).collect();
        let severity = opens.iter().map(|open| open.incident.severity).max().unwrap_or_default();
        let newest_ns = opens.iter().filter_map(|open| open.incident.resolved_ns).max().unwrap_or(0);
        let is_reported = opens.len() <= FEW && opens.iter().any(|open| is_large(open, round.settings));
        let Some(route) = Route::named(round.settings, receiver, channel) else { return true };
        if round.now_ns.saturating_sub(newest_ns) >= GIVE_UP_NS {
            return true;
        }
        if !route.person.may_hear(severity, round.now_ns) {
            return false;
        }
        // Nor are those news who are told only now: what goes on comes first.
        let wish = Wish { class, severity, is_few: ids.len() <= FEW, is_news: false };
        let Pass::Go(capped_until_ns) =
            self.lane(receiver, channel).ask(wish, route.channel.kind, round.settings, round.now_ns)
        else {
            return false;
        };
        let is_long = route.channel.kind != ChannelKind::Sms;
        let kind = if is_reported && is_long { NoticeKind::Report } else { NoticeKind::Resolved };
        let draft = Draft { capped_until_ns, ..Draft::new(kind, class, ids.to_vec()) };
        self.say(route, draft, round).is_some()
    }
}

/// It has been over for as long as it must be.
fn is_over(open: &Open, round: &Round<'_, '_>) -> bool {
    let pipeline = &round.settings.pipeline;
    let was_flapping = open.told.iter().any(|told| told.flapping);
    let wait_ns = ns(if was_flapping { pipeline.flap_window } else { pipeline.resolved_wait });
    // An end that lies ahead was told by another clock.
    let has_waited = |end_ns: u64| end_ns > round.now_ns || round.now_ns - end_ns >= wait_ns;
    !open.is_firing() && open.incident.resolved_ns.is_some_and(has_waited)
}

/// Its end is worth a report.
fn is_large(open: &Open, settings: &Settings) -> bool {
    let incident = &open.incident;
    let lasted_ns = incident.resolved_ns.unwrap_or(0).saturating_sub(incident.since_ns);
    open.class == Class::Attack || lasted_ns >= ns(settings.pipeline.report_after)
}
