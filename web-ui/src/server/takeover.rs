//! A handler takes its connection: HTTP's buffers are given up, and the handler's own future writes what it wants. So a
//! subscriber who only waits costs some hundred bytes and not the 8 KiB that HTTP keeps for the next request.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::Stream;

/// The connection given back for further requests.
pub struct Again {
    /// The connection; everything that was to be written is written.
    pub stream: Stream,
    /// What was read of it and not used: the beginning of the next request.
    pub read: Bytes,
}

type Taken = Pin<Box<dyn Future<Output = Option<Again>> + Send>>;

/// What is done with a taken connection.
pub(super) type Then = Box<dyn FnOnce(Stream, Bytes) -> Taken + Send>;

/// The right to take the connection of a request; in the extensions of each GET without a body. Handlers take it as an
/// argument.
#[derive(Clone)]
pub struct Takeover(pub(super) Arc<Slot>);

/// What a connection and its requests know of each other.
#[derive(Default)]
pub(super) struct Slot {
    then: Mutex<Option<Then>>,
    is_blocked: AtomicBool,
}

impl Takeover {
    /// Takes the connection. What is returned here is for the handler to return, and is never written: `then` gets the
    /// connection and what was read of it beyond the request, and writes the whole answer, head included. What it
    /// gives back serves further requests; `None` closes the connection. It is dropped at the role's stop.
    ///
    /// The second of two calls for one request wins.
    pub fn take<F, T>(self, then: F) -> Response
    where
        F: FnOnce(Stream, Bytes) -> T + Send + 'static,
        T: Future<Output = Option<Again>> + Send + 'static,
    {
        let then: Then = Box::new(move |stream, read| Box::pin(then(stream, read)));
        *self.0.then.lock().unwrap_or_else(PoisonError::into_inner) = Some(then);
        StatusCode::OK.into_response()
    }
}

impl Slot {
    /// Whether the connection is taken.
    pub(super) fn is_taken(&self) -> bool {
        self.then.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// What is to be done with it, once all that HTTP had to write is written.
    pub(super) fn then(&self) -> Option<Then> {
        if self.is_blocked.load(Ordering::Relaxed) {
            return None;
        }
        self.then.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Notes whether the last write had to wait, so that HTTP still holds bytes.
    pub(super) fn wrote(&self, is_blocked: bool) {
        self.is_blocked.store(is_blocked, Ordering::Relaxed);
    }

    /// For the service of a connection that is taken: there is no answer.
    pub(super) async fn never() -> Response {
        match std::future::pending::<Infallible>().await {}
    }
}

impl fmt::Debug for Takeover {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Takeover")
    }
}

/// The request has no connection that can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this needs a GET without a body")]
pub struct NoTakeover;

impl IntoResponse for NoTakeover {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, format!("{self}\n")).into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Takeover {
    type Rejection = NoTakeover;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Takeover, NoTakeover> {
        parts.extensions.remove::<Takeover>().ok_or(NoTakeover)
    }
}
