//! *Now*: the first page.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::app::Shared;
use crate::guard::{Right, Standing, Visitor};
use crate::page::frame::{Frame, Place, html};
use crate::routes::Route;

pub fn routes() -> Vec<Route> {
    vec![Route::get("/", Right::User(Standing::Viewer), show)]
}

#[derive(Template)]
#[template(path = "now.html")]
struct Page {
    frame: Frame,
    mode: String,
}

async fn show(State(app): State<Shared>, visitor: Visitor) -> Response {
    let snapshot = app.now.borrow().clone();
    let mode = snapshot.notifier.as_ref().map(|heard| heard.line.mode.clone()).unwrap_or_default();
    html(&Page { frame: Frame::of(Place::Now, &visitor), mode })
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use crate::guard::Standing;
    use crate::testing::{get, parts, router, visitor};
    use crate::words::Language;

    #[tokio::test]
    async fn it_needs_a_visitor_and_speaks_the_visitors_language() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let app = parts(dir.path());
        assert_eq!(get(&router(&app, None), "/").await.0, StatusCode::UNAUTHORIZED);
        let (status, page) = get(&router(&app, Some(visitor(Standing::Viewer, Language::Ru))), "/").await;
        assert!(status == StatusCode::OK && page.contains("Сейчас") && page.contains("lang=\"ru\""), "{page}");
    }
}
