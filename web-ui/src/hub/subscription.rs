//! One reader: its channels, and how far it has read.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Hub;
use super::books::Books;
use super::cursor::Cursor;
use super::message::Message;
use super::wait::Ticket;

/// Where a reader begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what is published from now on.
    Now,
    /// After what is known already.
    After(Cursor),
    /// With what was published at this time or later, ns since the epoch, as far back as there is.
    Since(u64),
}

/// How much is read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Messages.
    pub messages_max: usize,
    /// Bytes of text, passed by one message at most.
    pub bytes_max: usize,
    /// Nothing newer than this, ns since the epoch.
    pub until_ns: u64,
    /// Leaves out values of gauges for which a newer one waits.
    pub is_conflated: bool,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Read {
    /// In the order in which they were published, each once.
    pub messages: Vec<Arc<Message>>,
    /// Messages between the reader's place and the first of these are missing: what they said must be asked otherwise.
    pub is_gap: bool,
    /// A channel of the subscription that no longer exists.
    pub closed: Option<Arc<str>>,
    /// There is more already.
    pub has_more: bool,
}

/// A subscription to one or more channels. Dropped, it is over.
pub struct Subscription {
    hub: Arc<Hub>,
    channels: Box<[Arc<str>]>,
    ticket: Ticket,
    /// Number of the last message that was read or does not concern this reader.
    seen: u64,
    /// What had left the rings before this reader began is no loss of its.
    forgiven: u64,
    /// There is a gap that the reader has not been told of: the cursor that it had before.
    gap: Option<Cursor>,
    has_more: bool,
}

impl Subscription {
    pub(super) fn new(hub: Arc<Hub>, channels: Box<[Arc<str>]>, start: Start) -> Subscription {
        // Marked before the place is found: what comes between is seen twice, not never.
        let ticket = hub.waits.join(&channels);
        let books = hub.books();
        let all = || channels.iter().filter_map(|name| books.channels.get(name));
        let lost_to = all().map(|channel| channel.lost_to).max().unwrap_or(0);
        let (seen, gap) = match start {
            Start::Now => (books.seq, None),
            Start::After(cursor) if cursor.epoch != books.epoch || cursor.seq > books.seq => (books.seq, Some(cursor)),
            Start::After(cursor) if cursor.seq < lost_to => (books.seq, Some(cursor)),
            Start::After(cursor) => (cursor.seq, None),
            Start::Since(time_ns) => {
                let first = all().filter_map(|channel| channel.since(time_ns)).map(|message| message.seq).min();
                let is_gap = all().any(|channel| channel.lost_time_ns > 0 && channel.lost_time_ns >= time_ns);
                let nothing = Cursor { epoch: books.epoch, seq: 0 };
                (first.map_or(books.seq, |seq| seq - 1), is_gap.then_some(nothing))
            }
        };
        drop(books);
        if gap.is_some() {
            hub.counts.resyncs.add(1);
        }
        Subscription { hub, channels, ticket, seen, forgiven: lost_to, gap, has_more: false }
    }

    /// Ready when there may be something to read.
    pub fn poll_changed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.has_more {
            return Poll::Ready(());
        }
        self.hub.waits.poll(self.ticket, context)
    }

    /// To be called by a task that was woken and does not ask now whether there is something to read: others may have
    /// been left for it to wake.
    pub fn pass_on(&self) {
        self.hub.waits.pass_on(self.ticket);
    }

    /// Waits until there may be something to read.
    pub async fn changed(&mut self) {
        poll_fn(|context| self.poll_changed(context)).await;
    }

    /// Where a reader goes on who loses this subscription now. While a gap is not told it is a place before the gap: who
    /// comes back from there is told then.
    pub fn cursor(&self) -> Cursor {
        self.gap.unwrap_or(Cursor { epoch: self.hub.epoch, seq: self.seen })
    }

    /// Its channels.
    pub fn channels(&self) -> &[Arc<str>] {
        &self.channels
    }

    /// Reads on.
    pub fn read(&mut self, portion: Portion) -> Read {
        let books = self.hub.books();
        let mut read = Read { is_gap: self.gap.take().is_some(), ..Read::default() };
        read.closed = self.channels.iter().find(|name| !books.channels.contains_key(*name)).cloned();
        let known = self.seen.max(self.forgiven);
        if self.channels.iter().filter_map(|name| books.channels.get(name)).any(|channel| channel.lost_to > known) {
            self.hub.counts.resyncs.add(1);
            read.is_gap = true;
            self.seen = books.seq;
        } else {
            let (seen, has_more) = merge(&books, &self.channels, self.seen, portion, &mut read.messages);
            (self.seen, read.has_more) = (seen, has_more);
        }
        drop(books);
        self.has_more = read.has_more;
        if portion.is_conflated {
            let before = read.messages.len();
            conflate(&mut read.messages);
            self.hub.counts.conflated.add(before - read.messages.len());
        }
        self.hub.counts.delivered.add(read.messages.len());
        read
    }
}

/// The messages of `channels` after `seen`, by number; where the reader stands then, and whether there is more.
fn merge(
    books: &Books,
    channels: &[Arc<str>],
    mut seen: u64,
    portion: Portion,
    out: &mut Vec<Arc<Message>>,
) -> (u64, bool) {
    let rings = channels.iter().filter_map(|name| books.channels.get(name));
    let mut heads: Vec<_> = rings.filter(|ring| ring.newest() > seen).map(|ring| ring.after(seen).peekable()).collect();
    let mut bytes = 0;
    loop {
        let next = heads.iter_mut().filter_map(|head| head.peek().copied()).min_by_key(|message| message.seq);
        let Some(next) = next else { return (books.seq, false) };
        if next.time_ns > portion.until_ns {
            return (seen, false);
        }
        if out.len() >= portion.messages_max || bytes >= portion.bytes_max {
            return (seen, true);
        }
        // The same message stands in each of its channels.
        for head in &mut heads {
            let _ = head.next_if(|message| message.seq == next.seq);
        }
        seen = next.seq;
        bytes += next.event().len();
        out.push(Arc::clone(next));
    }
}

/// Leaves out gauges' values that a later message of the same channels replaces.
fn conflate(messages: &mut Vec<Arc<Message>>) {
    let mut kept: Vec<Arc<Message>> = Vec::with_capacity(messages.len());
    for message in messages.drain(..).rev() {
        let is_replaced = message.is_gauge && kept.iter().any(|later| later.channels == message.channels);
        if !is_replaced {
            kept.push(message);
        }
    }
    kept.reverse();
    *messages = kept;
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.waits.leave(self.ticket, &self.channels);
        let mut books = self.hub.books();
        for name in &self.channels {
            if let Some(channel) = books.channels.get_mut(name) {
                channel.subscribers = channel.subscribers.saturating_sub(1);
            }
        }
    }
}
