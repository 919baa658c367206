//! Parts and visitors for tests.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::app::Shared;
use crate::config::Config;
use crate::guard::{IsFresh, Standing, Visitor};
use crate::role::{Options, app};
use crate::words::Language;

/// Options with everything below `dir` and a free port.
pub(crate) fn options(dir: &Path) -> Options {
    Options {
        config: Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..Config::default() },
        store: store::config::Config::default(),
        data_dir: dir.join("data"),
        run_dir: dir.join("run"),
        node: "test-node".to_owned(),
        billing_day: 1,
        tools: crate::tools::Tools::default(),
    }
}

/// All parts, below `dir`.
pub(crate) fn parts(dir: &Path) -> Shared {
    app(&options(dir)).expect("a scratch folder can be written")
}

/// A visitor of `standing`.
pub(crate) fn visitor(standing: Standing, language: Language) -> Visitor {
    Visitor { user: "anna".to_owned(), standing, session: 1, language }
}

/// The routes, as `visitor` sees them; `None` = nobody is signed in.
pub(crate) fn router(app: &Shared, visitor: Option<Visitor>) -> Router {
    crate::routes::router(Arc::clone(app)).layer(from_fn(move |mut request: Request, next: Next| {
        if let Some(visitor) = visitor.clone() {
            request.extensions_mut().insert(visitor);
            request.extensions_mut().insert(IsFresh(true));
        }
        next.run(request)
    }))
}

/// What `router` answers to a GET: status and text.
pub(crate) async fn get(router: &Router, path: &str) -> (StatusCode, String) {
    let request = Request::builder().uri(path).body(Body::empty()).expect("a path");
    let answer = router.clone().oneshot(request).await.expect("a router does not fail");
    let status = answer.status();
    let body = answer.into_body().collect().await.expect("a whole answer").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

/// Who stores.
pub(crate) fn node() -> store::NodeIdentity {
    store::NodeIdentity { uuid: [9; 16], name: "host.example".to_owned(), version: "0.1.0".to_owned() }
}

/// Stores `batch` below `dir` as ingest would.
pub(crate) async fn commit(dir: &Path, batch: &store::Batch) {
    let store = store::Store::connect(&store::config::Config::default(), dir).await.expect("a folder");
    store.migrate().await.expect("tables");
    let mut writer = store.writer(&node(), batch.arrived).await.expect("a writer");
    writer.commit(batch).await.expect("stored");
    store.close().await;
}
