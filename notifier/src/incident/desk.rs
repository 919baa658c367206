//! The one owner of incidents, outbox and state file: each call changes the memory, then writes in one transaction.
//!
//! Who calls: the role's loop ([`Desk::tick`], once a second), its control handler ([`Desk::act`]), the senders
//! ([`Desk::begin`], [`Desk::settle`]). One lock; it is held for a transaction at most, which is two file syncs, or two
//! seconds if somebody else has the file. Nothing is sent that is not durable, with one exception: while the file
//! cannot be written (the disk is full, which is what an alert may be about), alerts go out of the memory, aloud and
//! with red health.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use live::action::Action;
use live::detail::{ChannelDetail, MaintenanceDetail, SilenceDetail};
use live::incident::Incident;
use live::line::OutboxState;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use super::book::{Book, Changed, Facts};
use super::detail;
use super::id::Ids;
use super::open::Open;
use super::settings::Settings;
use super::table;
use super::token::TokenError;
use crate::channel::{Delivery, Message, Receipt, SendError};
use crate::judgement::{Reading, Transition};
use crate::outbox::{self, Outbox};
use crate::record;

/// Final rows are trimmed this often, ns.
const TRIM_NS: u64 = 600 * 1_000_000_000;

/// Incidents in the live line.
const LINE_INCIDENTS_MAX: usize = 100;

struct Inner {
    connection: Connection,
    book: Book,
    outbox: Outbox,
    settings: Arc<Settings>,
    /// Why the last transaction was not written; empty = it was.
    fault: String,
    faults: u64,
    trimmed_ns: u64,
    /// Incidents of which the row is not kept yet, and when they changed.
    unrecorded: Vec<(u64, Incident)>,
}

/// The owner. Shared by the role's threads.
pub struct Desk {
    inner: Mutex<Inner>,
    wake: watch::Sender<u64>,
}

/// For the live line and the metrics.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Those that go on, the worst first; bounded.
    pub incidents: Vec<Incident>,
    /// How many go on.
    pub incidents_open: u64,
    /// By severity: info, warning, critical.
    pub open_by_severity: [u64; 3],
    /// An attack goes on.
    pub is_attack: bool,
    /// What waits.
    pub outbox: OutboxState,
    /// Since the start.
    pub pipeline: super::book::Counts,
    /// Since the start.
    pub sending: outbox::book::Counts,
    /// Transactions that were not written, since the start.
    pub faults: u64,
}

impl Desk {
    /// Of an open state file (`crate::state::open`).
    ///
    /// # Errors
    /// SQLite's.
    pub fn open(connection: Connection, settings: Settings, ids: Ids, now_ns: u64) -> rusqlite::Result<Desk> {
        let (book, mut outbox) = table::load(&connection, ids, now_ns)?;
        outbox
            .know(settings.channels.iter().map(|channel| channel.name.clone()).filter(|name| is_used(&settings, name)));
        if settings.people.is_empty() {
            tracing::warn!("no [[notifier.receiver]] is configured: incidents are kept and shown, and nobody is told");
        }
        let settings = Arc::new(settings);
        let inner = Inner {
            connection,
            book,
            outbox,
            settings,
            fault: String::new(),
            faults: 0,
            trimmed_ns: now_ns,
            unrecorded: Vec::new(),
        };
        Ok(Desk { inner: Mutex::new(inner), wake: watch::Sender::new(0) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while it was held leaves a change that is not written yet: the next transaction writes it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Other settings from now on.
    pub fn configure(&self, settings: Settings) {
        let mut inner = self.lock();
        let used: Vec<String> = settings
            .channels
            .iter()
            .map(|channel| channel.name.clone())
            .filter(|name| is_used(&settings, name))
            .collect();
        inner.outbox.know(used.into_iter());
        inner.settings = Arc::new(settings);
    }

    /// One second: what the judges say, and what follows. When it returns, the rows are durable and the senders awake.
    pub fn tick(&self, now_ns: u64, transitions: &[Transition], facts: &Facts<'_>) -> Changed {
        let mut inner = self.lock();
        let settings = Arc::clone(&inner.settings);
        let Inner { book, outbox, .. } = &mut *inner;
        let changed = book.decide(now_ns, transitions, facts, &settings, outbox);
        inner.record(now_ns, &changed);
        inner.commit("notifier.decide", now_ns);
        drop(inner);
        self.wake.send_modify(|number| *number += 1);
        changed
    }

    /// Does what a person asks for; durable when it returns. `id` is the request's.
    ///
    /// # Errors
    /// One sentence: why not.
    pub fn act(&self, id: &str, action: &Action, now_ns: u64) -> Result<String, String> {
        let mut inner = self.lock();
        let settings = Arc::clone(&inner.settings);
        let Inner { book, outbox, .. } = &mut *inner;
        let told = |error: TokenError| error.to_string();
        let answer = match action {
            Action::Acknowledge(asked) => book.act_acknowledge(asked, now_ns),
            Action::Silence(asked) => book.silence(id, asked, now_ns),
            Action::Unsilence(asked) => book.unsilence(asked),
            Action::TestChannel(asked) => book.test_channel(asked, &settings, outbox, now_ns),
            Action::LookLink(link) => book.look(&link.token_hash).map_err(told).map(|opens| shown(&opens)),
            Action::RedeemLink(link) => {
                book.redeem(&link.token_hash, now_ns).map_err(told).map(|n| format!("acknowledged: {n}"))
            }
            _ => Err("the incidents do not know this action".to_owned()),
        }?;
        inner.commit("notifier.act", now_ns);
        let fault = inner.fault.clone();
        drop(inner);
        self.wake.send_modify(|number| *number += 1);
        if fault.is_empty() {
            Ok(answer)
        } else {
            Err(format!("it holds until this process ends, but cannot be made durable: {fault}"))
        }
    }

    /// A short message that came in by channel `channel`, whose gateway vouches for `number`.
    ///
    /// # Errors
    /// It acknowledges nothing.
    pub fn redeem_code(&self, channel: &str, number: &str, text: &str, now_ns: u64) -> Result<usize, TokenError> {
        let mut inner = self.lock();
        let settings = Arc::clone(&inner.settings);
        let result = inner.book.redeem_code(channel, number, text, &settings, now_ns);
        // A wrong code must be counted durably, too.
        inner.commit("notifier.act", now_ns);
        result
    }

    /// Marks up to `max` rows of a channel as being sent, durably, and gives them.
    pub fn begin(&self, channel: &str, max: usize, now_ns: u64) -> Vec<Message> {
        let mut inner = self.lock();
        let due = inner.outbox.due(channel, now_ns, max);
        if due.is_empty() {
            return Vec::new();
        }
        let messages = due.iter().filter_map(|id| inner.outbox.begin(id)).collect();
        inner.commit("notifier.begin", now_ns);
        messages
    }

    /// Keeps what became of an attempt.
    pub fn settle(&self, id: &str, result: &Result<Receipt, SendError>, now_ns: u64) {
        let mut inner = self.lock();
        inner.outbox.settle(id, result, now_ns);
        inner.commit("notifier.mark", now_ns);
        drop(inner);
        // The channel may be back.
        self.wake.send_modify(|number| *number += 1);
    }

    /// A word on an accepted message.
    pub fn delivered(&self, channel: &str, delivery: &Delivery, now_ns: u64) {
        let mut inner = self.lock();
        inner.outbox.delivered(channel, delivery, now_ns);
        inner.commit("notifier.mark", now_ns);
    }

    /// The channels' judgement, for the state machine, once a second.
    pub fn readings(&self, now_ns: u64) -> Vec<Reading> {
        self.lock().outbox.readings(now_ns)
    }

    /// What waits to be sent.
    pub fn outbox(&self, now_ns: u64) -> OutboxState {
        self.lock().outbox.state(now_ns)
    }

    /// Whether anything goes on.
    pub fn is_firing(&self) -> bool {
        self.lock().book.open_by_severity() != [0; 3]
    }

    /// A sample of an attack's packets was kept as this file.
    pub fn keep_sample(&self, incident: &str, file: &str, packets: u64) {
        self.lock().book.keep_sample(incident, file, packets);
    }

    /// Every open incident, so that the judges go on where they were.
    pub fn open_incidents(&self) -> Vec<Incident> {
        self.lock().book.firing().into_iter().map(|open| open.incident.clone()).collect()
    }

    /// Incidents that are over, and somebody who was told of them does not know it yet.
    pub fn untold(&self) -> usize {
        self.lock().book.untold()
    }

    /// For the live line and the metrics.
    pub fn standing(&self, now_ns: u64) -> Standing {
        let inner = self.lock();
        let firing = inner.book.firing();
        Standing {
            incidents: firing.iter().take(LINE_INCIDENTS_MAX).map(|open| open.incident.clone()).collect(),
            incidents_open: firing.len() as u64,
            open_by_severity: inner.book.open_by_severity(),
            is_attack: firing.iter().any(|open| open.class == crate::judgement::Class::Attack),
            outbox: inner.outbox.state(now_ns),
            pipeline: inner.book.counts(),
            sending: inner.outbox.counts().clone(),
            faults: inner.faults,
        }
    }

    /// Silences and maintenance windows, and whether they are on.
    pub fn mutes(&self, now_ns: u64) -> (Vec<SilenceDetail>, Vec<MaintenanceDetail>) {
        let inner = self.lock();
        detail::mutes(inner.book.silences.iter(), &inner.settings, now_ns)
    }

    /// The channels, beside what the line says of them.
    pub fn channels(&self) -> Vec<ChannelDetail> {
        let inner = self.lock();
        detail::channels(&inner.settings, inner.outbox.counts())
    }

    /// Red when a critical message waits too long, or nothing can be made durable.
    ///
    /// # Errors
    /// The sentence for `/healthz`.
    pub fn health(&self, now_ns: u64) -> Result<(), String> {
        let inner = self.lock();
        if !inner.fault.is_empty() {
            return Err(format!("the notifier's state cannot be written: {}; is its disk full?", inner.fault));
        }
        inner.outbox.health(now_ns, table::late_ns(&inner.settings))
    }

    /// Told whenever there may be something to send.
    pub fn woken(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }
}

/// What a link would acknowledge, for the page that asks whether it should: short, since answers are remembered.
fn shown(opens: &[&Open]) -> String {
    let worst = opens.iter().min_by_key(|open| open.order()).map_or("", |open| open.incident.summary.en.as_str());
    format!("{} open; the worst: {}", opens.len(), worst.chars().take(200).collect::<String>())
}

/// Whether somebody is told by the channel: others are not judged.
fn is_used(settings: &Settings, name: &str) -> bool {
    settings.people.iter().any(|person| detail::uses(person, name))
}

impl Inner {
    /// Rows that wait for the transaction; of more than there can be incidents the oldest go.
    fn record(&mut self, now_ns: u64, changed: &Changed) {
        self.unrecorded.extend(changed.incidents.iter().map(|incident| (now_ns, incident.clone())));
        let surplus = self.unrecorded.len().saturating_sub(2 * super::INCIDENTS_MAX);
        self.unrecorded.drain(..surplus);
    }

    /// Writes what the state file lacks. What cannot be written stays for the next time.
    fn commit(&mut self, place: &'static str, now_ns: u64) {
        let is_trim = now_ns.saturating_sub(self.trimmed_ns) >= TRIM_NS;
        let is_clean = self.book.dirty.is_empty() && self.unrecorded.is_empty();
        if is_clean && self.outbox.unwritten().next().is_none() && !is_trim {
            return;
        }
        match self.write(place, is_trim.then_some(now_ns)) {
            Ok(()) => {
                self.book.dirty = Default::default();
                self.unrecorded.clear();
                self.outbox.written();
                if !std::mem::take(&mut self.fault).is_empty() {
                    tracing::warn!("the notifier's state can be written again");
                }
                if is_trim {
                    self.trimmed_ns = now_ns;
                }
            }
            Err(error) => {
                self.faults += 1;
                if self.fault.is_empty() {
                    tracing::error!(
                        error,
                        "the notifier's state cannot be written; alerts go out, but a restart would forget them"
                    );
                }
                self.fault = error;
            }
        }
    }

    fn write(&mut self, place: &'static str, trim_ns: Option<u64>) -> Result<(), String> {
        let pass = |name| faults::pass(name).map_err(|error| error.to_string());
        let told = |error: rusqlite::Error| error.to_string();
        pass(place)?;
        let transaction = self.connection.transaction().map_err(told)?;
        table::write(&transaction, &self.book).map_err(told)?;
        let mut left_out = 0;
        if !self.unrecorded.is_empty() {
            let mut room = record::room(&transaction).map_err(told)?;
            for (time_ns, incident) in &self.unrecorded {
                let is_put = record::put_incident(&transaction, incident, *time_ns, &mut room).map_err(told)?;
                left_out += u64::from(!is_put);
            }
        }
        if left_out > 0 {
            tracing::error!(
                left_out,
                "incidents are kept, but there is no room for their rows on the way to the store"
            );
        }
        pass("notifier.incidents")?;
        outbox::table::write(&transaction, self.outbox.unwritten()).map_err(told)?;
        if let Some(now_ns) = trim_ns {
            outbox::table::trim(&transaction, now_ns).map_err(told)?;
        }
        pass("notifier.commit")?;
        transaction.commit().map_err(told)?;
        // An error here is one of tests: what is written twice is the same.
        pass(if place == "notifier.mark" { "notifier.marked" } else { "notifier.committed" })
    }
}

/// Open incidents of a state file whose notifier does not run.
///
/// # Errors
/// SQLite's: there is no such file, or it may not be read.
pub fn stored(state_dir: &Path) -> rusqlite::Result<Vec<Incident>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(state_dir.join(crate::state::FILE), flags)?;
    let mut opens: Vec<_> = table::opens(&connection)?.into_iter().filter(|open| open.is_firing()).collect();
    opens.sort_by_cached_key(|open| open.order());
    Ok(opens.into_iter().map(|open| open.incident).collect())
}
