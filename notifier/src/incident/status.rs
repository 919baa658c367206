//! The status message, "all is well", on its schedule: its absence is a message too.

use super::book::{Book, Round};
use super::compose::{Route, blank, plain_row, status_of};
use super::settings::{Settings, ns};
use super::window::{local, minute_of_day};
use crate::notice::NoticeKind;

const MINUTE_NS: u64 = 60 * 1_000_000_000;

impl Book {
    /// The month's traffic, from capture's cumulative columns.
    pub(super) fn observe(&mut self, now_ns: u64, facts: &super::Facts<'_>, settings: &Settings) {
        let since_s = super::window::billing_since_s(&settings.local(now_ns), settings.billing_day);
        if self.month.observe(since_s, facts.traffic, now_ns) {
            self.dirty.pipeline = true;
        }
        if self.tally.observe(&facts.losses, now_ns) {
            self.dirty.pipeline = true;
        }
    }

    /// Makes the status rows that are due. One that was missed while this process was down is not made later.
    pub(super) fn status(&mut self, round: &mut Round<'_, '_>) {
        let (before_ns, now_ns) = (self.status_ns, round.now_ns);
        if now_ns / MINUTE_NS == before_ns / MINUTE_NS {
            return;
        }
        self.status_ns = now_ns;
        if !is_due(round.settings, before_ns.max(now_ns.saturating_sub(2 * MINUTE_NS)), now_ns) {
            return;
        }
        let settings = round.settings;
        let status = status_of(self, round);
        for person in &settings.people {
            for name in &person.status_channels {
                let Some(route) = settings.channel(name).and_then(|channel| Route::new(person, channel)) else {
                    continue;
                };
                if !person.may_hear(live::incident::Severity::Info, now_ns) {
                    continue;
                }
                let mut notice = blank(NoticeKind::Status, route, settings, now_ns);
                notice.status = Some(status.clone());
                notice.host = round.facts.host.cloned().map(Box::new);
                let id = self.ids.id(now_ns);
                round.outbox.supersede(NoticeKind::Status, &person.name, name, now_ns);
                round.outbox.push(plain_row(id, route, notice, now_ns + ns(settings.pipeline.status_expiry)));
            }
        }
    }
}

/// Whether a time of the schedule lies behind `before_ns` and not behind `now_ns`.
fn is_due(settings: &Settings, before_ns: u64, now_ns: u64) -> bool {
    let minute = |time_ns: u64| {
        let at = local(time_ns, &settings.zone);
        (at.date(), (at.hour() as u64) * 60 + at.minute() as u64)
    };
    let (before, now) = (minute(before_ns), minute(now_ns));
    let passed = |time: u64| if before.0 == now.0 { before.1 < time && time <= now.1 } else { time <= now.1 };
    let every = settings.pipeline.status_every.as_secs() / 60;
    let is_regular = every > 0 && (0..).map(|n| n * every).take_while(|time| *time < 24 * 60).any(passed);
    is_regular
        || settings.pipeline.status_at.iter().filter_map(|text| minute_of_day(text)).any(|time| passed(u64::from(time)))
}
