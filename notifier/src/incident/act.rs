//! What people ask for: acknowledge, silence, try a channel.

use live::action::{Acknowledge, Silence, TestChannel, Unsilence};

use super::SILENCES_MAX;
use super::book::Book;
use super::compose::{Route, blank, plain_row};
use super::settings::{Settings, ns};
use crate::notice::NoticeKind;
use crate::outbox::Outbox;

/// Characters of a name or comment.
const TEXT_CHARS_MAX: usize = 200;

/// Text of a person, cut, without what could break a line.
fn plain(text: &str) -> String {
    crate::words::plain(text, TEXT_CHARS_MAX, ' ')
}

impl Book {
    /// Somebody takes care of an incident. Sticky until it is over; what gets worse is told all the same.
    ///
    /// # Errors
    /// There is no such incident.
    pub fn acknowledge(&mut self, id: &str, by: &str, comment: &str, now_ns: u64) -> Result<String, String> {
        let (by, comment) = (plain(by), plain(comment));
        if by.trim().is_empty() {
            return Err("who acknowledges must be named: `by` is empty".to_owned());
        }
        let open = self.opens.get_mut(id).filter(|open| open.is_firing());
        let open = open.ok_or_else(|| format!("there is no open incident {:?}; it may be over", plain(id)))?;
        let tail = if comment.is_empty() { String::new() } else { format!(": {comment}") };
        open.incident.acknowledged_by.clone_from(&by);
        open.acknowledged_severity = open.incident.severity;
        open.note(now_ns, &format!("acknowledged by {by}{tail}"), &format!("подтверждено: {by}{tail}"));
        self.mark(id);
        Ok(format!("acknowledged by {by}"))
    }

    pub(super) fn act_acknowledge(&mut self, asked: &Acknowledge, now_ns: u64) -> Result<String, String> {
        self.acknowledge(&asked.incident, &asked.by, &asked.comment, now_ns)
    }

    /// Keeps some incidents quiet; `id` is the request's.
    ///
    /// # Errors
    /// It is over before it begins, or there are too many.
    pub fn silence(&mut self, id: &str, asked: &Silence, now_ns: u64) -> Result<String, String> {
        let now_s = now_ns / 1_000_000_000;
        if asked.until_s <= asked.from_s.unwrap_or(now_s).max(now_s) {
            return Err(
                "the silence ends before it begins; `until_s` must be later than now and than `from_s`".to_owned()
            );
        }
        if self.silences.len() >= SILENCES_MAX && !self.silences.contains_key(id) {
            return Err(format!("there are {SILENCES_MAX} silences already; end some, or match more by one"));
        }
        let silence = Silence { by: plain(&asked.by), comment: plain(&asked.comment), ..asked.clone() };
        self.silences.insert(id.to_owned(), silence);
        self.dirty.silences.insert(id.to_owned());
        Ok(format!("silenced; `unsilence` with \"{id}\" ends it"))
    }

    /// Ends a silence.
    ///
    /// # Errors
    /// There is no such silence.
    pub fn unsilence(&mut self, asked: &Unsilence) -> Result<String, String> {
        self.silences
            .remove(&asked.silence)
            .ok_or_else(|| format!("there is no silence {:?}; it may be over", plain(&asked.silence)))?;
        self.dirty.silences.insert(asked.silence.clone());
        Ok("the silence is ended".to_owned())
    }

    /// Makes a row for each receiver that uses the channel; the answer is their ids.
    ///
    /// # Errors
    /// There is no such channel, or nobody uses it.
    pub fn test_channel(
        &mut self,
        asked: &TestChannel,
        settings: &Settings,
        outbox: &mut Outbox,
        now_ns: u64,
    ) -> Result<String, String> {
        let name = plain(&asked.channel);
        let channel = settings.channel(&asked.channel).ok_or_else(|| {
            let known: Vec<&str> = settings.channels.iter().map(|channel| channel.name.as_str()).collect();
            format!("there is no channel {name:?}; there are {}", known.join(", "))
        })?;
        let uses = |person: &super::settings::Person| {
            let mut lists = person.channels.iter().chain(&person.critical_channels).chain(&person.status_channels);
            let mut steps = person.ladder.iter().flat_map(|step| &step.channels);
            lists.any(|name| *name == channel.name) || steps.any(|name| *name == channel.name)
        };
        let is_meant = |person: &&super::settings::Person| match asked.receiver.as_str() {
            "" => uses(person),
            receiver => person.name == receiver,
        };
        let mut ids = Vec::new();
        for route in settings.people.iter().filter(is_meant).filter_map(|person| Route::new(person, channel)) {
            let id = self.ids.id(now_ns);
            let notice = blank(NoticeKind::Test, route, settings, now_ns);
            let row = plain_row(id.clone(), route, notice, now_ns + ns(settings.pipeline.status_expiry));
            if outbox.push(row) {
                ids.push(id);
            }
        }
        if ids.is_empty() {
            return Err(format!(
                "no receiver uses the channel {name:?}; name it in `channels` of a [[notifier.receiver]] with an address for it"
            ));
        }
        Ok(ids.join(","))
    }
}
