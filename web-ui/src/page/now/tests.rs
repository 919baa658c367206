//! What the page says.

use std::sync::Arc;

use axum::http::StatusCode;

use crate::feed::tests::{capture, ingest, notifier};
use crate::feed::{Heard, Snapshot};
use crate::guard::Standing;
use crate::role::now_ns;
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

/// A busy second that was heard `age_ns` ago.
fn told(app: &crate::app::Shared, age_ns: u64, change: impl FnOnce(&mut live::CaptureLine, &mut live::NotifierLine)) {
    let now = now_ns();
    let (mut line, mut host) = (capture(1, now), notifier(1, now, Vec::new()));
    change(&mut line, &mut host);
    let at_ns = now - age_ns;
    app.feed.tell(Arc::new(Snapshot {
        time_ns: now,
        begun_ns: now,
        capture: Some(Heard { line: Arc::new(line), at_ns }),
        ingest: Some(Heard { line: Arc::new(ingest(1, now)), at_ns }),
        notifier: Some(Heard { line: Arc::new(host), at_ns }),
        run: None,
    }));
}

#[tokio::test]
async fn each_state_is_told() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let router = router(&app, Some(visitor(Standing::Viewer, Language::En)));
    // Nothing was ever heard.
    let (_, page) = get(&router, "/").await;
    assert!(page.contains("capture was not heard yet") && !page.contains("All is well"), "{page}");
    told(&app, 0, |_, _| {});
    let (_, page) = get(&router, "/").await;
    assert!(
        page.contains("All is well") && page.contains("they balance") && !page.contains("class=\"stale\""),
        "{page}"
    );
    told(&app, 14_000_000_000, |_, _| {});
    let (_, page) = get(&router, "/").await;
    assert!(page.contains("class=\"stale\"") && page.contains("14\u{202f}s ago"), "{page}");
    assert!(page.contains("notifier is silent") && !page.contains("All is well"), "{page}");
    let (status, json) = get(&router, "/api/now").await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(status == StatusCode::OK && json["tone"] == "bad" && json["ledger"]["imbalance"] == 0, "{json}");
}

#[tokio::test]
async fn names_from_the_wire_stay_texts() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let hostile = "\"><script>alert(1)</script>".to_owned();
    told(&app, 0, |line, host| {
        line.top_hosts[0].key.clone_from(&hostile);
        line.interfaces[0].name.clone_from(&hostile);
        line.interfaces[0].state = "down".to_owned();
        host.host.processes.by_cpu[0].name.clone_from(&hostile);
    });
    let (_, page) = get(&router(&app, Some(visitor(Standing::Admin, Language::En))), "/").await;
    assert_eq!(page.matches("alert(1)").count(), 3, "each is shown: {page}");
    assert!(!page.contains("<script>alert"), "{page}");
}
