//! `/push/channels`: scripts make, renew and close theirs.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::guard::{Reader, Script};
use super::problem::Problem;
use super::publish::{may_publish, text};
use crate::app::Shared;
use crate::hub::{Wish, time_of};
use crate::role::now_ns;

/// Bytes of a request: one object of a few short fields.
const REQUEST_MAX: usize = 4 << 10;

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    channel: String,
    #[serde(rename = "do")]
    verb: Verb,
    /// Seconds that it lives from now.
    #[serde(default)]
    lifetime_s: Option<u64>,
    #[serde(default)]
    messages_max: Option<usize>,
    #[serde(default)]
    bytes_max: Option<usize>,
    #[serde(default)]
    gauge: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verb {
    /// Make it, or renew it if it exists.
    Open,
    Close,
}

/// The life of a channel of which nothing else is said, s.
const LIFETIME_S: u64 = 3_600;

/// Makes, renews or closes a channel. Sent twice it does no more than once.
pub async fn change(State(app): State<Shared>, Script(token): Script, body: Body) -> Result<Response, Problem> {
    let text = text(body, REQUEST_MAX).await?;
    let change: Change = serde_json::from_str(&text).map_err(|error| {
        Problem::bad_request(format!(
            "{error}; a request looks like {{\"do\":\"open\",\"channel\":\"x/backup\",\"lifetime_s\":3600}}"
        ))
    })?;
    may_publish(&token, &[&change.channel])?;
    if change.verb == Verb::Close {
        app.hub.close(&change.channel)?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let (now_ns, lifetime_s) = (now_ns(), change.lifetime_s.unwrap_or(LIFETIME_S));
    let lifetime_ns = lifetime_s.saturating_mul(1_000_000_000);
    let (messages_max, bytes_max, is_gauge) = (change.messages_max, change.bytes_max, change.gauge);
    let is_new = app.hub.open(&change.channel, Wish { lifetime_ns, messages_max, bytes_max, is_gauge }, now_ns)?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let expires = time_of(now_ns.saturating_add(lifetime_ns)).to_string();
    Ok((status, Json(serde_json::json!({ "channel": change.channel, "expires": expires }))).into_response())
}

/// The channels that the reader may read.
pub async fn list(State(app): State<Shared>, reader: Reader) -> Response {
    let channels = app.hub.known(|name| reader.may_read(&[name]).is_ok());
    let row = |known: crate::hub::Known| {
        serde_json::json!({
            "channel": &*known.name,
            "messages": known.messages,
            "subscribers": known.subscribers,
            "expires": known.expires_ns.map(|time_ns| time_of(time_ns).to_string()),
        })
    };
    let rows: Vec<_> = channels.into_iter().map(row).collect();
    Json(serde_json::json!({ "cursor": app.hub.cursor().to_string(), "channels": rows })).into_response()
}
