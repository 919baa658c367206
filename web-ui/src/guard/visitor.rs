//! The visitor of a request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::{Refusal, Standing};
use crate::words::Language;

/// A user who is signed in, as the session says. Handlers take it as an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Name of the user.
    pub user: String,
    /// What the user may do.
    pub standing: Standing,
    /// Which of the user's sessions: a public number of it, not what the cookie holds.
    pub session: u64,
    /// What the user reads.
    pub language: Language,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Visitor, Refusal> {
        parts.extensions.get::<Visitor>().cloned().ok_or(Refusal::SignIn)
    }
}
