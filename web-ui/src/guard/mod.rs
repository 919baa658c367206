//! Who may do what: each route's right, and the visitor who comes.

mod problem;
mod right;
mod visitor;

pub use problem::Problem;
pub use right::{Right, Standing};
pub use visitor::Visitor;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets a request through to a route that needs `right`. Who the visitor is was found out before, and is in the
/// request's extensions; nobody there = not signed in.
pub async fn admit(right: Right, request: Request, next: Next) -> Response {
    let standing = request.extensions().get::<Visitor>().map(|visitor| visitor.standing);
    match right.admits(standing) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Why a visitor is not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody is signed in.
    #[error("sign in first")]
    SignIn,
    /// Signed in, with too little right.
    #[error("this needs the right of {0}")]
    Standing(&'static str),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Refusal::SignIn => StatusCode::UNAUTHORIZED,
            Refusal::Standing(_) => StatusCode::FORBIDDEN,
        };
        (status, format!("{self}\n")).into_response()
    }
}
