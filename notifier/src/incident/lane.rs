//! How often one receiver hears by one channel: groups, and caps by the hour.

use std::collections::VecDeque;

use live::incident::Severity;

use super::settings::{ChannelKind, Settings, ns};
use crate::judgement::Class;
use crate::notice::NoticeKind;

const HOUR_NS: u64 = 3_600 * 1_000_000_000;

/// Times that lie further ahead are those of another clock.
const CLOCK_NS: u64 = 60 * 1_000_000_000;

/// A message that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When, ns.
    pub time_ns: u64,
    /// Of which group.
    pub class: Class,
    /// The worst in it.
    pub severity: Severity,
    /// See [`is_news`].
    pub is_news: bool,
}

/// Whether a message tells what its reader does not know yet. Ends and reminders have a turn of their own: they make no
/// alert wait.
pub const fn is_news(kind: NoticeKind) -> bool {
    !matches!(kind, NoticeKind::Resolved | NoticeKind::Report | NoticeKind::Reminder)
}

/// The messages of the last hour to one receiver by one channel. Bounded by the cap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    sent: VecDeque<Sent>,
    /// The cap holds something back now.
    is_capped: bool,
}

/// What somebody wants to say.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// The group.
    pub class: Class,
    /// The worst of it.
    pub severity: Severity,
    /// Only a few incidents.
    pub is_few: bool,
    /// See [`is_news`].
    pub is_news: bool,
}

/// What the lane says to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Go; it is the last one until then, ns, if that is set.
    Go(Option<u64>),
    /// The group spoke a moment ago.
    Wait,
    /// The cap is used up.
    Capped,
}

impl Lane {
    /// Notes a message, such as one that was read from the state file.
    pub fn note(&mut self, sent: Sent) {
        while self.sent.front().is_some_and(|first| sent.time_ns.saturating_sub(first.time_ns) >= HOUR_NS) {
            self.sent.pop_front();
        }
        self.sent.push_back(sent);
    }

    /// Whether a message may be made now.
    pub fn ask(&mut self, wish: Wish, kind: ChannelKind, settings: &Settings, now_ns: u64) -> Pass {
        while self.sent.front().is_some_and(|first| now_ns.saturating_sub(first.time_ns) >= HOUR_NS) {
            self.sent.pop_front();
        }
        // A clock that was set back must not make anybody wait until it is there again.
        self.sent.retain(|sent| sent.time_ns <= now_ns.saturating_add(CLOCK_NS));
        if !self.is_turn(wish, kind, settings, now_ns) {
            return Pass::Wait;
        }
        // What is kept for critical ones is kept for word of them, not of their ends.
        let severity = if wish.is_news { wish.severity } else { Severity::Info };
        self.cap(severity, kind, settings, now_ns)
    }

    /// Whether the cap alone lets it pass.
    pub fn cap(&mut self, severity: Severity, kind: ChannelKind, settings: &Settings, now_ns: u64) -> Pass {
        let (used, cap) = (self.sent.len(), settings.cap(kind));
        let common = cap.saturating_sub(settings.pipeline.critical_reserve as usize);
        let limit = if severity == Severity::Critical { cap } else { common };
        if used >= limit {
            self.is_capped = true;
            return Pass::Capped;
        }
        let is_last = used + 1 == limit || used + 1 == common;
        let free_ns = self.sent.front().map_or(now_ns, |first| first.time_ns) + HOUR_NS;
        self.is_capped = false;
        Pass::Go(is_last.then_some(free_ns))
    }

    /// Whether the cap held something back when it was last asked.
    pub fn is_capped(&self) -> bool {
        self.is_capped
    }

    fn is_turn(&self, wish: Wish, kind: ChannelKind, settings: &Settings, now_ns: u64) -> bool {
        let interval_ns = ns(settings.pipeline.group_interval);
        let of_group = || {
            let is_alike = |sent: &&Sent| sent.class == wish.class && sent.is_news == wish.is_news;
            self.sent.iter().filter(is_alike).filter(|sent| now_ns.saturating_sub(sent.time_ns) < interval_ns)
        };
        let Some(last_ns) = of_group().map(|sent| sent.time_ns).max() else { return true };
        if of_group().all(|sent| sent.severity < wish.severity) {
            return true;
        }
        if now_ns.saturating_sub(last_ns) < ns(settings.pipeline.follow_wait) {
            return false;
        }
        // Many at once are told in one SMS, and in two mails: the second has those that came while the first was made.
        wish.is_few || (kind != ChannelKind::Sms && of_group().count() < 2)
    }
}
