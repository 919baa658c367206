//! The pages over a store in a scratch folder.

use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use http_body_util::BodyExt;
use store::{Batch, FlowRow};
use tower::ServiceExt;

use super::row::tests::flow;
use crate::guard::Standing;
use crate::role::now_s;
use crate::testing::{commit, get, parts, router, visitor};
use crate::words::Language;

/// Flows of `192.0.2.1` to `192.0.2.2`, one a minute, the newest a minute ago; every tenth from 192.0.2.77.
async fn fill(dir: &Path, count: u64) {
    let now = now_s();
    let row = |seq: u64| {
        let mut row: FlowRow = flow(seq, now - 60 * (count - seq + 1) as u32).row;
        if seq.is_multiple_of(10) {
            row.src_ip[15] = 77;
        }
        row
    };
    let flows = (1..=count).map(row).collect();
    let batch = Batch { epoch: 9, stream: 1, first_seq: 1, last_seq: count, arrived: now, flows, ..Batch::default() };
    commit(&dir.join("data"), &batch).await;
}

async fn post(router: &Router, path: &str, form: &'static str) -> (StatusCode, String, String) {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = router.clone().oneshot(request.body(Body::from(form)).expect("a form")).await.expect("an answer");
    let (status, place) = (answer.status(), answer.headers().get(header::LOCATION).cloned());
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    let place = place.map(|place| place.to_str().expect("a path").to_owned()).unwrap_or_default();
    (status, place, String::from_utf8(body.to_vec()).expect("text"))
}

#[tokio::test]
async fn the_search_works_without_scripts_page_by_page() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let router = router(&parts(dir.path()), Some(visitor(Standing::Viewer, Language::En)));
    assert!(get(&router, "/flows").await.1.contains("No data yet"));
    fill(dir.path(), 120).await;
    let (mut path, mut rows, mut pages) = ("/flows?protocol=tcp".to_owned(), 0, 0);
    loop {
        let (status, page) = get(&router, &path).await;
        assert_eq!(status, StatusCode::OK);
        rows += page.matches("class=\"flow\"").count();
        pages += 1;
        let Some((_, link)) = page.split_once("id=\"further\" href=\"") else {
            assert!(page.contains("All that is stored of this time was read."), "{page}");
            break;
        };
        assert!(page.contains("Read back"), "{page}");
        path = link.split('"').next().expect("a link").replace("&#38;", "&");
    }
    assert_eq!((rows, pages), (120, 3));
    let (_, page) = get(&router, "/flows?address=192.0.2.77").await;
    assert_eq!(page.matches("class=\"flow\"").count(), 12);
    assert!(get(&router, "/flows?address=198.51.100.0/24").await.1.contains("Nothing was found."));
}

#[tokio::test]
async fn the_stream_and_the_file_tell_every_row() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let router = router(&parts(dir.path()), Some(visitor(Standing::Viewer, Language::Ru)));
    fill(dir.path(), 120).await;
    let (status, text) = get(&router, "/api/flows?address=192.0.2.77").await;
    let told: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let rows: usize = told.iter().filter_map(|line| line["rows"].as_array()).map(Vec::len).sum();
    assert_eq!((status, rows), (StatusCode::OK, 12));
    let last = told.last().expect("a line");
    assert!(last["done"] == true && last["progress"].as_str().is_some_and(|text| text.contains("Прочитано")), "{last}");
    let (status, text) = get(&router, "/flows.csv?port=443").await;
    assert_eq!((status, text.lines().count()), (StatusCode::OK, 121));
}

#[tokio::test]
async fn labels_are_set_by_operators_and_shown_with_the_address() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    fill(dir.path(), 20).await;
    let as_a = |standing| router(&app, Some(visitor(standing, Language::En)));
    let (viewer, operator) = (as_a(Standing::Viewer), as_a(Standing::Operator));
    let form = "prefix=192.0.2.2&label=%3Cscript%3Ealert(1)%3C%2Fscript%3E&back=/hosts/192.0.2.2";
    assert_eq!(post(&viewer, "/labels", form).await.0, StatusCode::FORBIDDEN);
    let (status, place, _) = post(&operator, "/labels", form).await;
    assert_eq!((status, place.as_str()), (StatusCode::SEE_OTHER, "/hosts/192.0.2.2"));
    for path in ["/flows", "/labels", "/hosts/192.0.2.2", "/hosts/192.0.2.77"] {
        let (status, page) = get(&viewer, path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("&#60;script&#62;alert(1)") && !page.contains("<script>alert"), "{path}: {page}");
    }
    let (status, _, page) = post(&operator, "/labels", "prefix=1.2.3.4/99&label=shop").await;
    assert!(
        status == StatusCode::BAD_REQUEST && page.contains("value=\"1.2.3.4/99\"") && page.contains("shop"),
        "{page}"
    );
}

#[tokio::test]
async fn an_address_has_its_peers() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let router = router(&parts(dir.path()), Some(visitor(Standing::Viewer, Language::En)));
    fill(dir.path(), 30).await;
    let (status, page) = get(&router, "/hosts/192.0.2.2").await;
    assert_eq!(status, StatusCode::OK);
    for part in ["/hosts/192.0.2.1\"", "/hosts/192.0.2.77\"", "tcp 443", "data-live=\"host:192.0.2.2:b.0\""] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let (_, page) = get(&router, "/hosts/2001:db8::1").await;
    assert!(page.contains("data-channels=\"host:2001:db8::1\""), "{page}");
    for nonsense in ["/hosts/nobody", "/hosts/1.2.3.4%2F24", "/hosts/%3Cb%3E"] {
        let (status, page) = get(&router, nonsense).await;
        assert!(status == StatusCode::BAD_REQUEST && page.contains("is not an address"), "{nonsense}: {page}");
    }
}

#[tokio::test]
async fn nonsense_is_told_and_the_form_keeps_it() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let router = router(&parts(dir.path()), Some(visitor(Standing::Viewer, Language::En)));
    for query in [
        "address=1.2.3.4%2F33",
        "port=65536",
        "protocol=nope",
        "from=soon",
        "cursor=x",
        "address=%FF",
        "from=2100-01-01",
    ] {
        let (status, page) = get(&router, &format!("/flows?{query}")).await;
        assert!(status == StatusCode::BAD_REQUEST && page.contains("role=\"alert\""), "{query}: {page}");
        for path in ["/api/flows", "/flows.csv"] {
            let (status, text) = get(&router, &format!("{path}?{query}")).await;
            assert!(status == StatusCode::BAD_REQUEST && text.contains("\"detail\""), "{path}?{query}: {text}");
        }
    }
    assert!(get(&router, "/flows?port=65536").await.1.contains("value=\"65536\""));
}
