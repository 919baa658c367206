//! What the page asks of the desk beside the live line: silences, windows, channels.

use live::action::Silence;
use live::detail::{ChannelDetail, MaintenanceDetail, SilenceDetail};

use super::settings::{ChannelKind, Person, Settings};
use crate::outbox::book::Counts;

/// What keeps incidents quiet, and whether it is on.
pub(super) fn mutes<'a>(
    silences: impl Iterator<Item = (&'a String, &'a Silence)>,
    settings: &Settings,
    now_ns: u64,
) -> (Vec<SilenceDetail>, Vec<MaintenanceDetail>) {
    let now_s = now_ns / 1_000_000_000;
    let silence = |(id, silence): (&String, &Silence)| SilenceDetail {
        id: id.clone(),
        is_on: (silence.from_s.unwrap_or(0)..silence.until_s).contains(&now_s),
        silence: silence.clone(),
    };
    let at = settings.local(now_ns);
    let windows = settings.windows.iter().zip(&settings.maintenance).map(|(window, given)| MaintenanceDetail {
        name: given.name.clone(),
        weekly: given.weekly.clone(),
        from: given.from.clone(),
        until: given.until.clone(),
        rule: given.rule.clone(),
        subject_kind: given.subject_kind.clone(),
        subject: given.subject.clone(),
        severity_max: given.severity_max.clone(),
        is_on: window.is_on(&at),
    });
    (silences.map(silence).collect(), windows.collect())
}

/// Each channel, with who uses it and what became of its messages.
pub(super) fn channels(settings: &Settings, counts: &Counts) -> Vec<ChannelDetail> {
    let one = |channel: &super::settings::ChannelInfo| {
        let [sent, failed, expired, superseded] = counts.by_channel.get(&channel.name).copied().unwrap_or_default();
        let uses = settings.people.iter().filter(|person| uses(person, &channel.name));
        ChannelDetail {
            channel: channel.name.clone(),
            kind: match channel.kind {
                ChannelKind::Email => "email",
                ChannelKind::Sms => "sms",
                ChannelKind::WebHook => "webhook",
                ChannelKind::Script => "script",
            }
            .to_owned(),
            receivers: uses.map(|person| person.name.clone()).collect(),
            sent,
            failed,
            expired,
            superseded,
        }
    };
    settings.channels.iter().map(one).collect()
}

/// Whether somebody is told by the channel.
pub(super) fn uses(person: &Person, channel: &str) -> bool {
    let steps = person.ladder.iter().flat_map(|step| &step.channels);
    let mut names = person.channels.iter().chain(&person.critical_channels).chain(&person.status_channels).chain(steps);
    names.any(|name| name == channel)
}
