//! The notice of some incidents to one person by one channel, and its row.

use live::incident::Severity;

use super::NOTICE_INCIDENTS_MAX;
use super::book::{Book, Round};
use super::lane::{Sent, is_news};
use super::open::Open;
use super::settings::{ChannelInfo, ChannelKind, Person, Settings};
use super::token::Token;
use super::window::local;
use crate::judgement::Class;
use crate::limits::NOTICE_BYTES_MAX;
use crate::notice::{Notice, NoticeKind, Status};
use crate::outbox::Row;

/// A token names so many incidents; of more it names the message.
const TOKEN_INCIDENTS_MAX: usize = 200;

/// To whom, by what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route<'a> {
    pub person: &'a Person,
    pub channel: &'a ChannelInfo,
    pub to: &'a str,
}

impl<'a> Route<'a> {
    /// `None` = the person has no address for it.
    pub fn new(person: &'a Person, channel: &'a ChannelInfo) -> Option<Route<'a>> {
        person.address(channel.kind).map(|to| Route { person, channel, to })
    }

    /// By names.
    pub fn named(settings: &'a Settings, receiver: &str, channel: &str) -> Option<Route<'a>> {
        settings
            .person(receiver)
            .zip(settings.channel(channel))
            .and_then(|(person, channel)| Route::new(person, channel))
    }
}

/// What is to be said.
pub(super) struct Draft {
    pub kind: NoticeKind,
    pub class: Class,
    /// Ids of the incidents, in any order.
    pub ids: Vec<String>,
    pub capped_until_ns: Option<u64>,
    /// For a digest.
    pub replaces: u64,
    /// Incidents that are forgotten already, for a digest.
    pub past: Vec<live::incident::Incident>,
}

impl Draft {
    pub fn new(kind: NoticeKind, class: Class, ids: Vec<String>) -> Draft {
        Draft { kind, class, ids, capped_until_ns: None, replaces: 0, past: Vec::new() }
    }
}

/// Whether a message of this kind asks somebody to take something on.
fn can_be_acknowledged(kind: NoticeKind) -> bool {
    use NoticeKind::{Alert, Digest, Escalation, Flapping, Reminder};
    matches!(kind, Alert | Reminder | Escalation | Flapping | Digest)
}

impl Book {
    /// Makes the row, notes it in the lane and who was told; `None` = the outbox has no room.
    pub(super) fn say(&mut self, route: Route<'_>, draft: Draft, round: &mut Round<'_, '_>) -> Option<String> {
        let now_ns = round.now_ns;
        let mut opens: Vec<&Open> = draft.ids.iter().filter_map(|id| self.opens.get(id)).collect();
        opens.sort_by_cached_key(|open| open.order());
        let mut notice = blank(draft.kind, route, round.settings, now_ns);
        let open_worst = opens.iter().map(|open| open.incident.severity).max();
        notice.severity = open_worst.unwrap_or(Severity::Info);
        notice.incidents = opens.iter().take(NOTICE_INCIDENTS_MAX).map(|open| open.incident.clone()).collect();
        let room = NOTICE_INCIDENTS_MAX - notice.incidents.len();
        notice.incidents.extend(draft.past.iter().take(room).cloned());
        notice.more = (opens.len() + draft.past.len() - notice.incidents.len()) as u64;
        notice.capped_until_ns = draft.capped_until_ns;
        notice.replaces = draft.replaces;
        let thread = opens.iter().min_by_key(|open| open.incident.fired_ns).map(|open| open.incident.id.clone());
        if draft.kind == NoticeKind::Report
            && let Some(open) = opens.first()
        {
            notice.timeline = open.timeline.clone();
            notice.losses = open.losses;
            notice.journal = self.journal.around(open);
        }
        if matches!(route.channel.kind, ChannelKind::Email | ChannelKind::WebHook) {
            if route.channel.kind == ChannelKind::Email {
                notice.chart = notice.incidents.first().and_then(|incident| (round.facts.chart)(incident));
            }
            if draft.kind != NoticeKind::Resolved {
                notice.host = round.facts.host.cloned().map(Box::new);
            }
        }
        let id = self.ids.id(now_ns);
        if can_be_acknowledged(draft.kind) && opens.iter().any(|open| open.is_firing()) {
            self.open_ways(&mut notice, route, &draft, round);
        }
        fit(&mut notice);
        let row = Row {
            id: id.clone(),
            created_ns: now_ns,
            kind: draft.kind,
            class: draft.class,
            severity: notice.severity,
            receiver: route.person.name.clone(),
            channel: route.channel.name.clone(),
            to: route.to.to_owned(),
            thread: thread.unwrap_or_default(),
            incidents: notice.incidents.iter().map(|incident| incident.id.clone()).collect(),
            next_try_ns: now_ns,
            expires_ns: now_ns + round.settings.expiry_ns(route.channel.kind),
            notice,
            ..Row::default()
        };
        let severity = row.severity;
        if !round.outbox.push(row) {
            return None;
        }
        if draft.kind != NoticeKind::Digest {
            self.lane(&route.person.name, &route.channel.name).note(Sent {
                time_ns: now_ns,
                class: draft.class,
                severity,
                is_news: is_news(draft.kind),
            });
        }
        Some(id)
    }

    /// Notes of each incident that it was told.
    pub(super) fn note_told(&mut self, route: Route<'_>, ids: &[String], row: &str, now_ns: u64) {
        for id in ids {
            if let Some(open) = self.opens.get_mut(id) {
                if open.told.is_empty() {
                    let (name, channel) = (&route.person.name, &route.channel.name);
                    open.note(
                        now_ns,
                        &format!("{name} is told by {channel}"),
                        &format!("{name}: сообщено через {channel}"),
                    );
                }
                open.tell(&route.person.name, &route.channel.name, row, now_ns);
                self.dirty.opens.insert(id.clone());
            }
        }
    }

    /// Link and code by which it can be acknowledged.
    fn open_ways(&mut self, notice: &mut Notice, route: Route<'_>, draft: &Draft, round: &Round<'_, '_>) {
        let by_link = route.channel.kind == ChannelKind::Email && !round.settings.public_url.is_empty();
        let secret = match (by_link, route.channel.is_answered) {
            (true, _) => self.ids.token(),
            (false, true) => self.ids.code(),
            (false, false) => None,
        };
        let Some(secret) = secret else { return };
        let is_listed = draft.ids.len() <= TOKEN_INCIDENTS_MAX;
        let token = Token {
            receiver: route.person.name.clone(),
            channel: route.channel.name.clone(),
            phone: if by_link { String::new() } else { route.to.to_owned() },
            incidents: if is_listed { draft.ids.clone() } else { Vec::new() },
            batch_ns: if is_listed { 0 } else { round.now_ns },
            class: draft.class,
            made_ns: round.now_ns,
            tries: 0,
        };
        if by_link {
            notice.acknowledge_url = format!("{}/a/{secret}", round.settings.public_url);
        } else {
            notice.code.clone_from(&secret);
        }
        self.keep_token(&secret, token);
    }
}

/// A notice without incidents.
pub(super) fn blank(kind: NoticeKind, route: Route<'_>, settings: &Settings, now_ns: u64) -> Notice {
    let offset = local(now_ns, &route.person.zone).offset();
    Notice {
        kind,
        language: route.person.language,
        node: settings.node.clone(),
        time_ns: now_ns,
        utc_offset_s: offset.seconds(),
        severity: Severity::Info,
        page_url: settings.public_url.clone(),
        ..Notice::default()
    }
}

/// A row of a notice that names no incident.
pub(super) fn plain_row(id: String, route: Route<'_>, notice: Notice, expires_ns: u64) -> Row {
    Row {
        id,
        created_ns: notice.time_ns,
        kind: notice.kind,
        class: Class::Floodmark,
        severity: notice.severity,
        receiver: route.person.name.clone(),
        channel: route.channel.name.clone(),
        to: route.to.to_owned(),
        next_try_ns: notice.time_ns,
        expires_ns,
        notice,
        ..Row::default()
    }
}

/// Status of the month, for the notice.
pub(super) fn status_of(book: &Book, round: &Round<'_, '_>) -> Status {
    Status {
        bytes_in: book.month.bytes_in,
        bytes_out: book.month.bytes_out,
        billing_since_s: book.month.since_s,
        load_percent: round.facts.load_percent,
        is_stable: !book.opens.values().any(Open::is_firing),
        imbalance: round.facts.imbalance,
    }
}

/// Cuts what a notice can do without until it is small enough.
fn fit(notice: &mut Notice) {
    let is_large = |notice: &Notice| serde_json::to_vec(notice).map_or(0, |json| json.len()) > NOTICE_BYTES_MAX;
    let cuts: [fn(&mut Notice); 5] = [
        |notice| notice.chart = None,
        |notice| notice.journal.clear(),
        |notice| notice.incidents.iter_mut().skip(1).for_each(|incident| incident.attack = None),
        |notice| notice.host = None,
        |notice| notice.timeline.clear(),
    ];
    for cut in cuts {
        if !is_large(notice) {
            return;
        }
        cut(notice);
    }
    while is_large(notice) && notice.incidents.len() > 1 {
        notice.incidents.pop();
        notice.more += 1;
    }
}
