//! stored: what the page asks the store, over a few connections, in fair order, with a bound on each wait.
//!
//! A question takes a place (`pool`), is answered by one short query of [`store::Reader`], and the answer is kept for
//! some seconds (`cache`), so that ten phones ask the database once. Who goes away takes the query along. A store that
//! does not answer is a state with a time ([`StoredError`]), and is not tried again for each of the ten phones.

mod cache;
mod error;
pub mod month;
mod noted;
mod pool;
pub mod search;

pub use error::{StoredError, Told};
pub use month::Month;
pub use search::Search;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use store::{
    Event, Flow, FlowQuery, FlowSpan, HostMinute, Incident, InterfaceName, Noted, Point, Resolution, SeriesQuery,
    Talker, TalkerKind,
};

use cache::Cache;
use pool::Pool;

/// How long an answer is shown again: live numbers come from the roles, not from here.
const AGE: Duration = Duration::from_secs(5);

/// How long what seldom changes, or costs more, is shown again.
const AGE_LONG: Duration = Duration::from_secs(60);

/// Incidents of one range: a few kilobytes each.
type Incidents = Cache<(u32, u32), Vec<Incident>>;

/// The store, as the page asks it. Opens nothing before the first question.
pub struct Stored {
    pool: Pool,
    incidents: Incidents,
    incident: Cache<([u8; 16], u32), Vec<Incident>>,
    events: Cache<(u32, u32), Vec<Event>>,
    interfaces: Cache<(), Vec<InterfaceName>>,
    sizes: Cache<(), Vec<store::TableSize>>,
    series: Cache<SeriesQuery, Vec<Point>>,
    talkers: Cache<(Resolution, u32, u32, u8), Vec<Talker>>,
    minutes: Cache<([u8; 16], u32, u32), Vec<HostMinute>>,
    month: month::Days,
}

impl Stored {
    /// A handle on the store that `config` names; an empty URL is SQLite in `data_dir`.
    pub fn new(config: store::config::Config, data_dir: &Path) -> Stored {
        Stored {
            pool: Pool::new(config, data_dir),
            incidents: Cache::new(AGE),
            incident: Cache::new(AGE),
            events: Cache::new(AGE),
            interfaces: Cache::new(AGE_LONG),
            sizes: Cache::new(AGE_LONG),
            series: Cache::new(AGE),
            talkers: Cache::new(AGE_LONG),
            minutes: Cache::new(AGE),
            month: month::Days::default(),
        }
    }

    /// Incidents that changed from `since` to before `until` (UNIX seconds), each as it stood last, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn incidents(&self, range: (u32, u32)) -> Result<Arc<Vec<Incident>>, StoredError> {
        let ask = self.pool.ask(async move |reader| reader.incidents(range).await);
        self.incidents.get(range, ask).await
    }

    /// Every row of one incident's life, oldest first; nothing of it is older than `opened` (UNIX seconds, 0 = not
    /// known).
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn incident(&self, id: [u8; 16], opened: u32) -> Result<Arc<Vec<Incident>>, StoredError> {
        let ask = self.pool.ask(async move |reader| reader.incident(id, opened).await);
        self.incident.get((id, opened), ask).await
    }

    /// Events from `since` to before `until` (UNIX seconds), oldest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn events(&self, range: (u32, u32)) -> Result<Arc<Vec<Event>>, StoredError> {
        let ask = self.pool.ask(async move |reader| reader.events(range).await);
        self.events.get(range, ask).await
    }

    /// The newest name of every interface number, by node, epoch and number.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn interfaces(&self) -> Result<Arc<Vec<InterfaceName>>, StoredError> {
        self.interfaces.get((), self.pool.ask(async |reader| reader.interfaces().await)).await
    }

    /// Rows, bytes and oldest row of each table, as far as they are known at once (see [`store::Reader::sizes`]).
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn sizes(&self) -> Result<Arc<Vec<store::TableSize>>, StoredError> {
        self.sizes.get((), self.pool.ask(async |reader| reader.sizes().await)).await
    }

    /// Traffic as points.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn series(&self, query: SeriesQuery) -> Result<Arc<Vec<Point>>, StoredError> {
        let key = query.clone();
        self.series.get(key, self.pool.ask(async move |reader| reader.series(&query).await)).await
    }

    /// The largest talkers of a kind, by bytes.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn talkers(&self, range: (u32, u32), kind: TalkerKind) -> Result<Arc<Vec<Talker>>, StoredError> {
        // A day of minutes is some hundred thousand rows, a day of hours ten thousand.
        let is_long = range.1.saturating_sub(range.0) > TALKERS_BY_MINUTE;
        let resolution = if is_long { Resolution::Hour } else { Resolution::Minute };
        let ask = self.pool.ask(async move |reader| reader.talkers(resolution, range, kind, TALKERS_MAX).await);
        self.talkers.get((resolution, range.0, range.1, kind as u8), ask).await
    }

    /// The minutes in which a local host was among the largest.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn host_minutes(
        &self,
        address: [u8; 16],
        range: (u32, u32),
    ) -> Result<Arc<Vec<HostMinute>>, StoredError> {
        let ask = self.pool.ask(async move |reader| reader.host_minutes(address, range).await);
        self.minutes.get((address, range.0, range.1), ask).await
    }

    /// Flow rows of one query, newest first, uncached: see [`Search`].
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn flows(&self, query: FlowQuery) -> Result<Vec<Flow>, StoredError> {
        self.pool.ask(async move |reader| reader.flows(&query).await).await
    }

    /// From which time on (UNIX seconds) the store's notes of addresses can be relied on; `None` = not now.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn notes_begin(&self) -> Result<Option<u32>, StoredError> {
        self.pool.ask(async move |reader| reader.notes_begin().await).await
    }

    /// At which times an address may be in flow rows, uncached: see [`Search`].
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn noted(&self, address: [u8; 16], range: (u32, u32)) -> Result<Noted, StoredError> {
        self.pool.ask(async move |reader| reader.noted(address, range).await).await
    }

    /// From when to when there are flow rows before a time (UNIX seconds).
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn flow_span(&self, before: u32) -> Result<Option<FlowSpan>, StoredError> {
        self.pool.ask(async move |reader| reader.flow_span(before).await).await
    }
}

/// Longest range that is summed over minutes, seconds.
const TALKERS_BY_MINUTE: u32 = 2 * 3_600;

/// Talkers of a list.
const TALKERS_MAX: u32 = 20;

#[cfg(test)]
mod tests;
