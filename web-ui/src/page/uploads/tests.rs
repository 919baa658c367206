//! Uploads that break and go on, and those that must not be taken.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::guard::Standing;
use crate::testing::{parts, router, visitor};
use crate::words::Language;

async fn send(
    router: &Router,
    method: Method,
    path: &str,
    offset: Option<u64>,
    body: Vec<u8>,
) -> (StatusCode, u64, Value) {
    let request = Request::builder().method(method).uri(path);
    let request =
        offset.map_or(request, |offset| Request::builder().method("PATCH").uri(path).header("Upload-Offset", offset));
    let answer = router.clone().oneshot(request.body(Body::from(body)).expect("a request")).await.expect("no failure");
    let status = answer.status();
    let offset = answer.headers().get("upload-offset").and_then(|value| value.to_str().ok()?.parse().ok());
    let body = answer.into_body().collect().await.expect("a whole answer").to_bytes();
    (status, offset.unwrap_or_default(), serde_json::from_slice(&body).unwrap_or_default())
}

fn hash(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn announce(router: &Router, name: &str, bytes: usize, sha256: &str) -> (StatusCode, Value) {
    let body = json!({"name": name, "bytes": bytes, "sha256": sha256}).to_string();
    let (status, _, answer) = send(router, Method::POST, "/api/uploads", None, body.into()).await;
    (status, answer)
}

#[tokio::test]
async fn an_upload_goes_on_at_its_offset_and_is_checked_at_its_end() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let admin = router(&app, Some(visitor(Standing::Admin, Language::En)));
    let whole: Vec<u8> = (0..600_000u32).map(|n| (n % 253) as u8).collect();
    let (status, answer) = announce(&admin, "a.pcap", whole.len(), &hash(&whole)).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let path = format!("/api/uploads/{}", answer["id"].as_str().expect("an id"));
    let (status, offset, _) = send(&admin, Method::PATCH, &path, Some(0), whole[..400_000].to_vec()).await;
    assert_eq!((status, offset), (StatusCode::OK, 400_000));
    drop((app, admin));
    // The page is started again; the client asks where it was.
    let app = parts(dir.path());
    let admin = router(&app, Some(visitor(Standing::Admin, Language::En)));
    let (status, offset, _) = send(&admin, Method::HEAD, &path, None, Vec::new()).await;
    assert_eq!((status, offset), (StatusCode::OK, 400_000));
    let (status, offset, _) = send(&admin, Method::PATCH, &path, Some(0), whole[..10].to_vec()).await;
    assert_eq!((status, offset), (StatusCode::CONFLICT, 400_000), "nothing is written twice");
    let (status, _, answer) = send(&admin, Method::PATCH, &path, Some(400_000), whole[400_000..].to_vec()).await;
    assert_eq!((status, &answer["whole"]), (StatusCode::OK, &json!(true)), "{answer}");
    let kept = std::fs::read(answer["path"].as_str().expect("a path")).expect("the file");
    assert!(kept == whole);
    assert_eq!(send(&admin, Method::DELETE, &path, None, Vec::new()).await.0, StatusCode::NO_CONTENT);
    assert_eq!(send(&admin, Method::GET, &path, None, Vec::new()).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_or_too_much_is_refused() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let admin = router(&app, Some(visitor(Standing::Admin, Language::En)));
    let right = hash(b"abc");
    for name in ["", "../x", "a/b", ".hidden", "a b", &"x".repeat(81)] {
        assert_eq!(announce(&admin, name, 3, &right).await.0, StatusCode::BAD_REQUEST, "{name:?}");
    }
    assert_eq!(announce(&admin, "a", 3, "00").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(announce(&admin, "a", 3 << 30, &right).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let (_, answer) = announce(&admin, "a", 3, &right).await;
    let path = format!("/api/uploads/{}", answer["id"].as_str().expect("an id"));
    assert_eq!(send(&admin, Method::PATCH, &path, Some(0), b"abcd".to_vec()).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send(&admin, Method::PATCH, &path, Some(0), b"abd".to_vec()).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(send(&admin, Method::GET, &path, None, Vec::new()).await.0, StatusCode::NOT_FOUND, "it is removed");
    for id in ["x", "..%2f..%2fetc", "%ff", &"0".repeat(32)] {
        let (status, ..) = send(&admin, Method::GET, &format!("/api/uploads/{id}"), None, Vec::new()).await;
        assert!(status.is_client_error(), "{id}");
    }
    for _ in 0..8 {
        assert_eq!(announce(&admin, "a", 3, &right).await.0, StatusCode::CREATED);
    }
    assert_eq!(announce(&admin, "a", 3, &right).await.0, StatusCode::INSUFFICIENT_STORAGE);
    let (_, _, all) = send(&admin, Method::GET, "/api/uploads", None, Vec::new()).await;
    assert_eq!(all.as_array().map(Vec::len), Some(8));
    let operator = router(&app, Some(visitor(Standing::Operator, Language::En)));
    assert_eq!(announce(&operator, "a", 3, &right).await.0, StatusCode::FORBIDDEN);
}
