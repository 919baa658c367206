//! What the page says.

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
