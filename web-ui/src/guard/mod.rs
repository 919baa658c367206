//! Who may do what, and from where: each route's right, the visitor who comes, and what is refused before any route is
//! looked for. [`around`] puts it around the routes.

mod headers;
mod host;
mod origin;
mod own_path;
mod problem;
mod right;
mod visitor;

pub use own_path::{encoded, own_path, percent_encoded};
pub use problem::{Problem, no_method, nowhere, present};
pub(crate) use problem::{for_programs, language_of};
pub use right::{Right, Standing};
pub use visitor::{Caller, Fresh, IsFresh, Visitor};

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use crate::app::Shared;
use crate::sign_in;

/// Around all routes, the outermost first: headers of every answer; the request's host; its origin; who it is.
pub fn around(routes: Router, app: &Shared) -> Router {
    let hosts = Arc::new(host::Hosts::of(&app.options.config));
    routes
        .layer(from_fn_with_state(Arc::clone(app), sign_in::recognise))
        .layer(from_fn(origin::same_origin))
        .layer(from_fn_with_state(hosts, host::known_host))
        // What is refused here; the routes' own problems are pages already.
        .layer(from_fn(present))
        .layer(from_fn_with_state(Arc::clone(app), headers::strict))
}

/// Lets a request through to a route that needs `right`. Who the visitor is was found out before, and is in the
/// request's extensions; nobody there = not signed in.
pub async fn admit(right: Right, request: Request, next: Next) -> Response {
    let standing = request.extensions().get::<Visitor>().map(|visitor| visitor.standing);
    match right.admits(standing) {
        Ok(()) => next.run(request).await,
        Err(refusal) => Problem::from(refusal).into_response(),
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
