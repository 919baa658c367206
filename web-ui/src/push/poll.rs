//! `GET /push/poll`: long-poll. One request, one answer with all that came since the cursor; if nothing came, the answer
//! waits for the first message, without a buffer or an HTTP connection of its own.

use std::fmt::Write;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, sleep, timeout};

use super::ask::Ask;
use super::counts::Transport;
use super::guard::{Reader, Who};
use super::problem::Problem;
use crate::app::Shared;
use crate::hub::{Portion, Read, Subscription};
use crate::role::now_ns;
use crate::server::{Again, Stream, Takeover};

/// What one answer has at most; the rest comes with the next request, at once.
const PORTION: Portion = Portion { messages_max: 1_000, bytes_max: 256 << 10, until_ns: u64::MAX, is_conflated: false };

/// How long an answer may take to be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes of the client's next request that are kept while this one waits.
const AHEAD_MAX: usize = 4 << 10;

/// Answers at once if there is something, else when there is.
pub async fn subscribe(
    State(app): State<Shared>,
    reader: Reader,
    uri: Uri,
    headers: HeaderMap,
    takeover: Option<Extension<Takeover>>,
) -> Result<Response, Problem> {
    let ask = Ask::of(&uri, &headers, now_ns())?;
    let names = ask.names();
    reader.may_read(&names)?;
    let mut subscription = app.hub.subscribe(&names, ask.start, now_ns())?;
    let read = subscription.read(Portion { until_ns: ask.until_ns.unwrap_or(u64::MAX), ..PORTION });
    if ask.until_ns.is_some() || ask.wait.is_zero() || is_something(&read) {
        return Ok(now(&subscription, &read));
    }
    let deadline = Instant::now() + ask.wait;
    let who = reader.who;
    let Some(Extension(takeover)) = takeover else {
        let read = Waiting::new(app, who, subscription, deadline).wait(None).await;
        return read.map(|(subscription, read)| now(&subscription, &read)).ok_or_else(gone);
    };
    Ok(takeover.take(move |stream, ahead| async move {
        Waiting::new(app, who, subscription, deadline).serve(stream, ahead).await
    }))
}

fn gone() -> Problem {
    Problem::new(axum::http::StatusCode::UNAUTHORIZED, "the session or token that this request came with was ended")
}

fn is_something(read: &Read) -> bool {
    !read.messages.is_empty() || read.is_gap || read.closed.is_some()
}

fn now(subscription: &Subscription, read: &Read) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, body(subscription, read)).into_response()
}

/// The answer's body.
fn body(subscription: &Subscription, read: &Read) -> String {
    let length: usize = read.messages.iter().map(|message| message.json().len() + 1).sum();
    let mut body = String::with_capacity(length + 96);
    let _ = write!(body, "{{\"cursor\":\"{}\",\"messages\":[", subscription.cursor());
    for (index, message) in read.messages.iter().enumerate() {
        body.push_str(if index == 0 { "" } else { "," });
        body.push_str(message.json());
    }
    body.push(']');
    body.push_str(if read.is_gap { ",\"resync\":true" } else { "" });
    body.push_str(if read.has_more { ",\"more\":true" } else { "" });
    if let Some(name) = &read.closed {
        let _ = write!(body, ",\"closed\":[\"{name}\"]");
    }
    body.push_str("}\n");
    body
}

/// A request that waits.
struct Waiting {
    app: Shared,
    who: Who,
    /// Taken out when the wait is over.
    subscription: Option<Subscription>,
    deadline: Instant,
    /// The last call to look whether the reader still may.
    rechecks: u64,
}

/// A connection that is watched while its request waits.
struct Watch<'a> {
    stream: &'a mut Stream,
    /// The client's next request, as far as it came.
    ahead: &'a mut Vec<u8>,
}

impl Waiting {
    fn new(app: Shared, who: Who, subscription: Subscription, deadline: Instant) -> Waiting {
        app.push.enter(who, Transport::Poll);
        let rechecks = app.hub.rechecks();
        Waiting { app, who, subscription: Some(subscription), deadline, rechecks }
    }

    /// Waits, writes the answer, and gives the connection back.
    async fn serve(self, mut stream: Stream, ahead: Bytes) -> Option<Again> {
        let app = Arc::clone(&self.app);
        let mut ahead = Vec::from(ahead);
        let (subscription, read) = self.wait(Some(Watch { stream: &mut stream, ahead: &mut ahead })).await?;
        let body = body(&subscription, &read);
        drop(subscription);
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: no-store\r\n\
             x-content-type-options: nosniff\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        match timeout(WRITE_TIMEOUT, write(&mut stream, answer.as_bytes())).await {
            Ok(Ok(())) => Some(Again { stream, read: Bytes::from(ahead) }),
            Ok(Err(_)) => None,
            Err(_) => {
                app.push.counts.slow.add(1);
                None
            }
        }
    }

    /// Waits for the first message or the deadline. `None` = the client is gone, or may no longer read.
    async fn wait(mut self, mut watch: Option<Watch<'_>>) -> Option<(Subscription, Read)> {
        let mut subscription = self.subscription.take()?;
        let mut over = pin!(sleep(self.deadline.saturating_duration_since(Instant::now())));
        poll_fn(|context| {
            if watch.as_mut().is_some_and(|watch| watch.is_gone(context)) {
                return Poll::Ready(None);
            }
            while subscription.poll_changed(context).is_ready() {
                let rechecks = self.app.hub.rechecks();
                let is_asked = std::mem::replace(&mut self.rechecks, rechecks) != rechecks;
                if is_asked && !self.who.is_welcome(&self.app.push, now_ns()) {
                    self.app.push.counts.revoked.add(1);
                    return Poll::Ready(None);
                }
                let read = subscription.read(PORTION);
                if is_something(&read) {
                    return Poll::Ready(Some(read));
                }
            }
            over.as_mut().poll(context).map(|()| Some(Read::default()))
        })
        .await
        .map(|read| (subscription, read))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.app.push.leave(self.who, Transport::Poll);
    }
}

impl Watch<'_> {
    /// Whether the client went; what it says beside is kept for the next request, up to a bound.
    fn is_gone(&mut self, context: &mut Context<'_>) -> bool {
        while self.ahead.len() < AHEAD_MAX {
            let mut space = [0; 512];
            let mut buffer = ReadBuf::new(&mut space);
            match Pin::new(&mut *self.stream).poll_read(context, &mut buffer) {
                Poll::Pending => return false,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => self.ahead.extend_from_slice(buffer.filled()),
                Poll::Ready(_) => return true,
            }
        }
        false
    }
}

async fn write(io: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> std::io::Result<()> {
    io.write_all(bytes).await?;
    io.flush().await
}
