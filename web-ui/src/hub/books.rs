//! The hub's books, under one lock: channels with their rings, and the one sequence over all of them.

use std::collections::HashMap;
use std::sync::Arc;

use super::HubError;
use super::channel::{Bounds, Channel, Gone};
use super::counts::Counts;
use super::cursor::Cursor;
use super::limits::{BODY_MAX, CHANNELS_MAX, CHANNELS_PER_REQUEST, LIFETIME_MAX_NS, SHARE};
use super::message::Message;
use super::name::{Kind, OWN};

/// What a script asks for its channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// How long it is to live from now, ns; at most a week.
    pub lifetime_ns: u64,
    /// Messages that it keeps; less than its share of the hub.
    pub messages_max: Option<usize>,
    /// Bytes that it keeps; less than its share of the hub.
    pub bytes_max: Option<usize>,
    /// Whether a slow reader is content with the newest value.
    pub is_gauge: bool,
}

/// The books.
pub(super) struct Books {
    pub epoch: u64,
    pub seq: u64,
    /// Time of the newest message, ns since the epoch.
    pub time_ns: u64,
    pub channels: HashMap<Arc<str>, Channel>,
    bounds: Bounds,
    /// Places in rings: a message in two channels has two.
    messages: usize,
    bytes: usize,
    /// Number of the newest message of all channels that were closed: a channel that is made under a name that may have
    /// been used before tells readers with older cursors that they may have lost something.
    closed_to: u64,
}

impl Books {
    pub fn new(epoch: u64, bounds: Bounds) -> Books {
        let (channels, closed_to) = (HashMap::new(), 0);
        let mut books = Books { epoch, seq: 0, time_ns: 0, channels, bounds, messages: 0, bytes: 0, closed_to };
        for name in OWN {
            books.insert(name, Kind::Own, 0);
        }
        books
    }

    pub fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, seq: self.seq }
    }

    /// Publishes to those of `names` that exist. Names that stand twice count once.
    pub fn publish(
        &mut self,
        names: &[&str],
        body: &str,
        now_ns: u64,
        counts: &Counts,
    ) -> Result<Arc<Message>, HubError> {
        if body.len() > BODY_MAX {
            return Err(HubError::BodyTooLong);
        }
        if names.is_empty() || names.len() > CHANNELS_PER_REQUEST {
            return Err(HubError::TooManyNames);
        }
        let mut channels: Vec<Arc<str>> = Vec::with_capacity(names.len());
        let mut is_gauge = true;
        for &name in names {
            let (key, channel) =
                self.channels.get_key_value(name).ok_or_else(|| HubError::NoChannel(name.to_owned()))?;
            if !channels.contains(key) {
                channels.push(Arc::clone(key));
            }
            is_gauge &= channel.is_gauge;
        }
        self.seq += 1;
        self.time_ns = self.time_ns.max(now_ns);
        let message = Message::new(self.cursor(), self.time_ns, channels.into_boxed_slice(), body, is_gauge);
        let message = Arc::new(message);
        for name in &message.channels {
            if let Some(channel) = self.channels.get_mut(name) {
                let gone = channel.push(Arc::clone(&message));
                self.messages += 1;
                self.bytes += message.bytes();
                self.forget(gone, counts);
            }
        }
        self.fit(counts);
        counts.published.add(1);
        Ok(message)
    }

    /// Makes `name`, one of the page's own, if it does not exist and can; whether it exists now.
    pub fn ensure_own(&mut self, name: &str, now_ns: u64) -> Result<(), HubError> {
        if self.channels.contains_key(name) {
            return Ok(());
        }
        match Kind::of(name) {
            Some(Kind::Host) => self.room().map(|()| self.insert(name, Kind::Host, now_ns)),
            _ => Err(HubError::NoChannel(name.to_owned())),
        }
    }

    /// Makes a script's channel, or gives the one that exists a new lifetime and bounds; whether it is new.
    pub fn open(&mut self, name: &str, wish: Wish, now_ns: u64) -> Result<bool, HubError> {
        if Kind::of(name) != Some(Kind::Script) {
            return Err(HubError::BadName(name.to_owned()));
        }
        if wish.lifetime_ns == 0 || wish.lifetime_ns > LIFETIME_MAX_NS {
            return Err(HubError::BadLifetime);
        }
        let is_new = !self.channels.contains_key(name);
        if is_new {
            self.room()?;
            self.insert(name, Kind::Script, now_ns);
        }
        if let Some(channel) = self.channels.get_mut(name) {
            channel.expires_ns = now_ns.saturating_add(wish.lifetime_ns);
            channel.is_gauge = wish.is_gauge;
            if is_new {
                channel.bound(wish.messages_max, wish.bytes_max);
            }
        }
        Ok(is_new)
    }

    /// Takes a channel out; its readers find it gone.
    pub fn close(&mut self, name: &str) -> Result<(), HubError> {
        let channel = self.channels.remove(name).ok_or_else(|| HubError::NoChannel(name.to_owned()))?;
        self.closed_to = self.closed_to.max(channel.newest());
        self.messages -= channel.ring.len();
        self.bytes -= channel.bytes;
        Ok(())
    }

    /// Lets old messages go, and channels that ran out; the names of those that had readers.
    pub fn expire(&mut self, now_ns: u64, counts: &Counts) -> Vec<Arc<str>> {
        let (mut out, mut gone) = (Vec::new(), Gone::default());
        for (name, channel) in &mut self.channels {
            let left = channel.trim(now_ns);
            gone.messages += left.messages;
            gone.bytes += left.bytes;
            if channel.expires_ns <= now_ns && (channel.kind == Kind::Script || channel.subscribers == 0) {
                out.push(Arc::clone(name));
            }
        }
        self.forget(gone, counts);
        for name in &out {
            let _ = self.close(name);
        }
        out.retain(|name| Kind::of(name) == Some(Kind::Script));
        counts.closed.add(out.len());
        out
    }

    fn insert(&mut self, name: &str, kind: Kind, now_ns: u64) {
        let share = Bounds {
            messages_max: (self.bounds.messages_max / SHARE).max(1),
            bytes_max: (self.bounds.bytes_max / SHARE).max(1),
            ..self.bounds
        };
        let channel = Channel::new(name, kind, share, self.closed_to, now_ns);
        self.channels.insert(Arc::from(name), channel);
    }

    /// Room for one more channel: at the bound the host goes that nobody follows for the longest time.
    fn room(&mut self) -> Result<(), HubError> {
        if self.channels.len() < CHANNELS_MAX {
            return Ok(());
        }
        let idle = self.channels.iter().filter(|(_, channel)| channel.kind == Kind::Host && channel.subscribers == 0);
        let oldest = idle.min_by_key(|(_, channel)| channel.expires_ns).map(|(name, _)| Arc::clone(name));
        self.close(&oldest.ok_or(HubError::TooManyChannels)?)
    }

    /// While the rings together hold too much, the fullest gives its oldest up: who floods loses their own first.
    fn fit(&mut self, counts: &Counts) {
        while self.messages > self.bounds.messages_max || self.bytes > self.bounds.bytes_max {
            let is_by_count = self.messages > self.bounds.messages_max;
            let weight = |channel: &Channel| if is_by_count { channel.ring.len() } else { channel.bytes };
            let Some(fullest) = self.channels.values_mut().max_by_key(|channel| weight(channel)) else { return };
            let bytes = fullest.pop();
            self.forget(Gone { messages: 1, bytes, evicted: 1 }, counts);
        }
    }

    fn forget(&mut self, gone: Gone, counts: &Counts) {
        self.messages -= gone.messages;
        self.bytes -= gone.bytes;
        counts.evicted.add(gone.evicted);
    }

    /// Places in rings, and their bytes.
    pub fn held(&self) -> (usize, usize) {
        (self.messages, self.bytes)
    }
}
