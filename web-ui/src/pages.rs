//! Every route in one place, and what it answers.

use axum::Router;
use axum::routing::get;

/// The routes.
pub fn router() -> Router {
    Router::new().route("/", get(front)).route("/healthz", get(healthz))
}

/// The first page.
async fn front() -> &'static str {
    "Floodmark is running. This version has no pages yet; the command line shows what it keeps.\n"
}

/// For load balancers and probes: the role answers.
async fn healthz() -> &'static str {
    "ok\n"
}
