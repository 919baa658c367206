//! Who reads, and whether they still may: asked when a stream begins and again while it lasts.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::Push;
use super::problem::Problem;
use super::token::Token;
use crate::app::{App, Shared};
use crate::guard::Visitor;

/// Answers from memory whether a session is still open. Asked once a second for all
/// sessions that have streams, and by each stream after [`crate::hub::Hub::recheck`].
pub struct StreamGuard(Box<dyn Fn(u64) -> bool + Send + Sync>);

impl StreamGuard {
    /// By a question that neither waits nor blocks.
    pub fn new(is_open: impl Fn(u64) -> bool + Send + Sync + 'static) -> StreamGuard {
        StreamGuard(Box::new(is_open))
    }

    /// Whether the session still is.
    pub fn is_open(&self, session: u64) -> bool {
        (self.0)(session)
    }
}

/// A reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// A user, by the number of the session.
    Session(u64),
    /// A script, by the number of its token.
    Token(i64),
}

impl Who {
    /// Whether the reader may read on.
    pub fn is_welcome(self, push: &Push, now_ns: u64) -> bool {
        match self {
            Who::Session(session) => push.guard.is_open(session),
            Who::Token(id) => push.tokens.is_valid(id, now_ns),
        }
    }
}

/// The reader of a request, and what they may read: users all channels, scripts those that their token names.
pub struct Reader {
    /// Who it is.
    pub who: Who,
    token: Option<Arc<Token>>,
}

impl Reader {
    /// Whether all of `names` may be read.
    ///
    /// # Errors
    /// The first that may not.
    pub fn may_read(&self, names: &[&str]) -> Result<(), Problem> {
        let Some(token) = &self.token else { return Ok(()) };
        match names.iter().find(|name| !token.may_subscribe(name)) {
            None => Ok(()),
            Some(name) => Err(Problem::new(
                StatusCode::FORBIDDEN,
                format!("this token does not have the right to subscribe to {name:?}; an admin can make one that has"),
            )),
        }
    }
}

impl FromRequestParts<Shared> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Reader, Problem> {
        if let Some(visitor) = parts.extensions.get::<Visitor>() {
            return Ok(Reader { who: Who::Session(visitor.session), token: None });
        }
        let token = bearer(&parts.headers, app)?;
        Ok(Reader { who: Who::Token(token.id), token: Some(token) })
    }
}

/// The script of a request that carries a token.
pub struct Script(pub Arc<Token>);

impl FromRequestParts<Shared> for Script {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Script, Problem> {
        bearer(&parts.headers, app).map(Script)
    }
}

fn bearer(headers: &HeaderMap, app: &App) -> Result<Arc<Token>, Problem> {
    let refused = |words: &'static str| Problem::new(StatusCode::UNAUTHORIZED, words);
    let header = headers
        .get(header::AUTHORIZATION)
        .ok_or_else(|| refused("sign in, or send a token: Authorization: Bearer fmp_…"))?;
    let text = header.to_str().ok().and_then(|text| text.split_once(' '));
    let token = text.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let known = token.and_then(|token| app.push.tokens.find(token, crate::role::now_ns()));
    known.ok_or_else(|| refused("this token is unknown, revoked or has run out; an admin can make another"))
}
