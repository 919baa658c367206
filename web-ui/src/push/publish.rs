//! `POST /push/publish`: a script's message.

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;

use super::guard::Script;
use super::problem::Problem;
use super::token::Token;
use crate::app::Shared;
use crate::hub::limits::BODY_MAX;
use crate::role::now_ns;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    channels: String,
}

/// Publishes the body, as it is, to all channels that the query names.
pub async fn publish(
    State(app): State<Shared>,
    Script(token): Script,
    uri: Uri,
    body: Body,
) -> Result<Response, Problem> {
    let Query(raw) = Query::<Raw>::try_from_uri(&uri).map_err(|error| Problem::bad_request(error.body_text()))?;
    let names: Vec<&str> = raw.channels.split(',').filter(|name| !name.is_empty()).collect();
    may_publish(&token, &names)?;
    app.push.tokens.spend(token.id, now_ns()).map_err(|seconds| {
        app.push.counts.limited.add(1);
        let words = format!("this token may publish {} messages a second; try again in {seconds} s", token.rate);
        Problem::new(StatusCode::TOO_MANY_REQUESTS, words).retry_after(seconds)
    })?;
    let body = text(body, BODY_MAX).await?;
    let cursor = app.hub.offer(&names, &body, now_ns())?;
    Ok(axum::Json(serde_json::json!({ "id": cursor.to_string() })).into_response())
}

/// Whether the token's right covers all of `names`.
pub(super) fn may_publish(token: &Token, names: &[&str]) -> Result<(), Problem> {
    match names.iter().find(|name| !token.may_publish(name)) {
        None => Ok(()),
        Some(name) => Err(Problem::new(
            StatusCode::FORBIDDEN,
            format!("this token does not have the right to publish to {name:?}; an admin can make one that has"),
        )),
    }
}

/// A body of text with a bound.
pub(super) async fn text(body: Body, bytes_max: usize) -> Result<String, Problem> {
    let whole = Limited::new(body, bytes_max).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body has more than {bytes_max} bytes"));
        }
        Problem::bad_request("the body did not come whole")
    })?;
    String::from_utf8(whole.to_bytes().into()).map_err(|_| Problem::bad_request("the body is not UTF-8"))
}
