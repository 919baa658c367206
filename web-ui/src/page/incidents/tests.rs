//! The list and one incident, with texts that would be scripts.

use std::sync::Arc;

use axum::http::StatusCode;
use live::incident::{Severity, SubjectKind};

use crate::app::Shared;
use crate::feed::tests::{START, attack, incident, notifier};
use crate::feed::{Heard, Snapshot};
use crate::guard::Standing;
use crate::role::now_ns;
use crate::testing::{get, parts, router, visitor};
use crate::words::Language;

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// notifier was heard now, with an attack whose every text is hostile, and a plain incident.
fn told(app: &Shared) {
    let mut first = incident(&"a1".repeat(16), Severity::Critical);
    first.subject.name = HOSTILE.to_owned();
    first.summary.en = HOSTILE.to_owned();
    first.remedy.en = HOSTILE.to_owned();
    first.rule = HOSTILE.to_owned();
    first.acknowledged_by = HOSTILE.to_owned();
    first.labels.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    let mut known = attack();
    known.title.en = HOSTILE.to_owned();
    known.target = HOSTILE.to_owned();
    known.sources[0].key = HOSTILE.to_owned();
    known.sample = HOSTILE.to_owned();
    first.attack = Some(Box::new(known));
    let mut second = incident(&"b2".repeat(16), Severity::Warning);
    second.subject.kind = SubjectKind::Disk;
    second.subject.name = "/var".to_owned();
    let line = Arc::new(notifier(1, START, vec![first, second]));
    let now = now_ns();
    let heard = Some(Heard { line, at_ns: now });
    app.feed.tell(Arc::new(Snapshot { time_ns: now, begun_ns: now, notifier: heard, ..Snapshot::default() }));
}

#[tokio::test]
async fn hostile_texts_stay_texts_and_the_rights_are_kept() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    told(&app);
    for path in ["/".to_owned(), "/incidents".to_owned(), format!("/incidents/{}", "a1".repeat(16))] {
        for (standing, may_act) in [(Standing::Viewer, false), (Standing::Operator, true), (Standing::Admin, true)] {
            let (status, page) = get(&router(&app, Some(visitor(standing, Language::En))), &path).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert!(page.contains("alert(1)"), "{path} shows the texts");
            assert!(!page.contains("<script>alert") && !page.contains("<img"), "{path}: {page}");
            assert_eq!(page.contains("value=\"silence\""), may_act, "{path} as {standing:?}");
            assert_eq!(page.contains("href=\"/samples/"), standing == Standing::Admin && path.len() > 20, "{path}");
        }
    }
}

#[tokio::test]
async fn the_list_is_filtered_and_nonsense_is_refused_with_words() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    told(&app);
    let router = router(&app, Some(visitor(Standing::Viewer, Language::Ru)));
    let (_, all) = get(&router, "/incidents").await;
    assert!(all.contains("диск /var") && all.contains("критический"), "{all}");
    let (_, critical) = get(&router, "/incidents?severity=critical").await;
    assert!(!critical.contains("диск /var"));
    let (_, past) = get(&router, "/incidents?state=past").await;
    assert!(!past.contains("data-part=\"open\"") && past.contains("Завершённых инцидентов"), "{past}");
    let (_, by_rule) = get(&router, "/incidents?rule=packets_in&state=open").await;
    assert!(by_rule.contains("диск /var") && !by_rule.contains("alert(1)"), "{by_rule}");
    for wrong in ["/incidents?state=x", "/incidents?severity=%3Cb%3E", "/incidents?days=2", "/incidents/xyz"] {
        let (status, page) = get(&router, wrong).await;
        assert!(status == StatusCode::BAD_REQUEST && !page.is_empty(), "{wrong}: {status}");
    }
    let long = format!("/incidents?rule={}", "a".repeat(65));
    assert_eq!(get(&router, &long).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(get(&router, &format!("/incidents/{}", "0".repeat(32))).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_notifier_nothing_is_claimed() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let router = router(&parts(dir.path()), Some(visitor(Standing::Viewer, Language::En)));
    let (status, page) = get(&router, "/incidents").await;
    assert!(status == StatusCode::OK && page.contains("notifier is not heard"), "{page}");
    assert!(!page.contains("Nothing is wrong"));
}
