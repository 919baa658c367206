//! The push hub: channels, one hub-wide sequence, bounded rings of messages. It knows no HTTP and no clock.
//!
//! A message has one number in the hub, whatever its channels, so one [`Cursor`] resumes any set of channels: each
//! message after it is read once, in order, as long as the rings of those channels reach back; else the reader is told
//! that there is a gap. Rings are bounded by count, bytes and age, for each channel (a quarter of the hub's bounds) and
//! for the hub (the fullest channel gives up its oldest): a flood in one channel pushes out its own messages, and no
//! message leaves a ring unread by someone who then resumes without that someone being told. No subscriber has a queue:
//! the rings are the queue, and a reader is a number.

mod books;
mod channel;
mod counts;
mod cursor;
pub mod limits;
mod message;
mod name;
mod subscription;
#[cfg(test)]
mod tests;
mod wait;

pub use books::Wish;
pub use channel::Bounds;
pub use counts::{Count, Counts};
pub use cursor::{Cursor, NoCursor};
pub use message::{Message, time_of};
pub use name::{Kind, OWN};
pub use subscription::{Portion, Read, Start, Subscription};

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::books::Books;
use self::limits::{BODY_MAX, CHANNELS_MAX, CHANNELS_PER_REQUEST, LIFETIME_MAX_NS, NAME_MAX};
use self::wait::Waits;

/// The hub does not do what is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HubError {
    /// The name can be no channel's.
    #[error(
        "{0:?} is no name of a script's channel: x/ and letters, digits, '.', '_' and '-' between slashes, {NAME_MAX} bytes at most"
    )]
    BadName(String),
    /// It does not exist, or no longer.
    #[error(
        "there is no channel {0:?}; scripts make theirs by POST /push/channels, and renew them before they run out"
    )]
    NoChannel(String),
    /// None, or too many at once.
    #[error("name between 1 and {CHANNELS_PER_REQUEST} channels")]
    TooManyNames,
    /// The hub is full of channels.
    #[error("there are {CHANNELS_MAX} channels already; close some, or give them shorter lives")]
    TooManyChannels,
    /// The message is too long.
    #[error("a message has {BODY_MAX} bytes at most")]
    BodyTooLong,
    /// Zero, or too long a life.
    #[error("a channel lives between 1 second and {} days from now", LIFETIME_MAX_NS / 86_400_000_000_000)]
    BadLifetime,
}

/// How full the hub is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Channels.
    pub channels: usize,
    /// Places in rings: a message in two channels has two.
    pub messages: usize,
    /// Bytes that they are counted with.
    pub bytes: usize,
}

/// What is known of one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: Arc<str>,
    /// Messages in its ring.
    pub messages: usize,
    /// Readers.
    pub subscribers: usize,
    /// When it ends unless it is renewed, ns since the epoch; `None` = never.
    pub expires_ns: Option<u64>,
}

/// The hub.
pub struct Hub {
    epoch: u64,
    books: Mutex<Books>,
    waits: Waits,
    counts: Counts,
    rechecks: AtomicU64,
}

impl Hub {
    /// An empty hub with the page's own channels. `epoch` is by chance, so that no two lives share it.
    pub fn new(bounds: Bounds, epoch: u64) -> Hub {
        let books = Mutex::new(Books::new(epoch, bounds));
        Hub { epoch, books, waits: Waits::default(), counts: Counts::default(), rechecks: AtomicU64::new(0) }
    }

    /// Publishes a message of the page itself to several of its channels at once, at `now_ns` since the epoch; gives
    /// the number of the newest message. Never fails: what cannot be published is counted as refused and logged.
    pub fn publish(&self, channels: &[&str], body: &str, now_ns: u64) -> u64 {
        let published = {
            let mut books = self.books();
            let made = channels.iter().try_for_each(|name| books.ensure_own(name, now_ns));
            made.and_then(|()| books.publish(channels, body, now_ns, &self.counts))
        };
        match published {
            Ok(message) => {
                self.waits.wake(&message.channels);
                message.seq
            }
            Err(error) => {
                self.counts.refused.add(1);
                tracing::debug!(%error, ?channels, "a message was not published");
                self.cursor().seq
            }
        }
    }

    /// Publishes a script's message to channels that exist; gives where it stands.
    ///
    /// # Errors
    /// A channel does not exist; the message is too long. Nothing is published then.
    pub fn offer(&self, channels: &[&str], body: &str, now_ns: u64) -> Result<Cursor, HubError> {
        let published = self.books().publish(channels, body, now_ns, &self.counts);
        let message = published.inspect_err(|_| self.counts.refused.add(1))?;
        self.waits.wake(&message.channels);
        Ok(Cursor { epoch: self.epoch, seq: message.seq })
    }

    /// Makes a script's channel, or gives it a new lifetime; whether it is new.
    ///
    /// # Errors
    /// The name or the lifetime is none; there are too many channels.
    pub fn open(&self, name: &str, wish: Wish, now_ns: u64) -> Result<bool, HubError> {
        self.books().open(name, wish, now_ns)
    }

    /// Closes a script's channel; its readers are told.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn close(&self, name: &str) -> Result<(), HubError> {
        if Kind::of(name) != Some(Kind::Script) {
            return Err(HubError::BadName(name.to_owned()));
        }
        self.books().close(name)?;
        self.counts.closed.add(1);
        self.waits.wake(&[Arc::from(name)]);
        Ok(())
    }

    /// Lets go what is too old, and script channels that ran out. Called about once a second.
    pub fn expire(&self, now_ns: u64) {
        let closed = self.books().expire(now_ns, &self.counts);
        if !closed.is_empty() {
            self.waits.wake(&closed);
        }
    }

    /// A reader of `channels`. A `host:` channel is made by it; others must exist.
    ///
    /// # Errors
    /// A channel that does not exist; none, or too many.
    pub fn subscribe(self: &Arc<Hub>, channels: &[&str], start: Start, now_ns: u64) -> Result<Subscription, HubError> {
        if channels.is_empty() || channels.len() > CHANNELS_PER_REQUEST {
            return Err(HubError::TooManyNames);
        }
        let mut names: Vec<Arc<str>> = Vec::with_capacity(channels.len());
        {
            let mut books = self.books();
            for &name in channels {
                books.ensure_own(name, now_ns)?;
                let (key, _) = books.channels.get_key_value(name).expect("it was there or is made");
                if !names.contains(key) {
                    names.push(Arc::clone(key));
                }
            }
            for name in &names {
                if let Some(channel) = books.channels.get_mut(name) {
                    channel.subscribers += 1;
                }
            }
        }
        Ok(Subscription::new(Arc::clone(self), names.into_boxed_slice(), start))
    }

    /// Where the hub stands: a reader who begins here misses nothing that comes.
    pub fn cursor(&self) -> Cursor {
        self.books().cursor()
    }

    /// Whether somebody reads `channel`: what nobody reads need not be worked out.
    pub fn is_followed(&self, channel: &str) -> bool {
        self.books().channels.get(channel).is_some_and(|channel| channel.subscribers > 0)
    }

    /// Makes every reader look whether it may go on: a session or a token was revoked.
    pub fn recheck(&self) {
        self.rechecks.fetch_add(1, Ordering::Release);
        self.waits.wake_all();
    }

    /// How often readers were made to look: one who has seen another number looks now.
    pub fn rechecks(&self) -> u64 {
        self.rechecks.load(Ordering::Acquire)
    }

    /// Those of the channels that begin with `prefix` that somebody reads, without the prefix.
    pub fn followed(&self, prefix: &str) -> Vec<String> {
        let books = self.books();
        let followed = books.channels.iter().filter(|(_, channel)| channel.subscribers > 0);
        followed.filter_map(|(name, _)| name.strip_prefix(prefix).map(str::to_owned)).collect()
    }

    /// All channels of which `is_wanted` says so, by name.
    pub fn known(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<Known> {
        let books = self.books();
        let wanted = books.channels.iter().filter(|(name, _)| is_wanted(name));
        let mut known: Vec<Known> = wanted
            .map(|(name, channel)| Known {
                name: Arc::clone(name),
                messages: channel.ring.len(),
                subscribers: channel.subscribers,
                expires_ns: (channel.kind == Kind::Script).then_some(channel.expires_ns),
            })
            .collect();
        known.sort_by(|a, b| a.name.cmp(&b.name));
        known
    }

    /// How full it is.
    pub fn fill(&self) -> Fill {
        let books = self.books();
        let (messages, bytes) = books.held();
        Fill { channels: books.channels.len(), messages, bytes }
    }

    /// What it has done.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
