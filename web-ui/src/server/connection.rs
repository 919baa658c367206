//! The life of a connection: the first byte, requests, a handler that takes it, requests again.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::{Buf, Bytes};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tower::ServiceExt;

use super::takeover::{Again, Slot, Takeover, Then};
use super::{Peer, Server, Stream};

/// The head of a request, all lines together: cookies, and a browser's usual ten lines, several times over.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// Serves requests on `stream`, of which `read` has been read already.
pub(super) fn begin(stream: Stream, read: Bytes, server: Arc<Server>) -> AbortHandle {
    let loops = Arc::clone(&server.loops);
    loops.again(stream, |stream| serve(stream, read, server)).abort_handle()
}

/// Waits for the first byte, then serves requests.
async fn serve(stream: Stream, read: Bytes, server: Arc<Server>) {
    let mut stopping = server.stopping.clone();
    let first = async {
        // HTTP's buffers are made only when there is something to put in. Under TLS the request may have come with the
        // handshake's last bytes, and lie decrypted where the socket does not show it.
        if read.is_empty() && !stream.is_tls() {
            let has_come = timeout(server.door.times.idle, stream.readable()).await.is_ok();
            server.counts.head_timeouts.add(u64::from(!has_come));
            has_come
        } else {
            true
        }
    };
    let has_come = tokio::select! {
        has_come = first => has_come,
        _ = stopping.wait_for(|stopping| *stopping) => false,
    };
    if has_come && let Some((then, again)) = requests(stream, read, &server).await {
        go_on(then, again, server);
    }
}

/// Hands the connection to the one who took it, in a task of its own: that is as large as `then` needs.
fn go_on(then: Then, Again { stream, read }: Again, server: Arc<Server>) {
    server.counts.taken.add(1);
    let loops = Arc::clone(&server.loops);
    loops.push(stream, move |stream| {
        let taken = then(stream, read);
        async move {
            let mut stopping = server.stopping.clone();
            let again = tokio::select! {
                again = taken => again,
                _ = stopping.wait_for(|stopping| *stopping) => None,
            };
            if let Some(Again { stream, read }) = again {
                begin(stream, read, server);
            }
        }
    });
}

/// Serves requests until the connection ends (`None`) or is taken.
async fn requests(stream: Stream, read: Bytes, server: &Arc<Server>) -> Option<(Then, Again)> {
    let slot = Arc::new(Slot::default());
    let (address, is_tls, head) = (stream.place().address(), stream.is_tls(), stream.place().head());
    let service = service_fn(|request: hyper::Request<Incoming>| {
        head.is_done();
        let peer = Peer { address, is_tls };
        answer(request, peer, Arc::clone(server), Arc::clone(&slot))
    });
    let mut stopping = server.stopping.clone();
    let watched = Watched { stream, read, slot: Arc::clone(&slot) };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(server.door.times.head)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(watched), service);
    let mut stop = pin!(stopping.wait_for(|stopping| *stopping));
    let mut is_stopping = false;
    let then = poll_fn(|cx| {
        if !is_stopping && stop.as_mut().poll(cx).is_ready() {
            is_stopping = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        // An error is the peer's going, or nonsense instead of HTTP: it ends this connection and nothing else.
        if let Poll::Ready(ended) = Pin::new(&mut connection).poll(cx) {
            if ended.is_err_and(|error| error.is_timeout()) {
                server.counts.head_timeouts.add(1);
            }
            return Poll::Ready(None);
        }
        slot.then().map_or(Poll::Pending, |then| Poll::Ready(Some(then)))
    })
    .await?;
    let parts = connection.into_parts();
    let Watched { stream, read: unread, .. } = parts.io.into_inner();
    // Copied, also when it is empty: it would keep HTTP's whole buffer.
    let read = Bytes::from([parts.read_buf, unread].concat());
    Some((then, Again { stream, read }))
}

/// One request, and its answer.
async fn answer(
    request: hyper::Request<Incoming>,
    peer: Peer,
    server: Arc<Server>,
    slot: Arc<Slot>,
) -> Result<Response, Infallible> {
    server.counts.requests.add(1);
    let mut request: Request = request.map(Body::new);
    let peer = peer.behind(&server.door.proxies, request.headers());
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(Arc::clone(&server.places));
    if request.method() == Method::GET && request.body().is_end_stream() {
        request.extensions_mut().insert(Takeover(Arc::clone(&slot)));
    }
    let response = match timeout(server.door.times.request, server.router.clone().oneshot(request)).await {
        Ok(answered) => match answered {
            Ok(response) => response,
            Err(never) => match never {},
        },
        Err(_) => {
            server.counts.request_timeouts.add(1);
            (StatusCode::SERVICE_UNAVAILABLE, "this took too long; try again\n").into_response()
        }
    };
    if slot.is_taken() {
        return Ok(Slot::never().await);
    }
    Ok(response)
}

/// A stream that notes whether its writer waits, and whose first bytes were read before.
struct Watched {
    stream: Stream,
    read: Bytes,
    slot: Arc<Slot>,
}

impl AsyncRead for Watched {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.read.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, into);
        }
        let length = this.read.len().min(into.remaining());
        into.put_slice(&this.read[..length]);
        this.read.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.slot.wrote(written.is_pending());
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.slot.wrote(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        this.slot.wrote(flushed.is_pending());
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
