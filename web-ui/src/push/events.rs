//! `GET /push/events`: server-sent events.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::ask::Ask;
use super::flow::{Flow, Wire};
use super::guard::Reader;
use super::problem::Problem;
use crate::app::Shared;
use crate::hub::Cursor;
use crate::role::now_ns;
use crate::server::Takeover;

/// How soon a browser that lost its stream comes back, ms.
const RETRY_MS: u32 = 3_000;

/// Answers with a stream that lasts until one of both sides ends it.
pub async fn subscribe(
    State(app): State<Shared>,
    reader: Reader,
    uri: Uri,
    headers: HeaderMap,
    takeover: Takeover,
) -> Result<Response, Problem> {
    let ask = Ask::of(&uri, &headers, now_ns())?;
    let names = ask.names();
    reader.may_read(&names)?;
    let subscription = app.hub.subscribe(&names, ask.start, now_ns())?;
    let head = head(subscription.cursor());
    let who = reader.who;
    Ok(takeover.take(move |stream, _read| Flow::new(stream, app, who, subscription, Wire::Events(0), head)))
}

/// Head of the answer, and the place in the hub as an event without data: a browser that loses the stream before the
/// first message comes back to this place.
fn head(cursor: Cursor) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\n\
         content-type: text/event-stream; charset=utf-8\r\n\
         cache-control: no-cache, no-transform\r\n\
         x-accel-buffering: no\r\n\
         x-content-type-options: nosniff\r\n\
         connection: close\r\n\
         \r\n\
         retry: {RETRY_MS}\nid: {cursor}\n\n"
    )
    .into_bytes()
}
