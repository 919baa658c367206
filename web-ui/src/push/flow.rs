//! The life of a stream of messages on a taken connection: server-sent events or WebSocket.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::counts::Transport;
use super::frame::{self, Fault, Inbox, Wanted};
use super::guard::Who;
use crate::app::Shared;
use crate::hub::{Cursor, Message, Portion, Subscription};
use crate::role::now_ns;
use crate::server::Again;

/// A ping goes out so often when nothing else does; what is not written whole from one tick to the next is given up.
pub const TICK: Duration = Duration::from_secs(20);

/// What is read from the hub at once. It is what a reader who does not read can hold on to.
const PORTION: Portion = Portion { messages_max: 32, bytes_max: 16 << 10, until_ns: u64::MAX, is_conflated: false };

/// Bytes that a reader of events may send without being let go: it has nothing to say.
const IDLE_TALK_MAX: usize = 4 << 10;

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer went, or talked nonsense.
    Peer,
    /// It did not read.
    Slow,
    /// It may no longer read.
    Revoked,
    /// One of its channels was closed.
    Closed,
}

/// In which form messages go out.
#[derive(Debug)]
pub enum Wire {
    /// Server-sent events; bytes that the peer has sent.
    Events(usize),
    /// WebSocket frames.
    Socket(Inbox),
}

/// A stream.
pub struct Flow<T> {
    io: T,
    app: Shared,
    who: Who,
    subscription: Subscription,
    wire: Wire,
    /// Bytes of ours that go out before the next message: the head, pings, notices.
    front: Vec<u8>,
    /// Bytes of ours that wait for the end of a message.
    later: Vec<u8>,
    batch: VecDeque<Arc<Message>>,
    /// Bytes of the first of these that are written.
    sent: usize,
    is_flushed: bool,
    /// A write had to wait since the last time that messages were read.
    is_behind: bool,
    /// There was something to write at the last tick, and it is not written yet.
    is_late: bool,
    end: Option<End>,
    /// The last call to look whether the reader still may.
    rechecks: u64,
    timer: Pin<Box<Sleep>>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Flow<T> {
    /// A stream on `io` that begins with `head`.
    pub fn new(io: T, app: Shared, who: Who, subscription: Subscription, wire: Wire, head: Vec<u8>) -> Flow<T> {
        app.push.enter(who, wire.transport());
        let rechecks = app.hub.rechecks();
        let timer = Box::pin(sleep(app.push.tick));
        Flow {
            io,
            app,
            who,
            subscription,
            wire,
            front: head,
            later: Vec::new(),
            batch: VecDeque::new(),
            sent: 0,
            is_flushed: true,
            is_behind: false,
            is_late: false,
            end: None,
            rechecks,
            timer,
        }
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<End> {
        if let Some(end) = self.poll_peer(context) {
            return Poll::Ready(end);
        }
        if self.is_outstayed() {
            return Poll::Ready(End::Revoked);
        }
        if let Poll::Ready(end) = self.poll_out(context) {
            return Poll::Ready(end);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            self.timer.as_mut().reset(Instant::now() + self.app.push.tick);
            if let Some(end) = self.tick() {
                return Poll::Ready(end);
            }
            if let Poll::Ready(end) = self.poll_out(context) {
                return Poll::Ready(end);
            }
        }
        Poll::Pending
    }

    /// What the peer says; that it went.
    fn poll_peer(&mut self, context: &mut Context<'_>) -> Option<End> {
        loop {
            let mut space = [0; 256];
            let mut buffer = ReadBuf::new(&mut space);
            match Pin::new(&mut self.io).poll_read(context, &mut buffer) {
                Poll::Pending => return None,
                Poll::Ready(Err(_)) => return Some(End::Peer),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Some(End::Peer),
                Poll::Ready(Ok(())) => {
                    if let Some(end) = self.hear(buffer.filled()) {
                        return Some(end);
                    }
                }
            }
        }
    }

    /// Takes in what the peer said; whether that is its end.
    pub fn hear(&mut self, bytes: &[u8]) -> Option<End> {
        let wanted = match &mut self.wire {
            Wire::Events(talked) => {
                *talked += bytes.len();
                return (*talked > IDLE_TALK_MAX).then_some(End::Peer);
            }
            Wire::Socket(inbox) => inbox.take(bytes),
        };
        match wanted {
            // The newest ping is the one to answer; a flood of them costs one frame at a time.
            Ok(wanted) => wanted.into_iter().for_each(|wanted| match wanted {
                Wanted::Pong(frame) if self.later.len() < frame::PONGS_MAX => self.say(&frame),
                Wanted::Pong(_) => {}
                Wanted::Close => self.finish(End::Peer, &frame::close(1000)),
            }),
            Err(Fault::Protocol) => self.finish(End::Peer, &frame::close(1002)),
            Err(Fault::TooLong) => self.finish(End::Peer, &frame::close(1009)),
        }
        None
    }

    /// Writes what there is, and reads on from the hub.
    fn poll_out(&mut self, context: &mut Context<'_>) -> Poll<End> {
        loop {
            let written = self.poll_write(context);
            if written.is_pending() {
                self.is_behind = true;
                self.subscription.pass_on();
            }
            if ready!(written).is_err() {
                return Poll::Ready(End::Peer);
            }
            self.is_late = false;
            if let Some(end) = self.end {
                return Poll::Ready(end);
            }
            ready!(self.subscription.poll_changed(context));
            self.refill();
        }
    }

    /// Writes all that is pending.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        loop {
            let io = Pin::new(&mut self.io);
            let written = if !self.front.is_empty() {
                ready!(io.poll_write(context, &self.front[self.sent..]))?
            } else if let Some(message) = self.batch.front() {
                match &self.wire {
                    Wire::Events(_) => ready!(io.poll_write(context, &message.event().as_bytes()[self.sent..]))?,
                    Wire::Socket(_) => {
                        let (head, length) = frame::head(message.json().len());
                        let (head, body) = (&head[self.sent.min(length)..length], message.json().as_bytes());
                        let slices = [IoSlice::new(head), IoSlice::new(&body[self.sent.saturating_sub(length)..])];
                        ready!(io.poll_write_vectored(context, &slices))?
                    }
                }
            } else if !self.later.is_empty() {
                self.front = std::mem::take(&mut self.later);
                continue;
            } else if self.is_flushed {
                return Poll::Ready(Ok(()));
            } else {
                ready!(io.poll_flush(context))?;
                self.is_flushed = true;
                continue;
            };
            if written == 0 {
                return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
            }
            self.is_flushed = false;
            self.advance(written);
        }
    }

    fn advance(&mut self, written: usize) {
        self.sent += written;
        let length = match (self.front.is_empty(), self.batch.front(), &self.wire) {
            (false, _, _) => self.front.len(),
            (true, Some(message), Wire::Events(_)) => message.event().len(),
            (true, Some(message), Wire::Socket(_)) => message.json().len() + frame::head(message.json().len()).1,
            (true, None, _) => 0,
        };
        if self.sent < length {
            return;
        }
        self.sent = 0;
        if !self.front.is_empty() {
            // Its memory too: most readers wait most of the time.
            self.front = Vec::new();
        } else {
            self.batch.pop_front();
            if self.batch.is_empty() {
                self.batch = VecDeque::new();
            }
        }
    }

    /// Whether the reader may no longer read. What was to be written is not: nobody may see it.
    fn is_outstayed(&mut self) -> bool {
        let rechecks = self.app.hub.rechecks();
        if rechecks == self.rechecks {
            return false;
        }
        self.rechecks = rechecks;
        if self.who.is_welcome(&self.app.push, now_ns()) {
            return false;
        }
        let is_between = self.sent == 0 && self.front.is_empty();
        if is_between && self.end.is_none() {
            let notice = self.wire.notice("revoked", "{\"revoked\":true}", None, 1008);
            self.batch.clear();
            self.finish(End::Revoked, &notice);
            return false;
        }
        true
    }

    /// Takes the next messages from the hub.
    fn refill(&mut self) {
        let read = self.subscription.read(Portion { is_conflated: self.is_behind, ..PORTION });
        self.is_behind = false;
        if read.is_gap {
            let cursor = self.subscription.cursor();
            let text = format!("{{\"resync\":true,\"cursor\":\"{cursor}\"}}");
            // A time range that begins before what there is has both: the word first, then what there is.
            let id = read.messages.is_empty().then_some(cursor);
            self.say(&self.wire.notice("resync", &text, id, 0));
        }
        self.batch.extend(read.messages);
        if let Some(name) = read.closed {
            let text = format!("{{\"closed\":[\"{name}\"]}}");
            let notice = self.wire.notice("closed", &text, None, 1001);
            self.finish(End::Closed, &notice);
        }
    }

    /// A ping, or the end of a reader who does not read.
    fn tick(&mut self) -> Option<End> {
        let is_idle = self.front.is_empty() && self.batch.is_empty() && self.later.is_empty() && self.is_flushed;
        if !is_idle {
            let is_slow = std::mem::replace(&mut self.is_late, true);
            return is_slow.then_some(End::Slow);
        }
        self.say(&match self.wire {
            Wire::Events(_) => b": ping\n\n".to_vec(),
            Wire::Socket(_) => frame::ping(),
        });
        None
    }

    /// Has `bytes` written as soon as no message is half written.
    fn say(&mut self, bytes: &[u8]) {
        let at = if self.batch.is_empty() { &mut self.front } else { &mut self.later };
        at.extend_from_slice(bytes);
    }

    fn finish(&mut self, end: End, notice: &[u8]) {
        if self.end.is_none() {
            self.end = Some(end);
            self.later.extend_from_slice(notice);
        }
    }
}

/// Runs until it ends; the connection serves nothing else after it. A future without a function around it: its size is
/// what a subscriber costs.
impl<T: AsyncRead + AsyncWrite + Unpin> Future for Flow<T> {
    type Output = Option<Again>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Again>> {
        match ready!(self.poll_end(context)) {
            End::Slow => self.app.push.counts.slow.add(1),
            End::Revoked => self.app.push.counts.revoked.add(1),
            End::Peer | End::Closed => {}
        }
        Poll::Ready(None)
    }
}

impl Wire {
    fn transport(&self) -> Transport {
        match self {
            Wire::Events(_) => Transport::Events,
            Wire::Socket(_) => Transport::Socket,
        }
    }

    /// A word that is no message; a WebSocket is closed after it with `code`, unless that is 0.
    fn notice(&self, event: &str, text: &str, id: Option<Cursor>, code: u16) -> Vec<u8> {
        match self {
            Wire::Events(_) => {
                let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
                format!("{id}event: {event}\ndata: {text}\n\n").into_bytes()
            }
            Wire::Socket(_) if code == 0 => frame::text(text),
            Wire::Socket(_) => [frame::text(text), frame::close(code)].concat(),
        }
    }
}

/// The books are kept also when the stream is dropped at the role's stop.
impl<T> Drop for Flow<T> {
    fn drop(&mut self) {
        self.app.push.leave(self.who, self.wire.transport());
    }
}
