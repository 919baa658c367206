//! `/api/tokens`: admins make, list and revoke the tokens of scripts.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::publish::text;
use super::token::{Token, TokenError, Wish};
use crate::app::Shared;
use crate::guard::{Caller, Fresh};
use crate::role::now_ns;

/// Bytes of a request.
const REQUEST_MAX: usize = 4 << 10;

/// All tokens, without their texts.
pub async fn list(State(app): State<Shared>) -> Response {
    let tokens: Vec<Token> = app.push.tokens.list().iter().map(|token| Token::clone(token)).collect();
    Json(serde_json::json!({ "tokens": tokens })).into_response()
}

/// Makes a token; the answer is the only place where its text stands.
pub async fn make(
    State(app): State<Shared>,
    Fresh(visitor): Fresh,
    caller: Caller,
    body: Body,
) -> Result<Response, Problem> {
    let text = text(body, REQUEST_MAX).await?;
    let wish: Wish = serde_json::from_str(&text).map_err(|error| {
        Problem::bad_request(format!("{error}; a request looks like {{\"name\":\"backup\",\"publish\":\"x/backup/\"}}"))
    })?;
    let (token, text) = app.push.tokens.make(wish, &visitor.user, now_ns()).await?;
    let what = format!("{} {}", token.id, token.name);
    app.log.write(caller.entry(&visitor.user, "token.make", &what, Ok(())), now_ns());
    let body = serde_json::json!({ "id": token.id, "token": text });
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// Revokes a token; what reads by it ends.
pub async fn revoke(
    State(app): State<Shared>,
    Fresh(visitor): Fresh,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| TokenError::Unknown)?;
    app.push.tokens.revoke(id).await?;
    app.hub.recheck();
    app.log.write(caller.entry(&visitor.user, "token.revoke", &id.to_string(), Ok(())), now_ns());
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Problem {
        let status = match &error {
            TokenError::Wish(_) => StatusCode::BAD_REQUEST,
            TokenError::TooMany => StatusCode::CONFLICT,
            TokenError::Unknown => StatusCode::NOT_FOUND,
            TokenError::State(_) | TokenError::Random(_) => {
                tracing::warn!(%error, "tokens cannot be written");
                return Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the page's own file cannot be written now; try again",
                );
            }
        };
        Problem::new(status, error.to_string())
    }
}
